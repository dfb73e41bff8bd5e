"""Parts of a job: its finished attempts, and its side as an array."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from airflow_fargate_batch.core._containers import Container, Containers
from airflow_fargate_batch.core.status import JobStatus

DEFAULT_LOG_GROUP: Final = "/aws/batch/job"
"""Log group of AWS Batch, unless the job definition's log configuration names another group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(Containers):
    """One finished attempt."""

    containers: tuple[Container, ...] = ()
    status_reason: str | None = None
    task_arn: str | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayProgress:
    """The array side of a job.

    Attributes:
        size: Number of children of a parent; ``None`` for a child.
        index: Index of a child; ``None`` for a parent.
        counts: A parent's children by state (``statusSummary``), without empty states.
    """

    size: int | None = None
    index: int | None = None
    counts: Mapping[JobStatus, int] = field(default_factory=dict)
