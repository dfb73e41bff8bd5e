"""The engine's jobs: the submission, the attempts and the history of states."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from airflow_fargate_batch.core.status import NOT_STARTED, JobStatus

NORMAL_EXIT: Final = "Essential container in task exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedJob:
    """An accepted SubmitJob, merged with its job definition; array children share their parent's.

    Attributes:
        arguments: The body of SubmitJob, unchanged.
        environment: Name of the queue's first compute environment.
        containers: The definition's containers, merged with the overrides: the container in
            ``containerProperties``, or all containers of the task in ``ecsProperties``.
        ecs_task: The task in ``ecsProperties``. ``None`` means a definition without that member.
        doom: Reason for a later failure of the accepted job. ``None`` means no such failure.
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
        """Position of the first essential container, which decides the result of an attempt."""
        essential = (n for n, c in enumerate(self.containers) if c.get("essential", True))
        return next(essential, 0)

    @property
    def memory(self) -> int:
        """MiB of all containers together."""
        return sum(
            int(requirement["value"])
            for container in self.containers
            for requirement in container["resourceRequirements"]
            if requirement["type"] == "MEMORY"
        )

    @property
    def depends_on(self) -> list[dict[str, str]]:
        """The submitted dependencies."""
        return list(self.arguments.get("dependsOn") or ())

    @property
    def sequential(self) -> bool:
        """Whether an array's children run one after another."""
        return any(
            dependency.get("type") == "SEQUENTIAL" and not dependency.get("jobId")
            for dependency in self.depends_on
        )


@dataclass(slots=True, kw_only=True)
class LocalContainer:
    """One container of an attempt.

    Attributes:
        log_stream: Name of the log stream. ``None`` means no log in CloudWatch Logs.
    """

    name: str
    log_region: str
    log_group: str
    log_stream: str | None
    exit_code: int | None = None
    reason: str | None = None


@dataclass(slots=True, kw_only=True)
class LocalAttempt:
    """One Fargate task: times in seconds since the epoch. ``None`` means not yet.

    Attributes:
        decides: Position of the container that decides the attempt's result.
    """

    number: int
    task_arn: str
    containers: list[LocalContainer]
    decides: int = 0
    started_at: float | None = None
    stopped_at: float | None = None
    status_reason: str | None = None

    @property
    def deciding(self) -> LocalContainer:
        """The container that decides the attempt's result."""
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
        """Record the result of the deciding container."""
        self.deciding.exit_code, self.deciding.reason = exit_code, reason


@dataclass(slots=True, eq=False, kw_only=True)
class LocalJob:
    """A job, an array's parent, or one of its children.

    Attributes:
        number: Position among all jobs in order of creation.
        history: Time, state and statusReason of each entered state. Never empty.
        waiting_for: Number of dependencies that must still succeed.
        dependents: Jobs that depend on this job.
        turn: Number of events scheduled for the job: an event with an older number is void.
        holds: Whether the job holds its consumable resources.
    """

    job_id: str
    number: int
    submission: AcceptedJob
    created_at: float
    history: list[tuple[float, JobStatus, str | None]]
    index: int | None = None
    parent: "LocalJob | None" = None
    children: list["LocalJob"] = field(default_factory=list)
    counts: Counter[JobStatus] = field(default_factory=Counter)
    attempts: list[LocalAttempt] = field(default_factory=list)
    waiting_for: int = 0
    dependents: list["LocalJob"] = field(default_factory=list)
    cancelled_at: float | None = None
    terminated_at: float | None = None
    stop_reason: str | None = None
    turn: int = 0
    holds: bool = False

    @property
    def status(self) -> JobStatus:
        """The current state."""
        return self.history[-1][1]

    @property
    def is_parent(self) -> bool:
        """Whether the job is the parent of an array."""
        return self.submission.size is not None and self.index is None

    @property
    def has_started(self) -> bool:
        """Whether a Fargate task was requested, or the job has ended."""
        return self.status not in NOT_STARTED

    @property
    def attempt(self) -> LocalAttempt:
        """The latest attempt."""
        return self.attempts[-1]

    def at(self, moment: float) -> tuple[float, JobStatus, str | None]:
        """Return the entry of the history that was current at *moment*."""
        for entry in reversed(self.history):
            if entry[0] <= moment:
                return entry
        return self.history[0]
