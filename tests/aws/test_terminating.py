"""Many jobs are terminated in few calls, and a refusal names its job."""

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.exceptions import AccessDenied, AwsError, Throttled
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        yield local


@pytest.fixture
def api(aws: LocalBatch) -> BatchApi:
    return BatchApi.connect(region_name=aws.region)


def some_jobs(aws: LocalBatch, count: int) -> list[str]:
    submit = aws.client("batch").submit_job
    target = {"jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
    return [submit(jobName="job", **target)["jobId"] for _ in range(count)]


def operations(aws: LocalBatch) -> list[str]:
    return [call.operation for call in aws.requests if call.operation.startswith("Terminate")]


def has_bulk(api: BatchApi) -> bool:
    return hasattr(api.client, "terminate_jobs")


def test_jobs_are_terminated_fifty_a_call_if_botocore_can(aws: LocalBatch, api: BatchApi) -> None:
    ids = some_jobs(aws, 101)
    assert api.terminate_jobs(ids, "enough") == {}
    expected = ["TerminateJobs"] * 2 + ["TerminateJob"] if has_bulk(api) else ["TerminateJob"] * 101
    assert operations(aws) == expected
    aws.advance(60)
    assert {(job["status"], job["statusReason"]) for job in aws.jobs} == {("FAILED", "enough")}


def test_the_bulk_call_needs_no_further_permission(aws: LocalBatch, api: BatchApi) -> None:
    api.terminate_jobs(some_jobs(aws, 2), "enough")
    actions = {action for call in aws.requests for action in call.actions}
    assert actions == {"batch:SubmitJob", "batch:TerminateJob"}


def test_a_botocore_without_the_bulk_call_terminates_one_by_one(
    aws: LocalBatch, api: BatchApi
) -> None:
    class Older:
        """A client of before 1.43.95."""

        def terminate_job(self, **request: Any) -> Any:
            return newer.terminate_job(**request)

    ids = some_jobs(aws, 3)
    newer = api.client
    vars(api)["client"] = Older()
    assert api.terminate_jobs(ids, "enough") == {}
    assert operations(aws) == ["TerminateJob"] * 3


def test_if_the_bulk_call_is_refused_each_job_is_tried(aws: LocalBatch, api: BatchApi) -> None:
    ids = some_jobs(aws, 3)
    aws.faults.add("denied", operation="TerminateJob", times=2)
    refused = api.terminate_jobs(ids, "enough")
    if not has_bulk(api):
        pytest.skip("this botocore has no TerminateJobs")
    assert list(refused) == ids[:1]
    assert isinstance(refused[ids[0]], AccessDenied)


def test_an_error_of_a_job_is_told_with_its_id(api: BatchApi) -> None:
    class Refusing:
        def terminate_jobs(self, **_: Any) -> Any:
            error = {"job": "b", "code": "ClientException", "message": "no such queue"}
            return {"successful": ["a"], "errors": [error]}

    vars(api)["client"] = Refusing()
    refused = api.terminate_jobs(["a", "b"], "enough")
    assert str(refused["b"]) == "AWS refused TerminateJobs: no such queue (ClientException)"
    assert list(refused) == ["b"]


def test_a_throttle_is_of_all_jobs(aws: LocalBatch, api: BatchApi) -> None:
    ids = some_jobs(aws, 2)
    aws.faults.add("throttle", operation="TerminateJob")
    with pytest.raises(Throttled):
        api.terminate_jobs(ids, "enough")
    assert issubclass(Throttled, AwsError)
