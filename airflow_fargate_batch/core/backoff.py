"""How long to pause: between two questions about a job, and before trying again."""

from typing import Final

POLL_INTERVAL: Final = 30.0
"""Seconds."""


def full_jitter(attempt: int, chance: float, *, base: float = 0.5, cap: float = 20.0) -> float:
    """Return seconds to wait after failure number *attempt*, which counts from 0.

    Exponential with full jitter, as the AWS Architecture Blog's "Exponential Backoff And Jitter"
    found best for many clients that were refused together.

    :param chance: a random number, 0 <= chance < 1.
    """
    return chance * min(cap, base * 2.0 ** min(attempt, 30))
