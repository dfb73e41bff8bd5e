"""The retry loop around calls that may be made twice, with a clock replaceable in tests."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.exceptions import AnswerLost, Throttled, Unreachable

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


WILL_RETRY: Final = "%s; will retry for up to %.0f s"
"""Log line about a failed call with a retry."""


def _date() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and chance, replaceable in tests."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    date: Callable[[], datetime] = _date

    def persist(self, call: Callable[[], Answer], until: float) -> Answer:
        """Retry a call, which may be made twice, until accepted or *until* is over."""
        attempt = 0
        while True:
            try:
                return call()
            except (Throttled, Unreachable, AnswerLost) as error:
                if self.now() >= until:
                    raise
                log.info(WILL_RETRY, error.message, until - self.now())
            self.pause(attempt)
            attempt += 1

    def pause(self, attempt: int) -> None:
        """Sleep before the next attempt; attempts count from 0."""
        self.sleep(full_jitter(attempt, self.random()))
