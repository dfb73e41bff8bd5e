"""Metrics of jobs and calls, sent by Airflow's own means, with DAG and task."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from airflow_fargate_batch._airflow import compat, metrics
from airflow_fargate_batch._airflow.metrics import TaskMetrics, outcome_tag
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.local import LocalBatch

TAGS = {"dag_id": "daily", "task_id": "group.load"}


class Recorder:
    """Airflow's stats, noted."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, frozenset[tuple[str, str]]]] = Counter()
        self.times: dict[str, timedelta] = {}

    def incr(self, name: str, *, tags: dict[str, str] | None = None) -> None:
        self.counts[name, frozenset((tags or {}).items())] += 1

    def timing(self, name: str, span: timedelta, *, tags: dict[str, str] | None = None) -> None:
        assert tags in (None, TAGS)
        self.times[name] = span

    def count(self, name: str, **tags: str) -> int:
        return self.counts[name, frozenset(tags.items())]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(metrics, "stats", lambda: recorder)
    return recorder


def job(status: str, **members: Any) -> Job:
    times = {"createdAt": 1_000_000, "startedAt": 1_060_000, "stoppedAt": 1_360_000}
    return Job.from_api({"jobId": "id", "status": status, **times, **members})


def test_airflow_takes_counters_and_times_with_tags() -> None:
    compat.stats().incr("fargate_batch.test", tags=TAGS)
    compat.stats().timing("fargate_batch.test", timedelta(seconds=1), tags=TAGS)


def test_an_ended_job_is_counted_and_timed_by_task(recorder: Recorder) -> None:
    TaskMetrics("daily", "group.load").ended(job("SUCCEEDED"))
    assert recorder.count(metrics.ENDED, **TAGS, outcome="succeeded") == 1
    plain = "dag.daily.group__load.fargate_batch"
    assert recorder.count(f"{plain}.jobs_ended.succeeded") == 1
    assert recorder.times == {
        metrics.QUEUE_DURATION: timedelta(minutes=1),
        metrics.RUN_DURATION: timedelta(minutes=5),
        f"{plain}.queue_duration": timedelta(minutes=1),
        f"{plain}.run_duration": timedelta(minutes=5),
    }


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("Your Spot Task was interrupted.", "spot_reclaim"),
        ("OutOfMemoryError: container killed", "out_of_memory"),
        ("Job attempt duration exceeded timeout", "timeout"),
    ],
)
def test_a_failed_job_is_counted_by_the_kind_of_its_failure(reason: str, outcome: str) -> None:
    assert outcome_tag(job("FAILED", statusReason=reason)) == outcome


def test_times_that_are_not_known_or_nonsense_are_not_sent(recorder: Recorder) -> None:
    TaskMetrics("daily", "load").ended(job("FAILED", startedAt=None, stoppedAt=None))
    TaskMetrics("daily", "load").ended(job("FAILED", startedAt=1, stoppedAt=0))
    assert recorder.times == {}


def test_submitted_and_adopted_jobs_are_counted_apart(recorder: Recorder) -> None:
    for is_adopted in (False, True, True):
        TaskMetrics("daily", "group.load").submitted(is_adopted=is_adopted)
    assert recorder.count(metrics.SUBMITTED, **TAGS) == 1
    assert recorder.count(metrics.ADOPTED, **TAGS) == 2


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(seed=1) as aws:
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        yield aws


def test_every_request_is_counted_by_operation_and_throttles_apart(
    aws: LocalBatch, recorder: Recorder
) -> None:
    hook = FargateBatchHook(aws_conn_id=None)
    hook.describe(["a"])
    aws.faults.add("throttle", operation="DescribeJobs", times=1)
    with pytest.raises(AwsError):
        hook.describe(["a"])
    aws.faults.add("cut_before", operation="DescribeJobs", times=1)
    with pytest.raises(AwsError):
        hook.describe(["a"])
    assert recorder.count(metrics.CALLS, operation="batch.DescribeJobs") == 3
    assert recorder.count(metrics.THROTTLED, operation="batch.DescribeJobs") == 1
