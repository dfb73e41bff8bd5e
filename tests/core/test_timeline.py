"""A timeline tells how long a job waited, queued, started and ran, from what AWS reports."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core._members import EPOCH
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.timeline import timeline_of

SUBMITTED = datetime.fromisoformat("2026-11-26T12:00:00+00:00")
NOW = SUBMITTED + timedelta(minutes=30)


def at(seconds: float) -> int:
    """Return a moment after the submit as AWS writes it."""
    return (SUBMITTED + timedelta(seconds=seconds) - EPOCH) // timedelta(milliseconds=1)


def job(status: str, **members: Any) -> Job:
    entry = {"jobId": "j", "status": status, "createdAt": at(0)}
    moments = {key: at(value) for key, value in members.items() if key.endswith("At")}
    return Job.from_api(entry | members | moments)


def attempt(start: float | None, stop: float, code: int | None = None) -> dict[str, Any]:
    times = {"stoppedAt": at(stop)} | ({} if start is None else {"startedAt": at(start)})
    return times | {"container": {} if code is None else {"exitCode": code}}


def told(job: Job, **more: Any) -> list[str]:
    """Return the lines without their times."""
    return [line.partition("  ")[2] for line in timeline_of(job, **more).to_lines(NOW)]


@pytest.mark.parametrize(
    ("shown", "lines"),
    [
        (job("SUBMITTED"), ["being accepted for 30 min 0 s so far"]),
        (
            job("PENDING", dependsOn=[{"jobId": "a"}]),
            ["waiting for dependencies for 30 min 0 s so far"],
        ),
        (job("RUNNABLE"), ["queued for 30 min 0 s so far"]),
        (job("STARTING"), ["queued and starting for 30 min 0 s so far"]),
        (
            job("RUNNING", startedAt=60),
            ["queued and starting for 1 min 0 s", "running for 29 min 0 s so far"],
        ),
    ],
    ids=lambda each: each.status_text if isinstance(each, Job) else "",
)
def test_a_live_job_has_a_step_that_goes_on(shown: Job, lines: list[str]) -> None:
    assert told(shown) == ["submitted", *lines]


def test_each_attempt_of_an_ended_job_has_its_waits_its_run_and_its_end() -> None:
    ended = job(
        "FAILED",
        stoppedAt=400,
        startedAt=300,
        attempts=[attempt(60, 90, 1), attempt(None, 120), attempt(300, 400, 137)],
    )
    assert told(ended) == [
        "submitted",
        "queued and starting for 1 min 0 s",
        "running for 30 s: exit code 1",
        "queued and starting for 30 s (attempt 2): did not start, no reason given",
        "queued and starting for 3 min 0 s (attempt 3)",
        "running for 1 min 40 s (attempt 3): exit code 137",
        "FAILED, 6 min 40 s after the submit",
    ]


def test_queued_and_starting_are_separate_where_listjobs_tells_when_the_task_was_requested() -> (
    None
):
    ended = job("SUCCEEDED", stoppedAt=100, attempts=[attempt(60, 100, 0)])
    scheduled = SUBMITTED + timedelta(seconds=45)
    assert told(ended, scheduled_at=scheduled)[1:4] == [
        "queued for 45 s",
        "starting for 15 s",
        "running for 40 s: exit code 0",
    ]
    of_another_attempt = SUBMITTED + timedelta(seconds=80)
    assert told(ended, scheduled_at=of_another_attempt)[1] == "queued and starting for 1 min 0 s"


class TestDependencies:
    def test_the_wait_for_them_ends_with_the_last_one(self) -> None:
        waiting = job("RUNNABLE", dependsOn=[{"jobId": "a"}, {"jobId": "b"}])
        done = [job("SUCCEEDED", stoppedAt=60), job("SUCCEEDED", stoppedAt=600)]
        assert told(waiting, dependencies=done) == [
            "submitted",
            "waiting for dependencies for 10 min 0 s",
            "queued for 20 min 0 s so far",
        ]

    def test_the_first_step_covers_the_wait_if_they_are_not_known(self) -> None:
        waiting = job("RUNNABLE", dependsOn=[{"jobId": "a"}])
        assert told(waiting)[1] == "waiting for dependencies, then queued for 30 min 0 s so far"
        ended = job("FAILED", stoppedAt=90, dependsOn=[{"jobId": "a"}], attempts=[attempt(60, 90)])
        first = "waiting for dependencies, then queued and starting for 1 min 0 s"
        assert told(ended)[1] == first

    def test_a_job_that_one_of_them_failed_never_started(self) -> None:
        failed = job("FAILED", stoppedAt=30, dependsOn=[{"jobId": "a"}])
        assert told(failed) == [
            "submitted",
            "waiting for dependencies for 30 s: never started",
            "FAILED, 30 s after the submit",
        ]


class TestArrays:
    def test_the_children_are_one_step(self) -> None:
        array = job("FAILED", stoppedAt=100, arrayProperties={"size": 3})
        children = [
            job("FAILED", startedAt=10, stoppedAt=20),
            job("FAILED", startedAt=10, stoppedAt=95),
            job("FAILED", stoppedAt=95),
        ]
        timeline = timeline_of(array, children=children)
        assert [step.name for step in timeline.steps] == ["children running"]
        assert timeline.to_lines(NOW)[-1] == (
            "2 failed children ran 10 s to 1 min 25 s; 1 failed child never ran"
        )


def test_no_time_of_the_submit_is_no_timeline() -> None:
    unknown = Job.from_api({"jobId": "j", "status": "FAILED"})
    assert timeline_of(unknown).to_lines(NOW) == []


def test_clocks_that_disagree_make_no_negative_times() -> None:
    [step] = timeline_of(job("RUNNABLE", createdAt=3600)).steps
    assert step.to_json(NOW) == {
        "step": "queued",
        "attempt": 1,
        "begin": "2026-11-26T13:00:00+00:00",
        "end": None,
        "seconds": 0.0,
        "outcome": None,
    }
