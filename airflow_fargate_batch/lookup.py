"""Find the jobs of a submission, by name and then by tag, in reads that lag behind writes."""

import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from airflow_fargate_batch.aws import BatchApi
from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.naming import SUBMISSION_TAG
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import AccessDenied, AnswerLost, Throttled, Unreachable

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

CLOCKS_DIFFER: Final = timedelta(hours=1)
"""More than a clock may differ from AWS's, which then refuses the signatures of requests."""


WILL_RETRY: Final = "%s; will retry for up to %.0f s"
"""What is logged about a call that failed and is made again."""


def _date() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, so that tests need neither."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    date: Callable[[], datetime] = _date

    def persist(self, call: Callable[[], Answer], until: float) -> Answer:
        """Make a call that may be made twice until it goes through."""
        attempt = 0
        while True:
            try:
                return call()
            except (Throttled, Unreachable, AnswerLost) as error:
                if self.now() >= until:
                    raise
                log.info(WILL_RETRY, error.message, until - self.now())
            self.pause(attempt)
            attempt += 1

    def pause(self, attempt: int) -> None:
        """Sleep before the next attempt; they count from 0."""
        self.sleep(full_jitter(attempt, self.random()))


class Lookup:
    """Looks for the jobs of one submission after the other.

    :param warn: called with a text and its values, about a permission that is missing.
    """

    def __init__(self, api: BatchApi, clock: Clock, warn: Callable[..., None]) -> None:
        self._api = api
        self._clock = clock
        self._warn = warn

    def looks(
        self,
        request: JobRequest,
        until: float,
        *,
        pauses: Iterable[float],
        enough: int | None,
        older: bool = False,
    ) -> Iterator[list[Job]]:
        """Yield what there is to see of earlier tries, after each pause, because reads lag.

        The first look goes back as far as AWS does, the others to what it may not have shown.

        :param enough: how many jobs there can be: when all are in sight, the looks end.
        """
        seen: set[str] = set()
        since = None
        for pause in pauses:
            self._clock.sleep(pause)
            begun = self._clock.date()
            try:
                found = self.find(request, until, since=since, older=older)
            except AccessDenied as error:
                self._warn(
                    "%s What earlier tries submitted is not known: it is neither adopted nor "
                    "terminated. Allow %s to change this.",
                    error.message,
                    error.action,
                )
                return
            yield found
            seen.update(job.id for job in found)
            if enough is not None and len(seen) >= enough:
                return
            since = since or begun - CLOCKS_DIFFER

    def find(
        self,
        request: JobRequest,
        until: float,
        *,
        since: datetime | None = None,
        older: bool = False,
    ) -> list[Job]:
        """Ask once for all jobs of a submission, newest first.

        :param since: where to stop, as a name that many jobs share has pages without end.
        :param older: ask for those of earlier generations instead.
        """
        name = request.job_name
        submission = request.submission
        if older and submission is not None and is_named(request):
            name = f"{name.removesuffix(str(submission.generation))}*"
        find = partial(self._api.find_jobs, job_queue=request.job_queue, job_name=name)
        found: list[Job] = []
        token: str | None = None
        while True:
            page = self._clock.persist(partial(find, next_token=token), until)
            jobs = self._with_tags(page.jobs, request, until)
            found += [job for job in jobs if _is_of(job, request, older=older)]
            oldest = page.jobs[-1].created_at if page.jobs else None
            if page.next_token is None or (since and oldest and oldest < since):
                return found
            token = page.next_token

    def _with_tags(self, page: list[Job], request: JobRequest, until: float) -> list[Job]:
        """Describe the jobs of a ListJobs page, which has no tags; what AWS leaves out stays.

        :raises AccessDenied: they can neither be described nor told by their names.
        """
        describe = partial(self._api.describe_jobs, [job.id for job in page])
        try:
            described = self._clock.persist(describe, until)
        except AccessDenied as error:
            if not is_named(request):
                raise
            self._warn("%s Jobs are recognised by their names alone.", error)
            return page
        return list(({job.id: job for job in page} | {job.id: job for job in described}).values())


def to_adopt(found: list[Job]) -> Job | None:
    """Choose the job that earlier tries left, if any; *found* has the newest first.

    No submission goes on after a success: one with newer jobs after it was made for a DAG run that
    has been deleted since, and whose id was given to another.
    """
    for job in found:
        if job.is_terminated or job.is_cancelled:
            continue
        if job.status.is_live or (job.status is JobStatus.SUCCEEDED and job is found[0]):
            return job
    return None


def is_named(request: JobRequest) -> bool:
    """Tell whether the name alone identifies the submission, as a default name does."""
    return request.submission is not None and request.job_name.endswith(request.submission.mark)


def _is_of(job: Job, request: JobRequest, *, older: bool) -> bool:
    """Tell a job of this submission, or of an older generation, by its tag or by a default name."""
    submission = request.submission
    if submission is None:
        return False
    mark = job.tags.get(SUBMISSION_TAG) or "-".join((job.name or "").split("-")[-2:])
    if not older:
        return mark == submission.mark
    token, _, generation = mark.partition("-")
    if token != submission.token or not generation.isdecimal():
        return False
    return int(generation) < submission.generation
