"""The clock that jobs live by: the wall's, or one that tests move by hand."""

import time
from typing import Final

END_OF_TIME: Final = 253_402_300_799.0
"""The last second of the year 9999: later moments have no HTTP date."""


class Clock:
    """Tell the time in seconds since the epoch; it never runs backwards.

    A manual clock starts at the wall's time and stands still until `advance` is called.
    """

    def __init__(self, *, manual: bool = False) -> None:
        self.manual = manual
        self._base = time.time() - (0.0 if manual else time.monotonic())

    def now(self) -> float:
        """Return the time."""
        return self._base if self.manual else self._base + time.monotonic()

    def advance(self, seconds: float) -> None:
        """Move ahead by *seconds*, whichever kind of clock this is."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: {seconds} seconds")
        if self.now() + seconds > END_OF_TIME:
            raise ValueError(f"a clock ends with the year 9999: {seconds} seconds are too many")
        self._base += seconds
