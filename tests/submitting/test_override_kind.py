"""AWS's refusal of the wrong kind of overrides becomes a sentence that says what to give."""

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AwsError, OverridesMismatch
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_QUEUE
from airflow_fargate_batch.submitting.submitter import Submitter
from tests.submitting.test_learned_retries import several


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        several(local)
        local.register_job_definition("etl")
        yield local


def refused(aws: LocalBatch, **arguments: Any) -> AwsError:
    request = JobRequest.from_arguments(job_queue=READY_QUEUE, **arguments)
    with pytest.raises(AwsError) as caught:
        Submitter(BatchApi.connect(region_name=aws.region)).submit(request)
    return caught.value


def test_overrides_for_one_container_name_the_containers_of_the_task(aws: LocalBatch) -> None:
    error = refused(aws, job_definition="pair", command=["ls"])
    assert isinstance(error, OverridesMismatch)
    assert error.advice == (
        "Job definition pair:1 has ecsProperties, with the containers side, main: give "
        "`container`, 'side' or 'main'."
    )


def test_overrides_for_a_task_are_told_to_be_for_one_container(aws: LocalBatch) -> None:
    error = refused(aws, job_definition="etl", container="main", command=["ls"])
    assert isinstance(error, OverridesMismatch)
    assert (error.advice or "").startswith("Job definition etl:1 has containerProperties: leave")


def test_without_permission_to_read_the_definition_the_advice_says_both(aws: LocalBatch) -> None:
    aws.faults.add("denied", operation="DescribeJobDefinitions")
    error = refused(aws, job_definition="pair", command=["ls"])
    assert "If it has ecsProperties, give `container`" in str(error)


def test_another_refusal_stays_as_it_is(aws: LocalBatch) -> None:
    error = refused(aws, job_definition="etl", command=["ls"], consumable_resources={"none": 1})
    assert not isinstance(error, OverridesMismatch)
    untouched = [call.operation for call in aws.requests]
    assert untouched.count("SubmitJob") == 1
