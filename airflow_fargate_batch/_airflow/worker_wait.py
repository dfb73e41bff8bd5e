"""The wait for a job in a worker, with the job's log if wanted."""

from collections.abc import Callable, Iterable
from typing import Any

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import QUIET
from airflow_fargate_batch.core.log_streams import LogLine
from airflow_fargate_batch.core.results import line_for_task
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.watching.following import follow
from airflow_fargate_batch.watching.log_follower import LogFollower


class WorkerWait:
    """A wait for a job; each change of the job becomes a line of the task's log.

    :param wait: the limits of the wait.
    :param lines: follower of the job's log; ``None`` means the log is not read.
    :param log: logger of the task; not a ``logging.Logger`` on Airflow 3.
    """

    def __init__(
        self, api: BatchApi, wait: Wait, lines: LogFollower | None, log: Any, *, clock: Timing
    ) -> None:
        self._api = api
        self._wait = wait
        self._lines = lines
        self._log = log
        self._clock = clock

    def run(self, *, interval: float, on_change: Callable[[Job], None] | None) -> Job:
        """Return the ended job.

        :param interval: seconds between two questions.
        :param on_change: called with the job at each change.
        :raises JobTimedOut: the job did not end or start in time, or never can start.
        :raises JobLost: AWS no longer knows the job.
        :raises AwsError: AWS refused DescribeJobs for five minutes.
        """
        last = Job(id=self._wait.job_id)
        changes = follow(
            [last.id],
            describe=self._describe,
            interval=interval,
            now=self._clock.now,
            sleep=self._clock.sleep,
            chance=self._clock.random,
        )
        for change in changes:
            job, line = self._observe(change)
            if line:
                self._log.info("%s", line)
            if job is not None:
                last = job
                if self._lines:
                    self._lines.observe(job)
                if on_change:
                    on_change(job)
            self._log_lines(self._lines.read() if self._lines else (), last.secrets)
            if last.status.is_final:
                break
        if self._lines:
            self._finish_log(self._lines, last)
        return last

    def _observe(self, change: Job | None) -> tuple[Job | None, str | None]:
        """Let the wait observe a change or, if the time is over, a last look.

        :return: the job, if seen, and the line to log.
        """
        now = self._clock.date()
        if change is not None:
            return change, self._wait.observe(change, now)
        if not self._wait.is_over(now):
            return None, None
        job = self._last_look()
        return job, self._wait.decide(job, now)

    def _last_look(self) -> Job | None:
        """Ask about the job once; ``None`` if AWS does not answer."""
        job_id = self._wait.job_id
        try:
            return next(iter(self._api.describe_jobs([job_id])), None)
        except AwsError as error:
            self._log.warning("Could not read the state of job %s: %s", job_id, error)
            return None

    def _describe(self, job_ids: list[str]) -> list[Job]:
        """Ask about jobs, and in the same call about the child with the followed log."""
        child = [self._lines.child_id] if self._lines and self._lines.child_id else []
        jobs = self._api.describe_jobs(dict.fromkeys([*job_ids, *child]))
        for job in jobs:
            if self._lines and job.id in child:
                self._lines.observe(job)
        return jobs

    def _finish_log(self, lines: LogFollower, job: Job) -> None:
        """Log the rest of the job's log; first ask about the child of an ended array."""
        if lines.child_id is not None:
            try:
                self._describe([])
            except AwsError as error:
                self._log.warning("Could not find the rest of the job's log: %s", error)
        if not lines.is_complete:
            self._log.info(
                "Job %s has ended; reading its log until no new line arrives for %.0f s",
                job.id,
                QUIET,
            )
        self._log_lines(lines.rest(), job.secrets)

    def _log_lines(self, lines: Iterable[LogLine], secrets: tuple[str, ...]) -> None:
        """Log lines without the job's secrets, also secrets of the job definition."""
        for line in lines:
            self._log.info("%s", line_for_task(line, secrets))
