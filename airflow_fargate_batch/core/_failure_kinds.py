"""The kinds of failure, and the form of a rule that finds one."""

from enum import StrEnum
from typing import NamedTuple


class FailureKind(StrEnum):
    """Who has to act."""

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
        """Whether the same request may succeed another time; out of doubt, it may."""
        return self not in {FailureKind.CONFIGURATION, FailureKind.DEPENDENCY}


class Rule(NamedTuple):
    """If the evidence has the pattern (in any case), this is what went wrong.

    Attributes:
        cause: What went wrong, to stand behind a colon.
        advice: What to do next. An argument of the operator stands in backticks, so that each
            shell can write it in its own way.
        quotes: The rule is a fallback: the pattern names no cause, so AWS's own words are quoted
            behind *cause*, and the advice lists the usual causes.
    """

    pattern: str
    kind: FailureKind
    cause: str
    advice: str
    quotes: bool = False
