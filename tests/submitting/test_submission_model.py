"""A model of the exactly-once protocol: the real `Submitter` in a world where anything may happen.

A task lives through several tries. In each, at every call and every sleep, the world may choose:
the process dies there; the call is throttled; its answer is lost, before or after it was carried
out; reads are late, by up to just less than all of ``LOOKS`` together, each by as much as it likes.
Between the tries jobs fail, succeed, or their termination is requested, and either Airflow retries,
at once or later; or a person clears the task, while the run goes on or after its end; or a person
deletes the run and makes it again under the same run_id. A task may submit several jobs in a try.
Another installation of Airflow runs the same DAG, run and task beside it, with the same names.

Whatever is chosen:

- there is never more than one job of a generation, a life and a place in the task that is running
  or has succeeded; so a new one comes only after the earlier one failed or was terminated;
- once the first try to get through after a clear has got through, no job of an older generation
  runs on, and no job of another place or another installation was terminated;
- a try never takes for its own a job of another life, or one that had failed, or whose termination
  had been requested, before the try began, unless it could not know;
- where nothing goes wrong, a first try makes one call for each job.

`test_every_life_with_few_mishaps` walks through all choices as long as no more than so many of them
are mishaps, `test_lives_with_many_mishaps` through random ones with more.

What remains impossible, and is left out here:

- Two workers that run the same try at once, one of which Airflow takes for dead. Each may look,
  find nothing, and submit. Closing this takes something that both must ask and only one gets: a
  conditional write (DynamoDB, S3) before the submit, or a client token in SubmitJob itself.
- Reads that are late by more than all of ``LOOKS``: AWS states no bound. Longer looks buy more.
- A submit that is carried out long after its connection was lost; it counts as a late read.
- A run that is made again and cleared, both within the lag of reads: a job of the deleted run may
  be taken for the one that reads still hide, which then runs on.
- Jobs without a tag and without a name of their own (`test_submission.py` says what then happens),
  and tries that look in another queue or for another name than the one that submitted.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AwsError, SubmissionUncertain
from airflow_fargate_batch.submitting.submitter import LOOKS
from tests.fakes import (
    CUT,
    TOO_MANY,
    FakeBatch,
    FakeJob,
    FakeTime,
    moment,
    request_of,
    task_of,
)

T = TypeVar("T")
LAG = sum(LOOKS) - 0.001
TRIES = 3
Choose = Callable[[int, bool], int]
"""Given a number of ways to go on, and whether all but way 0 are mishaps, say which."""

NAMES = {"default name": None, "a name that tells nothing": "nightly"}
PLACES = {"one submit": 1, "two submits": 2}
each_name = pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
each_task = pytest.mark.parametrize("submits", PLACES.values(), ids=PLACES)


class Died(BaseException):
    """The process is gone, as after SIGKILL."""


@dataclass
class Life:
    """One task's life: what the world does to it, and what it must never do."""

    choose: Choose
    name: str | None = None
    submits: int = 1
    try_number: int = 1
    generation: int = 0
    began: float = 0.0
    was_remade: bool = False
    turn: int = 0

    def __post_init__(self) -> None:
        self.time = FakeTime()
        self.time.disturb = self._maybe_die
        self.aws = World(self.time, self.choose, lag=(0.0, LAG)[self.choose(2, False)])

    def live(self, before_each_try: Callable[[], object] = lambda: None) -> None:
        while self.turn < TRIES:
            before_each_try()
            if self.turn:
                self._go_on()
            self._others_submit()
            self.execute()
            self.turn += 1

    def copied(self) -> "Life":
        """Return a life of its own that goes on from here."""
        twin = copy(self)
        twin.time = FakeTime()
        twin.time.seconds = self.time.seconds
        twin.time.disturb = twin._maybe_die
        twin.aws = self.aws.copied(twin.time)
        return twin

    def request(self, place: int) -> JobRequest:
        request = _request(self.generation, self.began, place, "here", self.name)
        assert request.submission is not None
        self.aws.tokens.add(request.submission.token)
        return request

    def execute(self) -> None:
        """Do as the operator does."""
        self.aws.generation = self.generation
        self.aws.mishaps = self.aws.late = 0
        calls = len(self.aws.calls)
        try:
            for place in range(self.submits):
                self._submit(self.request(place))
        except (Died, AwsError, SubmissionUncertain):
            return
        if self.try_number == 1 and not self.aws.mishaps:
            assert self.aws.calls[calls:] == ["SubmitJob"] * self.submits

    def _submit(self, request: JobRequest) -> None:
        submitter = self.aws.submitter(patience=20.0)
        earlier = self.try_number - 1 - self.generation
        begun = self.time.seconds
        submitter.terminate_older_generations(request, "cleared")
        submitted = submitter.submit(request, look_first=earlier > 0, tries_before=earlier)
        job = self.aws.job(submitted.job_id)
        assert request.submission is not None
        assert (job.mark, job.life) == (
            request.submission.mark,
            moment(self.began).isoformat(timespec="microseconds"),
        )
        left = [other for other in self.aws.jobs if other is not job and self._is_over(other, job)]
        assert not left, "a job of an older generation runs on"
        before = job.at(begun)
        could_not_know = self.aws.late or self.aws.lag
        assert could_not_know or not (before["status"] == "FAILED" or "isTerminated" in before)

    def _is_over(self, other: FakeJob, job: FakeJob) -> bool:
        """Tell whether another job runs on that a job has taken the place of."""
        is_same = (other.token, other.life) == (job.token, job.life)
        older = other.token == job.token and other.generation < job.generation
        return other.runs_on and (older or (is_same and other.generation == job.generation))

    def _others_submit(self) -> None:
        """Let another task fail under the same name, and another installation run the same task."""
        self.aws.add(self.name or "other", mark="fedcba9876543210-0", status="FAILED")
        job_name, tags = _name_and_tags(self.generation, self.began, 0, "there", self.name)
        self.aws.add(job_name, tags=tags, status="RUNNING")

    def _go_on(self) -> None:
        """Let the newest job run on or come to an end; retry, clear, or make the run again."""
        running = [job for job in self.aws.jobs if job.runs_on and job.token in self.aws.tokens]
        if running:
            fates: list[dict[str, Any]] = [
                {},
                {"status": "FAILED"},
                {"status": "SUCCEEDED"},
                {"isTerminated": True},
            ]
            running[-1].becomes(self.time.seconds, **fates[self.choose(len(fates), False)])
        if self.choose(2, True):
            self.time.seconds += 100.0
        way = self.choose(4, False)
        self.try_number += 1
        if way in {1, 2}:  # a person clears the task
            self.time.seconds += 100.0 if self.was_remade else 0.0
            self.generation = self.try_number - 1
        if way in {2, 3}:  # the run had ended, or is made again
            self.time.seconds += 10.0
            self.began = self.time.seconds
        if way == 3:
            self.try_number, self.generation, self.was_remade = 1, 0, True

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
        self.tokens: set[str] = set()
        self.accepted = self._check

    def copied(self, time: FakeTime) -> "World":
        """Return a world of its own with the same jobs, as it is between two tries."""
        twin = World(time, self._choose, self.lag)
        twin.jobs = [replace(job, past=[*job.past]) for job in self.jobs]
        twin.tokens = {*self.tokens}
        return twin

    def mishap(self, ways: int) -> int:
        chosen = self._choose(ways, True)
        self.mishaps += chosen > 0
        return chosen

    def job(self, job_id: str) -> FakeJob:
        return next(job for job in self.jobs if job.id == job_id)

    def _call(self, operation: str, perform: Callable[[], T]) -> T:
        faults: list[Any] = [None, TOO_MANY, CUT, Died(), ("after", CUT), ("after", Died())]
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
        job = self.job(job_id)
        assert job.token in self.tokens, "a job of another installation was terminated"
        assert job.generation < self.generation, "a job was terminated that was not cleared"
        super().terminate_job(job_id, reason)

    def _check(self, new: FakeJob) -> None:
        same = [
            job for job in self.jobs if (job.mark, job.life) == (new.mark, new.life) and job.counts
        ]
        assert same == [new], "two jobs of one generation run or have succeeded"


@cache
def _request(
    generation: int, began: float, place: int, deployment: str, name: str | None
) -> JobRequest:
    """Make a request, once for all lives that submit the same."""
    submission = task_of(generation, began=began, ordinal=place, deployment=deployment)
    return request_of(submission=submission, job_name=name)


@cache
def _name_and_tags(*identity: Any) -> tuple[str, Mapping[str, str]]:
    """Return what names a job of a request."""
    body = _request(*identity).to_submit_job()
    return body["jobName"], body["tags"]


# ── the ways to choose ───────────────────────────────────────────────────────────────────────


class Kept(NamedTuple):
    """A life as it was before a try, and the number of choices until then."""

    place: int
    life: Life


class Walk:
    """Walk through every life with at most so many mishaps, each once.

    A life is known by its choices, ``{place: way}``, and followed by those with one choice more, in
    a later place. What two lives share is lived once: the second begins at the try of that choice.

    :param begin: makes a life, given how to choose.
    """

    def __init__(self, mishaps: int, begin: Callable[[Choose], Life]) -> None:
        self._begin = begin
        self._waiting: list[tuple[dict[int, int], int, list[Kept]]] = [({}, mishaps, [])]
        self._offered: dict[int, tuple[int, bool]] = {}
        self._place = 0
        self._plan: dict[int, int] = {}

    def live(self) -> int:
        """Live all lives; return their number."""
        lives = 0
        while self._waiting:
            self._plan, left, kept = self._waiting.pop()
            kept = self._live_one(kept)
            lives += 1
            for place in range(max(self._plan, default=-1) + 1, self._place):
                ways, is_mishap = self._offered[place]
                if left or not is_mishap:
                    shared = [each for each in kept if each.place <= place][-1:]
                    self._waiting += [
                        (self._plan | {place: way}, left - is_mishap, shared)
                        for way in range(1, ways)
                    ]
        return lives

    def _live_one(self, kept: list[Kept]) -> list[Kept]:
        """Live a life from what is kept, or from its begin; return what it was before each try."""
        kept = [*kept]
        self._place, self._offered = kept[0].place if kept else 0, {}
        life = kept[0].life.copied() if kept else self._begin(self._choose)

        def keep() -> None:
            if not kept or kept[-1].place != self._place:
                kept.append(Kept(self._place, life.copied()))

        life.live(keep)
        return kept

    def _choose(self, ways: int, is_mishap: bool) -> int:
        self._offered[self._place] = (ways, is_mishap)
        self._place += 1
        return self._plan.get(self._place - 1, 0)


@pytest.fixture(autouse=True, scope="module")
def _silence() -> Iterator[None]:
    """Spare the log what thousands of lives would say."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.no_cover  # tracing lines doubles the time of thousands of lives
@each_task
@each_name
def test_every_life_with_few_mishaps(name: str | None, submits: int) -> None:
    mishaps = 1 if name is None and submits == 1 else 0
    assert Walk(mishaps, lambda choose: Life(choose, name, submits)).live() > 100


@pytest.mark.no_cover
@each_task
@each_name
@given(chance=st.randoms(use_true_random=True))  # drawing each choice would take longer than a life
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_lives_with_many_mishaps(name: str | None, submits: int, chance: Random) -> None:
    def choose(ways: int, is_mishap: bool) -> int:
        drawn = chance.randrange(ways * (6 if is_mishap else 1))
        return drawn if drawn < ways else 0  # most calls go well, or no life is long

    Life(choose, name, submits).live()
