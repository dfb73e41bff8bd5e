"""States of an AWS Batch job.

Source: AWS Batch API Reference, ``JobDetail.status``. New states of AWS are
``UNKNOWN``, which never counts as an end.
"""

from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """A job's state, in the API's spelling; an array stays PENDING until all children end."""

    SUBMITTED = "SUBMITTED"
    PENDING = "PENDING"
    RUNNABLE = "RUNNABLE"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"
    """Not an API value: any state unknown to this package."""

    @classmethod
    def _missing_(cls, value: object) -> "JobStatus":  # noqa: ARG003 - enum's own signature
        return cls.UNKNOWN

    @property
    def is_final(self) -> bool:
        """Whether the job has ended; a final state never changes."""
        return self in FINAL

    @property
    def is_live(self) -> bool:
        """Whether the job is running or may still run; True for an unknown state."""
        return self not in FINAL


FINAL: Final[frozenset[JobStatus]] = frozenset({JobStatus.SUCCEEDED, JobStatus.FAILED})
NOT_STARTED: Final[frozenset[JobStatus]] = frozenset(
    {JobStatus.SUBMITTED, JobStatus.PENDING, JobStatus.RUNNABLE}
)
"""States before Fargate has been asked for a task."""
