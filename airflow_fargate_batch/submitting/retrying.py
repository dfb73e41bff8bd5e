"""Time and chance for retries, replaceable in tests, and the retries that end by the clock."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from airflow_fargate_batch.aws.retrying import RetryLimits, retried
from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.exceptions import AwsError

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


WILL_RETRY: Final = "%s; will retry for up to %.0f s"
"""Log line about a failed call with a retry."""
BY_THE_CLOCK: Final = RetryLimits()


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

        def may_retry(error: AwsError) -> bool:
            left = until - self.now()
            if left > 0:
                log.info(WILL_RETRY, error.message, left)
            return left > 0

        return retried(
            call, BY_THE_CLOCK, sleep=self.sleep, chance=self.random, may_retry=may_retry
        )

    def pause(self, attempt: int) -> None:
        """Sleep before the next attempt; attempts count from 0."""
        self.sleep(full_jitter(attempt, self.random()))
