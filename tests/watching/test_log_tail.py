"""A failure report shows the last lines of what failed, and is written without them if need be."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import LogPage, LogRequest
from airflow_fargate_batch.exceptions import Throttled, Unreachable
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.watching.log_tail import PAGES, SETTLE, TRIES, LogTail
from tests.cloudwatch import CloudWatch, job


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True, seed=1) as aws:
        yield aws


def failed(aws: LocalBatch, **more: Any) -> tuple[BatchApi, Job]:
    batch = BatchApi(aws.client("batch", config=NO_HIDDEN_RETRIES))
    where: Any = {"jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
    job_id = batch.submit_job(where | {"jobName": "job"} | more).job_id
    aws.advance(100)
    [job] = batch.describe_jobs([job_id])
    return batch, job


def tail(aws: LocalBatch, **options: Any) -> LogTail:
    logs = LogsApi(aws.client("logs", config=NO_HIDDEN_RETRIES))
    return LogTail(logs, sleep=lambda _: None, **options)


def test_the_last_lines_are_those_of_the_last_attempt(aws: LocalBatch) -> None:
    aws.script(exit_code=1, log=[f"line {number}" for number in range(30)])
    aws.script(exit_code=1, log=["first attempt"], attempts=1)
    _, job = failed(aws, retryStrategy={"attempts": 2})
    assert tail(aws, count=3).of(job) == ["line 27", "line 28", "line 29"]


def test_the_first_failed_children_show_theirs(aws: LocalBatch) -> None:
    aws.script(exit_code=1, log=["boom"])
    aws.script(exit_code=0, log=["fine"], indexes=[0])
    batch, job = failed(aws, arrayProperties={"size": 6})
    children = batch.failed_children(job.id)
    lines = tail(aws).of_children(children, describe=batch.describe_jobs)
    assert lines == ["[1] boom", "[2] boom", "[3] boom"]
    assert tail(aws).of_children([], describe=batch.describe_jobs) == []


VARIABLES = [{"name": "DB_PASS", "value": "hunter2"}]


def test_secrets_are_struck_out_of_the_last_lines(aws: LocalBatch) -> None:
    aws.script(exit_code=1, log=["as hunter2"])
    given = {"containerOverrides": {"environment": VARIABLES}}
    batch, job = failed(aws, **given)
    assert tail(aws, count=1).of(job) == ["as ***"]
    batch, job = failed(aws, arrayProperties={"size": 2}, **given)
    children = batch.failed_children(job.id)
    assert tail(aws, count=1).of_children(children, describe=batch.describe_jobs) == [
        "[0] as ***",
        "[1] as ***",
    ]


def test_the_secrets_of_a_job_from_an_event_are_asked_for(aws: LocalBatch) -> None:
    aws.script(exit_code=1, log=["as hunter2"])
    batch, job = failed(aws, containerOverrides={"environment": VARIABLES})
    from_event = Job.from_api(job.to_api())
    throttles = iter([Throttled("slowly")])

    def describe(ids: list[str]) -> list[Job]:
        for error in throttles:
            raise error
        return batch.describe_jobs(ids)

    assert tail(aws, count=1).of(from_event, describe=describe) == ["as ***"]


def test_without_known_secrets_no_line_is_shown(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture
) -> None:
    aws.script(exit_code=1, log=["as hunter2"])
    _, job = failed(aws, containerOverrides={"environment": VARIABLES})

    def describe(ids: list[str]) -> list[Job]:
        raise Unreachable(f"nobody there knows {ids}")

    assert tail(aws).of(Job.from_api(job.to_api()), describe=describe) == []
    assert "nobody there" in caplog.text


def test_pages_are_followed_backwards_through_empty_ones() -> None:
    class Empty(CloudWatch):
        def get(self, request: LogRequest) -> LogPage:
            page = super().get(request)
            return LogPage([], "5") if request.next_token is None else page

    cloud = Empty(page=2)
    cloud.write("one", *"abcde")
    assert LogTail(cloud, count=3).of(job("FAILED", "one")) == ["c", "d", "e"]  # type: ignore[arg-type]


def test_pages_that_are_empty_for_ever_are_given_up() -> None:
    class Endless(CloudWatch):
        def get(self, request: LogRequest) -> LogPage:
            self.calls.append(request)
            return LogPage([], f"{len(self.calls)}")

    cloud = Endless()
    assert LogTail(cloud).of(job("FAILED", "one")) == []  # type: ignore[arg-type]
    assert len(cloud.calls) == PAGES


def test_a_short_log_is_read_to_its_beginning_and_no_further() -> None:
    cloud = CloudWatch()
    cloud.write("one", "line")
    assert LogTail(cloud).of(job("FAILED", "one")) == ["line"]  # type: ignore[arg-type]
    assert len(cloud.calls) == 2


def test_lines_inside_an_event_count_and_long_ones_are_cut() -> None:
    cloud = CloudWatch()
    cloud.write("one", "a\nb\nc", "d" * 5000)
    [first, long] = LogTail(cloud, count=2).of(job("FAILED", "one"))  # type: ignore[arg-type]
    assert (first, len(long)) == ("c", 1000)


def test_the_container_that_failed_speaks() -> None:
    def container(name: str, code: int) -> dict[str, Any]:
        return {"name": name, "logStreamName": name, "exitCode": code}

    properties = {"containers": [container("side", 0), container("web", 1), container("last", 0)]}
    cloud = CloudWatch()
    for name in ("side", "web", "last"):
        cloud.write(name, name)
    several = job("FAILED", ecsProperties={"taskProperties": [properties]})
    assert LogTail(cloud).of(several) == ["web"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ago", "waits"),
    [
        pytest.param(0, SETTLE, id="just ended"),
        pytest.param(SETTLE - 1, 1, id="a moment ago"),
        pytest.param(3600, 0, id="long ago"),
        pytest.param(-3600, SETTLE, id="in the future, by a wrong clock"),
    ],
)
def test_the_last_lines_get_time_to_show_up(ago: float, waits: float) -> None:
    end = datetime(2026, 1, 1, tzinfo=UTC)
    naps: list[float] = []
    cloud = CloudWatch()
    cloud.write("one", "line")
    ended = job("FAILED", "one", stoppedAt=int(end.timestamp() * 1000))
    now = end + timedelta(seconds=ago)
    LogTail(cloud, now=lambda: now, sleep=naps.append).of(ended)  # type: ignore[arg-type]
    assert naps == [waits]


def test_a_throttle_is_waited_out() -> None:
    cloud = CloudWatch()
    cloud.write("one", "line")
    cloud.errors.extend([Throttled("slow down")] * (TRIES - 1))
    tail = LogTail(cloud, sleep=lambda _: None)  # type: ignore[arg-type]
    assert tail.of(job("FAILED", "one")) == ["line"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(
            {"kind": "denied", "operation": "logs:*"},
            "Grant the IAM action logs:GetLogEvents",
            id="denied",
        ),
        pytest.param({"kind": "throttle", "operation": "logs:*"}, "Rate exceeded", id="throttled"),
        pytest.param({"kind": "cut_after", "operation": "logs:*"}, "was lost", id="cut"),
    ],
)
def test_what_cannot_be_read_is_one_warning(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture, fault: dict[str, Any], said: str
) -> None:
    aws.script(exit_code=1, log=["boom"])
    _, job = failed(aws)
    aws.faults.add(**fault)
    assert tail(aws).of(job) == []
    [record] = caplog.records
    assert said in record.getMessage()


def test_children_that_cannot_be_described_are_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def describe(_: list[str]) -> list[Job]:
        raise Unreachable("no network")

    tail = LogTail(CloudWatch())  # type: ignore[arg-type]
    assert tail.of_children([job("FAILED")], describe=describe) == []
    [record] = caplog.records
    assert "no network" in record.getMessage()


@pytest.mark.parametrize("streams", [(), ("never made",)], ids=["no stream", "a missing stream"])
def test_a_job_that_wrote_nothing_has_no_last_lines(
    streams: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    assert LogTail(CloudWatch()).of(job("FAILED", *streams)) == []  # type: ignore[arg-type]
    assert caplog.records == []
