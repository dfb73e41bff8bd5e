"""The preflight in a real Airflow against LocalBatch: what passes, and how the others fail."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import DEFINITION, connect
from tests.airflow.harness import RealAirflow, Run

DAG = Path(__file__).parent / "dags_preflight" / "preflight.py"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch() as aws:
        aws.create_queue("closed")
        aws.alter("job-queue/closed", state="DISABLED")
        yield aws


@pytest.fixture(scope="module")
def run(real_airflow: RealAirflow, aws: LocalBatch) -> Run:
    connect(real_airflow, aws, "preflight")
    real_airflow.add_dags(DAG)
    run = real_airflow.trigger("preflight")
    assert real_airflow.wait(run) == {
        "passed": "success",
        "refused": "failed",
        "not_now": "failed",
        "by_default": "failed",
    }
    return run


def test_only_the_request_that_fits_is_submitted(
    real_airflow: RealAirflow, run: Run, aws: LocalBatch
) -> None:
    assert "Preflight: no problem in " in real_airflow.log(run, "passed")
    assert [job["jobId"] for job in aws.jobs] == [real_airflow.xcom(run, "passed")]


def test_a_request_that_cannot_work_fails_at_once_with_every_problem(
    real_airflow: RealAirflow, run: Run
) -> None:
    log = real_airflow.log(run, "refused")
    assert real_airflow.task_instances(run)["refused"]["try_number"] == 1
    assert "Nothing was submitted. 3 problems in the request" in log
    assert "share_identifier: queue fair-share has a fair-share policy" in log
    assert f"vcpu: 0.25 vCPU with 4096 MiB (vCPU of {DEFINITION}:1) is not a Fargate size" in log


def test_a_queue_that_is_closed_for_now_lets_airflow_retry(
    real_airflow: RealAirflow, run: Run
) -> None:
    assert real_airflow.task_instances(run)["not_now"]["try_number"] == 2
    log = real_airflow.log(run, "not_now")
    assert "Nothing was submitted: queue closed is DISABLED and accepts no jobs" in log


def test_by_default_half_a_size_is_compared_with_the_job_definition(
    real_airflow: RealAirflow, run: Run
) -> None:
    assert real_airflow.task_instances(run)["by_default"]["try_number"] == 1
    log = real_airflow.log(run, "by_default")
    assert "0.25 vCPU takes 512, 1024 or 2048 MiB" in log
