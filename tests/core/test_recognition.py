"""A job is recognised by its tag, by a default name only without one, and by its definition."""

from datetime import timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.naming import LIFE_TAG, SUBMISSION_TAG
from airflow_fargate_batch.core.recognition import (
    belongs_to_life,
    former_name,
    is_former,
    is_of,
    mark_of,
    name_of_any_generation,
    reason_to_pass,
    to_adopt,
    uses_definition,
)
from airflow_fargate_batch.core.status import JobStatus
from tests.core.making import make
from tests.fakes import moment, request_of, task_of

MINE = task_of(1)
REQUEST = request_of(submission=MINE)
TAGS = MINE.tags(room=50)
FORMER = f"{MINE.former_token}-1"


def job(**members: Any) -> Job:
    return Job(**({"id": "1", "name": REQUEST.job_name, "tags": TAGS} | members))


RECOGNISED = {
    "by tag": ({"name": "anything"}, True),
    "by a default name": ({"tags": {}}, True),
    "by a default name in other letters": ({"tags": {"team": "data"}}, True),
    "not by a name that tells nothing": ({"name": "nightly", "tags": {}}, False),
    "not without a name": ({"name": None, "tags": {}}, False),
    "not with another mark": ({"tags": TAGS | {SUBMISSION_TAG: "f" * 16 + "-1"}}, False),
    "not with another generation": ({"tags": TAGS | {SUBMISSION_TAG: f"{MINE.token}-0"}}, False),
    "not with nonsense": ({"tags": TAGS | {SUBMISSION_TAG: f"{MINE.token}-²"}}, False),
    "not with digits without end": (
        {"tags": {SUBMISSION_TAG: f"{MINE.token}-{'9' * 5000}"}},
        False,
    ),
    "by the former recipe's tag": ({"name": "n", "tags": {SUBMISSION_TAG: FORMER}}, True),
    "by the former recipe's name": ({"name": former_name(REQUEST), "tags": {}}, True),
}


@pytest.mark.parametrize(("members", "expected"), RECOGNISED.values(), ids=RECOGNISED)
def test_a_job_is_recognised(members: dict[str, Any], expected: bool) -> None:
    assert is_of(job(**members), REQUEST) is expected


@pytest.mark.parametrize(("generation", "is_older"), [(0, True), (1, False), (2, False)])
def test_an_older_generation_is_a_smaller_number(generation: int, is_older: bool) -> None:
    one = job(tags=task_of(generation).tags(room=50))
    assert is_of(one, REQUEST, older=True) is is_older


def test_only_a_job_of_the_former_recipe_is_former() -> None:
    assert is_former(job(tags={SUBMISSION_TAG: FORMER}), REQUEST)
    assert not is_former(job(), REQUEST)


LIVES = {
    "the same life, however old": ({"created_at": None}, True),
    "another life, however new": (
        {"tags": TAGS | {LIFE_TAG: "2026"}, "created_at": moment(9)},
        False,
    ),
    "no tag, created since": ({"tags": {}, "created_at": moment(5)}, True),
    "no tag, created before": ({"tags": {}, "created_at": moment(4.9)}, False),
    "no tag, no date": ({"tags": {}}, False),
}


@pytest.mark.parametrize(("members", "expected"), LIVES.values(), ids=LIVES)
def test_a_life_is_told_by_its_tag_and_else_by_the_date(
    members: dict[str, Any], expected: bool
) -> None:
    assert belongs_to_life(job(**members), MINE, moment(5)) is expected


def test_a_definition_is_compared_without_its_revision() -> None:
    arn = "arn:aws:batch:eu-west-1:123456789012:job-definition"
    assert uses_definition(job(definition=f"{arn}/definition:3"), REQUEST)
    assert uses_definition(job(), REQUEST)  # ListJobs of old does not tell it
    assert not uses_definition(job(definition=f"{arn}/another:3"), REQUEST)


def test_a_success_is_adopted_only_as_the_newest() -> None:
    jobs = [
        job(id=str(number), status=status, created_at=moment(0) - timedelta(seconds=number))
        for number, status in enumerate([JobStatus.FAILED, JobStatus.SUCCEEDED])
    ]
    assert to_adopt(jobs) is None
    assert to_adopt(jobs[1:]) is jobs[1]


def test_a_request_that_no_task_submitted_recognises_no_job() -> None:
    request = make(job_name="nightly")
    assert former_name(request) is None
    assert not is_of(job(name="nightly", tags={}), request)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"is_terminated": True, "status": JobStatus.RUNNING}, "its termination was requested"),
        ({"is_cancelled": True, "status": JobStatus.RUNNABLE}, "its cancellation was requested"),
        ({"status": JobStatus.FAILED}, "it failed"),
        ({"status": JobStatus.FAILED, "status_reason": "exit 1"}, "it failed: exit 1"),
        ({"status": JobStatus.RUNNING}, None),
    ],
    ids=str,
)
def test_why_a_job_is_not_adopted(members: dict[str, Any], reason: str | None) -> None:
    assert reason_to_pass(job(**members)) == reason


MARKS = {
    "in the tag": ({"name": "nightly"}, (MINE.token, MINE.generation)),
    "at the end of a default name": ({"tags": {}}, (MINE.token, MINE.generation)),
    "in neither": ({"name": "nightly", "tags": {}}, None),
    "no name": ({"name": None, "tags": {}}, None),
    "a name that ends with a number": ({"name": "nightly-2", "tags": {}}, None),
    "nonsense": ({"tags": {SUBMISSION_TAG: f"{MINE.token}-x"}}, None),
}


@pytest.mark.parametrize(("members", "mark"), MARKS.values(), ids=MARKS)
def test_a_job_carries_the_mark_of_its_submission(
    members: dict[str, Any], mark: tuple[str, int] | None
) -> None:
    assert mark_of(job(**members)) == mark


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        (f"job-{MINE.token}-{MINE.generation}", f"job-{MINE.token}-*"),
        ("nightly", "nightly"),
        (None, None),
    ],
)
def test_the_jobs_of_all_generations_have_a_pattern_of_names(
    name: str | None, pattern: str | None
) -> None:
    assert name_of_any_generation(job(name=name)) == pattern
