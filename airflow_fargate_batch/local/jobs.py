"""Jobs as the engine keeps them: what was submitted, and what became of it so far."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_fargate_batch.core.status import NOT_STARTED, JobStatus

NORMAL_EXIT: Final = "Essential container in task exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An accepted SubmitJob, merged with its job definition; array children share their parent's.

    Attributes:
        arguments: What was submitted, as it came.
        environment: Name of the queue's first compute environment.
        containers: The definition's containers with the overrides laid over: one, from
            ``containerProperties``, or those of the task in ``ecsProperties``.
        ecs_task: The task of ``ecsProperties``, if the definition has that.
        doom: Why the job will fail although it was accepted, if it will.
    """

    name: str
    region: str
    queue: str
    definition: str
    definition_name: str
    arguments: Mapping[str, Any] = field(repr=False)
    containers: tuple[Mapping[str, Any], ...] = field(repr=False)
    environment: str = ""
    ecs_task: Mapping[str, Any] | None = field(default=None, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    retry: Mapping[str, Any] = field(default_factory=dict)
    timeout: Mapping[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    propagate_tags: bool = False
    priority: int | None = None
    size: int | None = None
    consumables: tuple[tuple[str, int], ...] = ()
    doom: str | None = None

    @property
    def deciding(self) -> int:
        """Position of the container that decides how an attempt ends: the first essential one."""
        essential = (n for n, c in enumerate(self.containers) if c.get("essential", True))
        return next(essential, 0)

    @property
    def depends_on(self) -> list[dict[str, str]]:
        """The dependencies as they were submitted."""
        return list(self.arguments.get("dependsOn") or ())

    @property
    def sequential(self) -> bool:
        """Whether an array's children run one after another."""
        return any(
            dependency.get("type") == "SEQUENTIAL" and not dependency.get("jobId")
            for dependency in self.depends_on
        )


@dataclass(slots=True, kw_only=True)
class Container:
    """One container of an attempt.

    Attributes:
        log_stream: ``None`` if its log goes elsewhere than to CloudWatch Logs.
    """

    name: str
    log_region: str
    log_group: str
    log_stream: str | None
    exit_code: int | None = None
    reason: str | None = None


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One task of Fargate: times in seconds since the epoch, ``None`` where it never came so far.

    Attributes:
        decides: Position of the container that decides how the attempt ends.
    """

    number: int
    task_arn: str
    containers: list[Container]
    decides: int = 0
    started_at: float | None = None
    stopped_at: float | None = None
    status_reason: str | None = None

    @property
    def deciding(self) -> Container:
        """The container that decides how the attempt ends."""
        return self.containers[self.decides]

    @property
    def exit_code(self) -> int | None:
        """The deciding container's exit code."""
        return self.deciding.exit_code

    @property
    def reason(self) -> str | None:
        """The deciding container's reason."""
        return self.deciding.reason

    def end(self, exit_code: int | None, reason: str | None = None) -> None:
        """Keep how the deciding container ended."""
        self.deciding.exit_code, self.deciding.reason = exit_code, reason


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """A job, an array's parent, or one of its children.

    Attributes:
        number: Position among all jobs, in the order of their making.
        history: Each state entered: when, which, and its statusReason. Never empty.
        waiting_for: How many dependencies must still succeed.
        dependents: Jobs to be told when this one ends.
        turn: Counts the engine's plans for the job: an event of an older turn is void.
        holds: Whether it has taken its consumable resources.
    """

    job_id: str
    number: int
    submission: Submission
    created_at: float
    history: list[tuple[float, JobStatus, str | None]]
    index: int | None = None
    parent: "Job | None" = None
    children: list["Job"] = field(default_factory=list)
    counts: Counter[JobStatus] = field(default_factory=Counter)
    attempts: list[Attempt] = field(default_factory=list)
    waiting_for: int = 0
    dependents: list["Job"] = field(default_factory=list)
    cancelled_at: float | None = None
    terminated_at: float | None = None
    stop_reason: str | None = None
    turn: int = 0
    holds: bool = False

    @property
    def status(self) -> JobStatus:
        """The state it is in."""
        return self.history[-1][1]

    @property
    def is_parent(self) -> bool:
        """Whether it is an array's parent."""
        return self.submission.size is not None and self.index is None

    @property
    def has_started(self) -> bool:
        """Whether Fargate was asked for a task, or the job is over."""
        return self.status not in NOT_STARTED

    @property
    def attempt(self) -> Attempt:
        """The latest attempt."""
        return self.attempts[-1]

    def at(self, moment: float) -> tuple[float, JobStatus, str | None]:
        """Return the state it was in at *moment*: since when, which, and its statusReason."""
        for entry in reversed(self.history):
            if entry[0] <= moment:
                return entry
        return self.history[0]
