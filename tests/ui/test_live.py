"""Jobs as AWS describes them: in bulk, kept for some seconds, and left alone after trouble."""

from collections.abc import Sequence
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.exceptions import AwsError, Throttled
from airflow_fargate_batch.ui.live import FRESH, PAUSE, LiveJobs, connected_hook
from airflow_fargate_batch.ui.records import JobReference
from tests.fakes import FakeTime


class Hook:
    """Answers DescribeJobs, or raises."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.error: Exception | None = None
        self.status = "RUNNING"

    def describe(self, ids: Sequence[str]) -> list[Job]:
        self.asked.append(list(ids))
        if self.error:
            raise self.error
        return [Job(id=each, status_text=self.status) for each in ids if each != "gone"]


def live() -> tuple[LiveJobs, Hook, FakeTime]:
    hook, time = Hook(), FakeTime()
    made: Any = hook
    return LiveJobs(lambda *_: made, now=time.now), hook, time


def references(count: int, connection: str = "aws") -> list[JobReference]:
    return [JobReference(f"job-{number}", "eu-west-1", connection) for number in range(count)]


def test_many_jobs_are_described_a_hundred_a_call() -> None:
    jobs, hook, _ = live()
    assert len(jobs.describe(references(250))) == 250
    assert [len(ids) for ids in hook.asked] == [100, 100, 50]


def test_an_answer_is_shown_again_for_some_seconds() -> None:
    jobs, hook, time = live()
    for time.seconds in (0.0, FRESH - 1, FRESH + 1):
        jobs.describe(references(1))
    assert len(hook.asked) == 2


def test_a_job_that_aws_does_not_know_is_said_to_be_unknown() -> None:
    jobs, _, _ = live()
    [seen] = jobs.describe([JobReference("gone", "eu-west-1", "aws")]).values()
    assert seen.job is None


def test_after_trouble_aws_is_left_alone_and_the_last_state_is_shown() -> None:
    jobs, hook, time = live()
    jobs.describe(references(1))
    hook.error = Throttled("too many calls")
    time.seconds = FRESH + 1
    [seen] = jobs.describe(references(1)).values()
    assert seen.job is not None
    assert jobs.trouble(references(1)) == ["too many calls"]
    time.seconds += PAUSE - 1
    jobs.describe(references(1))
    assert len(hook.asked) == 2
    time.seconds += 2
    hook.error = None
    jobs.describe(references(1))
    assert jobs.trouble(references(1)) == []


def test_trouble_of_one_connection_does_not_concern_another() -> None:
    jobs, hook, _ = live()
    hook.error = AwsError("denied")
    jobs.describe(references(1, "one"))
    hook.error = None
    assert jobs.describe(references(1, "two"))
    assert jobs.trouble(references(1, "two")) == []


def test_a_task_without_a_connection_on_record_is_not_asked_about() -> None:
    with pytest.raises(AwsError, match="no credentials of its own"):
        connected_hook(None, "eu-west-1")


def test_a_missing_connection_is_never_replaced_by_the_server_s_credentials() -> None:
    with pytest.raises(AwsError, match="finds no connection no_such_connection"):
        connected_hook("no_such_connection", "eu-west-1")
