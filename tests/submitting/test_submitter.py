"""The protocol's rules, one by one; `test_submission_model.py` says that together they suffice."""

import logging
import pickle
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.naming import SUBMISSION_TAG
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AwsError,
    CredentialsMissing,
    InvalidRequest,
    JobDefinitionNotFound,
    Problem,
    SubmissionUncertain,
    Unreachable,
)
from airflow_fargate_batch.submitting.earlier_jobs import PAGES
from airflow_fargate_batch.submitting.submitter import LOOKS
from tests.core.making import make
from tests.fakes import CUT, TOKEN, TOO_MANY, FakeBatch, FakeTime, request_of

NO_ROUTE = Unreachable("Could not send SubmitJob: Could not connect", "Check the network.")
FOUND_AT_ONCE = ["ListJobs", "DescribeJobs"]
MINE = f"{TOKEN}-0"


def denied(action: str) -> AccessDenied:
    return AccessDenied(f"not authorized to perform: {action}", action)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def aws(time: FakeTime) -> FakeBatch:
    return FakeBatch(time)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


# ── the first try ────────────────────────────────────────────────────────────────────────────


def test_the_happy_path_is_one_call(aws: FakeBatch, time: FakeTime) -> None:
    submitted = aws.submitter().submit(request_of())
    assert (submitted.job_id, aws.calls, time.naps) == ("job-0", ["SubmitJob"], [])


def test_a_request_without_a_submission_gets_one_of_its_own(aws: FakeBatch) -> None:
    for _ in range(2):
        aws.submitter().submit(make(job_name="nightly"))
    first, second = (job.tags[SUBMISSION_TAG] for job in aws.jobs)
    assert first != second


@pytest.mark.parametrize("refusal", [TOO_MANY, NO_ROUTE], ids=["throttled", "unreachable"])
def test_a_certain_refusal_is_sent_again_after_growing_pauses(
    aws: FakeBatch, time: FakeTime, refusal: AwsError
) -> None:
    aws.faults["SubmitJob"] = [refusal] * 4
    aws.submitter().submit(request_of())
    assert aws.calls == ["SubmitJob"] * 5
    assert time.naps == [0.25, 0.5, 1.0, 2.0]  # halves: the fake clock's chance is 0.5


def test_patience_ends(aws: FakeBatch, time: FakeTime) -> None:
    aws.faults["SubmitJob"] = [TOO_MANY] * 1000
    with pytest.raises(type(TOO_MANY)):
        aws.submitter(patience=60).submit(request_of())
    assert 60 <= time.seconds < 60 + 20
    assert aws.jobs == []


@pytest.mark.parametrize(
    "refusal",
    [
        AwsError("Job name should match valid pattern"),
        CredentialsMissing("The security token included in the request is expired"),
        denied("batch:SubmitJob"),
    ],
    ids=["invalid", "expired", "denied"],
)
def test_a_refusal_that_will_not_pass_is_raised_at_once(aws: FakeBatch, refusal: AwsError) -> None:
    aws.faults["SubmitJob"] = [refusal]
    with pytest.raises(type(refusal)):
        aws.submitter().submit(request_of())
    assert aws.calls == ["SubmitJob"]


# ── an answer is lost ────────────────────────────────────────────────────────────────────────


def test_a_job_whose_answer_was_lost_is_found(aws: FakeBatch, time: FakeTime) -> None:
    aws.faults["SubmitJob"] = [("after", CUT)]
    assert aws.submitter().submit(request_of()).job_id == "job-0"
    assert aws.calls == ["SubmitJob", *FOUND_AT_ONCE]
    assert time.naps == [LOOKS[0]]


def test_a_job_that_reads_do_not_show_yet_is_looked_for_again(
    aws: FakeBatch, time: FakeTime
) -> None:
    aws.faults["SubmitJob"] = [("after", CUT)]
    aws.lags["ListJobs"] = [60.0, 60.0, 60.0]
    assert aws.submitter().submit(request_of()).job_id == "job-0"
    assert len(aws.jobs) == 1
    assert time.naps == list(LOOKS[:4])


def test_only_after_all_looks_is_it_submitted_again(aws: FakeBatch, time: FakeTime) -> None:
    aws.faults["SubmitJob"] = [CUT]
    aws.submitter().submit(request_of())
    assert aws.calls == ["SubmitJob", *["ListJobs"] * len(LOOKS), "SubmitJob"]
    assert time.seconds > sum(LOOKS)


def test_a_job_that_failed_meanwhile_is_still_the_one(aws: FakeBatch) -> None:
    aws.faults["SubmitJob"] = [("after", CUT)]
    aws.accepted = lambda job: job.becomes(0.0, status="FAILED")
    assert aws.submitter().submit(request_of()).job_id == "job-0"
    assert len(aws.jobs) == 1


def test_a_failed_job_of_an_earlier_try_is_not_the_one(aws: FakeBatch) -> None:
    aws.add(request_of().job_name, mark=MINE, status="FAILED")
    aws.faults["SubmitJob"] = [("after", CUT)]
    submitted = aws.submitter().submit(request_of(), look_first=True, tries_before=1)
    assert submitted.job_id == "job-1"


def test_a_throttled_look_goes_on_although_patience_is_over(aws: FakeBatch) -> None:
    aws.faults |= {"SubmitJob": [("after", CUT)], "ListJobs": [TOO_MANY, CUT, TOO_MANY]}
    assert aws.submitter(patience=0).submit(request_of()).job_id == "job-0"


@pytest.mark.parametrize("operation", ["ListJobs", "DescribeJobs"])
@pytest.mark.parametrize("error", [TOO_MANY, CUT, NO_ROUTE], ids=["throttled", "lost", "no route"])
def test_a_look_that_never_gets_through_leaves_it_uncertain(
    aws: FakeBatch, error: AwsError, operation: str
) -> None:
    aws.faults |= {"SubmitJob": [("after", CUT)], operation: [error] * 1000}
    with pytest.raises(SubmissionUncertain, match=f"{request_of().job_name}.*looked for"):
        aws.submitter().submit(request_of())
    assert aws.calls.count("SubmitJob") == 1


def test_without_permission_to_look_nothing_is_submitted_again(aws: FakeBatch) -> None:
    aws.faults |= {"SubmitJob": [CUT], "ListJobs": [denied("batch:ListJobs")]}
    with pytest.raises(SubmissionUncertain, match="batch:ListJobs"):
        aws.submitter().submit(request_of())
    assert aws.calls == ["SubmitJob", "ListJobs"]


def test_answers_that_stay_lost_are_uncertain_in_the_end(aws: FakeBatch) -> None:
    aws.faults["SubmitJob"] = [CUT] * 1000
    with pytest.raises(SubmissionUncertain, match="was not found"):
        aws.submitter(patience=100).submit(request_of())
    assert 2 <= aws.calls.count("SubmitJob") <= 4


def test_the_pages_of_a_name_used_every_night_are_not_all_read(
    aws: FakeBatch, time: FakeTime
) -> None:
    for _ in range(1000):
        aws.add("nightly", status="SUCCEEDED")
    time.seconds += timedelta(days=1).total_seconds()
    aws.faults["SubmitJob"] = [("after", CUT)]
    aws.submitter().submit(request_of(job_name="nightly"))
    assert aws.calls == ["SubmitJob", *FOUND_AT_ONCE]
    aws.calls.clear()
    aws.submitter().submit(request_of(1, job_name="nightly"), look_first=True)
    assert len(aws.calls) <= 2 * (PAGES + 3 * len(LOOKS))


# ── a later try ──────────────────────────────────────────────────────────────────────────────

ADOPTED = {
    "submitted": {"status": "SUBMITTED"},
    "running": {"status": "RUNNING"},
    "in a state of tomorrow": {"status": "REBALANCING"},
    "succeeded": {"status": "SUCCEEDED"},
}
FOLLOWED = {
    "failed": {"status": "FAILED"},
    "told to stop": {"status": "RUNNING", "isTerminated": True},
    "cancelled": {"status": "RUNNABLE", "isCancelled": True},
    "succeeded after all": {"status": "SUCCEEDED", "isTerminated": True},
}
NAMES = {"default name": None, "given name": "nightly"}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("state", ADOPTED.values(), ids=ADOPTED)
def test_a_job_is_adopted(aws: FakeBatch, name: str | None, state: dict[str, Any]) -> None:
    request = request_of(job_name=name)
    aws.add(request.job_name, mark=MINE, **state)
    assert aws.submitter().submit(request, look_first=True).job_id == "job-0"
    assert aws.calls == FOUND_AT_ONCE


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("state", FOLLOWED.values(), ids=FOLLOWED)
def test_a_job_is_followed_by_a_new_one(
    aws: FakeBatch, name: str | None, state: dict[str, Any]
) -> None:
    request = request_of(job_name=name)
    aws.add(request.job_name, mark=MINE, **state)
    assert aws.submitter().submit(request, look_first=True, tries_before=1).job_id == "job-1"
    assert aws.calls == [*FOUND_AT_ONCE, "SubmitJob"]


def test_more_looks_follow_while_a_job_may_be_hidden(aws: FakeBatch, time: FakeTime) -> None:
    request = request_of()
    aws.add(request.job_name, mark=MINE, status="FAILED")
    aws.submitter().submit(request, look_first=True, tries_before=2)
    assert time.naps == list(LOOKS)
    assert aws.calls == [*FOUND_AT_ONCE * (len(LOOKS) + 1), "SubmitJob"]


def test_another_submission_of_the_same_name_is_not_adopted(aws: FakeBatch) -> None:
    aws.add("nightly", mark="fedcba9876543210-0", status="RUNNING")
    aws.add("nightly", mark=f"{TOKEN}-1", status="RUNNING")
    aws.add("nightly", status="RUNNING")
    submitted = aws.submitter().submit(request_of(job_name="nightly"), look_first=True)
    assert submitted.job_id == "job-3"


def test_a_success_with_newer_jobs_after_it_is_of_a_deleted_run(aws: FakeBatch) -> None:
    request = request_of()
    aws.add(request.job_name, mark=MINE, status="SUCCEEDED")
    aws.add(request.job_name, mark=MINE, status="FAILED")
    assert aws.submitter().submit(request, look_first=True).job_id == "job-2"


def test_a_job_that_cannot_be_described_yet_is_told_by_its_name(aws: FakeBatch) -> None:
    request = request_of()
    aws.add(request.job_name, mark=MINE, status="RUNNING")
    aws.lags["DescribeJobs"] = [60.0]
    assert aws.submitter().submit(request, look_first=True).job_id == "job-0"


def test_without_permission_to_describe_a_default_name_tells(
    aws: FakeBatch, logged: pytest.LogCaptureFixture
) -> None:
    request = request_of()
    aws.add(request.job_name, mark=MINE, status="FAILED")
    aws.faults["DescribeJobs"] = [denied("batch:DescribeJobs")] * 100
    assert aws.submitter().submit(request, look_first=True).job_id == "job-1"
    assert logged.text.count("Grant the IAM action batch:DescribeJobs") == 1


@pytest.mark.parametrize("action", ["batch:ListJobs", "batch:DescribeJobs"])
def test_without_permission_to_look_a_later_try_says_so_once_and_submits(
    aws: FakeBatch, logged: pytest.LogCaptureFixture, action: str
) -> None:
    aws.faults[action.removeprefix("batch:")] = [denied(action)] * 100
    submitter = aws.submitter()
    aws.add("nightly", mark=f"{TOKEN}-1", status="RUNNING")
    for _ in range(2):
        submitter.submit(request_of(1, job_name="nightly"), look_first=True)
    assert aws.calls.count("SubmitJob") == 2
    assert logged.text.count(f"Grant the IAM action {action}") == 1


# ── tags ─────────────────────────────────────────────────────────────────────────────────────


def test_without_permission_to_tag_it_is_submitted_without_tags(
    aws: FakeBatch, logged: pytest.LogCaptureFixture
) -> None:
    aws.faults["SubmitJob"] = [denied("batch:TagResource"), ("after", CUT)]
    assert aws.submitter().submit(request_of()).job_id == "job-0"
    assert len(aws.jobs) == 1
    assert aws.jobs[0].tags == {}
    assert "Grant the IAM action batch:TagResource" in logged.text


def test_tags_of_the_user_are_never_left_out(aws: FakeBatch) -> None:
    aws.faults["SubmitJob"] = [denied("batch:TagResource")]
    with pytest.raises(AccessDenied, match="batch:TagResource"):
        aws.submitter().submit(request_of(tags={"team": "data"}))
    assert aws.jobs == []


UNRECOGNISABLE = {
    "no permission to tag": ({"job_name": "nightly"}, [denied("batch:TagResource"), CUT], []),
    "no room for a tag": (
        {"job_name": "nightly", "tags": {f"tag-{number}": "" for number in range(50)}},
        [CUT],
        [],
    ),
    "no permission to read tags": ({"job_name": "nightly"}, [("after", CUT)], ["DescribeJobs"]),
}


@pytest.mark.parametrize(
    ("arguments", "submits", "closed"), UNRECOGNISABLE.values(), ids=UNRECOGNISABLE
)
def test_a_job_that_cannot_be_recognised_is_not_submitted_again(
    aws: FakeBatch, arguments: dict[str, Any], submits: list[Any], closed: list[str]
) -> None:
    aws.faults["SubmitJob"] = list(submits)
    for operation in closed:
        aws.faults[operation] = [denied(f"batch:{operation}")] * 100
    with pytest.raises(SubmissionUncertain):
        aws.submitter().submit(request_of(**arguments))
    assert aws.calls.count("SubmitJob") == len(submits)


# ── cleared by a person ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_live_jobs_of_older_generations_are_terminated(aws: FakeBatch, name: str | None) -> None:
    requests = [request_of(generation, job_name=name) for generation in range(5)]
    states = ["RUNNING", "SUCCEEDED", "RUNNABLE", "STARTING", "RUNNING"]
    for generation, (request, state) in enumerate(zip(requests, states, strict=True)):
        aws.add(request.job_name, mark=f"{TOKEN}-{generation}", status=state)
    aws.add(requests[3].job_name.replace(TOKEN, "f" * 16), mark="f" * 16 + "-0", status="RUNNING")
    ended = aws.submitter().terminate_older_generations(requests[3], "The task was cleared")
    assert sorted(ended) == ["job-0", "job-2"]
    assert [bool(job.now.get("isTerminated")) for job in aws.jobs] == [
        *(True, False, True),
        *(False, False, False),  # its own, one of a later generation, another task's
    ]


def test_a_task_that_was_never_cleared_does_not_look(aws: FakeBatch) -> None:
    assert aws.submitter().terminate_older_generations(request_of(), "cleared") == []
    assert aws.calls == []


def test_an_old_job_that_reads_do_not_show_yet_is_terminated_as_well(
    aws: FakeBatch, time: FakeTime
) -> None:
    aws.add(request_of(0).job_name, mark=MINE, status="RUNNING")
    aws.lags["ListJobs"] = [60.0] * 3
    assert aws.submitter().terminate_older_generations(request_of(1), "cleared") == ["job-0"]
    assert time.naps == list(LOOKS[:3])


def test_a_throttled_termination_is_sent_again(aws: FakeBatch) -> None:
    aws.add(request_of(0).job_name, mark=MINE, status="RUNNING")
    aws.faults["TerminateJob"] = [TOO_MANY, ("after", CUT)]
    assert aws.submitter().terminate_older_generations(request_of(1), "cleared") == ["job-0"]
    assert aws.calls == [*FOUND_AT_ONCE, *["TerminateJob"] * 3]


def test_without_permission_to_terminate_no_second_job_is_made_beside_the_first(
    aws: FakeBatch,
) -> None:
    aws.add(request_of(0).job_name, mark=MINE, status="RUNNING")
    aws.faults["TerminateJob"] = [denied("batch:TerminateJob")]
    with pytest.raises(AccessDenied, match="batch:TerminateJob"):
        aws.submitter().terminate_older_generations(request_of(1), "cleared")


# ── job definitions ──────────────────────────────────────────────────────────────────────────

MISSING = JobDefinitionNotFound("AWS refused SubmitJob: JobDefinition x does not exist", "Check.")
NEWEST = JobDefinition(arn="arn", name="definition", revision=7)


@pytest.mark.parametrize(
    "asked",
    [
        "definition:3",
        "arn:aws:batch:eu-west-1:123456789012:job-definition/definition:3",
        "arn:aws:batch:eu-west-1:123456789012:job-definition/definition",
    ],
)
def test_a_missing_definition_names_the_newest_active_revision(aws: FakeBatch, asked: str) -> None:
    aws.faults["SubmitJob"] = [MISSING]
    aws.definitions["definition"] = NEWEST
    with pytest.raises(JobDefinitionNotFound, match="newest active revision is definition:7"):
        aws.submitter().submit(request_of(job_definition=asked))


@pytest.mark.parametrize("read", [None, denied("batch:DescribeJobDefinitions"), CUT])
def test_a_missing_definition_without_another_is_told_as_it_is(
    aws: FakeBatch, read: AwsError | None
) -> None:
    aws.faults |= {"SubmitJob": [MISSING], "DescribeJobDefinitions": [read]}
    with pytest.raises(JobDefinitionNotFound, match="Check") as caught:
        aws.submitter().submit(request_of())
    assert caught.value.__cause__ is not caught.value  # some loggers would follow it for ever


def test_a_new_job_is_checked_and_an_adopted_one_is_not(aws: FakeBatch) -> None:
    def refuse(_: JobRequest) -> None:
        raise InvalidRequest([Problem("job_queue", "is DISABLED")])

    with pytest.raises(InvalidRequest, match="is DISABLED"):
        aws.submitter().submit(request_of(), check=refuse)
    assert aws.jobs == []
    job = aws.submitter().submit(request_of())
    adopted = aws.submitter().submit(request_of(), look_first=True, check=refuse)
    assert (adopted.job_id, adopted.is_adopted) == (job.job_id, True)


# ── secrets ──────────────────────────────────────────────────────────────────────────────────


def test_no_environment_value_is_logged_or_raised(
    aws: FakeBatch, logged: pytest.LogCaptureFixture
) -> None:
    secret: dict[str, Any] = {
        "environment": {"PASSWORD": "hunter2"},
        "parameters": {"key": "hunter2"},
    }
    aws.faults |= {"SubmitJob": [TOO_MANY, ("after", CUT), CUT], "ListJobs": [TOO_MANY]}
    aws.submitter().submit(request_of(**secret))
    aws.faults |= {"SubmitJob": [CUT], "ListJobs": [denied("batch:ListJobs")]}
    with pytest.raises(SubmissionUncertain) as caught:
        aws.submitter().submit(request_of(**secret))
    assert "Found job job-0" in logged.text
    assert "hunter2" not in logged.text + repr(caught.value) + str(caught.value.__cause__)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - ours
