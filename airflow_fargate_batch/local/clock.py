"""Clock of LocalBatch: wall-clock time, or a manual clock for tests."""

import time
from typing import Final

END_OF_TIME: Final = 253_402_300_799.0
"""The last second of the year 9999: later moments have no HTTP date."""


class Clock:
    """Clock in seconds since the epoch; the time never decreases.

    A manual clock starts at wall-clock time and stands still until `advance` is called.
    """

    def __init__(self, *, manual: bool = False) -> None:
        self.manual = manual
        self._base = time.time() - (0.0 if manual else time.monotonic())

    def now(self) -> float:
        """Return the time."""
        return self._base if self.manual else self._base + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move either kind of clock ahead by *seconds*."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: seconds must not be negative, not {seconds}")
        if self.now() + seconds > END_OF_TIME:
            raise ValueError(f"a clock ends with the year 9999: {seconds} seconds are too many")
        self._base += seconds
