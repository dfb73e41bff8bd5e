"""The clock that jobs live by: the wall's, or one that tests move by hand."""

import time


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
        self._base += seconds
