"""The states of a job in log lines, one line for each change."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core.status import FINAL, JobStatus

if TYPE_CHECKING:
    from airflow_fargate_batch.core.job import Job

_LONGEST: Final = 10**12
"""Seconds that a sentence can name; more are nonsense in AWS's answer."""


class Narrator:
    """Writer of a line for each change of one job."""

    def __init__(self) -> None:
        self._told: tuple[str, str | None] | None = None

    def report(self, job: "Job", now: datetime) -> str | None:
        """Return a line about the job, or ``None`` if the line would repeat the last line.

        AWS's times count for RUNNING and for the end. The reason of a success is left out: AWS
        uses the text of a failure, ``Essential container in task exited``.
        """
        said = described(job)
        reason = None if job.status is JobStatus.SUCCEEDED else job.status_reason
        if (said, reason) == self._told:
            return None
        self._told = said, reason
        after = f" after {duration(_entered(job, now) - job.created_at)}" if job.created_at else ""
        return f"Job {job.id} is {said}{after}{f': {reason}' if reason else ''}"


def described(job: "Job") -> str:
    """Write a job's state, and the progress of an array."""
    status = job.status_text or job.status
    if job.counts:
        size = job.array_size or sum(job.counts.values())
        return f"{status}, {progress(job.counts, size, 'children')}"
    is_retried = job.attempts and job.status.is_live
    return f"{status} (attempt {len(job.attempts) + 1})" if is_retried else status


def _entered(job: "Job", now: datetime) -> datetime:
    """Return when the job entered its state: by AWS's clock if known."""
    if job.status.is_final:
        return job.stopped_at or now
    return (job.started_at or now) if job.status is JobStatus.RUNNING else now


def progress(counts: Mapping[JobStatus, int], size: int, what: str) -> str:
    """Write the progress of some jobs, as in ``7 of 10 children ended (1 FAILED, 2 RUNNING)``."""
    ended = sum(counts.get(status, 0) for status in FINAL)
    others = ", ".join(
        f"{count} {status}"
        for status, count in counts.items()
        if count and status is not JobStatus.SUCCEEDED
    )
    return f"{ended} of {size} {what} ended{f' ({others})' if others else ''}"


def duration(span: timedelta) -> str:
    """Write a span for people: ``42 s``, ``3 min 5 s``, ``2 h 7 min``."""
    seconds = max(0, round(span.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def span(seconds: int) -> str:
    """Write seconds for people, like ``duration``."""
    return duration(timedelta(seconds=min(seconds, _LONGEST)))
