"""How long tests wait for what must come: a busy machine makes it late, and fails no test."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 240.0
"""Seconds; only a test that fails waits as long."""


def until(condition: Callable[[], object], *, every: float = 0.02) -> None:
    """Wait until a condition holds.

    :param every: seconds between two looks.
    :raises AssertionError: the condition does not hold after `PATIENCE`.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain"
        time.sleep(every)
