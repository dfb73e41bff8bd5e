from pathlib import Path
from typing import Any

import boto3
import pytest

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.local.pytest_plugin import (  # noqa: F401 - fixtures
    local_batch,
    local_batch_commands,
    local_batch_running,
)
from tests.patience import until

JOB: dict[str, Any] = {"jobName": "x", "jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}


def submit(**more: Any) -> None:
    boto3.session.Session().client("batch").submit_job(**JOB, **more)


def until_over(aws: LocalBatch) -> dict[str, Any]:
    until(lambda: aws.jobs[0]["status"] in ("SUCCEEDED", "FAILED"))
    return aws.jobs[0]


def test_the_fixture_points_clients_at_a_clock_that_stands_still(
    local_batch: LocalBatch,  # noqa: F811 - the fixture above
) -> None:
    submit()
    assert local_batch.jobs[0]["status"] == "SUBMITTED"
    local_batch.advance(60)
    assert local_batch.jobs[0]["status"] == "SUCCEEDED"


def test_there_is_one_whose_clock_runs(
    local_batch_running: LocalBatch,  # noqa: F811 - the fixture above
) -> None:
    submit(containerOverrides={"command": ["false"]})
    assert until_over(local_batch_running)["status"] == "SUCCEEDED"


def test_there_is_one_that_runs_commands(
    local_batch_commands: LocalBatch,  # noqa: F811 - the fixture above
    tmp_path: Path,
) -> None:
    submit(containerOverrides={"command": ["touch", str(tmp_path / "touched")]})
    assert until_over(local_batch_commands)["status"] == "SUCCEEDED"
    assert (tmp_path / "touched").exists()


@pytest.fixture
def _theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_BATCH", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.mark.usefixtures("_theirs")
def test_no_variable_of_the_person_leads_past_it(request: pytest.FixtureRequest) -> None:
    aws = request.getfixturevalue("local_batch")
    submit()
    assert len(aws.jobs) == 1
