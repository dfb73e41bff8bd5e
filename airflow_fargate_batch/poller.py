"""Waiting for jobs: one DescribeJobs loop for everybody who waits, in asyncio or without it.

``JobPoller`` serves the waiters of an event loop (Airflow's triggerer runs all triggers in one);
``follow`` does the same for a worker or a shell. Whom to ask when, and what an answer means, is
``core.polling``'s; here are the calls, the waiters and the log.
"""

import asyncio
import contextvars
import copy
import logging
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self
from weakref import WeakKeyDictionary

from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import Watchlist
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import AccessDenied, CredentialsMissing, JobLost, Throttled

log = logging.getLogger(__name__)

TICK: Final = 1.0
"""Seconds a loop sleeps at most: it is how newcomers are noticed, and deadlines in ``follow``."""
NAP: Final = 0.02
"""Seconds a loop sleeps at least, lest it spin while its calls are under way."""
CALLS_AT_ONCE: Final = 4
"""A call that hangs must not hold up everybody."""
CREDENTIALS_PATIENCE: Final = 300.0
"""Seconds of failing calls before missing credentials count as more than a hiccup of whoever
hands them out."""
FATAL: Final = (AccessDenied, CredentialsMissing)
"""What no later call can mend; all else passes, or is for the waiters' deadlines."""
WARN_EVERY: Final = 600.0
"""Seconds between two warnings about calls that fail."""

Describe = Callable[[list[str]], Iterable[Job]]
AsyncDescribe = Callable[[list[str]], Awaitable[Iterable[Job]]]


class JobPoller:
    """The one who asks, for everybody who waits in an event loop.

    :param describe: asks AWS about up to 100 ids, in one call; it may leave some out. It is awaited
        in a task of the poller's own that is never cancelled, whatever becomes of the waiters.
    :param now: seconds of a clock that never goes back
    """

    def __init__(
        self,
        *,
        describe: AsyncDescribe,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._describe = describe
        self._now = now
        self._sleep = sleep
        self._conversation = _Conversation(Watchlist(chance=chance))
        self._watches: dict[str, set[Watch]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None

    @classmethod
    def shared(cls, key: Hashable, make: Callable[[], "JobPoller"]) -> "JobPoller":
        """Return the running event loop's poller for *key*, a new one while nobody waits with it.

        A poller that everybody has left is not used again: its successor reads the connection anew.

        :param key: equal for waiters with the same connection settings
        """
        for closed in [loop for loop in _shared if loop.is_closed()]:
            del _shared[closed]
        pollers = _shared.setdefault(asyncio.get_running_loop(), {})
        if key not in pollers or not pollers[key].is_busy:
            pollers[key] = make()
        return pollers[key]

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits."""
        return bool(self._watches)

    def watch(self, job_id: str, *, interval: float = POLL_INTERVAL) -> "Watch":
        """Wait for a job: ``with poller.watch(job_id) as watch: async for job in watch: …``."""
        return Watch(self, job_id, interval)

    def _enter(self, watch: "Watch") -> None:
        self._watches.setdefault(watch.job_id, set()).add(watch)
        last = self._conversation.watchlist.add(
            watch.job_id, interval=watch.interval, now=self._now()
        )
        if last is not None:
            watch.tell(last)
        if self._loop is None or self._loop.done():
            # A context of its own: else what it logs would count as the first waiter's.
            self._loop = asyncio.create_task(self._run(), context=contextvars.Context())

    def _leave(self, watch: "Watch") -> None:
        watches = self._watches.get(watch.job_id, set())
        watches.discard(watch)
        if not watches:
            self._watches.pop(watch.job_id, None)
            self._conversation.watchlist.remove(watch.job_id)

    async def _run(self) -> None:
        """Ask until everybody has left; every wait in here is a sleep that may be cancelled."""
        schedule = self._conversation.watchlist.schedule
        while self._watches:
            room = len(self._calls) < CALLS_AT_ONCE
            if room and (ids := schedule.take(self._now())):
                call = asyncio.create_task(self._ask(ids))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)
            else:
                await self._sleep(_nap(schedule.next_call_at() if room else None, self._now()))

    async def _ask(self, ids: list[str]) -> None:
        try:
            answer: Iterable[Job] | Exception = list(await self._describe(ids))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the call's, not the waiters'
            answer = error
        try:
            for news in self._conversation.digest(ids, answer, self._now()):
                self._tell(news.job_id if isinstance(news, JobLost) else news.id, news)
        except FATAL as error:
            for job_id in list(self._watches):
                self._tell(job_id, error)

    def _tell(self, job_id: str, news: Job | Exception) -> None:
        for watch in self._watches.get(job_id, ()):
            watch.tell(news)


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, JobPoller]] = (
    WeakKeyDictionary()
)


class Watch:
    """One waiter's view of one job: iterate for each change of it, in order, up to its end.

    Leaving the ``with`` block is leaving the poller. To be cancelled, even in the middle of the
    iteration and again and again, loses no news and touches nobody else.

    :raises JobLost: AWS no longer knows the job
    :raises AccessDenied: asking is not allowed
    :raises CredentialsMissing: asking is not possible
    """

    __slots__ = ("_arrival", "_ended", "_news", "_poller", "interval", "job_id")

    def __init__(self, poller: JobPoller, job_id: str, interval: float) -> None:
        self._poller = poller
        # Not a Queue: there are thousands of watches, and its four deques are the most of each.
        self._news: list[Job | Exception] = []
        self._arrival: asyncio.Future[None] | None = None
        self._ended = False
        self.job_id = job_id
        self.interval = interval

    def __enter__(self) -> Self:
        self._poller._enter(self)  # noqa: SLF001 - the two make one thing
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._poller._leave(self)  # noqa: SLF001 - the two make one thing

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Job:
        if self._ended:
            raise StopAsyncIteration
        while not self._news:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        news = self._news.pop(0)
        if isinstance(news, Exception):
            self._ended = True
            raise news
        self._ended = news.status.is_final
        return news

    def tell(self, news: Job | Exception) -> None:
        """Hand over what is new; an exception as a copy, as each waiter raises its own."""
        self._news.append(copy.copy(news) if isinstance(news, Exception) else news)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


def follow(
    job_ids: Iterable[str],
    *,
    describe: Describe,
    interval: float = POLL_INTERVAL,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
    chance: Callable[[], float] = random.random,
) -> Iterator[Job | None]:
    """Yield each change of the jobs until all have ended; ``None`` when a second brought nothing.

    The ``None`` lets the caller look at the time; to give up, stop iterating.

    :param describe: asks AWS about up to 100 ids, in one call; it may leave some out
    :raises JobLost: AWS no longer knows one of them; once all others have ended
    :raises AccessDenied: asking is not allowed
    :raises CredentialsMissing: asking is not possible
    """
    watchlist = Watchlist(chance=chance)
    conversation = _Conversation(watchlist)
    for job_id in job_ids:
        watchlist.add(job_id, interval=interval, now=now())
    lost: list[JobLost] = []
    while len(watchlist):
        ids = watchlist.schedule.take(now())
        if not ids:
            sleep(_nap(watchlist.schedule.next_call_at(), now()))
            yield None
            continue
        try:
            answer: Iterable[Job] | Exception = list(describe(ids))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the call's, not the jobs'
            answer = error
        for news in conversation.digest(ids, answer, now()):
            if isinstance(news, JobLost):
                lost.append(news)
            else:
                yield news
    if lost:
        raise lost[0]


class _Conversation:
    """A watchlist, and what a person should read in the log about talking to AWS."""

    def __init__(self, watchlist: Watchlist) -> None:
        self.watchlist = watchlist
        self._failing_since: float | None = None
        self._warned_at: float | None = None
        self._strange: set[str] = set()

    def digest(
        self, ids: Sequence[str], answer: Iterable[Job] | Exception, now: float
    ) -> list[Job | JobLost]:
        """Take in what a call brought, and return the news in it; errors pass, if they can.

        :raises AccessDenied: at once
        :raises CredentialsMissing: after five minutes without any answer
        """
        if isinstance(answer, Exception):
            self._digest_error(ids, answer, now)
            return []
        if self._failing_since is not None and self._warned_at == self._failing_since:
            log.info("DescribeJobs answers again, after %.0f s", now - self._failing_since)
        self._failing_since = None
        news = self.watchlist.answered(ids, answer, now)
        for job in news:
            if isinstance(job, Job) and job.status is JobStatus.UNKNOWN:
                self._wonder(job)
        return news

    def _digest_error(self, ids: Sequence[str], error: Exception, now: float) -> None:
        if isinstance(error, Throttled):
            self.watchlist.schedule.throttled(ids, now)
            log.debug("DescribeJobs is throttled; asking more slowly")
            return
        self.watchlist.schedule.failed(ids, now)
        if self._failing_since is None:
            self._failing_since = now
            self._warn(ids, error, now)
        patience = CREDENTIALS_PATIENCE if isinstance(error, CredentialsMissing) else 0.0
        if isinstance(error, FATAL) and now - self._failing_since >= patience:
            raise error

    def _warn(self, ids: Sequence[str], error: Exception, now: float) -> None:
        """Warn that calls began to fail, now and then if they do so again and again."""
        if self._warned_at is None or now - self._warned_at >= WARN_EVERY:
            self._warned_at = now
            others = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
            log.warning(
                "DescribeJobs failed for job %s%s; trying on: %s: %s",
                ids[0],
                others,
                type(error).__name__,
                error,
            )

    def _wonder(self, job: Job) -> None:
        if job.status_text not in self._strange:
            self._strange.add(job.status_text)
            log.warning(
                "AWS Batch says that job %s is %r, a state unknown to this version; waiting on",
                job.id,
                job.status_text,
            )


def _nap(until: float | None, now: float) -> float:
    return TICK if until is None else min(TICK, max(NAP, until - now))
