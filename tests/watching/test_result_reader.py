"""The result of a job is found however long its log is, however late it comes, or is missing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.results import MARKER
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AwsError,
    ResultMissing,
    Throttled,
    UnusableResult,
)
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.watching.result_reader import (
    PAGES,
    PATIENCE,
    PAUSE,
    ResultReader,
    result_of,
)
from tests.cloudwatch import CloudWatch, job

ENDED = datetime(2026, 2, 3, tzinfo=UTC)


class Looks:
    """A reader of a log on a clock that only waiting moves on."""

    def __init__(self, cloud: CloudWatch, *, since_the_end: float = 1.0) -> None:
        self.cloud = cloud
        self.now = ENDED + timedelta(seconds=since_the_end)
        self.writes: dict[float, str] = {}

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        passed = (self.now - ENDED).total_seconds()
        for at in [at for at in self.writes if at <= passed]:
            self.cloud.write("one", self.writes.pop(at))

    def read(self, of: Job | None = None) -> Any:
        logs: Any = self.cloud
        reader = ResultReader(logs, now=lambda: self.now, sleep=self.sleep)
        return reader.read(of or replace(job("SUCCEEDED", ended=("one",)), stopped_at=ENDED)).value


def test_the_result_is_found_in_one_call() -> None:
    looks = Looks(CloudWatch(page=100))
    looks.cloud.write("one", f"{MARKER}1", "between", f"{MARKER}2", "after")
    assert looks.read() == 2
    assert len(looks.cloud.calls) == 1


def test_the_result_is_found_far_from_the_end() -> None:
    looks = Looks(CloudWatch(page=2))
    looks.cloud.write("one", f"{MARKER}1", *["more"] * (2 * PAGES - 2))
    assert looks.read() == 1


def test_the_search_is_bounded() -> None:
    looks = Looks(CloudWatch(page=1), since_the_end=PATIENCE)
    looks.cloud.write("one", f"{MARKER}1", *["more"] * PAGES)
    with pytest.raises(ResultMissing):
        looks.read()
    assert len(looks.cloud.calls) == PAGES * 2


def test_the_result_of_the_last_attempt_counts() -> None:
    looks = Looks(CloudWatch(page=100))
    looks.cloud.write("one", f"{MARKER}1")
    looks.cloud.write("two", f"{MARKER}2")
    assert looks.read(job("SUCCEEDED", ended=("one", "two"))) == 2


def test_a_late_line_is_waited_for() -> None:
    looks = Looks(CloudWatch(page=100))
    looks.writes = {20.0: f"{MARKER}1"}
    assert looks.read() == 1


def test_a_result_that_never_comes_is_missing_and_a_retry_may_look_again() -> None:
    looks = Looks(CloudWatch(page=100))
    looks.cloud.write("one", "something else")
    with pytest.raises(ResultMissing, match="no line of log stream one begins with") as caught:
        looks.read()
    assert not isinstance(caught.value, UnusableResult)
    assert PATIENCE <= (looks.now - ENDED).total_seconds() <= PATIENCE + PAUSE


def test_a_job_that_ended_long_ago_is_looked_at_twice() -> None:
    looks = Looks(CloudWatch(page=100), since_the_end=3600)
    with pytest.raises(ResultMissing):
        looks.read()
    assert len(looks.cloud.calls) == 2


def test_a_malformed_result_is_never_taken() -> None:
    looks = Looks(CloudWatch(page=100))
    looks.cloud.write("one", f"{MARKER}1", f"{MARKER}/data/x")
    with pytest.raises(UnusableResult, match=r"JSON.*double quotes"):
        looks.read()


def test_passing_troubles_are_borne_and_lasting_ones_reported() -> None:
    looks = Looks(CloudWatch(page=100))
    looks.cloud.write("one", f"{MARKER}1")
    looks.cloud.errors.extend([Throttled("slow down"), AwsError("cut")])
    assert looks.read() == 1
    looks.cloud.errors.extend([Throttled("slow down")] * 100)
    with pytest.raises(Throttled):
        looks.read()


def test_a_refusal_names_the_permission_at_once() -> None:
    looks = Looks(CloudWatch(page=100))
    looks.cloud.errors.append(AccessDenied("no", "logs:GetLogEvents"))
    with pytest.raises(AccessDenied, match="logs:GetLogEvents"):
        looks.read()


def test_a_job_that_logs_elsewhere_has_no_result() -> None:
    elsewhere = job("SUCCEEDED", logConfiguration={"logDriver": "splunk"})
    with pytest.raises(UnusableResult, match="awslogs"):
        Looks(CloudWatch()).read(elsewhere)


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True, seed=1) as aws:
        yield aws


class Calls:
    """The calls of a hook."""

    def __init__(self, aws: LocalBatch) -> None:
        self.batch = BatchApi(aws.client("batch", config=NO_HIDDEN_RETRIES))
        self.logs = LogsApi(aws.client("logs", config=NO_HIDDEN_RETRIES))

    @property
    def lists(self) -> Any:
        raise AssertionError("the result is in the log")

    def describe(self, job_ids: Any) -> list[Job]:
        return self.batch.describe_jobs(job_ids)


def test_the_job_s_secrets_are_struck_out_of_its_result(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture
) -> None:
    aws.script(exit_code=0, log=[f'{MARKER}{{"user": "me", "pass": "hunter2-of-mine"}}'])
    calls = Calls(aws)
    body: Any = {
        "jobName": "job",
        "jobQueue": READY_QUEUE,
        "jobDefinition": READY_DEFINITION,
        "containerOverrides": {"environment": [{"name": "PASSWORD", "value": "hunter2-of-mine"}]},
    }
    job_id = calls.batch.submit_job(body).job_id
    aws.advance(100)
    from_an_event = Job.from_api(calls.describe([job_id])[0].to_api())
    assert result_of(from_an_event, calls) == {"user": "me", "pass": "***"}
    assert f"Secrets of job {job_id} were struck out of its result" in caplog.text
