"""The loop that retries a call, within named limits; for calls that may be made twice."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.exceptions import AnswerLost, AwsError, Throttled, Unreachable

Answer = TypeVar("Answer")

PASSING: Final = (Throttled, Unreachable, AnswerLost)
"""Errors that pass by themselves, without a change of request, policy or credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLimits:
    """Limits of a series of calls.

    Attributes:
        errors: Errors after which the call is made again; any other error is raised at once.
        tries: Most calls. ``None`` means that the caller ends the series, by the clock.
        base: Seconds of the longest pause after the first failure; doubled by each failure.
    """

    errors: tuple[type[AwsError], ...] = PASSING
    tries: int | None = None
    base: float = 0.5


def retried(
    call: Callable[[], Answer],
    limits: RetryLimits,
    *,
    sleep: Callable[[float], object] = time.sleep,
    chance: Callable[[], float] = random.random,
    may_retry: Callable[[AwsError], bool] = lambda _: True,
) -> Answer:
    """Return the answer of a call, made again with jitter within *limits*.

    :param may_retry: asked before each pause; ``False`` ends the series.
    :raises AwsError: the error of the last call.
    """
    failures = 0
    while True:
        try:
            return call()
        except limits.errors as error:
            failures += 1
            if failures == limits.tries or not may_retry(error):
                raise
        sleep(full_jitter(failures - 1, chance(), base=limits.base))
