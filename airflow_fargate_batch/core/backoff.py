"""Pauses between two polls of a job, and before a retry."""

from typing import Final

POLL_INTERVAL: Final = 30.0
"""Seconds."""


def full_jitter(attempt: int, chance: float, *, base: float = 0.5, cap: float = 20.0) -> float:
    """Return seconds to wait after failure number *attempt*, which counts from 0.

    Exponential with full jitter, as recommended by the AWS Architecture Blog, "Exponential Backoff
    And Jitter", for many clients refused at the same time.

    :param chance: a random number, 0 <= chance < 1.
    """
    return chance * min(cap, base * 2.0 ** min(attempt, 30))
