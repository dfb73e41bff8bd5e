"""The page of recent jobs, put together from Airflow's records and AWS's answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.ui.live import FRESH, Seen
from airflow_fargate_batch.ui.records import (
    JobReference,
    Overview,
    Query,
    TaskRecord,
    overview,
)
from airflow_fargate_batch.ui.task_view import live_jobs

LONGEST: Final = 5
"""Jobs in the list of those that wait longest."""
_BEGUN: Final = frozenset({JobStatus.RUNNING, JobStatus.SUCCEEDED, JobStatus.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job in the list.

    Attributes:
        status: The job's state, from AWS or else from Airflow's records; empty if neither says.
        path: Address of the task instance in Airflow, relative to Airflow's root.
        took: Time from the task's start until now or its end.
        seen_at: Moment of AWS's answer about the state, if the answer is not fresh.
    """

    record: TaskRecord
    status: str
    path: str
    took: str
    job_id: str
    queue: str = ""
    reason: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobsPage:
    """All that the page shows.

    Attributes:
        waiting: The unfinished tasks that began first and whose jobs do not run yet.
        stale: Why some states are not fresh.
        number: Number of the page, from 1.
    """

    rows: Sequence[JobRow]
    waiting: Sequence[JobRow]
    failed: Sequence[tuple[str, str, int, int]]
    counts: Mapping[str, int]
    dags: Sequence[str]
    total: int
    number: int
    pages: int
    stale: Sequence[str]
    at: datetime


def jobs_page(query: Query, *, page: int, size: int) -> JobsPage:
    """Return a page of the jobs that a user may see."""
    found = overview(query, offset=(page - 1) * size, limit=size)
    references = [each.job for each in (*found.records, *found.waiting) if _is_asked(each)]
    wanted = [each for each in references if each is not None]
    live = live_jobs()
    return page_of(
        found,
        live.describe(wanted),
        live.trouble(wanted),
        number=page,
        size=size,
        now=datetime.now(UTC),
    )


def _is_asked(record: TaskRecord) -> bool:
    """Return whether only AWS knows the state: Airflow recorded no end of the job."""
    return "status" not in record.summary


def page_of(
    found: Overview,
    seen: Mapping[JobReference, Seen],
    trouble: Sequence[str],
    *,
    number: int,
    size: int,
    now: datetime,
) -> JobsPage:
    """Return the page as values."""
    waiting = [_row(each, seen, now) for each in found.waiting if not _has_begun(each, seen)]
    return JobsPage(
        rows=[_row(record, seen, now) for record in found.records],
        waiting=waiting[:LONGEST],
        failed=found.failed,
        counts=found.counts,
        dags=found.dags,
        total=found.total,
        number=number,
        pages=max(1, -(-found.total // size)),
        stale=trouble,
        at=now,
    )


def _has_begun(record: TaskRecord, seen: Mapping[JobReference, Seen]) -> bool:
    """Return whether a job, or a child of an array, runs or has ended; AWS keeps arrays PENDING."""
    answer = seen.get(record.job) if record.job else None
    if answer is None or answer.job is None:
        return "status" in record.summary
    return answer.job.status in _BEGUN or any(answer.job.counts.get(each) for each in _BEGUN)


def _row(record: TaskRecord, seen: Mapping[JobReference, Seen], now: datetime) -> JobRow:
    answer = seen.get(record.job) if record.job else None
    job = answer.job if answer else None
    summary = record.summary
    status = job.status_text if job else str(summary.get("status") or "")
    reason = job.status_reason if job else summary.get("status_reason")
    took = ""
    if record.started_at:
        took = duration((record.ended_at or now) - record.started_at)
    return JobRow(
        record=record,
        status=status,
        path=_path(record),
        took=took,
        job_id=record.job.job_id if record.job else "",
        queue=record.queue or "",
        reason=str(reason or "") if status == "FAILED" else "",
        seen_at=answer.at if answer and job and not _is_fresh(answer, now) else None,
    )


def _is_fresh(answer: Seen, now: datetime) -> bool:
    is_final = answer.job is not None and answer.job.status.is_final
    return is_final or now - answer.at <= timedelta(seconds=2 * FRESH)


def _path(record: TaskRecord) -> str:
    key = record.key
    path = f"dags/{quote(key.dag_id)}/runs/{quote(key.run_id, safe='')}/tasks/{quote(key.task_id)}"
    if key.map_index >= 0:
        path += f"/mapped/{key.map_index}"
    return f"{path}/plugin/fargate-job"
