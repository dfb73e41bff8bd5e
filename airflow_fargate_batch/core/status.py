"""The states of an AWS Batch job, in the one place that knows them.

Source: AWS Batch API Reference, ``JobDetail.status``. A state that AWS adds one day is
``UNKNOWN``: neither waiting code nor success ever mistakes it for an end.
"""

from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """A job's state, as the API spells it; an array parent stays PENDING until all children end."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    """Not an API value: whatever this version of the package does not know."""

    @classmethod
    def _missing_(cls, value: object) -> "JobStatus":  # noqa: ARG003 - enum's own signature
        return cls.UNKNOWN

    @property
    def is_final(self) -> bool:
        """Whether the job has ended and its state can change no more."""
        return self in FINAL

    @property
    def is_live(self) -> bool:
        """Whether the job runs or may still run; an unknown state may."""
        return self not in FINAL


FINAL: Final[frozenset[JobStatus]] = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED})
NOT_STARTED: Final[frozenset[JobStatus]] = frozenset(
    {JobStatus.SUBMITTED, JobStatus.PENDING, JobStatus.RUNNABLE}
)
"""States before Fargate has been asked for a task."""
