"""How jobs behave: how long each state takes, and how a job that a test names shall end."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from airflow_fargate_batch.core.status import JobStatus

_STICKY = (JobStatus.RUNNABLE, JobStatus.STARTING, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a job stays in each state, in seconds, before ``speed`` divides them all.

    Attributes:
        submitted: Until AWS Batch has looked at its dependencies.
        runnable: Until Fargate is asked for a task.
        starting: Until its container runs.
        running: Until its container exits; a `Script` may say otherwise.
        stopping: From TerminateJob to the end of a job that was starting or running.
    """

    submitted: float = 0.5
    runnable: float = 1.0
    starting: float = 2.0
    running: float = 5.0
    stopping: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What becomes of the jobs it names.

    Attributes:
        name: Pattern of the job name, with ``*`` and ``?``.
        exit_code: What the container exits with; ``None`` for none, as when it was reclaimed.
        reason: The container's reason, as ``OutOfMemoryError: Container killed ...``.
        status_reason: The attempt's, and at last the job's, statusReason.
        runtime: Seconds in RUNNING; ``None`` leaves it to the pace.
        starts: Whether the container ever runs; if not, the attempt fails in STARTING.
        stuck_in: A state it never leaves by itself: RUNNABLE, STARTING or RUNNING.
        indexes: Which array children; ``None`` for all, and for plain jobs.
        attempts: Only its first so many attempts; ``None`` for all.
        log: Lines that each attempt leaves in CloudWatch Logs.
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

    def __post_init__(self) -> None:
        if self.stuck_in not in (None, *_STICKY):
            raise ValueError(f"stuck_in is one of {', '.join(_STICKY)}, not {self.stuck_in!r}")

    def applies_to(self, name: str, index: int | None, attempt: int) -> bool:
        """Tell whether the script is about this attempt of this job."""
        return (
            fnmatchcase(name, self.name)
            and (self.indexes is None or index in self.indexes)
            and (self.attempts is None or attempt <= self.attempts)
        )

    @property
    def succeeds(self) -> bool:
        """Whether an attempt that follows it ends well."""
        return self.starts and self.exit_code == 0
