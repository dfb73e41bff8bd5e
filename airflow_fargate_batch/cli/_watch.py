"""Wait for jobs in a shell, with the same rules and messages as a waiting Airflow task."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.cli import _clients, _console
from airflow_fargate_batch.cli._jobs import named
from airflow_fargate_batch.cli._log import connect_tail
from airflow_fargate_batch.cli._progress import View, view
from airflow_fargate_batch.cli._shared_options import WaitingOptions
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core import polling
from airflow_fargate_batch.core.giving_up import left_running, report
from airflow_fargate_batch.core.items import Items
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.status import FINAL, JobStatus
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.exceptions import AccessDenied, AwsError, JobLost, JobTimedOut
from airflow_fargate_batch.watching.conclusion import conclude, explained, last_lines
from airflow_fargate_batch.watching.following import follow
from airflow_fargate_batch.watching.log_tail import LogTail

LAG: Final = 30.0
"""Seconds after SubmitJob in which DescribeJobs may not show the job yet."""
UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(:[0-9]+)?")
"""Pattern of AWS's job ids. AWS documents no pattern, so an id that does not match is still read
from AWS; without an answer, the job counts as unknown at once, not after ``LAG``."""

ENOUGH_LOOKS: Final = 2
"""Number of reads without the job before the job counts as unknown."""
TAILS: Final = 3
"""Number of failed jobs reported with their last log lines: reading a log takes seconds."""


class WaitResult(NamedTuple):
    """Result of the wait for a job.

    Attributes:
        job: The job as last read; only an id if AWS never showed the job.
        summary: The job's summary for JSON.
        succeeded: Whether the job is SUCCEEDED.
    """

    job: Job
    summary: dict[str, Any]
    succeeded: bool


def wait_for(
    api: BatchApi,
    job_ids: list[str],
    options: WaitingOptions,
    *,
    just_submitted: bool = False,
    items: Items | None = None,
) -> list[WaitResult]:
    """Wait for jobs; return the outcomes in the order of the ids.

    Each failure is reported as soon as the job has failed.

    :param just_submitted: whether this command submitted the jobs: they exist even if AWS does not
        show them yet.
    :param items: list that the children of the only job share.
    """
    timeout = _span(options.timeout)
    vigil = Vigil(
        api,
        job_ids,
        until=_clients.CLOCK.date() + timeout if timeout else None,
        limit=f"--timeout is {duration(timeout)}" if timeout else None,
        runnable_timeout=_span(options.runnable_timeout),
        starting_timeout=_span(options.starting_timeout),
        region=api.region,
        tail=cache(partial(connect_tail, options, api.region)),
        just_submitted=just_submitted,
        items=items,
    )
    try:
        with view() as shown:
            vigil.keep(shown, interval=options.poll_interval)
    except (KeyboardInterrupt, AwsError):
        if text := left_running(vigil.awaited_jobs, region=api.region):
            _console.note(text)
        raise
    return [vigil.outcomes[job_id] for job_id in job_ids]


def _span(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


class Vigil:
    """Follows several jobs until each has an outcome.

    :param until: time to give up on all jobs. ``None`` means never.
    :param limit: origin of *until*, for messages.
    :param runnable_timeout: longest time that a job may stay RUNNABLE without a break.
    :param starting_timeout: longest time that a job may stay STARTING without a break.
    :param tail: returns the reader of last log lines, made at the first call.
    """

    def __init__(
        self,
        api: BatchApi,
        job_ids: list[str],
        *,
        until: datetime | None,
        limit: str | None,
        runnable_timeout: timedelta | None,
        starting_timeout: timedelta | None,
        region: str,
        tail: Callable[[], LogTail],
        just_submitted: bool = False,
        items: Items | None = None,
    ) -> None:
        self._items = items
        self._api = api
        self._tail = tail
        self._failures = 0
        self._region = region
        self._waits = {
            job_id: Wait(
                job_id,
                until=until,
                limit=limit,
                runnable_timeout=runnable_timeout,
                starting_timeout=starting_timeout,
            )
            for job_id in job_ids
        }
        self._jobs = {job_id: Job(id=job_id) for job_id in job_ids}
        self._missed: set[str] = set()
        self._just_submitted = just_submitted
        self._looks: Counter[str] = Counter()
        self._begun = _clients.CLOCK.now()
        self.outcomes: dict[str, WaitResult] = {}

    @property
    def awaited(self) -> list[str]:
        """Ids of the jobs without an outcome."""
        return [job_id for job_id in self._waits if job_id not in self.outcomes]

    @property
    def awaited_jobs(self) -> list[Job]:
        """Jobs without an outcome, as last read."""
        return [self._jobs[job_id] for job_id in self.awaited]

    def keep(self, shown: View, *, interval: float) -> None:
        """Wait for the jobs, and show progress.

        :raises AwsError: the first read failed. A missing permission at the first read is retried,
            because a new IAM policy takes effect after some seconds. Later reads are retried.
        """
        self._show(shown)
        with suppress(AccessDenied):
            for job in _clients.persist(partial(self._describe, self.awaited)):
                self._update(job, shown)
        self._give_up_on_unknown()
        if self.awaited:
            self._follow(shown, interval)
        self._show(shown)

    def _follow(self, shown: View, interval: float) -> None:
        clock = _clients.CLOCK
        changes = follow(
            self.awaited,
            describe=self._describe,
            interval=interval,
            now=clock.now,
            sleep=clock.sleep,
            chance=clock.random,
            times=polling.POLL_TIMES,
        )
        try:
            for job in changes:
                if job is None:
                    self._give_up_on_unknown()
                    self._check_the_time(shown)
                    self._show(shown)
                elif job.id not in self.outcomes:
                    self._update(job, shown)
                if len(self.outcomes) == len(self._waits):
                    break
        except JobLost:  # raised for the first unknown job, after all other jobs have ended
            for job_id in self.awaited:
                self._give_up(JobLost(job_id, self._jobs[job_id].status_text), job_id)

    def _describe(self, job_ids: list[str]) -> list[Job]:
        found = self._api.describe_jobs(job_ids)
        self._looks.update(job_ids)
        missing = self._jobs.keys() & set(job_ids) - {job.id for job in found} - self._missed
        missing = {job_id for job_id in missing if not self._jobs[job_id].status_text}
        self._missed |= missing
        if expected := sorted(job_id for job_id in missing if self._may_appear(job_id)):
            _console.note(f"AWS Batch does not show {named(expected)} in {self._region} yet")
        return found

    def _may_appear(self, job_id: str) -> bool:
        """Return whether a job that AWS does not show may appear later (reads lag)."""
        if self._just_submitted:
            return True  # ``follow`` gives up by itself
        if not UUID.fullmatch(job_id):
            return False
        return self._looks[job_id] < ENOUGH_LOOKS or _clients.CLOCK.now() - self._begun < LAG

    def _give_up_on_unknown(self) -> None:
        for job_id in self.awaited:
            if not self._jobs[job_id].status_text and not self._may_appear(job_id):
                advice = f"Check the id and the region ({self._region})."
                self._give_up(JobLost(job_id, None), job_id, advice)

    def _update(self, job: Job, shown: View) -> None:
        self._jobs[job.id] = job
        change = self._waits[job.id].observe(job, _clients.CLOCK.date())
        if change:
            shown.report(change)
        if job.status.is_final:
            self._conclude(job)

    def _conclude(self, job: Job) -> None:
        tail = self._tail if self._failures < TAILS else None
        items = self._items if self._items and self._items.is_list_of(job.tags) else None
        end = conclude(
            job,
            task=None,
            api=lambda: self._api,
            tail=tail,
            items=(lambda: items) if items else None,
        )
        self.outcomes[job.id] = WaitResult(job, end.summary, end.failure is None)
        if end.failure is not None:
            self._failures += 1
            _console.error(in_flags(str(end.failure)) + _how_to_read(job, end.summary))

    def _check_the_time(self, shown: View) -> None:
        """Read the jobs whose time is over once more; give up on those without progress."""
        now = _clients.CLOCK.date()
        over = [job_id for job_id in self.awaited if self._waits[job_id].is_over(now)]
        if not over:
            return
        found: dict[str, Job] = {}
        try:
            found = {job.id: job for job in self._describe(over)}
        except AwsError as error:
            _console.warning(f"Could not read the state of {named(over)}: {in_flags(str(error))}")
        for job_id in over:
            self._decide(job_id, found.get(job_id), shown)

    def _decide(self, job_id: str, job: Job | None, shown: View) -> None:
        self._jobs[job_id] = job or self._jobs[job_id]
        try:
            change = self._waits[job_id].decide(job, _clients.CLOCK.date())
        except JobTimedOut as error:
            self._give_up(error, job_id)
            return
        if change:
            shown.report(change)
        if job is not None and job.status.is_final:
            self._conclude(job)

    def _give_up(
        self, error: JobTimedOut | JobLost, job_id: str, advice: str | None = None
    ) -> None:
        job = self._jobs[job_id]
        if isinstance(error, JobLost):
            _console.error(in_flags("\n".join(filter(None, (str(error), advice)))))
        else:
            became = left_running([job], region=self._region)
            text = "\n".join(line for line in (error.message, error.state, became) if line)
            is_among_first = self._failures < TAILS
            self._failures += 1
            text = report(
                text,
                job=job,
                region=self._region,
                log_lines=last_lines(job, self._tail) if is_among_first else (),
                advice=error.advice,
                explanation=explained(job, lambda: self._api) if is_among_first else None,
            )
            _console.error(in_flags(text))
        self.outcomes[job_id] = WaitResult(job, job.to_summary(), succeeded=False)

    def _show(self, shown: View) -> None:
        counts = Counter(job.status_text for job in self._jobs.values() if job.status_text)
        shown.show("jobs", len(self.outcomes), len(self._jobs), _others(counts.items()))
        children: Counter[str] = Counter()
        size = 0
        for job in self._jobs.values():
            if job.array_size is not None:
                size += job.array_size
                children.update(job.counts)
        if size:
            ended = sum(children[status] for status in FINAL)
            shown.show("children", ended, size, _others(children.items()))


def _others(counts: Iterable[tuple[str, int]]) -> str:
    """Return the counts of all states but SUCCEEDED: ``1 FAILED, 3 RUNNING``."""
    return ", ".join(
        f"{count} {status}" for status, count in counts if status != JobStatus.SUCCEEDED
    )


def _how_to_read(job: Job, summary: dict[str, Any]) -> str:
    """Return the command that reads the log of a failed array's first failed child."""
    failed = summary.get("array", {}).get("failed_indexes")
    if not failed:
        return ""
    index = job.indexes.index(failed[0]) if failed[0] in job.indexes else failed[0]
    return f"\nTo read the log of a failed child: fargate-batch logs {job.id} --index {index}"
