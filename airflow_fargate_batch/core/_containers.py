"""Containers of a job or an attempt, and the container that decided the outcome.

Source: Amazon ECS Developer Guide, task definition parameter ``essential``: the end of an essential
container, for any reason, stops all containers of the task; the end of a non-essential container
stops none.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_STOPPED: Final = frozenset({143, 137})
"""Exit codes of containers stopped by ECS: SIGTERM, then SIGKILL if SIGTERM was not enough."""
_SILENT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a job or of an attempt; the last four attributes are of a job only.

    Attributes:
        name: ``None`` unless the job definition has ``ecsProperties``.
        essential: The end of the container ends the job.
        reason: ECS's reason for the end or for a failed start.
        log_group: ``None`` if the container does not log to CloudWatch.
        memory: MiB.
        image: Image as the job definition names it.
    """

    name: str | None = None
    essential: bool = True
    exit_code: int | None = None
    reason: str | None = None
    log_stream: str | None = None
    log_group: str | None = None
    vcpu: Decimal | None = None
    memory: int | None = None
    image: str | None = None

    @property
    def was_stopped(self) -> bool:
        """Whether ECS probably stopped the container, for another reason than memory."""
        return self.exit_code in _STOPPED and "OutOfMemory" not in (self.reason or "")


class Containers:
    """Properties that a job and an attempt derive from their containers."""

    __slots__ = ()
    containers: tuple[Container, ...]

    @property
    def exit_code(self) -> int | None:
        """Exit code of the deciding container, if essential."""
        container = self.telling
        return container.exit_code if container.essential else None

    @property
    def reason(self) -> str | None:
        """ECS's reason for the end of the deciding container."""
        return self.telling.reason

    @property
    def telling(self) -> Container:
        """The container that decided the outcome.

        ECS stops all containers after an essential container has ended. So an essential container
        with a failure of its own counts before containers that ECS may have stopped afterwards. A
        non-essential container counts only if it has a reason and no essential container reports
        anything: an image that cannot be pulled keeps the whole task from starting.
        """
        if len(self.containers) == 1:  # the usual case, asked for thousands of jobs at a time
            return self.containers[0]
        essential = [container for container in self.containers if container.essential]
        if not essential:
            return next(iter(self.containers), Container())
        best = min(essential, key=_silence)
        if _silence(best) < _SILENT:
            return best
        return next((container for container in self.containers if container.reason), best)

    @property
    def failed_first(self) -> Container | None:
        """A container with a failure of its own, if the deciding container never ran.

        Containers may wait for the success of others (``dependsOn``), which are not essential then.
        """
        if self.telling.exit_code is not None:
            return None
        return next((each for each in self.containers if each.exit_code), None)

    @property
    def ended_early(self) -> Container | None:
        """An essential container with exit code 0, if ECS then stopped the deciding container."""
        if not self.telling.was_stopped:
            return None
        essential = (container for container in self.containers if container.essential)
        return next((container for container in essential if container.exit_code == 0), None)


def _silence(container: Container) -> int:
    """Rank a container by evidence about the end: 0 decides, ``_SILENT`` means no evidence."""
    if container.exit_code is None:
        return 0 if container.reason else _SILENT
    if container.was_stopped:
        return 1 if container.exit_code == 137 else 2
    return 0 if container.exit_code else 3
