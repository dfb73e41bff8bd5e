"""The last log lines of failed jobs, for reports."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, TypeVar

from airflow_fargate_batch.aws.logs import LogsApi, error_code
from airflow_fargate_batch.aws.retrying import RetryLimits, retried
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import MISSING
from airflow_fargate_batch.core.log_streams import (
    LogEvent,
    LogPage,
    LogRequest,
    Source,
    telling_source,
)
from airflow_fargate_batch.core.secrets import without
from airflow_fargate_batch.exceptions import AwsError, Throttled

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

LINES: Final = 20
WIDTH: Final = 1000
"""Characters shown of a line."""
CHILDREN: Final = 3
"""Number of failed children of an array shown with log lines."""
PAGES: Final = 5
"""Most pages to go back through: an empty page may have lines behind."""
TRIES: Final = 5
RETRIES: Final = RetryLimits(errors=(Throttled,), tries=TRIES, base=1.0)
"""Other errors are a warning at once: a failed task does not wait for lines of its log."""
SETTLE: Final = 5.0
"""Seconds from a container's end until the last lines can be read."""


class LogTail:
    """Reads the last lines of jobs, without secrets; unreadable lines are a warning.

    :param count: lines of a job.
    """

    def __init__(
        self,
        logs: LogsApi,
        *,
        count: int = LINES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._logs = logs
        self._count = count
        self._now = now
        self._sleep = sleep

    def of(
        self, job: Job, *, describe: Callable[[list[str]], Iterable[Job]] | None = None
    ) -> list[str]:
        """Return the last lines of a job's last attempt, from the container that decided the end.

        :param describe: asks DescribeJobs again for a job without known secrets, because a job from
            a trigger's event carries none. Without an answer no line is shown.
        """
        try:
            if describe is not None and not job.secrets:
                job = self._persist(lambda: next(iter(describe([job.id])), job))
            return self._read(job)
        except AwsError as error:
            if error_code(error) != MISSING:
                log.warning("Could not read the last log lines of job %s: %s", job.id, error)
            return []

    def of_children(
        self, children: Sequence[Job], *, describe: Callable[[list[str]], Iterable[Job]]
    ) -> list[str]:
        """Return the last lines of an array's first few failed children, each after the index.

        :param children: children from ListJobs, without log streams.
        :param describe: asks DescribeJobs for the log streams.
        """
        ids = [child.id for child in children[:CHILDREN]]
        try:
            known = {job.id: job for job in describe(ids)} if ids else {}
        except AwsError as error:
            log.warning("Could not find the log streams of the failed children: %s", error)
            return []
        return [
            f"[{job_id.rpartition(':')[2]}] {line}"
            for job_id in ids
            if job_id in known
            for line in self.of(known[job_id])
        ]

    def _read(self, job: Job) -> list[str]:
        source = telling_source(job)
        if source is None:
            return []
        self._sleep(self._until_settled(job))
        lines: list[str] = []
        for events in self._pages(source):
            lines = [line for event in events for line in event.text.splitlines()] + lines
            if len(lines) >= self._count:
                break
        return [without(job.secrets, line)[:WIDTH] for line in lines[-self._count :]]

    def _pages(self, source: Source) -> Iterator[Sequence[LogEvent]]:
        """Yield pages from the end backwards."""
        next_token: str | None = None
        for _ in range(PAGES):
            page = self._get(
                LogRequest(
                    group=source.group,
                    stream=source.stream,
                    next_token=next_token,
                    from_head=False,
                    limit=self._count,
                )
            )
            yield page.events
            if page.next_token == next_token:
                return
            next_token = page.next_token

    def _get(self, request: LogRequest) -> LogPage:
        return self._persist(lambda: self._logs.get(request))

    def _persist(self, call: Callable[[], Answer]) -> Answer:
        return retried(call, RETRIES, sleep=self._sleep)

    def _until_settled(self, job: Job) -> float:
        """Return the seconds to wait for the lines of a job that ended just now."""
        if job.stopped_at is None:
            return 0.0
        since = (self._now() - job.stopped_at).total_seconds()
        return min(SETTLE, max(0.0, SETTLE - since))
