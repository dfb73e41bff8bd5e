"""A job's life in log lines: one for each change, the same words wherever somebody waits."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import FINAL, JobStatus


class Narrator:
    """Tells what changed in one job since the last line about it."""

    def __init__(self) -> None:
        self._told: tuple[str, str | None] | None = None

    def tell(self, job: Job, now: datetime) -> str | None:
        """Return a line about the job, or ``None`` where nothing that it says has changed."""
        said = _state(job) if job.array is None or not job.array.counts else _progress(job)
        if (said, job.status_reason) == self._told:
            return None
        self._told = said, job.status_reason
        until = job.stopped_at if job.status.is_final and job.stopped_at else now
        since = f" after {duration(until - job.created_at)}" if job.created_at else ""
        reason = f": {job.status_reason}" if job.status_reason else ""
        return f"Job {job.id} {said}{since}{reason}"


def _state(job: Job) -> str:
    attempts = f" (attempt {len(job.attempts) + 1})" if job.attempts and job.status.is_live else ""
    return f"is {job.status_text or job.status}{attempts}"


def _progress(job: Job) -> str:
    counts = job.array.counts if job.array else {}
    size = job.array.size if job.array and job.array.size else sum(counts.values())
    return f"is {job.status_text}, {progress(counts, size, 'children')}"


def progress(counts: Mapping[JobStatus, int], size: int, what: str) -> str:
    """Write how far several are, as in ``7 of 10 children ended (1 FAILED, 2 RUNNING)``."""
    ended = sum(counts.get(status, 0) for status in FINAL)
    others = ", ".join(
        f"{count} {status}"
        for status, count in counts.items()
        if count and status is not JobStatus.SUCCEEDED
    )
    return f"{ended} of {size} {what} ended{f' ({others})' if others else ''}"


def duration(span: timedelta) -> str:
    """Write a span as people say it: ``42 s``, ``3 min 5 s``, ``2 h 7 min``."""
    seconds = max(0, round(span.total_seconds()))
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
