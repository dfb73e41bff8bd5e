"""A worker hears each change of its jobs, and faults pass; for log lines see ``test_poller``."""

from itertools import pairwise

import pytest

from airflow_fargate_batch.core.polling import LONGEST_SLEEP, REFUSAL_PATIENCE
from airflow_fargate_batch.exceptions import AccessDenied, AnswerLost, JobLost
from airflow_fargate_batch.watching.following import follow
from tests.watching.timed_batch import LIFE, TimedBatch


def followed(aws: TimedBatch, *ids: str) -> list[tuple[str, str] | None]:
    steps = follow(ids, describe=aws.describe, now=aws.clock, sleep=aws.sleep, chance=lambda: 0.5)
    return [None if job is None else (job.id, job.status_text) for job in steps]


def test_following_yields_each_change_until_all_have_ended() -> None:
    aws = TimedBatch(a=LIFE, b=[(0, "RUNNING"), (50, "FAILED")])
    assert [step for step in followed(aws, "a", "b") if step] == [
        ("a", "SUBMITTED"),
        ("b", "RUNNING"),
        ("a", "RUNNABLE"),
        ("b", "FAILED"),
        ("a", "RUNNING"),
        ("a", "SUCCEEDED"),
    ]


def test_following_lets_the_caller_look_at_the_time_every_second() -> None:
    aws = TimedBatch(a=LIFE)
    times = [
        aws.now
        for _ in follow(
            ["a"], describe=aws.describe, now=aws.clock, sleep=aws.sleep, chance=lambda: 0.5
        )
    ]
    assert max(b - a for a, b in pairwise(times)) <= LONGEST_SLEEP + 1e-9


def test_following_outlives_passing_faults() -> None:
    aws = TimedBatch(a=LIFE)
    aws.fault, aws.faulty_until = AnswerLost("HTTP 503"), 120
    assert [step for step in followed(aws, "a") if step] == [("a", "RUNNING"), ("a", "SUCCEEDED")]


def test_following_ends_if_asking_is_refused_for_long() -> None:
    aws = TimedBatch(a=LIFE)
    aws.fault, aws.faulty_until = AccessDenied("no", "batch:DescribeJobs"), 1000
    with pytest.raises(AccessDenied):
        followed(aws, "a")
    assert REFUSAL_PATIENCE <= aws.now < REFUSAL_PATIENCE + 120


def test_following_tells_of_a_lost_job_when_all_others_have_ended() -> None:
    aws = TimedBatch(a=[(0, "RUNNING"), (60, None)], b=[(0, "RUNNING"), (900, "SUCCEEDED")])
    with pytest.raises(JobLost, match="a "):
        followed(aws, "a", "b")
    assert aws.now > 900


def test_following_nobody_ends_at_once() -> None:
    assert followed(TimedBatch()) == []
