"""A person who reads the log hears each change of a job once, and how long it took."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.narration import Narrator, duration

CREATED = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
NOW = CREATED + timedelta(minutes=3, seconds=5)
MILLISECONDS = int(CREATED.timestamp() * 1000)


def told(*entries: dict[str, Any]) -> list[str | None]:
    """Let one narrator tell of a job again and again."""
    narrator = Narrator()
    return [
        narrator.report(Job.from_api({"jobId": "job", "createdAt": MILLISECONDS, **entry}), NOW)
        for entry in entries
    ]


def summary(**counts: int) -> dict[str, Any]:
    return {"status": "PENDING", "arrayProperties": {"size": 10, "statusSummary": counts}}


def test_a_state_is_told_with_its_time_and_once() -> None:
    assert told({"status": "RUNNABLE"}, {"status": "RUNNABLE"}, {"status": "STARTING"}) == [
        "Job job is RUNNABLE after 3 min 5 s",
        None,
        "Job job is STARTING after 3 min 5 s",
    ]


def test_batchs_reason_is_told_as_well() -> None:
    assert told({"status": "FAILED", "statusReason": "Host EC2 terminated"}) == [
        "Job job is FAILED after 3 min 5 s: Host EC2 terminated"
    ]


def test_the_reason_of_a_success_is_left_out() -> None:
    """AWS words it like a failure's."""
    reason = "Essential container in task exited"
    assert told({"status": "SUCCEEDED", "statusReason": reason}) == [
        "Job job is SUCCEEDED after 3 min 5 s"
    ]


def test_a_job_is_running_since_aws_says_so() -> None:
    started = MILLISECONDS + 42_000
    assert told({"status": "RUNNING", "startedAt": started}) == ["Job job is RUNNING after 42 s"]


def test_a_reason_that_comes_later_is_told_when_it_comes() -> None:
    stuck = {"status": "RUNNABLE", "statusReason": "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY"}
    assert told({"status": "RUNNABLE"}, stuck, stuck) == [
        "Job job is RUNNABLE after 3 min 5 s",
        "Job job is RUNNABLE after 3 min 5 s: CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
        None,
    ]


def test_another_attempt_is_news() -> None:
    attempt = {"container": {"exitCode": 1}}
    assert told(
        {"status": "RUNNING"},
        {"status": "RUNNING", "attempts": [attempt]},
        {"status": "SUCCEEDED", "attempts": [attempt, attempt]},
    ) == [
        "Job job is RUNNING after 3 min 5 s",
        "Job job is RUNNING (attempt 2) after 3 min 5 s",
        "Job job is SUCCEEDED after 3 min 5 s",
    ]


def test_a_state_of_tomorrow_is_told_as_aws_spells_it() -> None:
    assert told({"status": "REBALANCING"}) == ["Job job is REBALANCING after 3 min 5 s"]


def test_a_job_of_which_no_more_is_known_is_told() -> None:
    assert told({"createdAt": None}) == ["Job job is UNKNOWN"]


def test_an_array_is_told_by_its_children_when_their_counts_change() -> None:
    assert told(
        summary(RUNNABLE=10),
        summary(RUNNABLE=2, RUNNING=3, SUCCEEDED=4, FAILED=1),
        summary(RUNNABLE=2, RUNNING=3, SUCCEEDED=4, FAILED=1),
        summary(SUCCEEDED=10) | {"status": "SUCCEEDED"},
    ) == [
        "Job job is PENDING, 0 of 10 children ended (10 RUNNABLE) after 3 min 5 s",
        "Job job is PENDING, 5 of 10 children ended (2 RUNNABLE, 3 RUNNING, 1 FAILED)"
        " after 3 min 5 s",
        None,
        "Job job is SUCCEEDED, 10 of 10 children ended after 3 min 5 s",
    ]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=-2), "0 s"),
        (timedelta(seconds=0.4), "0 s"),
        (timedelta(seconds=59.6), "1 min 0 s"),
        (timedelta(minutes=3, seconds=5), "3 min 5 s"),
        (timedelta(hours=2, minutes=7, seconds=59), "2 h 7 min"),
        (timedelta(days=2), "48 h 0 min"),
    ],
    ids=str,
)
def test_a_span_is_written_as_people_say_it(span: timedelta, said: str) -> None:
    assert duration(span) == said
