"""A common DescribeJobs loop for all waiters of an event loop.

Airflow's triggerer has a single event loop. ``core.polling`` plans the calls, and ``conversation``
interprets answers and errors; calls and waiters are here. ``following`` is the loop of a worker.
"""

import asyncio
import contextvars
import copy
import logging
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from types import TracebackType
from typing import Any, Final, NamedTuple, Self
from weakref import WeakKeyDictionary

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import FASTEST, POLL_TIMES, PollTimes
from airflow_fargate_batch.core.watchlist import Watchlist
from airflow_fargate_batch.exceptions import JobLost
from airflow_fargate_batch.watching.conversation import REFUSALS, Conversation, Notice, Trouble

log = logging.getLogger(__name__)

CALLS_AT_ONCE: Final = 4
"""Calls at the same time: a hanging call must not hold up all waiters."""
HEARD_AT_ONCE: Final = 50
"""Waiters informed of trouble with AWS between two pauses: each waiter logs a line."""
BREATH: Final = 0.05
"""Seconds of such a pause, for other tasks of the event loop."""

AsyncDescribe = Callable[[list[str]], Awaitable[Iterable[Job]]]


class JobPoller:
    """Polls AWS for all waiters of an event loop.

    :param describe: asks AWS about up to 100 ids, in one call; may leave ids out. The poller awaits
        *describe* in a task of its own, never cancelled when waiters are.
    :param now: seconds of a monotonic clock
    """

    def __init__(
        self,
        *,
        describe: AsyncDescribe,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        times: PollTimes = POLL_TIMES,
    ) -> None:
        self._describe = describe
        self._now = now
        self._sleep = sleep
        self.times = times
        watchlist = Watchlist(chance=chance, times=times)
        self._conversation = Conversation(watchlist, times.refusal_patience)
        self._watches: dict[str, set[Watch]] = {}
        self._looks: dict[str, list[_Look]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._messengers: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._is_crowded = False

    @classmethod
    def shared(cls, key: Hashable, make: Callable[[], "JobPoller"]) -> "JobPoller":
        """Return the running event loop's poller for *key*; a new poller if no waiter is left.

        A poller without waiters is not used again: the next poller reads the connection anew.

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
        """Whether the poller has waiters."""
        return bool(self._watches)

    def watch(self, job_id: str, *, interval: float = POLL_INTERVAL, log: Any = None) -> "Watch":
        """Wait for a job: ``with poller.watch(job_id) as watch: async for job in watch: …``.

        :param log: the waiter's own logger, for lines about trouble with AWS; ``None`` means no
            lines.
        """
        return Watch(self, job_id, interval, log)

    def look(self, job_id: str) -> "asyncio.Future[Job | None]":
        """Ask about a job as soon as the pace allows, in one call for up to a hundred looks.

        The result comes from a later call to AWS; ``None`` if AWS does not know the job.
        """
        look = _Look(self._now(), asyncio.get_running_loop().create_future())
        self._looks.setdefault(job_id, []).append(look)
        self._conversation.watchlist.schedule.hurry(job_id, look.since)
        return look.answer

    def _enter(self, watch: "Watch") -> None:
        self._watches.setdefault(watch.job_id, set()).add(watch)
        last = self._conversation.watchlist.add(
            watch.job_id, interval=watch.interval, now=self._now()
        )
        if last is not None:
            watch.report(last)
        watch.hear(self._conversation.trouble, self._now())
        self._say_if_crowded(watch)
        if self._loop is None or self._loop.done():
            # A context of its own: else what it logs would count as the first waiter's.
            self._loop = asyncio.create_task(self._run(), context=contextvars.Context())

    def _say_if_crowded(self, watch: "Watch") -> None:
        """Log once that there are too many jobs to poll each as often as wanted."""
        schedule = self._conversation.watchlist.schedule
        seconds = schedule.shortest_round()
        is_one_call = len(schedule) <= limits.DESCRIBE_JOBS
        if self._is_crowded or is_one_call or seconds <= watch.interval:
            return
        self._is_crowded = True
        log.warning(
            "%d jobs are awaited in this process, so each is polled every %.0f s or less often, "
            "not every %.0f s: the process makes at most %.0f calls a second, of %d jobs each. "
            "Start more triggerers, or submit arrays instead of single jobs.",
            len(schedule),
            seconds,
            watch.interval,
            FASTEST,
            limits.DESCRIBE_JOBS,
        )

    def _leave(self, watch: "Watch") -> None:
        watches = self._watches.get(watch.job_id, set())
        watches.discard(watch)
        if not watches:
            self._watches.pop(watch.job_id, None)
            self._looks.pop(watch.job_id, None)
            self._conversation.watchlist.remove(watch.job_id)

    async def _run(self) -> None:
        """Poll until no waiter is left; every wait in here is a sleep and may be cancelled."""
        schedule = self._conversation.watchlist.schedule
        while self._watches:
            room = len(self._calls) < CALLS_AT_ONCE
            if room and (ids := schedule.take(self._now())):
                call = asyncio.create_task(self._ask(ids))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)
            else:
                until = schedule.next_call_at() if room else None
                await self._sleep(self.times.nap(until, self._now()))

    async def _ask(self, ids: list[str]) -> None:
        asked_at = self._now()
        try:
            answer: list[Job] | Exception = list(await self._describe(ids))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the call's, not the waiters'
            answer = error
        trouble = self._conversation.trouble
        try:
            for update in self._conversation.digest(ids, answer, self._now()):
                self._report(update.job_id if isinstance(update, JobLost) else update.id, update)
        except REFUSALS as error:
            for job_id in list(self._watches):
                self._report(job_id, error)
        if not isinstance(answer, Exception):
            self._answer_looks(ids, answer, asked_at)
        if self._conversation.trouble is not trouble:
            messenger = asyncio.create_task(self._spread(self._conversation.trouble))
            self._messengers.add(messenger)
            messenger.add_done_callback(self._messengers.discard)

    def _answer_looks(self, ids: list[str], jobs: list[Job], asked_at: float) -> None:
        """Answer the looks from before the call; ask again for later looks."""
        found = {job.id: job for job in jobs}
        for job_id in self._looks.keys() & set(ids):
            since: list[_Look] = []
            for look in self._looks.pop(job_id):
                if look.answer.done():  # given up
                    continue
                if look.since > asked_at:
                    since.append(look)
                else:
                    look.answer.set_result(found.get(job_id))
            if since:
                self._looks[job_id] = since
                self._conversation.watchlist.schedule.hurry(job_id, self._now())

    async def _spread(self, trouble: Trouble | None) -> None:
        """Report trouble with AWS, or the end of trouble, to all waiters; stop if outdated."""
        watches = [watch for watches in self._watches.values() for watch in watches]
        for start in range(0, len(watches), HEARD_AT_ONCE):
            if self._conversation.trouble is not trouble:
                return
            for watch in watches[start : start + HEARD_AT_ONCE]:
                watch.hear(trouble, self._now())
            if start + HEARD_AT_ONCE < len(watches):
                await self._sleep(BREATH)

    def _report(self, job_id: str, update: Job | Exception) -> None:
        for watch in self._watches.get(job_id, ()):
            if not isinstance(update, Exception):  # that AWS answers again comes before the answer
                watch.hear(self._conversation.trouble, self._now())
            watch.report(update)


_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, JobPoller]] = (
    WeakKeyDictionary()
)


class _Look(NamedTuple):
    """A waiter's request for the present state of a job."""

    since: float
    answer: "asyncio.Future[Job | None]"


class Watch:
    """A waiter's view of a job: iterate for each change of the job, in order, up to the end.

    Leaving the ``with`` block leaves the poller. A cancelled iteration, even if cancelled again and
    again, loses no update and affects no other waiter. Trouble with AWS is logged from inside the
    iteration: Airflow's triggerer writes a line into the log of the task of the current context.

    :raises JobLost: AWS no longer knows the job
    :raises AccessDenied: AWS refused DescribeJobs for five minutes
    :raises CredentialsMissing: DescribeJobs was not possible for five minutes
    """

    __slots__ = ("_arrival", "_ended", "_log", "_news", "_poller", "_trouble", "interval", "job_id")

    def __init__(self, poller: JobPoller, job_id: str, interval: float, log: Any) -> None:
        self._poller = poller
        # Not a Queue: there are thousands of watches, and its four deques are the most of each.
        self._news: list[Job | Exception | Notice] = []
        self._arrival: asyncio.Future[None] | None = None
        self._ended = False
        self._log = log
        self._trouble: Trouble | None = None
        self.job_id = job_id
        self.interval = interval

    @property
    def has_news(self) -> bool:
        """Whether the next step of the iteration returns at once."""
        return bool(self._news)

    async def look(self) -> Job | None:
        """Return the job's present state; ``None`` if AWS does not answer in time."""
        answer = self._poller.look(self.job_id)
        try:
            async with asyncio.timeout(self._poller.times.look_patience):
                return await answer
        except TimeoutError:
            return None

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
        while True:
            while not self._news:
                self._arrival = asyncio.get_running_loop().create_future()
                await self._arrival
            update = self._news.pop(0)
            if not isinstance(update, Notice):
                break
            self._log.log(update.level, "%s", update.text)
        if isinstance(update, Exception):
            self._ended = True
            raise update
        self._ended = update.status.is_final
        return update

    def hear(self, trouble: Trouble | None, now: float) -> None:
        """Report, once each, that calls have begun to fail or are answered again."""
        before, self._trouble = self._trouble, trouble
        if self._log is None or before is trouble:
            return
        if trouble is not None:
            self.report(Notice(logging.WARNING, trouble.begun(self.job_id, now)))
        elif before is not None:
            self.report(Notice(logging.INFO, before.over(self.job_id, now)))

    def report(self, update: Job | Exception | Notice) -> None:
        """Pass an update on; an exception as a copy, as each waiter raises a different object."""
        self._news.append(copy.copy(update) if isinstance(update, Exception) else update)
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
