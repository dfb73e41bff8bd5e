"""A model of the exactly-once protocol: the real `Submitter` in a world where anything may happen.

A task lives through several tries. In each, at every call and every sleep, the world may choose:
the process dies there; the call is throttled; its answer is lost, before or after it was carried
out; reads are late, by up to just less than all of ``LOOKS`` together, each by as much as it likes.
Between the tries jobs fail, succeed, or are told to stop, and either Airflow retries, at
once or later, or a person clears the task.

Whatever is chosen:

- there is never more than one job of a generation that runs or has succeeded; so a new one comes
  only after the earlier one failed or was told to stop;
- once the first try to get through after a clear has got through, no job of an older generation
  runs on, and no other was told to stop;
- a try never takes for its own a job that had failed, or been told to stop, before it began, unless
  it could not know;
- where nothing goes wrong, a first try makes one call.

`test_every_life_with_few_mishaps` walks through all choices as long as no more than so many of them
are mishaps, `test_lives_with_many_mishaps` through random ones with more.

What remains impossible, and is left out here:

- Two workers that run the same try at once, one of which Airflow takes for dead. Each may look,
  find nothing, and submit. Closing this takes something that both must ask and only one gets: a
  conditional write (DynamoDB, S3) before the submit, or a client token in SubmitJob itself.
- Reads that are late by more than all of ``LOOKS``: AWS states no bound. Longer looks buy more.
- A submit that is carried out long after its connection was lost; it counts as a late read.
- Jobs without a tag and without a name of their own (`test_submission.py` says what then happens),
  and tries that look in another queue or for another name than the one that submitted.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.exceptions import AwsError, SubmissionUncertain
from airflow_fargate_batch.submission import LOOKS
from tests.submitting import CUT, TOKEN, TOO_MANY, FakeBatch, FakeJob, FakeTime, request_of

LAG = sum(LOOKS) - 0.001
TRIES = 3
Choose = Callable[[int, bool], int]
"""Given a number of ways to go on, and whether all but way 0 are mishaps, say which."""


NAMES = {"default name": None, "a name that tells nothing": "nightly"}
REQUESTS = {
    (name, generation): request_of(generation, job_name=name)
    for name in NAMES.values()
    for generation in range(TRIES + 1)
}


class Died(BaseException):
    """The process is gone, as after SIGKILL."""


@dataclass
class Life:
    """One task's life: what the world does to it, and what it must never do."""

    choose: Choose
    name: str | None = None
    try_number: int = 0
    generation: int = 0

    def __post_init__(self) -> None:
        self.time = FakeTime()
        self.time.disturb = self._maybe_die
        self.aws = World(self.time, self.choose, lag=(0.0, LAG)[self.choose(2, False)])

    def live(self) -> None:
        for self.try_number in range(1, TRIES + 1):
            if self.try_number > 1:
                self._go_on()
            self.aws.add(self.name or "other", mark="fedcba9876543210-0", status="FAILED")
            self.execute()

    def execute(self) -> None:
        """Do as the operator does."""
        request = REQUESTS[self.name, self.generation]
        submitter = self.aws.submitter(patience=20.0)
        earlier = self.try_number - 1 - self.generation
        calls, begun = len(self.aws.calls), self.time.seconds
        self.aws.generation = self.generation
        self.aws.mishaps = self.aws.late = 0
        try:
            submitter.terminate_older_generations(request, "cleared")
            submitted = submitter.submit(request, look_first=earlier > 0, tries_before=earlier)
        except (Died, AwsError, SubmissionUncertain):
            return
        job = self.aws.job(submitted.job_id)
        assert job.mark == f"{TOKEN}-{self.generation}"
        left = [other for other in self.aws.jobs if other.runs_on and other is not job]
        assert not left, "a job of an older generation runs on"
        before = job.at(begun)
        could_not_know = self.aws.late or self.aws.lag
        assert could_not_know or not (before["status"] == "FAILED" or "isTerminated" in before)
        if self.try_number == 1 and not self.aws.mishaps:
            assert self.aws.calls[calls:] == ["SubmitJob"]

    def _go_on(self) -> None:
        """Let the newest job run on, fail, succeed, or be told to stop; retry or clear."""
        if running := [job for job in self.aws.jobs if job.runs_on]:
            fates = [{}, {"status": "FAILED"}, {"status": "SUCCEEDED"}, {"isTerminated": True}]
            running[-1].becomes(self.time.seconds, **fates[self.choose(len(fates), False)])
        if self.choose(2, False):
            self.generation = self.try_number - 1  # a person clears the task
        if self.choose(2, True):
            self.time.seconds += 100.0

    def _maybe_die(self) -> None:
        if self.aws.mishap(2):
            raise Died


class World(FakeBatch):
    """AWS, with a choice of mishaps at each call."""

    PAGE = 1

    def __init__(self, time: FakeTime, choose: Choose, lag: float) -> None:
        super().__init__(time)
        self._choose = choose
        self.lag = lag
        self.mishaps = self.late = self.generation = 0
        self.accepted = self._check

    def mishap(self, ways: int) -> int:
        chosen = self._choose(ways, True)
        self.mishaps += chosen > 0
        return chosen

    def job(self, job_id: str) -> FakeJob:
        return next(job for job in self.jobs if job.id == job_id)

    def _call(self, operation: str, perform: Callable[[], object]) -> object:
        faults = [None, TOO_MANY, CUT, Died(), ("after", CUT), ("after", Died())]
        if operation in {"ListJobs", "DescribeJobs"}:
            faults = [None, "other lag", CUT]  # to die here is to die in the sleep before
        fault = faults[self.mishap(len(faults))]
        self.lags[operation] = [self.lag]
        if fault == "other lag":
            fault = None
            self.late += 1
            self.lags[operation] = [LAG / 2]
        self.faults[operation] = [fault]
        return super()._call(operation, perform)

    def terminate_job(self, job_id: str, reason: str) -> None:
        token, _, generation = self.job(job_id).mark.partition("-")
        assert token == TOKEN
        assert int(generation) < self.generation, "a job was stopped that is not of a past life"
        super().terminate_job(job_id, reason)

    def _check(self, new: FakeJob) -> None:
        same = [job for job in self.jobs if job.mark == new.mark and job.counts]
        assert same == [new], "two jobs of one generation run or have succeeded"


# ── the ways to choose ───────────────────────────────────────────────────────────────────────


class Walk:
    """Walk through every life with at most so many mishaps, each once.

    A life is known by its choices, ``{place: way}``, and followed by those with one choice more, in
    a later place.
    """

    def __init__(self, mishaps: int) -> None:
        self._mishaps = mishaps
        self._waiting: list[tuple[dict[int, int], int]] = [({}, mishaps)]
        self._offered: list[tuple[int, bool]] = []
        self.plan: dict[int, int] = {}

    def __iter__(self) -> Iterator[Choose]:
        while self._waiting:
            self.plan, left = self._waiting.pop()
            self._offered = []
            yield self._choose
            for place in range(max(self.plan, default=-1) + 1, len(self._offered)):
                ways, is_mishap = self._offered[place]
                if left or not is_mishap:
                    self._waiting += [
                        (self.plan | {place: way}, left - is_mishap) for way in range(1, ways)
                    ]

    def _choose(self, ways: int, is_mishap: bool) -> int:
        self._offered.append((ways, is_mishap))
        return self.plan.get(len(self._offered) - 1, 0)


@pytest.fixture(autouse=True, scope="module")
def _silence() -> Iterator[None]:
    """Spare the log what thousands of lives would say."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_every_life_with_few_mishaps(name: str | None) -> None:
    lives = 0
    for choose in Walk(mishaps=1 if name is None else 0):
        Life(choose, name).live()
        lives += 1
    assert lives > 100


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_lives_with_many_mishaps(name: str | None, data: st.DataObject) -> None:
    def choose(ways: int, is_mishap: bool) -> int:
        drawn = data.draw(st.integers(0, ways * (6 if is_mishap else 1) - 1))
        return drawn if drawn < ways else 0  # most calls go well, or no life is long

    Life(choose, name).live()
