"""Each change of a job is an update; an absent job is lost after a while."""

from typing import Any

import pytest

from airflow_fargate_batch.core import polling
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.watchlist import Watchlist
from airflow_fargate_batch.exceptions import JobLost

DAY = 86400.0


def a_job(job_id: str, status: str = "RUNNING", **more: Any) -> Job:
    return Job.from_api({"jobId": job_id, "status": status, **more})


def a_watchlist(*ids: str) -> Watchlist:
    watchlist = Watchlist(chance=lambda: 0.5)
    for job_id in ids:
        watchlist.add(job_id, interval=30, now=0.0)
    return watchlist


def test_news_is_what_differs_from_what_was_last_heard() -> None:
    watchlist = a_watchlist("a", "b")
    first = [a_job("a"), a_job("b")]
    assert watchlist.answered(["a", "b"], first, 1.0) == first
    assert watchlist.answered(["a", "b"], [a_job("b"), a_job("a")], 31.0) == []
    update = a_job("b", statusReason="CAPACITY:…")
    assert watchlist.answered(["a", "b"], [a_job("a"), update], 61.0) == [update]


@pytest.mark.parametrize("status", JobStatus)
def test_a_job_is_watched_until_it_has_ended(status: JobStatus) -> None:
    watchlist = a_watchlist("a")
    assert watchlist.answered(["a"], [a_job("a", status)], 1.0) == [a_job("a", status)]
    assert len(watchlist) == (0 if status.is_final else 1)


def test_whoever_joins_is_told_what_was_last_heard() -> None:
    watchlist = a_watchlist("a")
    assert watchlist.add("a", interval=30, now=0.5) is None
    watchlist.answered(["a"], [a_job("a")], 1.0)
    assert watchlist.add("a", interval=30, now=2.0) == a_job("a")


def test_an_answer_about_somebody_else_is_no_news() -> None:
    watchlist = a_watchlist("a")
    assert watchlist.answered(["a"], [a_job("a"), a_job("stranger")], 1.0) == [a_job("a")]


@pytest.mark.parametrize(
    ("seen", "patience"),
    [
        pytest.param(False, polling.NEVER_CAME_AFTER, id="just submitted: reads may lag"),
        pytest.param(True, polling.LOST_AFTER, id="long known"),
    ],
)
def test_an_absent_job_is_lost_only_after_a_while(seen: bool, patience: float) -> None:
    watchlist = a_watchlist("a")
    if seen:
        watchlist.answered(["a"], [a_job("a")], 0.0)
    times = [30.0 * count for count in range(1, 100)]
    told = {at: update for at in times for update in watchlist.answered(["a"], [], at)}
    assert [*told] == [30.0 + patience]
    lost = told[30.0 + patience]
    assert isinstance(lost, JobLost)
    assert (lost.job_id, lost.last_status) == ("a", "RUNNING" if seen else None)
    assert len(watchlist) == 0


def test_a_job_that_comes_back_was_not_lost() -> None:
    watchlist = a_watchlist("a")
    watchlist.answered(["a"], [a_job("a")], 0.0)
    for at in (100.0, 200.0, 300.0):
        assert watchlist.answered(["a"], [], at) == []
    watchlist.answered(["a"], [a_job("a")], 350.0)
    for at in (400.0, 500.0, 600.0):
        assert watchlist.answered(["a"], [], at) == []
    assert watchlist.answered(["a"], [a_job("a", "FAILED")], 650.0) == [a_job("a", "FAILED")]


def test_a_clock_that_jumps_ahead_makes_nobody_lost() -> None:
    watchlist = a_watchlist("a")
    watchlist.answered(["a"], [a_job("a")], 0.0)
    assert watchlist.answered(["a"], [], 30.0) == []
    assert watchlist.answered(["a"], [], DAY) == []
    assert watchlist.answered(["a"], [a_job("a", "RUNNING")], DAY + 30) == []


def an_array(status: str = "PENDING", reason: str | None = None, **counts: int) -> Job:
    members = {"size": 3, "statusSummary": counts}
    return a_job("a", status, arrayProperties=members, statusReason=reason)


STUCK = an_array(RUNNABLE=3)
CHILD = a_job("a:0", "RUNNABLE", statusReason="MISCONFIGURATION:…")
EXPLAINED = an_array(RUNNABLE=3, reason="MISCONFIGURATION:…")


def test_what_keeps_an_arrays_first_child_is_told_of_the_array() -> None:
    watchlist = a_watchlist("a")
    assert watchlist.answered(["a"], [STUCK], 1.0) == [STUCK]
    assert watchlist.schedule.take(2.0) == ["a", "a:0"]
    assert watchlist.answered(["a", "a:0"], [CHILD, STUCK], 2.0) == [EXPLAINED]
    assert watchlist.answered(["a", "a:0"], [STUCK, CHILD], 32.0) == []
    silent = a_job("a:0", "RUNNABLE")
    assert watchlist.answered(["a", "a:0"], [STUCK, silent], 62.0) == [STUCK]
    assert len(watchlist) == 1


@pytest.mark.parametrize(
    "later",
    [
        an_array(RUNNABLE=2, RUNNING=1),
        an_array(RUNNABLE=2, SUCCEEDED=1),
        an_array("FAILED", FAILED=3),
        an_array(RUNNABLE=3, reason="its own"),
    ],
    ids=["one runs", "one has ended", "all have ended", "it says itself what keeps it"],
)
def test_the_first_child_is_asked_about_only_as_long_as_it_is_needed(later: Job) -> None:
    watchlist = a_watchlist("a")
    watchlist.answered(["a"], [STUCK], 1.0)
    watchlist.answered(["a", "a:0"], [STUCK, CHILD], 2.0)
    assert watchlist.answered(["a", "a:0"], [later, CHILD], 32.0) == [later]
    assert "a:0" not in watchlist.schedule


def test_of_a_first_child_that_is_not_there_nobody_hears() -> None:
    watchlist = a_watchlist("a")
    watchlist.answered(["a"], [STUCK], 1.0)
    for at in range(2, 1000, 30):
        assert watchlist.answered(["a", "a:0"], [STUCK], at) == []


def test_whoever_leaves_an_array_takes_along_its_first_child() -> None:
    watchlist = a_watchlist("a")
    watchlist.answered(["a"], [STUCK], 1.0)
    watchlist.remove("a")
    assert (len(watchlist), len(watchlist.schedule)) == (0, 0)


@pytest.mark.parametrize("order", [("a", "a:0"), ("a:0", "a")], ids=str)
def test_who_waits_for_the_first_child_as_well_hears_of_it_and_may_leave(
    order: tuple[str, str],
) -> None:
    watchlist = a_watchlist(order[0])
    watchlist.answered(["a"], [STUCK], 1.0)
    watchlist.add(order[1], interval=30, now=1.5)
    watchlist.answered(["a"], [STUCK], 1.6)
    assert len(watchlist) == 2
    told = watchlist.answered(["a", "a:0"], [STUCK, CHILD], 2.0)
    assert told == [EXPLAINED, CHILD]
    watchlist.remove("a:0")
    assert (len(watchlist), "a:0" in watchlist.schedule) == (1, True)
    assert watchlist.answered(["a", "a:0"], [STUCK, CHILD], 32.0) == []
    watchlist.remove("a")
    assert len(watchlist.schedule) == 0
