"""The loop that retries a call, within named limits."""

from collections.abc import Callable

import pytest

from airflow_fargate_batch.aws.retrying import RetryLimits, retried
from airflow_fargate_batch.exceptions import AccessDenied, AwsError, Throttled, Unreachable


def _failing(*errors: AwsError) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return call


def test_a_call_is_made_again_after_growing_pauses() -> None:
    pauses: list[float] = []
    call = _failing(Throttled("slow down"), Unreachable("no route"), Throttled("slow down"))
    limits = RetryLimits(tries=4, base=1.0)
    assert retried(call, limits, sleep=pauses.append, chance=lambda: 0.5) == "answer"
    assert pauses == [0.5, 1.0, 2.0]


def test_the_last_error_is_raised_without_a_pause_when_the_tries_are_over() -> None:
    pauses: list[float] = []
    call = _failing(Throttled("first"), Throttled("second"), Throttled("third"))
    with pytest.raises(Throttled, match="second"):
        retried(call, RetryLimits(tries=2), sleep=pauses.append)
    assert len(pauses) == 1


@pytest.mark.parametrize(
    "error",
    [AccessDenied("no", "batch:SubmitJob"), Unreachable("no route")],
    ids=["for good", "not named"],
)
def test_an_error_that_the_limits_do_not_name_is_raised_at_once(error: AwsError) -> None:
    pauses: list[float] = []
    with pytest.raises(type(error)):
        retried(_failing(error), RetryLimits(errors=(Throttled,)), sleep=pauses.append)
    assert pauses == []


def test_the_caller_may_end_the_series() -> None:
    asked: list[AwsError] = []

    def may_retry(error: AwsError) -> bool:
        asked.append(error)
        return len(asked) < 3

    call = _failing(*(Throttled(str(number)) for number in range(9)))
    with pytest.raises(Throttled, match="2"):
        retried(call, RetryLimits(), sleep=lambda _: None, may_retry=may_retry)
