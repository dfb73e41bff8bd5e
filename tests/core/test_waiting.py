"""Whoever waits for a job gives up for the same reasons, at the same time and in the same words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.waiting import LOOK_AGAIN, UNANSWERED, Patience, Wait
from airflow_fargate_batch.exceptions import JobCannotStart, JobTimedOut

CREATED = datetime(2026, 2, 3, 4, 0, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return CREATED + timedelta(minutes=minutes)


def job(status: str, **members: Any) -> Job:
    created = int(CREATED.timestamp() * 1000)
    return Job.from_api({"jobId": "job", "status": status, "createdAt": created, **members})


def waiting(
    *, until: float | None = None, runnable: float | None = None, starting: float | None = None
) -> Wait:
    """Wait until so many minutes after the job's creation, or for a job in a state so long."""
    return Wait(
        "job",
        until=None if until is None else at(until),
        limit="wait_timeout is 30 min 0 s",
        runnable_timeout=None if runnable is None else timedelta(minutes=runnable),
        starting_timeout=None if starting is None else timedelta(minutes=starting),
    )


def test_a_wait_without_bounds_never_ends() -> None:
    wait = waiting()
    wait.observe(job("RUNNABLE"), at(0))
    assert wait.ends_at is None
    assert not wait.is_over(at(10**6))
    wait.decide(job("RUNNABLE"), at(10**6))


def test_a_deadline_is_one_whatever_the_job_does() -> None:
    wait = waiting(until=30)
    assert wait.ends_at == at(30)
    assert not wait.is_over(at(29.9))
    assert wait.is_over(at(30))
    with pytest.raises(JobTimedOut) as caught:
        wait.decide(job("RUNNING", startedAt=int(at(12).timestamp() * 1000)), at(30))
    assert caught.value.message == (
        "Job job did not end by 2026-02-03 04:30:00 UTC: wait_timeout is 30 min 0 s"
    )
    assert caught.value.state == "The job has been RUNNING since 2026-02-03 04:12:00 UTC."
    assert "`job_timeout`" in (caught.value.advice or "")


def test_a_deadline_counts_even_if_aws_does_not_answer_the_last_look() -> None:
    wait = waiting(until=30)
    wait.observe(job("PENDING"), at(3))
    assert wait.decide(None, at(30)) is None
    assert wait.ends_at == at(30) + LOOK_AGAIN
    with pytest.raises(JobTimedOut) as caught:
        wait.decide(None, at(30) + UNANSWERED)
    assert caught.value.state == (
        "The job has been PENDING since 2026-02-03 04:03:00 UTC. "
        "AWS Batch did not answer the last request."
    )


def test_a_job_of_which_nothing_was_ever_heard_is_said_to_be_unknown() -> None:
    wait = waiting(until=30)
    wait.decide(None, at(30))
    with pytest.raises(JobTimedOut, match=r"The state of job job is unknown\."):
        wait.decide(None, at(30) + UNANSWERED)


def test_an_answer_within_the_patience_decides() -> None:
    wait = waiting(until=30)
    assert wait.decide(None, at(30)) is None
    assert wait.decide(job("SUCCEEDED"), at(31)) == "Job job is SUCCEEDED after 31 min 0 s"


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED"])
def test_a_job_that_has_ended_at_the_last_look_has_not_timed_out(end: str) -> None:
    wait = waiting(until=30, runnable=10)
    wait.observe(job("RUNNABLE"), at(1))
    assert wait.decide(job(end), at(31)) == f"Job job is {end} after 31 min 0 s"


def test_a_job_may_be_runnable_for_so_long_from_its_creation() -> None:
    """AWS's times count, so that a new triggerer continues the count of the old one."""
    wait = waiting(runnable=10)
    wait.observe(job("RUNNABLE"), at(9))
    assert wait.ends_at == at(10)
    with pytest.raises(JobTimedOut) as caught:
        wait.decide(job("RUNNABLE", statusReason="CAPACITY:none left"), at(10.5))
    assert caught.value.message == (
        "Job job was RUNNABLE for 10 min 30 s: `runnable_timeout` is 10 min 0 s"
    )
    assert caught.value.state == (
        "The job has been RUNNABLE since 2026-02-03 04:00:00 UTC. AWS says: CAPACITY:none left"
    )
    assert "compute environments" in (caught.value.advice or "")


@pytest.mark.parametrize("state", ["STARTING", "RUNNING"])
def test_a_job_that_has_left_runnable_unseen_is_left_alone(state: str) -> None:
    wait = waiting(runnable=10)
    wait.observe(job("RUNNABLE"), at(1))
    assert wait.is_over(at(10))
    wait.decide(job(state), at(10))
    assert wait.ends_at is None


@pytest.mark.parametrize(("state", "limit"), [("RUNNABLE", "runnable"), ("STARTING", "starting")])
def test_a_last_look_without_an_answer_gives_up_no_job_for_its_state(
    state: str, limit: str
) -> None:
    wait = waiting(**{limit: 10})
    wait.observe(job(state), at(0))
    assert wait.decide(None, at(11)) is None
    assert wait.ends_at == at(11) + LOOK_AGAIN
    with pytest.raises(JobTimedOut, match=f"was {state} for 12 min 0 s"):
        wait.decide(job(state), at(12))


def test_a_job_that_has_left_runnable_has_time_again() -> None:
    wait = waiting(until=60, runnable=10)
    wait.observe(job("RUNNABLE"), at(1))
    wait.observe(job("STARTING"), at(9))
    assert wait.ends_at == at(60)


def test_a_job_may_be_starting_for_so_long_since_it_was_first_seen_so() -> None:
    """AWS gives no time for STARTING."""
    wait = waiting(runnable=20, starting=10)
    wait.observe(job("RUNNABLE"), at(15))
    wait.observe(job("STARTING"), at(17))
    wait.observe(job("STARTING"), at(20))
    assert wait.ends_at == at(27)
    with pytest.raises(JobTimedOut) as caught:
        wait.decide(job("STARTING"), at(27))
    assert caught.value.message == (
        "Job job was STARTING for 10 min 0 s: `starting_timeout` is 10 min 0 s"
    )
    assert "pulls the image" in (caught.value.advice or "")


def test_another_attempt_has_time_to_start_again() -> None:
    wait = waiting(starting=10)
    wait.observe(job("STARTING"), at(0))
    wait.observe(job("STARTING", attempts=[{"statusReason": "no network"}]), at(9))
    assert wait.ends_at == at(19)


def test_the_deadline_that_comes_first_counts_and_is_named() -> None:
    wait = waiting(until=5, runnable=10)
    wait.observe(job("RUNNABLE"), at(1))
    with pytest.raises(JobTimedOut, match="did not end by"):
        wait.decide(job("RUNNABLE"), at(5))


STUCK_REASON = "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS - the role lacks permissions"


@pytest.mark.parametrize("bounds", [{}, {"until": 60, "runnable": 10}], ids=["without", "bounded"])
def test_a_misconfigured_job_is_given_up_at_once_with_advice(bounds: dict[str, float]) -> None:
    wait = waiting(**bounds)
    wait.observe(job("RUNNABLE", statusReason=STUCK_REASON), at(0))
    assert wait.is_over(at(0))
    with pytest.raises(JobCannotStart) as caught:
        wait.decide(job("RUNNABLE", statusReason=STUCK_REASON), at(0))
    error = caught.value
    assert error.message == (
        "Job job can never start: the compute environment's service role lacks permissions"
    )
    assert STUCK_REASON in (error.state or "")
    assert (error.advice or "").startswith("Give the service role its permissions: attach the")


@pytest.mark.parametrize(
    "now",
    [job("RUNNING"), job("RUNNABLE"), job("SUCCEEDED"), None],
    ids=["runs", "is no longer said to be", "has ended", "is not known"],
)
def test_a_job_that_was_misconfigured_is_left_alone_if_it(now: Job | None) -> None:
    wait = waiting()
    wait.observe(job("RUNNABLE", statusReason=STUCK_REASON), at(0))
    wait.decide(now, at(0))
    assert wait.ends_at == (None if now else at(0) + LOOK_AGAIN)


def test_a_look_at_an_array_keeps_what_its_children_said() -> None:
    """DescribeJobs tells of an array's children how many there are, and not why they wait."""
    counts = {"size": 2, "statusSummary": {"RUNNABLE": 2}}
    stuck = job("PENDING", arrayProperties=counts, statusReason=STUCK_REASON)
    wait = waiting()
    wait.observe(stuck, at(0))
    with pytest.raises(JobCannotStart):
        wait.decide(job("PENDING", arrayProperties=counts), at(0))
    wait.observe(stuck, at(1))
    counts["statusSummary"] = {"RUNNABLE": 1, "RUNNING": 1}
    wait.decide(job("PENDING", arrayProperties=counts), at(1))
    assert wait.ends_at is None


def test_a_lack_of_capacity_is_waited_on() -> None:
    line = waiting().observe(job("RUNNABLE", statusReason="CAPACITY:none left"), at(1))
    assert line == "Job job is RUNNABLE after 1 min 0 s: CAPACITY:none left"


NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)
QUARTER = timedelta(minutes=15)


def undated(status: str, **members: Any) -> Job:
    return Job.from_api({"jobId": "job", "status": status, **members})


def test_patience_ends_at_the_earlier_of_its_deadlines() -> None:
    patience = Patience(until=NOON + timedelta(hours=1), runnable_timeout=QUARTER)
    assert patience.ends_at == NOON + timedelta(hours=1)
    patience.observe(undated("RUNNABLE", createdAt=NOON_MS), NOON)
    assert patience.ends_at == patience.stage_until == NOON + QUARTER
    patience.observe(undated("RUNNING", createdAt=NOON_MS), NOON)
    assert patience.ends_at == NOON + timedelta(hours=1)


def test_without_deadlines_patience_has_no_end() -> None:
    patience = Patience()
    patience.observe(undated("RUNNABLE", createdAt=NOON_MS), NOON)
    assert patience.ends_at is None


@pytest.mark.parametrize(
    ("more", "since"),
    [
        pytest.param({"createdAt": NOON_MS}, NOON, id="its submission"),
        pytest.param(
            {"createdAt": NOON_MS, "attempts": [{"stoppedAt": NOON_MS + 60_000}]},
            NOON + timedelta(minutes=1),
            id="its last attempt",
        ),
        pytest.param(
            {"createdAt": NOON_MS, "dependsOn": [{"jobId": "b"}]},
            NOON + timedelta(minutes=5),
            id="when it was first seen so, if it depended on others",
        ),
        pytest.param({}, NOON + timedelta(minutes=5), id="when it was first seen so"),
    ],
)
def test_a_job_is_runnable_since(more: dict[str, Any], since: datetime) -> None:
    patience = Patience(runnable_timeout=QUARTER)
    for minutes in (5, 6, 7):
        patience.observe(undated("RUNNABLE", **more), NOON + timedelta(minutes=minutes))
    assert patience.stage_until == since + QUARTER


def an_array(**counts: int) -> Job:
    properties = {"size": 9, "statusSummary": counts}
    return undated("PENDING", createdAt=NOON_MS, arrayProperties=properties)


def test_an_array_is_runnable_while_children_are_and_none_of_them_runs_or_ends() -> None:
    patience = Patience(runnable_timeout=QUARTER)
    lives = [
        ({"RUNNABLE": 9}, NOON),
        ({"RUNNABLE": 8, "STARTING": 1}, None),
        ({"RUNNABLE": 8, "SUCCEEDED": 1}, NOON + timedelta(minutes=2)),
        ({"RUNNABLE": 8, "SUCCEEDED": 1}, NOON + timedelta(minutes=2)),
        ({"RUNNABLE": 7, "SUCCEEDED": 2}, NOON + timedelta(minutes=4)),
        ({"RUNNABLE": 6, "SUCCEEDED": 2, "RUNNING": 1}, None),
        ({"PENDING": 7, "SUCCEEDED": 2}, None),
    ]
    for minutes, (counts, since) in enumerate(lives):
        patience.observe(an_array(**counts), NOON + timedelta(minutes=minutes))
        assert patience.stage_until == (since and since + QUARTER), counts


def test_an_array_is_starting_while_children_are_and_none_of_them_runs_or_ends() -> None:
    patience = Patience(starting_timeout=QUARTER)
    lives = [
        ({"STARTING": 1, "RUNNABLE": 8}, 0),
        ({"STARTING": 2, "RUNNABLE": 7}, 0),
        ({"STARTING": 2, "RUNNING": 7}, None),
        ({"STARTING": 2, "SUCCEEDED": 7}, 3),
        ({"STARTING": 1, "SUCCEEDED": 8}, 4),
    ]
    for minutes, (counts, since) in enumerate(lives):
        patience.observe(an_array(**counts), NOON + timedelta(minutes=minutes))
        expected = None if since is None else NOON + timedelta(minutes=since) + QUARTER
        assert patience.stage_until == expected, counts


def test_only_runnable_and_starting_have_limits_of_their_own() -> None:
    patience = Patience(runnable_timeout=QUARTER, starting_timeout=2 * QUARTER)
    limits = {}
    for status in ("SUBMITTED", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"):
        patience.observe(undated(status), NOON)
        limits[status] = patience.stage_timeout
    assert limits == dict.fromkeys(limits) | {"RUNNABLE": QUARTER, "STARTING": 2 * QUARTER}
