"""Many submits against LocalBatch, and the pace by itself."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES
from airflow_fargate_batch.core.naming import submission_of_key
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.submitting.many import Outcome, Turns, submit_many
from airflow_fargate_batch.submitting.retrying import Timing
from tests.fakes import FakeTime

FAST = 2000.0
HURRIED = Timing(sleep=lambda seconds: time.sleep(seconds / 100))
"""Pauses a hundred times as short."""


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True, seed=1) as aws:
        yield aws


@pytest.fixture
def api(aws: LocalBatch) -> BatchApi:
    return BatchApi(aws.client("batch", config=NO_HIDDEN_RETRIES))


def requests(count: int, **arguments: Any) -> Iterator[JobRequest]:
    where = {"job_queue": READY_QUEUE, "job_definition": READY_DEFINITION}
    for number in range(count):
        submission = submission_of_key(f"row-{number}")
        yield JobRequest.from_arguments(submission=submission, **(where | arguments))


def ids(outcomes: Iterable[Outcome]) -> dict[int, str | None]:
    return {done.index: done.submitted and done.submitted.job_id for done in outcomes}


def operations(aws: LocalBatch) -> Counter[str]:
    return Counter(call.operation for call in aws.requests)


def test_each_request_is_one_call_and_one_job(aws: LocalBatch, api: BatchApi) -> None:
    done = ids(submit_many(api, requests(50), rate=FAST, clock=HURRIED))
    assert sorted(done) == list(range(50))
    assert set(done.values()) == {job["jobId"] for job in aws.jobs}
    assert operations(aws) == {"SubmitJob": 50}


@pytest.mark.parametrize("fault", ["cut_after", "reset_after", "error_after", "cut_before"])
def test_lost_answers_make_no_second_jobs(aws: LocalBatch, api: BatchApi, fault: str) -> None:
    aws.faults.add(fault, operation="SubmitJob", every=7)
    done = ids(submit_many(api, requests(40), rate=FAST, clock=HURRIED))
    assert len(aws.jobs) == len(set(done.values())) == 40


def test_a_limit_of_the_server_is_kept_to_without_failures(aws: LocalBatch, api: BatchApi) -> None:
    aws.faults.add("throttle", operation="SubmitJob", probability=0.1)
    done = ids(submit_many(api, requests(60), rate=FAST, clock=HURRIED))
    assert len(aws.jobs) == len(set(done.values())) == 60


def test_one_that_is_refused_does_not_hurt_the_others(aws: LocalBatch, api: BatchApi) -> None:
    [missing] = requests(1, job_definition="missing")
    mixed = [*requests(3), missing.identified_by(submission_of_key("another"))]
    outcomes = {done.index: done for done in submit_many(api, mixed, rate=FAST, clock=HURRIED)}
    assert isinstance(outcomes[3].error, AwsError)
    assert outcomes[3].submitted is None
    assert len(aws.jobs) == 3


def test_an_interrupted_run_is_resumed(aws: LocalBatch, api: BatchApi) -> None:
    begun: Any = submit_many(api, requests(60), rate=FAST, threads=4, clock=HURRIED)
    for _ in range(10):
        next(begun)
    begun.close()
    made = len(aws.jobs)
    assert 10 <= made < 30
    done = ids(submit_many(api, requests(60), rate=FAST, resume=True, clock=HURRIED))
    assert len(aws.jobs) == 60
    assert set(done.values()) == {job["jobId"] for job in aws.jobs}


def test_what_is_refused_for_now_is_not_sent_again_once_given_up(
    aws: LocalBatch, api: BatchApi
) -> None:
    aws.faults.add("throttle", operation="SubmitJob", skip=1)
    clock = Timing(random=lambda: 0.9)
    begun: Any = submit_many(api, requests(9), rate=FAST, threads=2, clock=clock)
    next(begun)
    while len(aws.requests) < 3:  # until both threads pause before they try again
        time.sleep(0.01)
    aws.faults.clear()
    begun.close()
    assert len(aws.jobs) == 1


def test_requests_are_taken_as_they_are_needed(api: BatchApi) -> None:
    taken = 0

    def endless() -> Iterator[JobRequest]:
        nonlocal taken
        for request in requests(10**9):
            taken += 1
            yield request

    outcomes: Any = submit_many(api, endless(), rate=FAST, threads=2)
    next(outcomes)
    outcomes.close()
    assert taken < 20


def test_two_requests_with_one_key_are_refused(api: BatchApi) -> None:
    with pytest.raises(ValueError, match="two requests have the same submission"):
        list(submit_many(api, [*requests(1), *requests(1)], rate=FAST))


# ── the pace ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Server:
    """A server that takes so many calls a second, with a second's worth of burst."""

    time: FakeTime
    limit: float
    tokens: float = 0.0
    at: float = 0.0

    def takes(self) -> bool:
        self.tokens = min(self.limit, self.tokens + (self.time.seconds - self.at) * self.limit)
        self.at = self.time.seconds
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@pytest.mark.parametrize("limit", [50.0, 45.0, 20.0, 5.0])
def test_the_pace_settles_at_what_the_server_takes(limit: float) -> None:
    fake = FakeTime()
    pace, server = Turns(fake.clock(), 50.0), Server(fake, limit)
    taken = refused = 0
    while fake.seconds < 140:
        pace.wait()
        if fake.seconds < 20:
            taken = refused = 0  # it is still settling
        if server.takes():
            taken += 1
            pace.accepted()
        else:
            refused += 1
            pace.throttled()
    assert taken >= 0.9 * limit * 120
    assert refused <= 0.1 * taken


def test_the_pace_never_exceeds_its_limit() -> None:
    fake = FakeTime()
    pace = Turns(fake.clock(), 50.0)
    for _ in range(501):
        pace.wait()
        pace.accepted()
    assert fake.seconds == pytest.approx(10.0)
