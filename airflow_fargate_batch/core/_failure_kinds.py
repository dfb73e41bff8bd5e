"""Kinds of failure, and the rules to recognise a kind."""

from enum import StrEnum
from typing import NamedTuple


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


class Rule(NamedTuple):
    """Cause and advice for evidence with a pattern (upper or lower case).

    Attributes:
        cause: Cause, to follow a colon.
        advice: Next step. Arguments of the operator stand in backticks, so that each shell can
            use its own spelling.
        quotes: The rule is a fallback: the pattern names no cause, so *cause* is followed by
            AWS's text, and the advice lists the usual causes.
    """

    pattern: str
    kind: FailureKind
    cause: str
    advice: str
    quotes: bool = False
