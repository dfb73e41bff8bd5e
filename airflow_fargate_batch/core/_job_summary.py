"""A small summary of a job, for later tasks and for scripts."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from airflow_fargate_batch.core._job_parts import JobParts

FAILED_INDEXES: Final = 1000
"""Number of failed indexes in a summary; the counts include all."""


def summary_of(job: JobParts, failed_children: Iterable[JobParts] | None) -> dict[str, Any]:
    """Write the members that ``Job.to_summary`` describes."""
    summary: dict[str, Any] = {
        "job_id": job.id,
        "job_name": job.name,
        "status": job.status_text,
        "status_reason": job.status_reason,
        "exit_code": job.exit_code,
        "reason": job.reason,
        "attempts": len(job.attempts),
        "created_at": _iso(job.created_at),
        "started_at": _iso(job.started_at),
        "stopped_at": _iso(job.stopped_at),
        "vcpu": None if job.vcpu is None else float(job.vcpu),
        "memory": job.memory,
        "log_streams": list(job.log_streams),
        "cost": None,
        "use": None,
    }
    if job.is_array:
        summary["array"] = {
            "size": job.array_size,
            "counts": {status.value: count for status, count in job.counts.items()},
            "failed_indexes": _failed_indexes(job, failed_children),
        }
    return summary


def _failed_indexes(job: JobParts, failed_children: Iterable[JobParts] | None) -> list[int] | None:
    if failed_children is None:
        return None if job.has_failed_children else []
    failed = map(job.index_of, failed_children)
    return sorted(index for index in failed if index is not None)[:FAILED_INDEXES]


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
