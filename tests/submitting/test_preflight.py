"""When AWS is asked before a submit, what is refused, and what a failed lookup does."""

import logging
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import InvalidRequest, QueueNotReady
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.submitting.preflight import Preflight
from tests.fakes import FakeTime

scopes = count(10_000)
ENVIRONMENT = f"compute-environment/{READY_QUEUE}-environment"
QUEUE = f"job-queue/{READY_QUEUE}"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch() as batch:
        for name, value in batch.environ.items():
            monkeypatch.setenv(name, value)
        yield batch


@pytest.fixture
def preflight(aws: LocalBatch) -> Preflight:
    api = BatchApi.connect(region_name=aws.region)
    return Preflight(api, scope=next(scopes), clock=FakeTime().clock())


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "airflow_fargate_batch")
    return caplog


def request(**arguments: Any) -> JobRequest:
    where = {"job_queue": READY_QUEUE, "job_definition": READY_DEFINITION}
    return JobRequest.from_arguments(**(where | arguments))


def calls(aws: LocalBatch) -> list[str]:
    return [call.operation for call in aws.requests]


# ── by default ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"vcpu": 1, "memory": 2048},
        {"platform_version": "LATEST"},
        {"container_overrides": {"command": ["ls"]}},
    ],
)
def test_a_request_that_can_be_judged_alone_costs_no_call(
    preflight: Preflight, aws: LocalBatch, arguments: dict[str, Any]
) -> None:
    assert preflight.check(request(**arguments)) == []
    assert aws.requests == ()


@pytest.mark.parametrize("arguments", [{"memory": 1024}, {"platform_version": "1.4.0"}])
def test_one_of_vcpu_and_memory_or_a_platform_version_costs_one_call(
    preflight: Preflight, aws: LocalBatch, arguments: dict[str, Any]
) -> None:
    preflight.check(request(**arguments))
    preflight.check(request(**arguments))
    assert calls(aws) == ["DescribeJobDefinitions"]


REFUSED = {
    "the memory does not fit the definition's vCPU": (
        {"memory": 4096},
        rf"vcpu: 0\.25 vCPU with 4096 MiB \(vCPU of {READY_DEFINITION}:1\) is not a Fargate size; "
        r"0\.25 vCPU takes 512, 1024 or 2048 MiB\. Give `vcpu` and `memory` together: use ",
    ),
    "the vCPU do not fit the definition's memory": (
        {"vcpu": 4},
        rf"4 vCPU with 512 MiB \(memory of {READY_DEFINITION}:1\) is not a Fargate size; 4 vCPU "
        r"takes 8192 to 30720 MiB",
    ),
    "the platform version is another one": (
        {"platform_version": "1.3.0"},
        rf"platform_version: {READY_DEFINITION}:1 runs on LATEST, not on 1\.3\.0\. Register a "
        r"revision",
    ),
}


@pytest.mark.parametrize(("arguments", "text"), REFUSED.values(), ids=REFUSED)
def test_what_the_definition_shows_to_be_wrong_is_refused(
    preflight: Preflight, arguments: dict[str, Any], text: str
) -> None:
    with pytest.raises(InvalidRequest, match=text):
        preflight.check(request(**arguments))


def test_a_definition_that_was_repaired_is_seen_at_once(
    preflight: Preflight, aws: LocalBatch
) -> None:
    with pytest.raises(InvalidRequest):
        preflight.check(request(memory=4096))
    aws.register_job_definition(READY_DEFINITION, vcpu="1", memory=4096)
    preflight.check(request(memory=4096))
    assert calls(aws) == ["DescribeJobDefinitions"] * 2


def test_a_container_s_vcpu_alone_is_compared_too(preflight: Preflight, aws: LocalBatch) -> None:
    overrides = [{"resourceRequirements": [{"type": "VCPU", "value": "1"}]}]
    extra = {"ecsPropertiesOverride": {"taskProperties": [{"containers": overrides}]}}
    with pytest.raises(InvalidRequest, match="1 vCPU with 512 MiB"):
        preflight.check(request(extra_submit_args=extra))
    assert calls(aws) == ["DescribeJobDefinitions"]


def test_by_default_nothing_else_is_judged(preflight: Preflight, aws: LocalBatch) -> None:
    aws.alter(f"job-definition/{READY_DEFINITION}:1", platformCapabilities=["EC2"])
    aws.alter(QUEUE, state="DISABLED")
    preflight.check(request(memory=1024))


def test_a_missing_definition_is_left_to_the_submit(preflight: Preflight, aws: LocalBatch) -> None:
    for _ in range(3):
        assert preflight.check(request(job_definition="nowhere", memory=1024)) == []
    assert len(aws.requests) == 2  # the definition, and the names that exist


@pytest.mark.parametrize("fault", ["denied", "throttle", "error_before", "cut_before", "malformed"])
def test_a_failed_lookup_is_logged_and_refuses_nothing(
    preflight: Preflight, aws: LocalBatch, logged: pytest.LogCaptureFixture, fault: str
) -> None:
    aws.faults.add(fault, operation="Describe*")
    preflight.check(request(memory=4096))
    assert "not judged, because the job definition could not be read" in logged.text
    before = len(aws.requests)
    preflight.check(request(memory=4096))
    assert len(aws.requests) == before  # nor does it ask for each of a thousand requests


# ── thorough ─────────────────────────────────────────────────────────────────────────────────


def test_a_good_request_takes_three_calls(
    preflight: Preflight, aws: LocalBatch, logged: pytest.LogCaptureFixture
) -> None:
    preflight.check(request(), thorough=True)
    assert len(calls(aws)) == 3
    assert "Preflight: no problem" in logged.text


def test_all_problems_come_at_once(preflight: Preflight, aws: LocalBatch) -> None:
    aws.alter(QUEUE, state="DISABLED")
    with pytest.raises(InvalidRequest) as caught:
        preflight.check(request(memory=4096, share_identifier="a"), thorough=True)
    assert [problem.field for problem in caught.value.problems] == [
        "job_queue",
        "share_identifier",
        "vcpu",
    ]


def test_a_queue_that_cannot_run_jobs_now_may_be_retried(
    preflight: Preflight, aws: LocalBatch
) -> None:
    aws.alter(ENVIRONMENT, status="INVALID", statusReason="CLIENT_ERROR - no such role")
    with pytest.raises(QueueNotReady, match=r"INVALID .CLIENT_ERROR - no such role") as caught:
        preflight.check(request(), thorough=True)
    assert str(caught.value).startswith("Nothing was submitted: compute environment")


def test_a_repaired_queue_is_seen_at_once(preflight: Preflight, aws: LocalBatch) -> None:
    aws.alter(QUEUE, state="DISABLED")
    with pytest.raises(QueueNotReady):
        preflight.check(request(), thorough=True)
    aws.alter(QUEUE, state="ENABLED")
    preflight.check(request(), thorough=True)


def test_denied_lookups_let_a_request_pass(
    preflight: Preflight, aws: LocalBatch, logged: pytest.LogCaptureFixture
) -> None:
    aws.faults.add("denied", operation="Describe*")
    aws.alter(QUEUE, state="DISABLED")
    preflight.check(request(), thorough=True)
    for action in ("batch:DescribeJobQueues", "batch:DescribeJobDefinitions"):
        assert f"Grant the IAM action {action} to the caller." in logged.text
