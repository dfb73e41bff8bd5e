"""Every id is polled in time, in few calls, at an even pace; faults pass."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core import polling
from airflow_fargate_batch.core.polling import Schedule

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Call(NamedTuple):
    at: float
    ids: list[str]
    outcome: str


def answer_all(_ids: list[str], _at: float) -> str:
    return "answered"


def drive(
    schedule: Schedule,
    *,
    until: float,
    outcome: Callable[[list[str], float], str] = answer_all,
    arrivals: dict[str, tuple[float, float]] | None = None,
) -> list[Call]:
    """Run a schedule up to a time, jumping from call to call.

    :param arrivals: for each id, when it comes and its interval
    """
    coming = sorted((at, job_id, every) for job_id, (at, every) in (arrivals or {}).items())
    calls: list[Call] = []
    now = 0.0
    while True:
        next_call = schedule.next_call_at()
        if coming and (next_call is None or coming[0][0] <= next_call):
            now, job_id, interval = coming.pop(0)
            schedule.add(job_id, interval=interval, now=now)
            continue
        if next_call is None or next_call > until:
            return calls
        now = max(now, next_call)
        ids = schedule.take(now)
        assert ids, "next_call_at promised a call"
        calls.append(Call(now, ids, outcome(ids, now)))
        if calls[-1].outcome == "answered":
            schedule.answered(ids)
        elif calls[-1].outcome == "throttled":
            schedule.throttled(ids, now)
        else:
            schedule.failed(ids, now)


def a_schedule(seed: int = 1) -> Schedule:
    return Schedule(chance=random.Random(seed).random)  # noqa: S311 - reproducible on purpose


def crowd(size: int, *, interval: float = 30.0, at: float = 0.0) -> dict[str, tuple[float, float]]:
    return {f"job-{number}": (at, interval) for number in range(size)}


def times_asked(calls: list[Call]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = defaultdict(list)
    for call in calls:
        for job_id in call.ids:
            times[job_id].append(call.at)
    return times


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    groups=st.lists(
        st.tuples(st.integers(1, 400), st.floats(0, 120), st.sampled_from([20.0, 30.0, 120.0])),
        min_size=1,
        max_size=6,
    ),
)
def test_whoever_comes_when_is_asked_about_in_time_and_not_too_often(
    seed: int, groups: list[tuple[int, float, float]]
) -> None:
    arrivals = {
        f"{group}-{number}": (at, interval)
        for group, (size, at, interval) in enumerate(groups)
        for number in range(size)
    }
    end = 10 * MINUTE
    calls = drive(a_schedule(seed), until=end, arrivals=arrivals)
    times = times_asked(calls)

    assert times.keys() == arrivals.keys(), "somebody was forgotten"
    assert all(len(call.ids) == len(set(call.ids)) <= 100 for call in calls)
    assert all(b.at - a.at >= 1 / polling.FASTEST - 1e-9 for a, b in pairwise(calls))
    for job_id, (arrived, interval) in arrivals.items():
        # A crowd that comes at once holds up the others, by a share of the longest interval.
        late = polling.CROWD * 120 + len(arrivals) / 100
        gaps = [b - a for a, b in pairwise([*times[job_id], end])]
        assert times[job_id][0] - arrived <= polling.FIRST_QUESTION + late
        assert max(gaps) <= interval + late
        assert all(gap >= 0.48 * interval - 1e-9 for gap in gaps[1:-1])


@pytest.mark.parametrize("size", [1, 100, 101, 1000, 10_000])
def test_a_hundred_jobs_cost_one_call_an_interval(size: int) -> None:
    calls = drive(a_schedule(), until=20 * 30.0, arrivals=crowd(size))
    chunks = -(-size // 100)
    assert len(calls) <= 1.05 * 20 * chunks + 1


def test_ten_thousand_jobs_are_asked_about_within_their_interval() -> None:
    calls = drive(a_schedule(), until=10 * MINUTE, arrivals=crowd(10_000))
    gaps = [b - a for times in times_asked(calls).values() for a, b in pairwise(times)]
    assert max(gaps) <= 31


def test_the_calls_of_a_crowd_spread_over_the_interval() -> None:
    calls = drive(a_schedule(), until=20 * MINUTE, arrivals=crowd(5000))
    later = Counter(int(call.at) for call in calls if call.at > 10 * MINUTE)
    assert sum(later[second] > 0 for second in range(600, 1200)) > 0.6 * 600
    assert max(later.values()) <= 8


def test_jobs_that_came_apart_are_soon_asked_about_together() -> None:
    arrivals = {f"job-{number}": (0.5 * number, 30.0) for number in range(50)}
    calls = drive(a_schedule(), until=10 * MINUTE, arrivals=arrivals)
    assert [len(call.ids) for call in calls][-5:] == [50] * 5


def test_a_day_of_waiting_for_a_hundred_jobs_is_simulated_call_by_call() -> None:
    calls = drive(a_schedule(), until=DAY, arrivals=crowd(100))
    assert DAY / 30 <= len(calls) <= 1.02 * DAY / 30


def test_nobody_is_asked_about_before_a_newcomers_second_is_over() -> None:
    schedule = a_schedule()
    schedule.add("a", interval=30, now=100.0)
    assert schedule.take(100.9) == []
    assert schedule.take(101.0) == ["a"]


def test_of_two_intervals_the_shorter_counts() -> None:
    schedule = a_schedule()
    schedule.add("a", interval=300, now=0.0)
    schedule.add("a", interval=10, now=0.0)
    calls = drive(schedule, until=MINUTE)
    assert len(schedule) == 1
    assert 6 <= len(calls) <= 7


def test_a_removed_id_is_asked_about_no_more() -> None:
    schedule = a_schedule()
    schedule.add("a", interval=30, now=0.0)
    schedule.add("b", interval=30, now=5.0)
    schedule.remove("a")
    assert schedule.next_call_at() == 6.0
    assert schedule.take(6.0) == ["b"]


def test_a_removed_id_is_asked_about_no_more_even_if_its_answer_is_under_way() -> None:
    schedule = a_schedule()
    schedule.add("a", interval=30, now=0.0)
    ids = schedule.take(1.0)
    schedule.remove("a")
    schedule.answered(ids)
    assert len(schedule) == 0
    assert schedule.next_call_at() is None


def test_an_id_that_is_being_asked_about_is_not_asked_twice() -> None:
    schedule = a_schedule()
    schedule.add("a", interval=30, now=0.0)
    assert schedule.take(1.0) == ["a"]
    schedule.add("a", interval=5, now=2.0)
    assert schedule.take(1000.0) == []


class Bucket:
    """AWS's own limiter: so many calls a second, saved up for one second."""

    def __init__(self, rate: float) -> None:
        self.rate, self.tokens, self.at = rate, rate, 0.0

    def __call__(self, _ids: list[str], at: float) -> str:
        self.tokens = min(max(1.0, self.rate), self.tokens + (at - self.at) * self.rate)
        self.at = at
        if self.tokens < 1:
            return "throttled"
        self.tokens -= 1
        return "answered"


@pytest.mark.parametrize("rate", [2.0, 0.5, 0.25])
def test_under_a_throttle_most_calls_are_answered_and_nobody_is_forgotten(rate: float) -> None:
    calls = drive(a_schedule(), until=HOUR, outcome=Bucket(rate), arrivals=crowd(2000))
    outcomes = Counter(call.outcome for call in calls)
    assert outcomes["throttled"] < outcomes.total() / 3
    answered = times_asked([call for call in calls if call.outcome == "answered"])
    assert len(answered) == 2000
    demanded = max(30.0, 20 / rate)
    assert max(b - a for times in answered.values() for a, b in pairwise(times)) < 2 * demanded


def test_the_rate_recovers_when_the_throttle_is_over() -> None:
    def first_minute_throttled(_ids: list[str], at: float) -> str:
        return "throttled" if at < MINUTE else "answered"

    calls = drive(
        a_schedule(), until=20 * MINUTE, outcome=first_minute_throttled, arrivals=crowd(5000)
    )
    assert sum(call.at < MINUTE for call in calls) < 12
    late = times_asked([call for call in calls if call.at > 15 * MINUTE])
    assert max(b - a for times in late.values() for a, b in pairwise(times)) <= 31


def test_an_outage_costs_few_calls_and_everybody_is_back_soon_after() -> None:
    def dark(_ids: list[str], at: float) -> str:
        return "failed" if 5 * MINUTE < at < HOUR else "answered"

    calls = drive(a_schedule(), until=HOUR + 10 * MINUTE, outcome=dark, arrivals=crowd(5000))
    assert sum(call.outcome == "failed" for call in calls) < 150
    back = times_asked([call for call in calls if HOUR < call.at < HOUR + 2 * MINUTE])
    assert len(back) == 5000


def test_an_id_that_spoils_its_call_is_found_and_holds_up_nobody() -> None:
    def poisoned(ids: list[str], _at: float) -> str:
        return "failed" if "job-77" in ids else "answered"

    calls = drive(a_schedule(), until=HOUR, outcome=poisoned, arrivals=crowd(500))
    failed = [call for call in calls if call.outcome == "failed"]
    assert all(call.ids == ["job-77"] for call in failed if call.at > MINUTE)
    answered = times_asked([call for call in calls if call.outcome == "answered"])
    assert len(answered) == 499
    gaps = [b - a for times in answered.values() for a, b in pairwise(times)]
    assert max(gaps) <= 40


def test_an_id_that_spoilt_its_call_joins_the_others_once_it_is_answered() -> None:
    def poisoned_at_first(ids: list[str], at: float) -> str:
        return "failed" if "job-77" in ids and at < 5 * MINUTE else "answered"

    calls = drive(a_schedule(), until=HOUR, outcome=poisoned_at_first, arrivals=crowd(100))
    assert [len(call.ids) for call in calls][-3:] == [100, 100, 100]


# --- Ids that leave while they are polled -----------------------------------------------------


def test_an_id_that_leaves_during_a_failed_call_is_not_polled_again() -> None:
    schedule = drive_in(a_schedule(), "a")
    assert schedule.take(10) == ["a"]
    schedule.remove("a")
    schedule.failed(["a"], 10)
    assert schedule.next_call_at() is None
    assert schedule.take(99) == []


def test_ids_that_leave_while_they_are_suspects_are_not_polled_again() -> None:
    schedule = drive_in(a_schedule(), "a", "b", "c")
    ids = schedule.take(10)
    schedule.failed(ids, 10)
    schedule.remove(ids[0])  # one of the two halves
    assert schedule.take(99) == ids[1:]
    schedule.failed(ids[1:], 99)
    for job_id in ids[1:]:
        schedule.remove(job_id)
    assert schedule.take(300) == []
    assert schedule.next_call_at() is None


def test_an_id_that_leaves_during_a_throttled_call_is_not_polled_again() -> None:
    schedule = drive_in(a_schedule(), "a", "b")
    ids = schedule.take(10)
    schedule.remove("a")
    schedule.throttled(ids, 10)
    assert schedule.take(99) == ["b"]


def test_a_hurried_id_is_polled_before_its_interval_is_over() -> None:
    schedule = drive_in(a_schedule(), "a")
    schedule.answered(schedule.take(10))
    due = schedule.next_call_at()
    assert due is not None
    assert due > 12
    schedule.hurry("a", 12)
    assert schedule.next_call_at() == 12
    assert schedule.take(12) == ["a"]
    schedule.hurry("a", 12)  # a poll is under way
    assert schedule.next_call_at() is None


def drive_in(schedule: Schedule, *job_ids: str) -> Schedule:
    for job_id in job_ids:
        schedule.add(job_id, interval=30, now=0)
    return schedule
