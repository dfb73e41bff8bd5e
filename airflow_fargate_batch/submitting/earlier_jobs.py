"""Search for the jobs of a submission, by name, by definition and by tag, in reads that lag."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.naming import LIFE_TAG, base_name
from airflow_fargate_batch.core.recognition import (
    CLOCKS_DIFFER,
    SCHEDULER_DIFFERS,
    belongs_to_life,
    former_name,
    is_former,
    is_named,
    is_of,
    uses_definition,
)
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AccessDenied, JobQueueNotFound

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.core.job import Job
    from airflow_fargate_batch.submitting.retrying import Timing

log = logging.getLogger(__name__)
Search = Callable[[JobRequest, float], "list[Job]"]

PAGES: Final = 10
"""Most pages of ListJobs in a search, 100 jobs each. The jobs are described as far as needed: at
most 20 calls, for any number of jobs with the same name."""
DATE_ROUNDS: Final = timedelta(seconds=2)
"""Most that AWS's clock may be ahead of the ``Date`` header, which has whole seconds."""

_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class Lookup:
    """Searches for the jobs of submissions.

    :param warn: called with a text and its values, once for each text.
    """

    def __init__(self, api: BatchApi, clock: Timing, warn: Callable[..., None]) -> None:
        self._api = api
        self._clock = clock
        self._warn = warn

    def looks(
        self,
        request: JobRequest,
        until: float,
        *,
        pauses: Sequence[float],
        enough: int | None,
        older: bool = False,
    ) -> Iterator[list[Job]]:
        """Yield the jobs of earlier tries, newest first, search by search, because reads lag.

        A search follows each pause. The first search reaches back to the start of the DAG run, or
        for older generations as far as AWS does; later searches reach back to the first search.

        :param enough: most jobs possible; when as many have been found, the looks end.
        :param older: whether to look for jobs of older generations instead.
        """
        seen: set[str] = set()
        since: datetime | None = None
        for number, pause in enumerate(pauses, start=1):
            self._clock.sleep(pause)
            now = self._clock.date()
            searches: list[Search] = [partial(self.find, since=since, older=older)]
            if since is None and former_name(request):
                searches.append(partial(self._find_former, older=older))
            if not older and (number == len(pauses) or (since is None and not is_named(request))):
                searches.append(self.find_by_definition)
            for search in searches:
                try:
                    found = search(request, until)
                except AccessDenied as error:
                    self._say_denied(error)
                    return
                yield found
                seen.update(job.id for job in found if older or not self.objection(job, request))
                if enough is not None and len(seen) >= enough:
                    return
            since = since or now

    def find(
        self,
        request: JobRequest,
        until: float,
        *,
        since: datetime | None = None,
        older: bool = False,
    ) -> list[Job]:
        """Ask once for the jobs of a submission with the request's name, newest first.

        :param since: moment by the local clock. Jobs well before the moment are left out; default:
            the start of the DAG run.
        :param older: whether to ask for jobs of older generations instead, however old.
        """
        if older:
            name = _any_generation(request, request.job_name)
            return self._of(request, until, job_name=name, older=True)
        return self._of(
            request, until, job_name=request.job_name, since=since or self._began(request)
        )

    def _find_former(self, request: JobRequest, until: float, *, older: bool) -> list[Job]:
        """Ask for the jobs submitted in the DAG run by an earlier version of the package."""
        name = former_name(request)
        if name is None:
            return []
        name = _any_generation(request, name) if older else name
        return self._of(request, until, job_name=name, since=self._began(request), older=older)

    def find_by_definition(
        self, request: JobRequest, until: float, *, since: datetime | None = None
    ) -> list[Job]:
        """Ask once for the jobs of a submission with any name, by definition and tag.

        Finds a job if the name has changed between tries. AWS lists the jobs of a definition by
        date alone, but groups the jobs of a name by revision: there old jobs may precede new jobs.

        :param since: moment by the local clock; default: the start of the DAG run. If both are
            unknown, nothing is looked for.
        """
        since = since or self._began(request)
        if since is None:
            return []
        definition = base_name(request.job_definition)
        return self._of(request, until, job_definition=definition, since=since)

    def _of(
        self,
        request: JobRequest,
        until: float,
        *,
        since: datetime | None = None,
        older: bool = False,
        **listed: str,
    ) -> list[Job]:
        """List the jobs of each queue, and return the jobs of the submission, newest first."""
        found: list[Job] = []
        for queue in request.queues:
            try:
                found += self._of_queue(queue, request, until, since=since, older=older, **listed)
            except JobQueueNotFound as error:
                if queue == request.job_queue:
                    raise
                # No try can have submitted to a queue that does not exist.
                self._warn("The fallback queue %s was not found: %s", queue, error.message)
        if len(request.queues) > 1:
            found.sort(key=lambda job: job.created_at or _ALWAYS, reverse=True)
        return found

    def _of_queue(
        self,
        job_queue: str,
        request: JobRequest,
        until: float,
        *,
        since: datetime | None,
        older: bool,
        **listed: str,
    ) -> list[Job]:
        """List jobs of a queue page by page, and return the jobs of the submission."""
        find = partial(self._api.find_jobs, job_queue=job_queue, **listed)
        found: list[Job] = []
        definitions: set[str | None] = set()
        next_token: str | None = None
        for _ in range(PAGES):
            page = self._clock.persist(partial(find, next_token=next_token), until)
            bound = self.by_aws(since) - CLOCKS_DIFFER if since else _ALWAYS
            recent = [job for job in page.jobs if (job.created_at or bound) >= bound]
            jobs = self._with_tags(recent, request, until)
            found += [job for job in jobs if self._is_of(job, request, older=older)]
            definitions.update(job.definition for job in page.jobs)
            is_behind = len(recent) < len(page.jobs) and len(definitions) == 1
            if page.next_token is None or is_behind:  # newest first, but grouped by definition
                return found
            next_token = page.next_token
        self._warn(
            "Stopped the search in queue %s (%s) after the newest %s jobs. Older jobs of this "
            "task, if there are any, are neither adopted nor terminated.",
            job_queue,
            ", ".join(f"{key} {value}" for key, value in listed.items()),
            PAGES * limits.LIST_JOBS_PAGE,
        )
        return found

    def objection(self, job: Job, request: JobRequest) -> str | None:
        """Return the reason why a job with the right name or tag is not of this DAG run."""
        if not self._is_of_this_life(job, request):
            began = job.tags.get(LIFE_TAG)
            return (
                f"it was submitted for another DAG run, which began at {began}"
                if began
                else "it was created before this DAG run began"
            )
        if not uses_definition(job, request):
            return f"its job definition is {job.definition}, not {request.job_definition}"
        return None

    def _is_of(self, job: Job, request: JobRequest, *, older: bool) -> bool:
        """Report whether a job belongs to a submission.

        The token of an earlier version of the package does not name the deployment. For such jobs
        of older generations only the date excludes jobs of other Airflow installations.
        """
        if not is_of(job, request, older=older):
            return False
        return not (older and is_former(job, request)) or self._is_of_this_life(job, request)

    def _is_of_this_life(self, job: Job, request: JobRequest) -> bool:
        if request.submission is None:
            return False
        began = self._began(request)
        tolerance = CLOCKS_DIFFER if self._api.clock_ahead is None else SCHEDULER_DIFFERS
        return belongs_to_life(job, request.submission, began and self.by_aws(began) - tolerance)

    def _began(self, request: JobRequest) -> datetime | None:
        """Return the start of the DAG run, by the scheduler's clock; ``None`` means not known.

        ``dag.test()`` starts a run at the logical date, perhaps in the future.
        """
        began = request.submission.life if request.submission else None
        return None if began is None or began > self._clock.date() + CLOCKS_DIFFER else began

    def is_created_since(self, moment: datetime, job: Job) -> bool:
        """Report whether AWS created a job after a moment by the local clock."""
        tolerance = CLOCKS_DIFFER if self._api.clock_ahead is None else DATE_ROUNDS
        return job.created_at is not None and job.created_at >= self.by_aws(moment) - tolerance

    def by_aws(self, moment: datetime) -> datetime:
        """Convert a moment by the local clock to AWS's clock, as far as known."""
        return moment + (self._api.clock_ahead or timedelta())

    def _with_tags(self, page: list[Job], request: JobRequest, until: float) -> list[Job]:
        """Describe the jobs of a ListJobs page, which has no tags; keep jobs that AWS leaves out.

        :raises AccessDenied: the jobs can neither be described nor recognised by name.
        """
        describe = partial(self._api.describe_jobs, [job.id for job in page])
        try:
            described = self._clock.persist(describe, until)
        except AccessDenied as error:
            if not is_named(request):
                raise
            self._warn("%s Jobs are recognised by name only.", error)
            return page
        return list(({job.id: job for job in page} | {job.id: job for job in described}).values())

    def _say_denied(self, error: AccessDenied) -> None:
        self._warn(
            "%s Jobs of earlier tries are neither adopted nor terminated. Grant the IAM action %s "
            "to find such jobs.",
            error.message,
            error.action,
        )


def _any_generation(request: JobRequest, name: str) -> str:
    """Return a pattern for a default name of any generation; a given name stays."""
    submission = request.submission
    if submission is None or not is_named(request):
        return name
    return f"{name.removesuffix(str(submission.generation))}*"
