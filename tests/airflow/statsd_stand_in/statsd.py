"""A stand-in for the package statsd, which Airflow needs for ``[metrics] statsd_on``.

Each metric becomes a line of the file that the variable ``STATSD_FILE`` names.
"""

import os
from typing import Any, Self


class StatsClient:
    """Notes what Airflow sends."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._file = os.environ["STATSD_FILE"]

    def _note(self, stat: str, value: Any) -> None:
        with open(self._file, "a") as file:  # noqa: PTH123 - one write: lines of processes stay whole
            file.write(f"{stat} {value}\n")

    def incr(self, stat: str, count: int = 1, *_: Any) -> None:
        self._note(stat, count)

    def decr(self, stat: str, count: int = 1, *_: Any) -> None:
        self._note(stat, -count)

    def gauge(self, stat: str, value: float, *_: Any) -> None:
        self._note(stat, value)

    def timing(self, stat: str, delta: Any) -> None:
        self._note(stat, delta)

    def timer(self, *_: Any, **__: Any) -> "Timer":
        return Timer()


class Timer:
    """Notes nothing."""

    ms = 0.0

    def start(self) -> "Timer":
        return self

    def stop(self, send: bool = True) -> "Timer":  # noqa: ARG002 - statsd's signature
        return self

    def send(self) -> None:
        """Send nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End nothing."""
