"""Times that an ending task waits for facts about its job; one value for tests to replace."""

from typing import Final, NamedTuple

COST_PATIENCE: Final = 5.0
"""Seconds to wait for each fact about the cost of the job."""
USE_PATIENCE: Final = 3.0
"""Seconds to wait for each fact about the CPU and memory that the job used."""


class EndTimes(NamedTuple):
    """Times of a task's end, in seconds.

    Attributes:
        evidence: For all lookups that explain the job; ``None`` means ``evidence_reader.PATIENCE``.
    """

    evidence: float | None = None
    cost: float = COST_PATIENCE
    use: float = USE_PATIENCE
