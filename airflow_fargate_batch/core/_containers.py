"""The containers of a job or of an attempt, and which of them decided how it ended.

Source: Amazon ECS Developer Guide, task definition parameter ``essential``: the end of an essential
container, for whatever reason, stops all containers of its task; that of another one stops none.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_STOPPED: Final = frozenset({143, 137})
"""How a container ends that ECS stops: by SIGTERM or, if it does not end of that, by SIGKILL."""
_SILENT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One container of a job or of an attempt; the last three are known for a job's own only.

    Attributes:
        name: ``None`` unless the job definition has ``ecsProperties``.
        essential: The job ends when this container ends; the end of another one does not matter.
        reason: ECS's words on why it ended or never started.
        log_group: ``None`` where it logs elsewhere than to CloudWatch.
        memory: MiB.
    """

    name: str | None = None
    essential: bool = True
    exit_code: int | None = None
    reason: str | None = None
    log_stream: str | None = None
    log_group: str | None = None
    vcpu: Decimal | None = None
    memory: int | None = None

    @property
    def was_stopped(self) -> bool:
        """Whether it ended as a container ends that ECS stops, and not for its memory."""
        return self.exit_code in _STOPPED and "OutOfMemory" not in (self.reason or "")


class Containers:
    """What a job and an attempt both know through their containers."""

    __slots__ = ()
    containers: tuple[Container, ...]

    @property
    def exit_code(self) -> int | None:
        """The exit code of the essential container that decided; never that of another one."""
        container = self.telling
        return container.exit_code if container.essential else None

    @property
    def reason(self) -> str | None:
        """ECS's reason for the end of the container that decided."""
        return self.telling.reason

    @property
    def telling(self) -> Container:
        """The container that decided how it ended.

        ECS stops all containers once an essential one has ended, so an essential one that failed by
        itself counts before one that may have been stopped afterwards. Another container counts
        only if it has a reason and no essential one says anything: an image that cannot be pulled
        keeps the whole task from starting.
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
    def ended_early(self) -> Container | None:
        """The essential container that ended well, if ECS stopped the one that decided for it."""
        if not self.telling.was_stopped:
            return None
        essential = (container for container in self.containers if container.essential)
        return next((container for container in essential if container.exit_code == 0), None)


def _silence(container: Container) -> int:
    """Rank a container by how little it says of the end: 0 decides, ``_SILENT`` is nothing."""
    if container.exit_code is None:
        return 0 if container.reason else _SILENT
    if container.was_stopped:
        return 1 if container.exit_code == 137 else 2
    return 0 if container.exit_code else 3
