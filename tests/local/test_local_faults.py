import json
import time
import urllib.request
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import LOG_GROUP, READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.local.faults import parse_fault
from airflow_fargate_batch.local.views import Shown, detail, summary
from tests.patience import PATIENCE, until

Submit = Callable[..., str]
Describe = Callable[[str], dict[str, Any]]
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=PATIENCE)
JOB = {"jobName": "job", "jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}


@pytest.fixture
def once(aws: LocalBatch) -> Any:
    """A client that never tries again by itself."""
    return aws.client("batch", config=ONCE)


REFUSALS = {
    "throttle": (429, "TooManyRequestsException"),
    "error_before": (500, "ServerException"),
    "expired": (403, "ExpiredTokenException"),
    "denied": (403, "AccessDeniedException"),
}


@pytest.mark.parametrize(("kind", "answer"), REFUSALS.items(), ids=REFUSALS)
def test_a_refused_submit_makes_no_job(
    aws: LocalBatch, once: Any, kind: str, answer: tuple[int, str]
) -> None:
    aws.faults.add(kind)
    with pytest.raises(ClientError) as caught:
        once.submit_job(**JOB)
    response = caught.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == answer
    assert aws.jobs == []
    assert [(call.operation, call.outcome) for call in aws.requests] == [("SubmitJob", answer[1])]


@pytest.mark.parametrize("kind", ["cut_before", "reset_before"])
def test_a_connection_cut_before_acceptance_makes_no_job(
    aws: LocalBatch, once: Any, kind: str
) -> None:
    aws.faults.add(kind)
    with pytest.raises(BotoCoreError):
        once.submit_job(**JOB)
    assert aws.jobs == []


LOST: dict[str, type[Exception]] = {
    "error_after": ClientError,
    "cut_after": ConnectionClosedError,
    "reset_after": BotoCoreError,
    "stall": ReadTimeoutError,
}


@pytest.mark.parametrize(("kind", "error"), LOST.items(), ids=LOST)
def test_a_lost_answer_leaves_exactly_one_job(
    aws: LocalBatch, once: Any, kind: str, error: type[Exception]
) -> None:
    aws.faults.add(kind, seconds=2)
    hasty = aws.client("batch", config=ONCE.merge(Config(read_timeout=1)))
    with pytest.raises(error):
        (hasty if kind == "stall" else once).submit_job(**JOB)
    assert len(aws.jobs) == 1


@pytest.mark.parametrize(
    "kind", [pytest.param("truncate", marks=pytest.mark.new_boto3), "malformed"]
)
def test_a_broken_answer_is_one_that_botocore_does_not_notice(
    aws: LocalBatch, once: Any, kind: str
) -> None:
    aws.faults.add(kind)
    assert "jobId" not in once.submit_job(**JOB)
    assert len(aws.jobs) == 1


def test_a_client_that_tries_again_makes_a_second_job(aws: LocalBatch, batch: Any) -> None:
    aws.faults.add("cut_after", times=1)
    batch.submit_job(**JOB)
    assert len(aws.jobs) == 2


def test_an_outage_refuses_connections_and_ends(aws: LocalBatch, once: Any) -> None:
    once.submit_job(**JOB)
    with aws.outage(), pytest.raises(EndpointConnectionError):
        once.submit_job(**JOB)
    once.submit_job(**JOB)
    assert len(aws.jobs) == 2


# ── which calls are hit ──────────────────────────────────────────────────────────────────────


def outcomes(once: Any, calls: int) -> list[bool]:
    """Tell of so many calls which ones came through."""

    def call() -> bool:
        try:
            once.describe_jobs(jobs=["x"])
        except ClientError:
            return False
        return True

    return [call() for _ in range(calls)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"every": 3}, [True, True, False, True, True, False], id="every third"),
        pytest.param({"times": 2}, [False, False, True, True, True, True], id="twice"),
        pytest.param(
            {"skip": 1, "times": 1}, [True, False, True, True, True, True], id="the second"
        ),
        pytest.param({"rate": 2}, [True, True, False, False, False, False], id="two a second"),
        pytest.param({"operation": "SubmitJob"}, [True] * 6, id="another operation"),
        pytest.param({"operation": "Describe*"}, [False] * 6, id="by pattern"),
        pytest.param({"operation": "logs:*"}, [True] * 6, id="another service"),
    ],
)
def test_a_fault_hits_the_calls_it_names(
    aws: LocalBatch, once: Any, options: dict[str, Any], expected: list[bool]
) -> None:
    aws.faults.add("throttle", **options)
    assert outcomes(once, 6) == expected


def test_a_rate_recovers_with_time(aws: LocalBatch, once: Any) -> None:
    aws.faults.add("throttle", rate=2)
    assert outcomes(once, 3) == [True, True, False]
    aws.advance(0.5)
    assert outcomes(once, 2) == [True, False]


def test_the_same_seed_draws_the_same_faults() -> None:
    def run() -> list[bool]:
        with LocalBatch(seed=5) as aws:
            aws.faults.add("throttle", probability=0.5)
            return outcomes(aws.client("batch", config=ONCE), 20)

    first = run()
    assert first == run()
    assert len(set(first)) == 2


def test_faults_can_be_taken_back(aws: LocalBatch, once: Any) -> None:
    fault = aws.faults.add("throttle")
    aws.faults.add("expired", operation="ListJobs")
    aws.faults.remove(fault)
    assert outcomes(once, 1) == [True]
    assert [fault.kind for fault in aws.faults.listed()] == ["expired"]
    aws.faults.clear()
    assert aws.faults.listed() == []


def test_a_missing_permission_is_named(aws: LocalBatch, once: Any) -> None:
    aws.faults.add("denied", operation="TagResource")
    once.submit_job(**JOB)
    with pytest.raises(ClientError, match="not authorized to perform: batch:TagResource"):
        once.submit_job(**JOB, tags={"a": "b"})


def test_latency_delays_a_call(aws: LocalBatch, once: Any) -> None:
    aws.faults.add("latency", seconds=0.2)
    before = time.monotonic()
    once.submit_job(**JOB)
    assert time.monotonic() - before >= 0.2


# ── reads ────────────────────────────────────────────────────────────────────────────────────


def test_reads_can_lag_behind_writes(
    aws: LocalBatch, once: Any, submit: Submit, describe: Describe
) -> None:
    aws.faults.add("lag", seconds=5)
    job_id = submit()
    aws.advance(4.9)
    assert once.describe_jobs(jobs=[job_id])["jobs"] == []
    aws.advance(0.2)
    assert describe(job_id)["status"] == "SUBMITTED"
    once.terminate_job(jobId=job_id, reason="enough")
    assert describe(job_id)["isTerminated"] is False
    aws.advance(5)
    assert describe(job_id)["isTerminated"] is True


def test_the_past_is_shown_as_it_was(aws: LocalBatch, batch: Any, submit: Submit) -> None:
    aws.script(exit_code=1, indexes=[1])
    aws.script("again", exit_code=1, attempts=1)
    aws.script("killed", runtime=60)
    for name in ("again", "killed"):
        submit(name, retryStrategy={"attempts": 2})
    submit("array", arrayProperties={"size": 3}, dependsOn=[{"type": "SEQUENTIAL"}])
    engine = aws._engine

    def look(moment: float) -> list[Shown]:
        return [view(job, moment) for job in engine.submitted for view in (detail, summary)]

    seen = []
    for step in range(60):
        if step == 20:
            batch.terminate_job(jobId=engine.submitted[1].job_id, reason="enough")
        moment = engine.settle()
        seen.append((moment, look(moment)))
        aws.advance(0.5)
    assert len({repr(shown) for _, shown in seen}) >= 10
    assert [look(moment) for moment, _ in seen] == [shown for _, shown in seen]


def test_jobs_can_vanish(aws: LocalBatch, once: Any, submit: Submit) -> None:
    aws.faults.add("vanish", job="lost*", seconds=60)
    lost, kept = submit("lost-1"), submit("kept-1")
    assert len(once.describe_jobs(jobs=[lost, kept])["jobs"]) == 2
    aws.advance(60)
    assert [j["jobId"] for j in once.describe_jobs(jobs=[lost, kept])["jobs"]] == [kept]
    assert len(aws.jobs) == 2


def test_reads_can_show_a_state_that_nobody_knows(
    aws: LocalBatch, submit: Submit, describe: Describe
) -> None:
    aws.faults.add("unknown_status", times=1)
    job_id = submit()
    assert describe(job_id)["status"] == "REBALANCING"
    assert describe(job_id)["status"] == "SUBMITTED"


def test_log_pages_can_be_empty_with_more_behind(aws: LocalBatch, submit: Submit) -> None:
    aws.script(log=["first", "last"])
    submit()
    aws.advance(10)
    stream = aws.jobs[0]["container"]["logStreamName"]
    aws.faults.add("empty_page", every=2)
    logs = aws.client("logs")
    where = {"logGroupName": LOG_GROUP, "logStreamName": stream, "startFromHead": True}
    pages = [logs.get_log_events(**where, limit=1)]
    for _ in range(4):
        pages.append(logs.get_log_events(**where, limit=1, nextToken=pages[-1]["nextForwardToken"]))
    messages = [[event["message"] for event in page["events"]] for page in pages]
    assert messages == [["first"], [], ["last"], [], []]
    tokens = [page["nextForwardToken"] for page in pages]
    assert all(before != after for before, after in pairwise(tokens[:3]))


# ── from outside ─────────────────────────────────────────────────────────────────────────────


def test_a_fault_can_be_written_as_text() -> None:
    assert parse_fault("throttle:operation=SubmitJob,every=3,probability=.5") == (
        "throttle",
        {"operation": "SubmitJob", "every": 3, "probability": 0.5},
    )


@pytest.mark.parametrize(
    "text", ["nonsense", "throttle:evry=3", "throttle:every", "throttle:every=x"]
)
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"nonsense|every|evry|invalid literal"):
        parse_fault(text)


def control(aws: LocalBatch, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - loopback
        f"{aws.url}/_local/{path}",
        method=method,
        data=data,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def test_the_control_endpoint_does_what_python_does(aws: LocalBatch, once: Any) -> None:
    control(aws, "POST", "faults", {"kind": "throttle", "operation": "SubmitJob"})
    assert [fault["kind"] for fault in control(aws, "GET", "faults")] == ["throttle"]
    with pytest.raises(ClientError, match="Too Many Requests"):
        once.submit_job(**JOB)
    control(aws, "DELETE", "faults")
    control(aws, "POST", "scripts", {"name": "job", "exit_code": 9, "indexes": None})
    once.submit_job(**JOB)
    control(aws, "POST", "advance", {"seconds": 60})
    [job] = control(aws, "GET", "jobs")
    assert (job["status"], job["container"]["exitCode"]) == ("FAILED", 9)
    control(aws, "POST", "alter", {"resource": f"job-queue/{READY_QUEUE}", "status": "INVALID"})
    [queue] = once.describe_job_queues(jobQueues=[READY_QUEUE])["jobQueues"]
    assert queue["status"] == "INVALID"


def test_the_control_endpoint_can_switch_the_server_off_for_a_while(
    aws: LocalBatch, once: Any
) -> None:
    def answers() -> bool:
        try:
            once.describe_job_queues()
        except (EndpointConnectionError, ConnectionClosedError):  # refused, or cut as it begins
            return False
        return True

    control(aws, "POST", "outage", {"seconds": 1})
    until(lambda: not answers())
    until(answers)
