"""Whose job it is, in real Airflows: runs made again, two installations, many submits a task."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.core.naming import LIFE_TAG, TAG_PREFIX
from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.dag_tester import DagTester
from tests.airflow.harness import LINE, RealAirflow

DAGS = Path(__file__).parent / "dags_identity"
FILE = DAGS / "identity.py"
ALL = ("identity", "shared", "several")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    """LocalBatch whose jobs go on for as long as the tests do."""
    with LocalBatch() as aws:
        aws.script("*", runtime=3600)
        yield aws


@pytest.fixture(scope="module")
def airflow(real_airflow: RealAirflow, aws: LocalBatch) -> RealAirflow:
    connect(real_airflow, aws, "aws_identity")
    real_airflow.add_dags(FILE, dag_ids=ALL)
    return real_airflow


def jobs_of(aws: LocalBatch, task: str) -> list[dict[str, Any]]:
    return [job for job in aws.jobs if job["tags"][f"{TAG_PREFIX}task"] == task]


def test_a_run_made_again_under_its_id_has_a_job_of_its_own(
    airflow: RealAirflow, aws: LocalBatch
) -> None:
    first = airflow.trigger("identity", run_id="again")
    assert airflow.wait(first) == {"remade": "success"}
    airflow.delete(first)
    aws.faults.add("error_before", operation="SubmitJob", times=1)
    second = airflow.trigger("identity", run_id="again")
    assert airflow.wait(second) == {"remade": "success"}
    old, new = jobs_of(aws, "remade")
    assert airflow.xcom(second, "remade") == new["jobId"]
    assert not old["isTerminated"]
    assert old["tags"][LIFE_TAG] < new["tags"][LIFE_TAG]


def test_two_installations_share_no_job(
    airflow: RealAirflow, dag_tester: DagTester, aws: LocalBatch
) -> None:
    connection = {
        "conn_type": "aws",
        "login": "local",
        "password": "local",
        "extra": {"region_name": aws.region, "endpoint_url": aws.url},
    }
    theirs = {
        "AIRFLOW_CONN_AWS_IDENTITY": json.dumps(connection),
        "AIRFLOW__API__BASE_URL": "http://localhost:1",
        "AIRFLOW__WEBSERVER__BASE_URL": "http://localhost:1",
    }
    assert dag_tester.run(FILE, "shared", environment=theirs).ok
    [other] = jobs_of(aws, "shared")
    aws.faults.add("error_before", operation="SubmitJob", times=1)
    run = airflow.trigger("shared", run_id=other["tags"][f"{TAG_PREFIX}run"])
    assert airflow.wait(run) == {"shared": "success"}
    mine = airflow.xcom(run, "shared")
    assert mine != other["jobId"]
    airflow.clear(run, "shared")
    assert airflow.wait(run) == {"shared": "success"}
    cleared = airflow.xcom(run, "shared")
    lives = [job["tags"][LIFE_TAG] for job in jobs_of(aws, "shared")]
    assert len(set(lives)) == 3  # a run that is cleared after its end begins anew
    ended = {job["jobId"]: job["isTerminated"] for job in jobs_of(aws, "shared")}
    assert ended == {other["jobId"]: False, mine: True, cleared: False}


def test_each_operator_in_a_callable_has_its_job_after_the_worker_is_killed(
    airflow: RealAirflow, aws: LocalBatch
) -> None:
    run = airflow.trigger("several", conf={"raises": not LINE.retries_killed})
    if LINE.retries_killed:
        process = airflow.task_process(run, "three")
        airflow._until(lambda: bool(jobs_of(aws, "three")), "the first job", 60.0, run)
        process.kill()
    assert airflow.wait(run) == {"three": "success"}
    first = jobs_of(aws, "three")[0]
    ids = airflow.xcom(run, "three")
    assert ids[0] == first["jobId"]
    assert sorted(ids) == sorted(job["jobId"] for job in jobs_of(aws, "three"))
    assert len(set(ids)) == 3
    assert len({job["tags"][LIFE_TAG] for job in jobs_of(aws, "three")}) == 1
    assert f"Adopted job {first['jobId']}" in airflow.log(run, "three")
