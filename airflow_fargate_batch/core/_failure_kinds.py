"""Kinds of failure, and the rules to recognise a kind."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from airflow_fargate_batch import exceptions


class FailureKind(StrEnum):
    """Kind of a failure, by the side to act on."""

    INFRASTRUCTURE = "infrastructure"
    CONFIGURATION = "configuration"
    OUT_OF_MEMORY = "out of memory"
    TIMEOUT = "timeout"
    SPOT_RECLAIM = "Spot reclaim"
    KILLED = "killed"
    DEPENDENCY = "dependency"
    CHILDREN = "array children"
    USER_CODE = "user code"
    UNKNOWN = "unknown"

    @property
    def retryable(self) -> bool:
        """Whether a retry of the same request may succeed; True if in doubt."""
        return self not in {FailureKind.CONFIGURATION, FailureKind.DEPENDENCY}

    @property
    def exception(self) -> type[exceptions.JobFailed]:
        """The exception of a job that failed in this way, unless the rule names a narrower one."""
        return _EXCEPTIONS[self]


_EXCEPTIONS: Final[Mapping[FailureKind, type[exceptions.JobFailed]]] = {
    FailureKind.INFRASTRUCTURE: exceptions.InfrastructureFailed,
    FailureKind.CONFIGURATION: exceptions.Misconfigured,
    FailureKind.OUT_OF_MEMORY: exceptions.OutOfMemory,
    FailureKind.TIMEOUT: exceptions.AttemptTimedOut,
    FailureKind.SPOT_RECLAIM: exceptions.SpotReclaimed,
    FailureKind.KILLED: exceptions.JobKilled,
    FailureKind.DEPENDENCY: exceptions.DependencyFailed,
    FailureKind.CHILDREN: exceptions.ChildrenFailed,
    FailureKind.USER_CODE: exceptions.ProgramFailed,
    FailureKind.UNKNOWN: exceptions.UnknownFailure,
}


class FailureRule(NamedTuple):
    """Cause and advice for evidence with a pattern (upper or lower case).

    Attributes:
        cause: Cause, to follow a colon.
        advice: Next step. Arguments of the operator stand in backticks, so that each entry
            point can use its own spelling.
        quotes: The rule is a fallback: the pattern names no cause, so *cause* is followed by
            AWS's text, and the advice lists the usual causes.
        exception: A narrower exception than the kind's: capacity and images have their own,
            whoever has to act.
    """

    pattern: str
    kind: FailureKind
    cause: str
    advice: str
    quotes: bool = False
    exception: type[exceptions.JobFailed] | None = None
