"""A rate of calls that adapts to throttles."""

import pytest

from airflow_fargate_batch.core.call_rate import CallRate


def a_rate(settling: float = 0.0) -> CallRate:
    return CallRate(fastest=10, slowest=1, gain=0.5, settling=settling)


def test_a_call_delays_the_next_and_a_throttle_halves_the_rate() -> None:
    rate = a_rate()
    assert rate.delay(100) == 0
    rate.called(100)
    assert rate.delay(100) == pytest.approx(0.1)
    rate.throttled(100)
    assert rate.value == 5
    assert rate.delay(100) == pytest.approx(0.2)


def test_the_rate_stays_within_its_bounds() -> None:
    rate = a_rate()
    for _ in range(10):
        rate.throttled(0)
    assert rate.value == 1
    for _ in range(100):
        rate.accepted()
    assert rate.value == 10


def test_throttles_of_calls_sent_before_a_cut_do_not_count() -> None:
    rate = a_rate(settling=1.0)
    for at in (0.0, 0.5, 0.9, 1.0):
        rate.throttled(at)
    assert rate.value == 2.5
