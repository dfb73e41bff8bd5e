"""The CloudWatch logs of jobs, followed while the jobs run and to the last line.

A log that cannot be read is a warning, never an exception. A worker and the command line use
``LogFollower``; an event loop has a ``LogsGate`` and for each job an ``AsyncLogFollower``.
``core.log_reading`` decides on the next page to read and on the new lines.
"""

import asyncio
import logging
import random
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
)
from typing import Final

from airflow_fargate_batch.aws.logs import LogsApi, error_code
from airflow_fargate_batch.core.call_rate import CallRate
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import QUIET, LogReader, Position, read_rate
from airflow_fargate_batch.core.log_streams import (
    LogLine,
    LogPage,
    LogRequest,
    chosen_child,
    nothing_to_read,
)
from airflow_fargate_batch.exceptions import AwsError, Throttled

log = logging.getLogger(__name__)
FETCH_INTERVAL: Final = 30.0
"""Seconds between two reads of the log of a running job."""
PAGES_AT_ONCE: Final = 20
"""Most pages in a call of ``LogFollower.read``, so that the end of a chatty job is not missed."""
CALLS_AT_ONCE: Final = 2
"""Threads for logs in an event loop; DescribeJobs needs the rest of the few threads."""
BREATH: Final = 50
"""Lines yielded before the event loop may run other tasks."""


class _Follower:
    """Base of the followers; subclasses make the calls.

    Attributes:
        child_id: The chosen child of an array, once the array was observed; updates of the child
            must then be passed to ``observe`` as well.
        position: Position after the last yielded line: JSON-able, for another follower of the same
            job. A page counts after the page's last line.
    """

    def __init__(
        self,
        *,
        rate: CallRate,
        interval: float,
        quiet: float,
        index: int | None,
        position: Position | None,
        now: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._rate = rate
        self._index = index
        self._now = now
        self._reader = LogReader(interval=interval, chance=chance, quiet=quiet, position=position)
        self._has_explained = False
        self.child_id: str | None = None
        self.position = self._reader.position

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to read, now or later."""
        return self._reader.is_complete

    def observe(self, job: Job) -> None:
        """Observe the job's present state."""
        if child := chosen_child(job, self._index):
            self.child_id = child
        else:
            self._reader.observe(job, self._now())
        if not self._has_explained and (why := nothing_to_read(job, self._index)):
            self._has_explained = True
            log.info("%s", why)

    def finish(self) -> None:
        """Observe that no more updates of the job will come."""
        self._reader.finish(self._now())

    def _digest(self, request: LogRequest, answer: LogPage | Exception) -> list[LogLine]:
        if isinstance(answer, LogPage):
            self._rate.accepted()
            return self._reader.take(request, answer, self._now())
        if isinstance(answer, Throttled):
            self._rate.throttled(self._now())
        if warning := self._reader.failed(request, answer, error_code(answer), self._now()):
            log.warning("%s", warning)
        return []


class LogFollower(_Follower):
    """Follows the log of a job, in the caller's thread.

    :param interval: seconds between two reads while the job runs.
    :param quiet: seconds without a new line after which an ended job's log is complete.
    :param index: index of the child of an array to follow, as an array has no log.
    :param position: position of another follower of the job.
    """

    def __init__(
        self,
        logs: LogsApi,
        *,
        interval: float = FETCH_INTERVAL,
        quiet: float = QUIET,
        index: int | None = None,
        position: Position | None = None,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            rate=read_rate(),
            interval=interval,
            quiet=quiet,
            index=index,
            position=position,
            now=now,
            chance=chance,
        )
        self._logs = logs
        self._sleep = sleep

    def read(self) -> Iterator[LogLine]:
        """Yield new lines if a read is due; may be called at any time."""
        for _ in range(PAGES_AT_ONCE):
            request = self._reader.next_request(self._now())
            if request is None:
                return
            self._sleep(self._rate.delay(self._now()))
            self._rate.called(self._now())
            yield from self._digest(request, self._get(request))
            self.position = self._reader.position

    def rest(self) -> Iterator[LogLine]:
        """Yield the rest of the log of an ended job, up to the last line."""
        self.finish()
        while not self.is_complete:
            yield from self.read()
            due = self._reader.due_at()
            if due is not None:
                self._sleep(max(0.0, due - self._now()))

    def _get(self, request: LogRequest) -> LogPage | Exception:
        try:
            return self._logs.get(request)
        except AwsError as error:
            return error


class LogsGate:
    """Gate to CloudWatch Logs for all followers of an event loop: a common rate, in order.

    :param connect: returns the client, the same each time.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[LogsApi]],
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.rate = read_rate()
        self._connect = connect
        self._now = now
        self._sleep = sleep
        self._room = asyncio.Semaphore(CALLS_AT_ONCE)
        self._turn = asyncio.Lock()

    async def get(self, request: LogRequest) -> LogPage:
        """Read a page as soon as the rate allows."""
        async with self._room:
            async with self._turn:
                await self._sleep(self.rate.delay(self._now()))
                self.rate.called(self._now())
            logs = await self._connect()
            return await asyncio.to_thread(logs.get, request)


class AsyncLogFollower(_Follower):
    """Follows the log of a job in an event loop: ``async for line in follower``.

    The iteration ends with the last line of an ended job, so the caller must pass the job's updates
    to ``observe`` meanwhile. A cancelled iteration loses no line.

    Attributes:
        moved: Set at each new position.

    :param interval: seconds between two reads while the job runs.
    :param quiet: seconds without a new line after which an ended job's log is complete.
    :param index: index of the child of an array to follow, as an array has no log.
    :param position: position of another follower of the job.
    """

    def __init__(
        self,
        gate: LogsGate,
        *,
        interval: float = FETCH_INTERVAL,
        quiet: float = QUIET,
        index: int | None = None,
        position: Position | None = None,
        now: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        super().__init__(
            rate=gate.rate,
            interval=interval,
            quiet=quiet,
            index=index,
            position=position,
            now=now,
            chance=chance,
        )
        self._gate = gate
        self._news = asyncio.Event()
        self.moved = asyncio.Event()

    def observe(self, job: Job) -> None:
        """Observe the job's present state, and read at once if the job has ended."""
        super().observe(job)
        self._news.set()

    def finish(self) -> None:
        """Observe that no more updates of the job will come."""
        super().finish()
        self._news.set()

    async def __aiter__(self) -> AsyncIterator[LogLine]:
        while not self.is_complete:
            request = self._reader.next_request(self._now())
            if request is None:
                await self._pause()
                continue
            lines = self._digest(request, await self._get(request))
            for number, line in enumerate(lines, start=1):
                yield line
                if number % BREATH == 0:
                    await asyncio.sleep(0)
            if lines:
                self.position = self._reader.position
                self.moved.set()

    async def _pause(self) -> None:
        """Sleep until a read is due or the job has an update."""
        due = self._reader.due_at()
        self._news.clear()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._now())):
                await self._news.wait()
        except TimeoutError:
            return

    async def _get(self, request: LogRequest) -> LogPage | Exception:
        try:
            return await self._gate.get(request)
        except Exception as error:  # noqa: BLE001 - a connection can fail in any way; a log is no reason to fail a task
            return error
