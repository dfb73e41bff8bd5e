"""Answers of AWS around a job (failed children, earlier jobs, evidence), kept for some seconds.

A page that is open asks again every ten seconds, perhaps in many browsers; AWS is asked once.
"""

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

T = TypeVar("T")

KEEP: Final = 30.0
"""Seconds in which an answer, or its absence, is used again."""
KEPT: Final = 500
"""Answers kept in memory."""


@dataclass(slots=True)
class _Answer:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = float("-inf")
    value: Any = None


class Lookups:
    """Keeps what functions returned.

    :param now: seconds on a clock that never goes back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._answers: dict[Hashable, _Answer] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, ask: Callable[[], T]) -> T:
        """Return what *ask* returned for the key, in this call or in the last half minute.

        Threads with the same key wait for one call. An error of *ask* is raised and not kept.
        """
        answer = self._answer(key)
        with answer.lock:
            if self._now() >= answer.until:
                answer.value = ask()
                answer.until = self._now() + KEEP
            value: T = answer.value
            return value

    def _answer(self, key: Hashable) -> _Answer:
        with self._lock:
            answer = self._answers.pop(key, None) or _Answer()
            self._answers[key] = answer
            for oldest in list(self._answers)[: max(0, len(self._answers) - KEPT)]:
                del self._answers[oldest]
            return answer
