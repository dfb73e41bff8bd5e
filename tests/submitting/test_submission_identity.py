"""Whose job it is: of this life of the run, this deployment, this submit, or somebody else's."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.naming import LIFE_TAG, SUBMISSION_TAG, TAG_PREFIX, Submission
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AccessDenied
from airflow_fargate_batch.submitting.earlier_jobs import PAGES
from airflow_fargate_batch.submitting.submitter import LOOKS
from tests.fakes import CUT, FakeBatch, FakeJob, FakeTime, moment, request_of, task_of

ARN = "arn:aws:batch:r:1:job-definition/definition"
NIGHT = 20 * 3600.0
NAMES = {"default name": None, "given name": "nightly"}
each_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
ENDS: dict[str, dict[str, Any]] = {
    state: {"status": state} for state in ("RUNNING", "SUCCEEDED", "FAILED")
}
each_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def aws(time: FakeTime) -> FakeBatch:
    return FakeBatch(time)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO):
        yield caplog


def of(submission: Submission, **arguments: Any) -> JobRequest:
    return request_of(submission=submission, **arguments)


def left_by(aws: FakeBatch, request: JobRequest, **members: Any) -> FakeJob:
    """Leave the job that a request makes, as an earlier process did."""
    body = request.to_submit_job()
    return aws.add(body["jobName"], tags=body.get("tags", {}), **members)


def untagged(aws: FakeBatch, request: JobRequest, **members: Any) -> FakeJob:
    return aws.add(request.job_name, **members)


def former(submission: Submission) -> Submission:
    """Return the identity that an earlier version gave: no deployment, no life."""
    assert submission.former_token
    return replace(submission, token=submission.former_token, deployment=None, life=None)


# ── lives of a run ───────────────────────────────────────────────────────────────────────────


@each_name
@each_end
def test_a_lost_answer_is_not_the_job_of_an_earlier_life(
    aws: FakeBatch, time: FakeTime, name: str | None, end: dict[str, Any]
) -> None:
    left_by(aws, of(task_of(), job_name=name), **end)
    time.seconds += 30
    aws.faults["SubmitJob"] = [CUT]
    again = of(task_of(began=time.seconds), job_name=name)
    assert aws.submitter().submit(again).job_id == "job-1"


@each_name
@each_end
def test_a_retry_does_not_adopt_the_job_of_an_earlier_life(
    aws: FakeBatch, time: FakeTime, name: str | None, end: dict[str, Any]
) -> None:
    left_by(aws, of(task_of(), job_name=name), **end)
    time.seconds += 30
    again = of(task_of(began=time.seconds), job_name=name)
    submitted = aws.submitter().submit(again, look_first=True, tries_before=1)
    assert submitted.job_id == "job-1"


@each_end
def test_without_tags_the_date_tells_the_lives_apart(
    aws: FakeBatch, time: FakeTime, end: dict[str, Any]
) -> None:
    request = of(task_of())
    untagged(aws, request, **end)
    time.seconds += 30
    again = of(task_of(began=time.seconds))
    aws.faults["SubmitJob"] = [CUT]
    aws.submitter().submit(again, look_first=True, tries_before=1)
    assert len(aws.jobs) == 2


def test_without_tags_a_job_of_this_life_is_adopted(aws: FakeBatch, time: FakeTime) -> None:
    began, time.seconds = 0.0, 2.0
    untagged(aws, of(task_of(began=began)), status="RUNNING")
    time.seconds += NIGHT
    again = of(task_of(began=began))
    assert aws.submitter().submit(again, look_first=True, tries_before=1).job_id == "job-0"


def test_a_lost_answer_is_not_a_job_of_before_the_submit_in_the_same_life(
    aws: FakeBatch, time: FakeTime
) -> None:
    left_by(aws, of(task_of()), status="FAILED")
    time.seconds += 30
    aws.faults["SubmitJob"] = [CUT]
    assert aws.submitter().submit(of(task_of())).job_id == "job-1"


def test_the_worker_s_clock_may_be_wrong(aws: FakeBatch, time: FakeTime) -> None:
    aws.clock_ahead = timedelta(hours=-3)  # and the scheduler's is as wrong as the worker's
    for job_began in (NIGHT, NIGHT + 60):
        time.seconds = job_began
        aws.faults["SubmitJob"] = [("after", CUT)]
        submission = task_of(began=job_began)
        accepted = aws.submitter().submit(of(submission)).job_id
        job = next(job for job in aws.jobs if job.id == accepted)
        assert (len(aws.jobs), job.created) == (1 if job_began == NIGHT else 2, job_began)


@pytest.fixture
def shifted(aws: FakeBatch, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """Let AWS's clock be three hours behind the machine's."""
    behind = timedelta(hours=3)
    seen = FakeJob.seen

    def seen_by_aws(job: FakeJob, when: float, *, listed: bool) -> Any:
        told = seen(job, when, listed=listed)
        return replace(told, created_at=told.created_at and told.created_at - behind)

    monkeypatch.setattr(FakeJob, "seen", seen_by_aws)
    aws.clock_ahead = -behind
    return behind


@pytest.mark.usefixtures("shifted")
def test_dates_are_compared_by_aws_s_clock(aws: FakeBatch, time: FakeTime) -> None:
    time.seconds = NIGHT
    aws.faults["SubmitJob"] = [("after", CUT)]
    assert aws.submitter().submit(of(task_of(began=NIGHT))).job_id == "job-0"
    untagged(aws, of(task_of()), status="FAILED")
    time.seconds += 30
    again = of(task_of(began=time.seconds))
    aws.faults["SubmitJob"] = [CUT]
    assert aws.submitter().submit(again).job_id == "job-2"


def test_without_aws_s_clock_five_minutes_are_the_limit(aws: FakeBatch, time: FakeTime) -> None:
    aws.clock_ahead = None
    untagged(aws, of(task_of()), status="FAILED")
    time.seconds += 301
    aws.faults["SubmitJob"] = [CUT]
    assert aws.submitter().submit(of(task_of(began=time.seconds))).job_id == "job-1"


@pytest.mark.parametrize("began", [None, NIGHT * 1000], ids=["not told", "still to come"])
def test_a_run_without_a_usable_start_finds_its_jobs_all_the_same(
    aws: FakeBatch, began: float | None
) -> None:
    request = of(task_of(began=began))
    left_by(aws, request, status="RUNNING")
    assert aws.submitter().submit(request, look_first=True).job_id == "job-0"


def test_a_run_that_is_cleared_after_its_end_still_terminates_its_jobs(
    aws: FakeBatch, time: FakeTime
) -> None:
    left_by(aws, of(task_of()), status="RUNNING")
    time.seconds += NIGHT
    cleared = of(task_of(1, began=time.seconds))
    assert aws.submitter().terminate_older_generations(cleared, "cleared") == ["job-0"]


def test_an_interrupted_submit_does_not_end_the_job_of_an_earlier_life(
    aws: FakeBatch, time: FakeTime
) -> None:
    left_by(aws, of(task_of()), status="RUNNING")
    time.seconds += 30
    mine = of(task_of(began=time.seconds))
    left_by(aws, mine, status="RUNNING")
    aws.submitter().terminate_submission(mine, "killed")
    assert [bool(job.now.get("isTerminated")) for job in aws.jobs] == [False, True]


# ── deployments ──────────────────────────────────────────────────────────────────────────────


@each_name
@each_end
@pytest.mark.parametrize("has_tags", [True, False], ids=["tags", "no tags"])
def test_a_job_of_another_deployment_is_neither_adopted_nor_terminated(
    aws: FakeBatch, name: str | None, end: dict[str, Any], has_tags: bool
) -> None:
    other = of(task_of(deployment="there"), job_name=name)
    (left_by if has_tags else untagged)(aws, other, **end)
    aws.faults["SubmitJob"] = [CUT]
    mine = of(task_of(), job_name=name)
    assert aws.submitter().submit(mine, look_first=True).job_id == "job-1"
    aws.submitter().terminate_older_generations(of(task_of(1), job_name=name), "cleared")
    assert "isTerminated" not in aws.jobs[0].now


@each_name
def test_a_job_of_the_former_recipe_is_adopted(
    aws: FakeBatch, time: FakeTime, name: str | None
) -> None:
    left_by(aws, of(former(task_of()), job_name=name), status="RUNNING")
    time.seconds += NIGHT
    mine = of(task_of(), job_name=name)
    assert aws.submitter().submit(mine, look_first=True, tries_before=1).job_id == "job-0"
    assert aws.calls.count("ListJobs") == (2 if name is None else 1)


@each_name
def test_a_job_of_the_former_recipe_is_terminated_by_a_clear(
    aws: FakeBatch, name: str | None
) -> None:
    left_by(aws, of(former(task_of()), job_name=name), status="RUNNING")
    cleared = of(task_of(1), job_name=name)
    assert aws.submitter().terminate_older_generations(cleared, "cleared") == ["job-0"]


@each_name
def test_a_job_of_the_former_recipe_of_before_the_run_is_left_alone(
    aws: FakeBatch, time: FakeTime, name: str | None
) -> None:
    left_by(aws, of(former(task_of()), job_name=name), status="RUNNING")
    time.seconds += 30
    began = time.seconds
    mine = of(task_of(began=began), job_name=name)
    assert aws.submitter().submit(mine, look_first=True, tries_before=1).job_id == "job-1"
    cleared = of(task_of(1, began=began), job_name=name)
    assert aws.submitter().terminate_older_generations(cleared, "cleared") == ["job-1"]


# ── several submits in a task ────────────────────────────────────────────────────────────────


def test_each_operator_and_each_turn_in_a_task_has_a_job_of_its_own(aws: FakeBatch) -> None:
    places = [("first", 0), ("second", 0), ("first", 1), ("task", 0), ("task", 1)]
    requests = [of(task_of(operator_id=name, ordinal=turn)) for name, turn in places]
    left_by(aws, requests[0], status="RUNNING")
    for request in requests:
        aws.submitter().submit(request, look_first=True, tries_before=1)
    assert len(aws.jobs) == len(places)
    assert len({job.name for job in aws.jobs}) == len(places)


def test_a_try_that_has_waited_already_waits_for_reads_no_more(
    aws: FakeBatch, time: FakeTime
) -> None:
    """A callable with twenty operators would else wait for half a minute twenty times."""
    for name in ("a", "b", "c"):
        request = of(task_of(operator_id=name))
        aws.submitter().submit(request, look_first=True, tries_before=1, waited=time.seconds)
    assert time.seconds == sum(LOOKS)
    partly = of(task_of(operator_id="d"))
    aws.submitter().submit(partly, look_first=True, tries_before=1, waited=LOOKS[0] + LOOKS[1])
    assert time.seconds == 2 * sum(LOOKS) - LOOKS[0] - LOOKS[1]


# ── foreign jobs ─────────────────────────────────────────────────────────────────────────────

DIFFERENT = {
    "dag": {f"{TAG_PREFIX}dag": "another"},
    "run": {f"{TAG_PREFIX}run": "another"},
    "task": {f"{TAG_PREFIX}task": "another"},
    "mapped": {f"{TAG_PREFIX}map-index": "3"},
    "operator": {f"{TAG_PREFIX}operator": "another-0"},
    "deployment": {f"{TAG_PREFIX}deployment": "there"},
    "submission": {SUBMISSION_TAG: "fedcba9876543210-0"},
}


@pytest.mark.parametrize("different", DIFFERENT.values(), ids=DIFFERENT)
def test_a_job_whose_tags_say_otherwise_is_not_adopted(
    aws: FakeBatch, different: dict[str, str]
) -> None:
    request = of(task_of())
    tags = {**request.to_submit_job()["tags"], **different}
    aws.add(request.job_name, tags=tags, status="RUNNING")
    aws.faults["SubmitJob"] = [CUT]
    assert aws.submitter().submit(request, look_first=True).job_id == "job-1"


@pytest.mark.parametrize("definition", ["other:1", "arn:aws:batch:r:1:job-definition/other:1"])
def test_a_job_of_another_definition_is_not_adopted(aws: FakeBatch, definition: str) -> None:
    request = of(task_of())
    left_by(aws, request, status="RUNNING", definition=definition)
    assert aws.submitter().submit(request, look_first=True).job_id == "job-1"


@pytest.mark.parametrize(
    "asked", ["definition", "definition:7", "arn:…/definition:1", "arn:…/definition"]
)
def test_another_revision_of_the_definition_is_adopted(aws: FakeBatch, asked: str) -> None:
    request = of(task_of())
    left_by(
        aws, request, status="RUNNING", definition="arn:aws:batch:r:1:job-definition/definition:3"
    )
    request = replace(request, job_definition=asked)
    assert aws.submitter().submit(request, look_first=True).job_id == "job-0"


# ── names that change between tries ──────────────────────────────────────────────────────────

RENAMED = {
    "a given name": ({"job_name": "n-1"}, {"job_name": "n-2"}),
    "a prefix": ({"job_name_prefix": "one"}, {"job_name_prefix": "two"}),
    "a name at last": ({}, {"job_name": "n"}),
}


@pytest.mark.parametrize(("before", "after"), RENAMED.values(), ids=RENAMED)
def test_a_job_whose_name_has_changed_is_found_by_its_tag(
    aws: FakeBatch, time: FakeTime, before: dict[str, str], after: dict[str, str]
) -> None:
    for _ in range(5):
        aws.add("of another task", mark="fedcba9876543210-0", status="RUNNING")
    left_by(aws, of(task_of(), **before), status="RUNNING")
    aws.add("of another task", mark="fedcba9876543210-0", status="RUNNING")
    time.seconds += 100
    mine = of(task_of(), **after)
    assert aws.submitter().submit(mine, look_first=True, tries_before=1).job_id == "job-5"


def test_a_lost_answer_is_found_among_old_jobs_of_the_name_with_other_revisions(
    aws: FakeBatch, time: FakeTime
) -> None:
    for _ in range(5):
        aws.add("nightly", definition="definition:7", status="SUCCEEDED")
    time.seconds += NIGHT
    aws.faults["SubmitJob"] = [("after", CUT)]
    mine = of(task_of(began=time.seconds), job_name="nightly")
    assert aws.submitter().submit(mine).job_id == "job-5"
    assert len(aws.jobs) == 6


# ── how much is asked ────────────────────────────────────────────────────────────────────────


@pytest.fixture
def crowd(aws: FakeBatch, time: FakeTime) -> FakeBatch:
    """Let 3,000 jobs of one name be there, 2,000 of them of before this night."""
    aws.page_size = 100
    for number in range(3000):
        if number == 2000:
            time.seconds += NIGHT
        aws.add("nightly", mark="fedcba9876543210-0", status="SUCCEEDED")
    return aws


def test_a_retry_among_thousands_of_jobs_asks_little(crowd: FakeBatch, time: FakeTime) -> None:
    time.seconds += 600
    mine = of(task_of(began=time.seconds), job_name="nightly")
    time.seconds += 600
    crowd.submitter().submit(mine, look_first=True, tries_before=1)
    assert len(crowd.calls) <= 2 * (len(LOOKS) + 3) + 1


def test_a_look_has_a_limit_and_says_when_it_is_reached(
    crowd: FakeBatch, logged: pytest.LogCaptureFixture
) -> None:
    mine = of(task_of(), job_name="nightly")  # of a run that began before all of them
    crowd.submitter().submit(mine, look_first=True, tries_before=1)
    assert crowd.calls.count("ListJobs") <= 3 * PAGES + len(LOOKS) * PAGES
    assert logged.text.count("Stopped the search") >= 1
    crowd.calls.clear()
    cleared = of(task_of(1), job_name="nightly")
    crowd.submitter().terminate_older_generations(cleared, "cleared")
    assert crowd.calls.count("ListJobs") <= PAGES * (len(LOOKS) + 1)


# ── what the log says ────────────────────────────────────────────────────────────────────────


def test_a_retry_says_that_it_looks_what_it_found_and_why_it_submits(
    aws: FakeBatch, time: FakeTime, logged: pytest.LogCaptureFixture
) -> None:
    left_by(aws, of(task_of()), status="SUCCEEDED")
    time.seconds += 100
    mine = of(task_of(began=time.seconds))
    left_by(aws, mine, status="SUCCEEDED")
    left_by(aws, mine, status="FAILED", statusReason="Essential container in task exited")
    left_by(aws, mine, status="RUNNING", definition="other:4")
    left_by(aws, mine, status="RUNNING", isTerminated=True)
    aws.submitter().submit(mine, look_first=True, tries_before=3)
    said = [record.getMessage() for record in logged.records]
    assert said[0].startswith(f"Looking for the job of an earlier try, named {mine.job_name}, in q")
    assert sorted(said[1:6]) == [
        f"Not adopted: job job-0 (SUCCEEDED): it was submitted for another DAG run, which began at "
        f"{moment(0).isoformat(timespec='microseconds')}",
        "Not adopted: job job-1 (SUCCEEDED): a newer job followed it",
        "Not adopted: job job-2 (FAILED): it failed: Essential container in task exited",
        "Not adopted: job job-3 (RUNNING): its job definition is other:4, not definition",
        "Not adopted: job job-4 (RUNNING): its termination was requested",
    ]
    assert said[6] == "Submitting a new job: no job of an earlier try can be adopted"


def test_a_retry_that_finds_nothing_says_so(
    aws: FakeBatch, logged: pytest.LogCaptureFixture
) -> None:
    aws.submitter().submit(of(task_of()), look_first=True, tries_before=1)
    assert "Submitting a new job: found no earlier job" in logged.text


def test_a_try_before_that_was_denied_does_not_adopt_the_life_before(
    aws: FakeBatch, time: FakeTime
) -> None:
    left_by(aws, of(task_of()), status="SUCCEEDED")
    time.seconds += 3 * 24 * 3600
    mine = of(task_of(began=time.seconds))
    aws.faults["SubmitJob"] = [AccessDenied("not authorized", "batch:SubmitJob")]
    with pytest.raises(AccessDenied):
        aws.submitter().submit(mine)
    time.seconds += 60
    assert aws.submitter().submit(mine, look_first=True, tries_before=1).job_id == "job-1"
    assert aws.jobs[1].tags[LIFE_TAG] != aws.jobs[0].tags[LIFE_TAG]
