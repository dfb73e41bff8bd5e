"""The result of a job that succeeded, read from the end of its CloudWatch log."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_fargate_batch.aws.logs import LogsApi, error_code
from airflow_fargate_batch.aws.retrying import RetryLimits, retried
from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.items import Address
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.json_text import NotJson, parse
from airflow_fargate_batch.core.log_reading import MISSING
from airflow_fargate_batch.core.log_streams import LogPage, LogRequest, Source, telling_source
from airflow_fargate_batch.core.results import (
    MARKER,
    NotAResult,
    Result,
    last_result,
    result_without,
)
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AwsError,
    ResultMissing,
    Throttled,
    UnusableResult,
)

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.items import ItemsApi

log = logging.getLogger(__name__)

PATIENCE: Final = 30.0
"""Seconds after a job's end in which the last lines may still arrive in CloudWatch Logs."""
PAUSE: Final = 3.0
"""Seconds between two looks."""
PAGE_RETRIES: Final = RetryLimits(errors=(Throttled,), tries=6, base=1.0)
"""Retries of one page: many children are read at the same time. After other errors the next look
begins from the end of the log."""
OBJECT_RETRIES: Final = RetryLimits(tries=6, base=1.0)
"""Retries of a result on S3, which is not looked for again."""
CHILDREN_AT_ONCE: Final = 4
"""Children of an array whose logs are read at the same time. The quota of GetLogEvents is 25 calls
a second in most regions, for the whole account."""
PAGES: Final = 20
"""Most pages to go back through, each of up to 1 MB or 10,000 lines."""


class HasCalls(Protocol):
    """The part of the hook used here."""

    @property
    def logs(self) -> LogsApi:
        """The calls of CloudWatch Logs."""

    @property
    def lists(self) -> "ItemsApi":
        """The calls of S3."""

    def describe(self, job_ids: Iterable[str]) -> list[Job]:
        """Call DescribeJobs."""


class ResultReader:
    """Looks for the last marked line of a job's log, until the log must be complete."""

    def __init__(
        self,
        logs: LogsApi,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._logs = logs
        self._now = now
        self._sleep = sleep

    def read(self, job: Job) -> Result:
        """Return the result of a job that succeeded.

        :raises UnusableResult: the job does not log to CloudWatch, or the line is malformed.
        :raises ResultMissing: no line begins with the marker.
        :raises AwsError: the log cannot be read.
        """
        source = telling_source(job)
        if source is None:
            why = "the job does not log to CloudWatch, where its result would stand"
            advice = "Use the log driver awslogs in the job definition."
            raise UnusableResult(job.id, why, advice)
        ends_at = self._now().timestamp() + self._patience(job)
        while True:
            trouble = None
            try:
                found = self._look(source)
            except NotAResult as error:
                raise UnusableResult(job.id, str(error)) from None
            except AccessDenied:
                raise
            except AwsError as error:
                found, trouble = None, error
            if found is not None:
                return found
            if self._now().timestamp() >= ends_at:
                raise trouble or _missing(job, source)
            self._sleep(PAUSE)

    def _patience(self, job: Job) -> float:
        if job.stopped_at is None:
            return PATIENCE
        return max(PAUSE, PATIENCE - (self._now() - job.stopped_at).total_seconds())

    def _look(self, source: Source) -> Result | None:
        """Look once, from the last page back; the log may not exist yet."""
        try:
            for lines in self._pages(source):
                found = last_result(lines)
                if found is not None:
                    return found
        except AwsError as error:
            if error_code(error) != MISSING:
                raise
        return None

    def _pages(self, source: Source) -> Iterator[list[str]]:
        next_token: str | None = None
        for _ in range(PAGES):
            page = self._get(
                LogRequest(
                    group=source.group, stream=source.stream, next_token=next_token, from_head=False
                )
            )
            yield [line for event in page.events for line in event.text.splitlines()]
            if page.next_token == next_token:
                return
            next_token = page.next_token

    def _get(self, request: LogRequest) -> LogPage:
        return retried(lambda: self._logs.get(request), PAGE_RETRIES, sleep=self._sleep)


def _missing(job: Job, source: Source) -> ResultMissing:
    why = f"no line of log stream {source.stream} begins with {MARKER}"
    advice = f"Print {MARKER} and JSON on one line; the last line with this begin counts."
    return ResultMissing(job.id, why, advice)


class ObjectReader:
    """Reads a result that a job wrote to S3.

    :param store: returns the client for S3, made only if needed.
    """

    def __init__(
        self,
        store: "Callable[[], ItemsApi]",
        *,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store = store
        self._sleep = sleep

    def read(self, job_id: str, name: str, location: Address | None) -> Any:
        """Return the result.

        :param name: name of the object below *location*, of the job's log.
        :raises UnusableResult: there is no *location*, or the object is malformed.
        :raises ResultMissing: the object cannot be read now.
        """
        if location is None:
            why = "the result is on S3, and the task has no `payload_location`"
            raise UnusableResult(job_id, why, "Set `payload_location` as before, and retry.")
        address = location.below(name)
        try:
            return parse(self._text(address))
        except AwsError as error:
            raise ResultMissing(job_id, f"{address} cannot be read: {error}") from error
        except NotJson as error:
            raise UnusableResult(job_id, f"{address} is {error.reason}") from None
        except UnicodeDecodeError:
            raise UnusableResult(job_id, f"{address} is not UTF-8 text") from None

    def _text(self, address: Address) -> str:
        data = retried(lambda: self._store().read(address), OBJECT_RETRIES, sleep=self._sleep)
        return data.decode()


def result_of(
    job: Job,
    hook: HasCalls,
    location: Address | None = None,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], object] = time.sleep,
) -> Any:
    """Return the result of a job that succeeded, without secrets; of an array a list by index.

    :param job: a job from DescribeJobs, or from a trigger's event; the latter has no secrets, so
        the job is described again.
    :param location: prefix on S3 where a long result may be.
    :raises ResultMissing: as in ``ResultReader.read``.
    :raises AwsError: as in ``ResultReader.read``.
    """
    reader = ResultReader(hook.logs, now=now, sleep=sleep)
    if job.array_size is not None:
        return _results_of_children(job, hook, reader)
    job = next(iter(hook.describe([job.id])), job)
    found = reader.read(job)
    value = found.value
    if found.object_name is not None:
        store = ObjectReader(lambda: hook.lists, sleep=sleep)
        value = store.read(job.id, found.object_name, location)
    return _without_secrets(job, value)


def _results_of_children(job: Job, hook: HasCalls, reader: ResultReader) -> list[Any]:
    """Return the results of an array's children by index, some read side by side."""
    ids = [f"{job.id}:{index}" for index in range(job.array_size or 0)]
    log.info("Reading the results of %d children of job %s", len(ids), job.id)
    children = {
        child.id: child
        for start in range(0, len(ids), limits.DESCRIBE_JOBS)
        for child in hook.describe(ids[start : start + limits.DESCRIBE_JOBS])
    }

    def of_child(job_id: str) -> Any:
        child = children.get(job_id)
        if child is None:
            raise ResultMissing(job_id, "AWS does not describe the child")
        return _without_secrets(child, reader.read(child).value)

    with ThreadPoolExecutor(CHILDREN_AT_ONCE) as pool:
        return list(pool.map(of_child, ids))


def _without_secrets(job: Job, value: Any) -> Any:
    shown = result_without(job.secrets, value)
    if shown != value:
        log.warning("Secrets of job %s were struck out of its result", job.id)
    return shown
