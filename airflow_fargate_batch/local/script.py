"""Behaviour of jobs: duration of each state, and results scripted by a test."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.local.jobs import LocalJob

OUT_OF_MEMORY: Final = "OutOfMemoryError: Container killed due to memory usage"
_STICKY = (JobStatus.RUNNABLE, JobStatus.STARTING, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds that a job stays in each state; ``speed`` divides every value.

    Attributes:
        submitted: Until AWS Batch has checked the dependencies.
        runnable: Until Batch requests a Fargate task.
        starting: Until the container is running.
        running: Until the container exits; a `Script` may set another time.
        stopping: From TerminateJob to the end of a job that was starting or running.
    """

    submitted: float = 0.5
    runnable: float = 1.0
    starting: float = 2.0
    running: float = 5.0
    stopping: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Behaviour of the jobs whose name matches.

    Attributes:
        name: Pattern of the job name, with ``*`` and ``?``.
        exit_code: Exit code of the container. ``None`` means no exit code, as after a Spot reclaim.
        reason: The container's reason, such as ``OutOfMemoryError: Container killed ...``.
        status_reason: statusReason of the attempt and, after the last attempt, of the job. ``None``
            means that of an ordinary end; an empty text means that AWS gives no reason.
        runtime: Seconds in RUNNING. ``None`` means the time in `Pace`.
        starts: Whether the container starts; if not, the attempt fails in STARTING.
        stuck_in: State that the job does not leave by itself: RUNNABLE, STARTING or RUNNING.
        indexes: Array children to affect. ``None`` means plain jobs and all children.
        attempts: Number of attempts to affect, from the first. ``None`` means all attempts.
        log: Lines that each attempt writes to CloudWatch Logs.
        queue: Pattern of the name of the job queue.
        needs_memory: MiB. Only jobs with less are affected; unless *exit_code* or *reason* is set,
            they run out of memory in AWS's words.
    """

    name: str = "*"
    exit_code: int | None = 0
    reason: str | None = None
    status_reason: str | None = None
    runtime: float | None = None
    starts: bool = True
    stuck_in: str | None = None
    indexes: Collection[int] | None = None
    attempts: int | None = None
    log: Sequence[str] = ()
    queue: str = "*"
    needs_memory: int | None = None

    def __post_init__(self) -> None:
        if self.needs_memory is not None and (self.exit_code, self.reason) == (0, None):
            object.__setattr__(self, "exit_code", 137)
            object.__setattr__(self, "reason", OUT_OF_MEMORY)
        if self.stuck_in not in (None, *_STICKY):
            raise ValueError(f"stuck_in must be one of {', '.join(_STICKY)}, not {self.stuck_in!r}")

    def applies_to(self, job: LocalJob, attempt: int) -> bool:
        """Return whether the script affects an attempt of a job."""
        submission, index = job.submission, job.index
        return (
            fnmatchcase(submission.name, self.name)
            and fnmatchcase(submission.queue.rpartition("/")[2], self.queue)
            and (self.needs_memory is None or submission.memory < self.needs_memory)
            and (self.indexes is None or index in self.indexes)
            and (self.attempts is None or attempt <= self.attempts)
        )
