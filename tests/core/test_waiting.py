"""Whoever waits for a job gives up for the same reasons, at the same time and in the same words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.waiting import Wait
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
