"""Whoever waits for a job gives up for the same reasons, at the same time and in the same words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.waiting import Patience, Wait
from airflow_fargate_batch.exceptions import JobCannotStart, JobTimedOut

CREATED = datetime(2026, 2, 3, 4, 0, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return CREATED + timedelta(minutes=minutes)


def job(status: str, **members: Any) -> Job:
    created = int(CREATED.timestamp() * 1000)
    return Job.from_api({"jobId": "job", "status": status, "createdAt": created, **members})


def waiting(*, until: float | None = None, runnable: float | None = None) -> Wait:
    """Wait until so many minutes after the job's creation, or for a RUNNABLE one so long."""
    return Wait(
        "job",
        until=None if until is None else at(until),
        runnable_timeout=None if runnable is None else timedelta(minutes=runnable),
    )


def test_a_wait_without_bounds_never_ends() -> None:
    wait = waiting()
    wait.heed(job("RUNNABLE"), at(0))
    assert wait.ends_at is None
    wait.check(at(10**6))


def test_a_deadline_is_one_whatever_the_job_does() -> None:
    wait = waiting(until=30)
    assert wait.ends_at == at(30)
    wait.check(at(29.9))
    with pytest.raises(JobTimedOut, match=r"^Job job did not end by 2026-02-03 04:30:00 UTC$"):
        wait.check(at(30))


def test_a_job_may_be_runnable_for_so_long_from_its_creation() -> None:
    """AWS's times count, so that a new triggerer goes on where the old one stopped."""
    wait = waiting(runnable=10)
    wait.heed(job("RUNNABLE"), at(9))
    assert wait.ends_at == at(10)
    with pytest.raises(JobTimedOut, match=r"^Job job was RUNNABLE for 10 min 0 s$"):
        wait.check(at(10))


def test_a_job_that_has_left_runnable_has_time_again() -> None:
    wait = waiting(until=60, runnable=10)
    wait.heed(job("RUNNABLE"), at(1))
    wait.heed(job("STARTING"), at(9))
    assert wait.ends_at == at(60)
    wait.check(at(59))


def test_the_deadline_that_comes_first_counts_and_is_named() -> None:
    wait = waiting(until=5, runnable=10)
    wait.heed(job("RUNNABLE"), at(1))
    with pytest.raises(JobTimedOut, match="did not end by"):
        wait.check(at(5))


@pytest.mark.parametrize("bounds", [{}, {"until": 60, "runnable": 10}], ids=["without", "bounded"])
def test_a_misconfigured_job_is_given_up_at_once_with_advice(bounds: dict[str, float]) -> None:
    reason = "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - the role lacks permissions"
    with pytest.raises(JobCannotStart) as caught:
        waiting(**bounds).heed(job("RUNNABLE", statusReason=reason), at(0))
    assert str(caught.value) == (
        "Job job can never start: the compute environment's service role lacks permissions. "
        "Use the service-linked role of AWS Batch in the compute environment."
    )


def test_a_lack_of_capacity_is_waited_on() -> None:
    line = waiting().heed(job("RUNNABLE", statusReason="CAPACITY:none left"), at(1))
    assert line == "Job job is RUNNABLE after 1 min 0 s: CAPACITY:none left"


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
QUARTER = timedelta(minutes=15)


def undated(status: str, **members: Any) -> Job:
    return Job.from_api({"jobId": "job", "status": status, **members})


def test_patience_ends_at_the_earlier_of_its_deadlines() -> None:
    patience = Patience(until=NOON + timedelta(hours=1), runnable_timeout=QUARTER)
    assert patience.ends_at == NOON + timedelta(hours=1)
    patience.observe(undated("RUNNABLE", createdAt=NOON_MS), NOON)
    assert patience.ends_at == patience.runnable_until == NOON + QUARTER
    patience.observe(undated("RUNNING", createdAt=NOON_MS), NOON)
    assert patience.ends_at == NOON + timedelta(hours=1)


def test_without_deadlines_patience_has_no_end() -> None:
    patience = Patience()
    patience.observe(undated("RUNNABLE", createdAt=NOON_MS), NOON)
    assert patience.ends_at is None


@pytest.mark.parametrize(
    ("more", "since"),
    [
        pytest.param({"createdAt": NOON_MS}, NOON, id="its submission"),
        pytest.param(
            {"createdAt": NOON_MS, "attempts": [{"stoppedAt": NOON_MS + 60_000}]},
            NOON + timedelta(minutes=1),
            id="its last attempt",
        ),
        pytest.param(
            {"createdAt": NOON_MS, "dependsOn": [{"jobId": "b"}]},
            NOON + timedelta(minutes=5),
            id="when it was first seen so, if it depended on others",
        ),
        pytest.param({}, NOON + timedelta(minutes=5), id="when it was first seen so"),
    ],
)
def test_a_job_is_runnable_since(more: dict[str, Any], since: datetime) -> None:
    patience = Patience(runnable_timeout=QUARTER)
    for minutes in (5, 6, 7):
        patience.observe(undated("RUNNABLE", **more), NOON + timedelta(minutes=minutes))
    assert patience.runnable_until == since + QUARTER


def an_array(**counts: int) -> Job:
    properties = {"size": 9, "statusSummary": counts}
    return undated("PENDING", createdAt=NOON_MS, arrayProperties=properties)


def test_an_array_is_runnable_while_children_are_and_none_of_them_runs_or_ends() -> None:
    patience = Patience(runnable_timeout=QUARTER)
    lives = [
        ({"RUNNABLE": 9}, NOON),
        ({"RUNNABLE": 8, "STARTING": 1}, None),
        ({"RUNNABLE": 8, "SUCCEEDED": 1}, NOON + timedelta(minutes=2)),
        ({"RUNNABLE": 8, "SUCCEEDED": 1}, NOON + timedelta(minutes=2)),
        ({"RUNNABLE": 7, "SUCCEEDED": 2}, NOON + timedelta(minutes=4)),
        ({"RUNNABLE": 6, "SUCCEEDED": 2, "RUNNING": 1}, None),
        ({"PENDING": 7, "SUCCEEDED": 2}, None),
    ]
    for minutes, (counts, since) in enumerate(lives):
        patience.observe(an_array(**counts), NOON + timedelta(minutes=minutes))
        assert patience.runnable_until == (since and since + QUARTER), counts
