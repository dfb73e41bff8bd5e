"""Submit many requests, as fast as AWS takes them, each exactly once.

A few threads share a rate, which falls when AWS throttles and recovers. If each request
has a different key, the same requests can be submitted again after an interruption: submitted jobs
are found, and only the rest is submitted.
"""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.aws.batch import BatchApi, JobPage, Submitted
from airflow_fargate_batch.core.call_rate import CallRate
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import FargateBatchError, Throttled
from airflow_fargate_batch.submitting.lists import Lists
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.submitting.submitter import LOOKS, Submitter

if TYPE_CHECKING:
    from types_boto3_batch.type_defs import SubmitJobRequestTypeDef

RATE: Final = 50.0
"""AWS Batch's quota, calls a second and account: for SubmitJob, and for all other calls."""
THREADS: Final = 10
"""Number of botocore's connections: enough for ``RATE`` if a call takes up to 0.2 s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of a request.

    Attributes:
        index: The request's place among all, from 0.
        submitted: The job; ``None`` if no job is known.
        error: Reason for a missing job.
    """

    index: int
    request: JobRequest
    submitted: Submitted | None = None
    error: FargateBatchError | None = None


def submit_many(
    api: BatchApi,
    requests: Iterable[JobRequest],
    *,
    resume: bool = False,
    lists: Lists | None = None,
    rate: float = RATE,
    threads: int = THREADS,
    patience: float = 300.0,
    clock: Timing | None = None,
) -> Iterator[Outcome]:
    """Submit *requests*, and yield an outcome for each as soon as known, in any order.

    A failed request does not affect the rest. When the caller stops iterating, no more requests
    are submitted; answers under way are awaited.

    :param requests: read when needed; to resume, give each request the same submission in every
        run: ``submission_of_key``.
    :param resume: whether an earlier run may have submitted some requests. The run begins with a
        pause of half a minute, because AWS's reads lag; then each request is looked for first.
    :param lists: makes the client for lists of items on S3; needed by requests with such a list.
    :param rate: most calls a second.
    :raises ValueError: two requests have the same submission.
    """
    clock = clock or Timing()
    stopped = threading.Event()
    paced = _PacedApi(api, clock=clock, rate=rate, stopped=stopped)
    submitter = Submitter(paced, lists=lists, clock=clock, patience=patience)
    if resume:
        clock.sleep(sum(LOOKS))

    def submit(index: int, request: JobRequest) -> Outcome:
        try:
            submitted = submitter.submit(request, look_first=resume, tries_before=0)
        except FargateBatchError as error:
            return Outcome(index=index, request=request, error=error)
        return Outcome(index=index, request=request, submitted=submitted)

    waiting = enumerate(_all_different(requests))
    running: set[Future[Outcome]] = set()
    with ThreadPoolExecutor(threads, thread_name_prefix="submit") as pool:
        try:
            while True:
                for index, request in islice(waiting, 2 * threads - len(running)):
                    running.add(pool.submit(submit, index, request))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _all_different(requests: Iterable[JobRequest]) -> Iterator[JobRequest]:
    marks: set[str] = set()
    for request in requests:
        if request.submission is not None:
            if request.submission.mark in marks:
                raise ValueError(f"two requests have the same submission: {request.job_name}")
            marks.add(request.submission.mark)
        yield request


class Turns:
    """Turns of calls that several threads make, evenly spaced.

    :param limit: calls a second, never exceeded.
    """

    def __init__(self, clock: Timing, limit: float) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Five percent faster every second; the threads' throttles of one second count once.
        self.rate = CallRate(fastest=limit, slowest=1.0, gain=0.05, cut=0.8, settling=1.0)

    def wait(self) -> None:
        """Sleep until the call may be made."""
        with self._lock:
            now = self._clock.now()
            delay = self.rate.delay(now)
            self.rate.called(now + delay)
        self._clock.sleep(delay)

    def accepted(self) -> None:
        """Record an accepted call."""
        with self._lock:
            self.rate.accepted()

    def throttled(self) -> None:
        """Record a throttled call."""
        with self._lock:
            self.rate.throttled(self._clock.now())


class _PacedApi(BatchApi):
    """The calls of a submit, paced."""

    def __init__(
        self, api: BatchApi, *, clock: Timing, rate: float, stopped: threading.Event
    ) -> None:
        super().__init__(api.client)
        self._submits = Turns(clock, rate)
        self._reads = Turns(clock, rate)
        self._stopped = stopped

    def submit_job(self, body: "SubmitJobRequestTypeDef") -> Submitted:
        self._submits.wait()
        if self._stopped.is_set():
            raise FargateBatchError("not submitted: the caller stopped iterating")
        try:
            submitted = super().submit_job(body)
        except Throttled:
            self._submits.throttled()
            raise
        self._submits.accepted()
        return submitted

    def find_jobs(
        self,
        *,
        job_queue: str,
        job_name: str | None = None,
        job_definition: str | None = None,
        next_token: str | None = None,
    ) -> JobPage:
        self._reads.wait()
        return super().find_jobs(
            job_queue=job_queue,
            job_name=job_name,
            job_definition=job_definition,
            next_token=next_token,
        )

    def describe_jobs(self, job_ids: Iterable[str]) -> list[Job]:
        if not (ids := list(job_ids)):
            return []
        self._reads.wait()
        return super().describe_jobs(ids)
