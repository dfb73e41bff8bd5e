"""Parts of a job, and what follows from them: attempts, array, size, log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core._containers import Container, Containers
from airflow_fargate_batch.core.status import JobStatus

DEFAULT_LOG_GROUP: Final = "/aws/batch/job"
"""Log group of AWS Batch, unless the job definition's log configuration names another group."""
_RUNS: Final = frozenset({JobStatus.STARTING, JobStatus.RUNNING})
_ARN: Final = re.compile(r"arn:[^:]+:batch:([^:]+):")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParts(Containers):
    """Parts of a job at one moment.

    Attributes:
        status: ``UNKNOWN`` for states unknown to this package: see ``status_text``.
        status_text: The state in AWS's spelling; empty if AWS gave none.
        attempts: Finished attempts, first to last.
        array: ``None`` unless the job is an array's parent or child.
        secrets: Texts to strike out of the job's log: the secrets in its environment, parameters
            and commands. ``repr`` and ``to_api`` leave the secrets out, so a job from a trigger's
            event has none.
        indexes: Of a rerun, the indexes of its children in the original array, in order.
        has_dependencies: The job was submitted with ``dependsOn``.
        dependencies: Ids of the jobs in ``dependsOn``.
        task_arn: The ECS task of the current or last attempt.
        allows_exec: Whether ECS Exec can open a shell in the containers.
        is_terminated: TerminateJob was called, in any state.
        is_cancelled: CancelJob was called, in any state.
        share_identifier: Share of a fair-share queue.
        operating_system, architecture: As AWS writes them; ``None`` means AWS's defaults.
        storage: Ephemeral storage in GiB; ``None`` means Fargate's default.
        created_at, started_at, stopped_at: Aware, in UTC.
        scheduled_at: Time when Batch requested the Fargate task; only ListJobs reports the time.
    """

    id: str
    name: str | None = None
    arn: str | None = None
    queue: str | None = None
    definition: str | None = None
    status: JobStatus = JobStatus.UNKNOWN
    status_text: str = ""
    status_reason: str | None = None
    containers: tuple[Container, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    array: ArrayProgress | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)
    indexes: tuple[int, ...] = ()
    has_dependencies: bool = False
    dependencies: tuple[str, ...] = ()
    task_arn: str | None = None
    allows_exec: bool = False
    is_terminated: bool = False
    is_cancelled: bool = False
    created_at: datetime | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    share_identifier: str | None = None
    operating_system: str | None = None
    architecture: str | None = None
    storage: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def array_size(self) -> int | None:
        """Number of children of an array; ``None`` for a child and a plain job."""
        return self.array.size if self.array else None

    @property
    def is_array(self) -> bool:
        """Whether the job is an array, as opposed to a child and a plain job."""
        return self.array_size is not None

    @property
    def counts(self) -> Mapping[JobStatus, int]:
        """Numbers of an array's children by state; empty for other jobs."""
        return self.array.counts if self.array else {}

    @property
    def has_failed_children(self) -> bool:
        """Whether the job is an array with failed children."""
        return self.is_array and JobStatus.FAILED in {*self.counts, self.status}

    def index_of(self, child: "JobParts") -> int | None:
        """Return a child's index; in a rerun, the index in the original array."""
        index = child.array.index if child.array else None
        return self.indexes[index] if index is not None and index < len(self.indexes) else index

    @property
    def waits_for_room(self) -> bool:
        """Whether the job is RUNNABLE; for an array, whether a child is while none runs."""
        if not self.counts:
            return self.status is JobStatus.RUNNABLE
        return JobStatus.RUNNABLE in self.counts and _RUNS.isdisjoint(self.counts)

    @property
    def children_ended(self) -> int:
        """Number of finished children of an array."""
        return sum(count for status, count in self.counts.items() if status.is_final)

    @property
    def region(self) -> str | None:
        """The region in the ARN."""
        arn = _ARN.match(self.arn or "")
        return arn[1] if arn else None

    @property
    def vcpu(self) -> Decimal | None:
        """The vCPUs of all containers together."""
        known = [container.vcpu for container in self.containers if container.vcpu is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def memory(self) -> int | None:
        """The memory of all containers together, in MiB."""
        known = [container.memory for container in self.containers if container.memory is not None]
        return sum(known) if known else None

    @property
    def log_group(self) -> str | None:
        """The CloudWatch log group; ``None`` if the job does not log to CloudWatch."""
        return self.telling.log_group if self.containers else DEFAULT_LOG_GROUP

    @property
    def log_streams(self) -> tuple[str, ...]:
        """The log streams of all attempts and then the current one, each once."""
        attempts = [*self.attempts, self]
        streams = (
            container.log_stream
            for attempt in attempts
            for container in attempt.containers
            if container.log_stream is not None
        )
        return tuple(dict.fromkeys(streams))
