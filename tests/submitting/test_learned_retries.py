"""A retry takes more memory or another queue, and every job is found in whichever queue it is."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi, Submitted
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AccessDenied, JobQueueNotFound
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.submitting.submitter import Submitter
from tests.local.test_local_commands import ROLE

LONG_ENOUGH = 60.0
TOKEN = "0123456789abcdef"
SPOT = {"exit_code": None, "status_reason": "Your Spot Task was interrupted.", "queue": "spot"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        for queue in ("spot", "on-demand"):
            local.create_queue(queue)
        local.register_job_definition("etl", vcpu="1", memory=2048)
        yield local


def request(*, generation: int = 0, **arguments: Any) -> JobRequest:
    return JobRequest.from_arguments(
        **{"job_queue": "spot", "job_definition": "etl"} | arguments,
        submission=Submission(token=TOKEN, generation=generation),
    )


def submitter(aws: LocalBatch) -> Submitter:
    api = BatchApi.connect(region_name=aws.region)
    return Submitter(api, clock=Timing(sleep=lambda _: None))


def submit(aws: LocalBatch, wanted: JobRequest, tries_before: int, **more: Any) -> Submitted:
    return submitter(aws).submit(
        wanted, look_first=tries_before > 0, tries_before=tries_before, **more
    )


def job_of(aws: LocalBatch, job_id: str) -> dict[str, Any]:
    return next(job for job in aws.jobs if job["jobId"] == job_id)


def try_again(
    aws: LocalBatch, wanted: JobRequest, tries_before: int, **more: Any
) -> dict[str, Any]:
    """Submit as a later try does, let the job end, and return it."""
    job_id = submit(aws, wanted, tries_before, **more).job_id
    aws.advance(LONG_ENOUGH)
    return job_of(aws, job_id)


def size_of(container: dict[str, Any]) -> tuple[str, int]:
    sizes = {each["type"]: each["value"] for each in container["resourceRequirements"]}
    return sizes["VCPU"], int(sizes["MEMORY"])


def queue_of(job: dict[str, Any]) -> str:
    return str(job["jobQueue"]).rpartition("/")[2]


def test_a_job_that_runs_out_of_memory_grows_until_it_fits(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture
) -> None:
    aws.script("*", needs_memory=10_000)
    wanted = request(out_of_memory="grow")
    with caplog.at_level(logging.INFO):
        jobs = [try_again(aws, wanted, tries_before) for tries_before in range(4)]
    assert [job["status"] for job in jobs] == ["FAILED", "FAILED", "FAILED", "SUCCEEDED"]
    assert [size_of(job["container"]) for job in jobs] == [
        ("1", 2048),
        ("1", 4096),
        ("1", 8192),
        ("2", 16384),
    ]
    assert "try 2: 4096 MiB, because try 1 ran out of 2048" in caplog.messages
    assert "try 4: 16384 MiB with 2 vCPU, because try 3 ran out of 8192" in caplog.messages


def test_the_children_that_are_rerun_grow(aws: LocalBatch) -> None:
    aws.script("*", needs_memory=4096, indexes=[1, 4])
    wanted = request(out_of_memory="grow", array_size=6)
    first = try_again(aws, wanted, 0, rerun_failed_only=True)
    assert first["status"] == "FAILED"
    second = try_again(aws, wanted, 1, rerun_failed_only=True)
    assert (second["arrayProperties"]["size"], size_of(second["container"])) == (2, ("1", 4096))


def several(aws: LocalBatch) -> None:
    """Register a task of two containers under the name ``pair``."""
    listed = [
        {"name": name, "image": "x", "essential": essential, "command": ["true"], **size}
        for name, essential, size in (
            ("side", False, requirements("0.25", "512")),
            ("main", True, requirements("0.75", "3584")),
        )
    ]
    aws.client("batch").register_job_definition(
        jobDefinitionName="pair",
        type="container",
        platformCapabilities=["FARGATE"],
        ecsProperties={"taskProperties": [{"executionRoleArn": ROLE, "containers": listed}]},
    )


def requirements(vcpu: str, memory: str) -> dict[str, Any]:
    given = {"VCPU": vcpu, "MEMORY": memory}
    return {"resourceRequirements": [{"type": k, "value": v} for k, v in given.items()]}


def test_of_several_containers_the_one_that_decided_grows(aws: LocalBatch) -> None:
    several(aws)
    aws.script("*", needs_memory=8000)
    wanted = request(job_definition="pair", out_of_memory="grow")
    assert try_again(aws, wanted, 0)["status"] == "FAILED"
    second = try_again(aws, wanted, 1)
    [task] = second["ecsProperties"]["taskProperties"]
    assert second["status"] == "SUCCEEDED"
    assert {each["name"]: size_of(each) for each in task["containers"]} == {
        "side": ("0.25", 512),
        "main": ("0.75", 7680),
    }


def test_an_array_of_several_containers_grows_too(aws: LocalBatch) -> None:
    several(aws)
    aws.script("*", needs_memory=8000)
    wanted = request(job_definition="pair", out_of_memory="grow", array_size=2)
    assert try_again(aws, wanted, 0)["status"] == "FAILED"
    assert try_again(aws, wanted, 1)["status"] == "SUCCEEDED"


def test_a_retry_after_a_reclaim_goes_to_the_fallback_queue(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture
) -> None:
    aws.script("*", **SPOT)
    wanted = request(fallback_job_queue="on-demand")
    assert try_again(aws, wanted, 0)["status"] == "FAILED"
    with caplog.at_level(logging.INFO):
        submitted = submit(aws, wanted, 1)
    assert submitted.job_queue == "on-demand"
    assert queue_of(job_of(aws, submitted.job_id)) == "on-demand"
    assert (
        "try 2: queue on-demand, because Fargate Spot reclaimed the capacity of try 1"
        in caplog.messages
    )


def test_a_job_in_the_fallback_queue_is_adopted(aws: LocalBatch) -> None:
    aws.script("*", **SPOT)
    wanted = request(fallback_job_queue="on-demand")
    try_again(aws, wanted, 0)
    second = submit(aws, wanted, 1)
    third = submit(aws, wanted, 2)
    assert (third.job_id, third.is_adopted) == (second.job_id, True)
    assert (third.job_queue or "").endswith("/on-demand")
    assert len(aws.jobs) == 2


def test_a_job_that_succeeded_in_the_fallback_queue_is_adopted(aws: LocalBatch) -> None:
    """It is the newest of both queues, although the first queue is asked first."""
    aws.script("*", **SPOT)
    wanted = request(fallback_job_queue="on-demand")
    try_again(aws, wanted, 0)
    second = try_again(aws, wanted, 1)
    assert second["status"] == "SUCCEEDED"
    third = submit(aws, wanted, 2)
    assert (third.job_id, third.is_adopted) == (second["jobId"], True)


def test_a_job_in_the_fallback_queue_ends_when_the_task_is_cleared(aws: LocalBatch) -> None:
    aws.script("*", **SPOT)
    wanted = request(fallback_job_queue="on-demand")
    try_again(aws, wanted, 0)
    second = submit(aws, wanted, 1)
    cleared = request(generation=2, fallback_job_queue="on-demand")
    assert submitter(aws).terminate_older_generations(cleared, "cleared") == [second.job_id]


def test_an_interrupted_submit_to_the_fallback_queue_is_terminated(aws: LocalBatch) -> None:
    aws.script("*", **SPOT)
    wanted = request(fallback_job_queue="on-demand")
    try_again(aws, wanted, 0)
    second = submit(aws, wanted, 1)
    submitter(aws).terminate_submission(wanted, "killed")
    aws.advance(LONG_ENOUGH)
    assert job_of(aws, second.job_id)["statusReason"] == "killed"


def test_a_lost_answer_of_the_fallback_queue_makes_one_job(aws: LocalBatch) -> None:
    aws.script("*", **SPOT)
    wanted = request(fallback_job_queue="on-demand")
    try_again(aws, wanted, 0)
    aws.faults.add("cut_after", operation="SubmitJob", times=1)
    submitted = submit(aws, wanted, 1)
    assert [queue_of(job) for job in aws.jobs] == ["spot", "on-demand"]
    assert submitted.job_id == aws.jobs[-1]["jobId"]


def test_a_fallback_queue_that_does_not_exist_keeps_no_retry_from_its_job(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture
) -> None:
    aws.script("*", needs_memory=4096)
    wanted = request(out_of_memory="grow", fallback_job_queue="on-demnd")
    assert try_again(aws, wanted, 0)["status"] == "FAILED"
    assert try_again(aws, wanted, 1)["status"] == "SUCCEEDED"
    assert caplog.text.count("The fallback queue on-demnd was not found") == 1
    gone = request(job_queue="nowhere", fallback_job_queue="on-demand")
    with pytest.raises(JobQueueNotFound):
        submit(aws, gone, 1)


def test_the_first_try_is_one_call(aws: LocalBatch) -> None:
    submit(aws, request(out_of_memory="grow", fallback_job_queue="on-demand"), 0)
    assert [call.operation for call in aws.requests] == ["SubmitJob"]


def test_children_that_cannot_be_listed_teach_nothing(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.script("*", needs_memory=4096)
    wanted = request(out_of_memory="grow", array_size=2)
    try_again(aws, wanted, 0)

    def deny(job_id: str, **_: Any) -> Any:
        raise AccessDenied(f"not authorized to list the children of {job_id}", "batch:ListJobs")

    api = BatchApi.connect(region_name=aws.region)
    monkeypatch.setattr(api, "failed_children", deny)
    one = Submitter(api, clock=Timing(sleep=lambda _: None))
    job_id = one.submit(wanted, look_first=True, tries_before=1).job_id
    assert size_of(job_of(aws, job_id)["container"]) == ("1", 2048)
    assert "The retry learns nothing from the children" in caplog.text
