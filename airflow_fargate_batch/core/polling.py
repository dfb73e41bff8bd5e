"""Schedule of polls: the ids to ask about next, and the pace. Time and chance are arguments.

Times are seconds of a monotonic clock. A chance is a function returning a random number,
0 <= number < 1.

Each id is polled once an interval. A call costs the same for one id as for a hundred, so a due call
also takes the ids due next, up to half an interval early; separate calls merge over time. Pace and
jitter keep the load even. The first interval of an id is shortened at random by up to 75 %, to
spread ids that start together; later intervals by at most 2 %, since shorter intervals mean more
calls.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.core.call_rate import CallRate

FIRST_QUESTION: Final = 1.0
"""Seconds before the first poll of a new id, so that new ids share calls."""
EARLY: Final = 0.5
"""Fraction of an interval by which an id may be polled early, to fill a call."""
FIRST_JITTER: Final = 0.75
"""Largest fraction by which the first interval is shortened, to spread ids."""
JITTER: Final = 0.02
"""Largest fraction for later intervals, to separate ids that an outage brought together."""
CROWD: Final = 0.25
"""Fraction of the interval over which calls are spread when all jobs are due at once."""

FASTEST: Final = 10.0
"""Calls a second; the account's quota is 50, for all calls of all clients together."""
SLOWEST: Final = 0.1
RECOVERY: Final = 0.02
"""Calls a second regained with every answer, after a throttle halved the rate."""
LONGEST_PAUSE: Final = 60.0
"""Seconds between calls at most while every call fails."""

SHORTEST_SLEEP: Final = 0.02
"""Shortest sleep of a polling loop, in seconds, so that the loop does not spin during calls."""
LONGEST_SLEEP: Final = 1.0
"""Longest sleep of a polling loop, in seconds: afterwards new waiters and deadlines are noticed."""
LOOK_PATIENCE: Final = 15.0
"""Seconds to wait for the answer to a last look."""
REFUSAL_PATIENCE: Final = 300.0
"""Seconds of refused calls before a refusal fails the waiters: a new IAM policy takes effect after
some seconds, and a provider of credentials may be down for a moment."""

_FIRST_IN_LINE: Final = 0.0
"""Due time of ids to poll before all others."""

LOST_AFTER: Final = 300.0
"""Seconds after which an absent job counts as lost, if seen before."""
NEVER_CAME_AFTER: Final = 600.0
"""Seconds for a job never seen: DescribeJobs may lag behind SubmitJob."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollTimes:
    """Seconds that polling waits; one value, so that a test can wait less.

    Attributes:
        first_question: Before the first poll of a new id.
        lost_after: Until an absent job counts as lost, if seen before.
        never_came_after: Until an absent job counts as lost, if never seen.
        longest_sleep: Of a polling loop.
        look_patience: For the answer to a last look.
        refusal_patience: Of refused calls before the waiters fail.
    """

    first_question: float = FIRST_QUESTION
    lost_after: float = LOST_AFTER
    never_came_after: float = NEVER_CAME_AFTER
    longest_sleep: float = LONGEST_SLEEP
    look_patience: float = LOOK_PATIENCE
    refusal_patience: float = REFUSAL_PATIENCE

    def nap(self, until: float | None, now: float) -> float:
        """Return the seconds that a loop sleeps before the next call; ``None`` means no call."""
        longest = self.longest_sleep
        return longest if until is None else min(longest, max(SHORTEST_SLEEP, until - now))


POLL_TIMES: Final = PollTimes()


class Schedule:
    """Ids by due time, in calls of a hundred at most."""

    def __init__(
        self, *, chance: Callable[[], float], first_question: float = FIRST_QUESTION
    ) -> None:
        self._chance = chance
        self._first_question = first_question
        self._intervals: dict[str, float] = {}
        self._due: dict[str, float] = {}
        """Due times, without ids under way."""
        self._asked_at: dict[str, float] = {}
        """Ids under way, or of a failed call."""
        self._newcomers: set[str] = set()
        """Ids without an answer so far."""
        self._queue: list[tuple[float, str]] = []
        """A heap; entries not confirmed by ``_due`` are stale."""
        self._suspects: deque[list[str]] = deque()
        """Halves of failed calls, to poll separately."""
        self._loners: set[str] = set()
        """Ids whose single call failed: always polled alone."""
        self._pause_until = 0.0
        self._rate = CallRate(fastest=FASTEST, slowest=SLOWEST, gain=RECOVERY)
        self._failures = 0

    def __len__(self) -> int:
        return len(self._intervals)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._intervals

    def add(self, job_id: str, *, interval: float, now: float) -> None:
        """Poll an id soon and then every *interval* seconds; of two intervals the shorter."""
        if job_id not in self._intervals:
            self._newcomers.add(job_id)
        self._intervals[job_id] = min(interval, self._intervals.get(job_id, interval))
        if job_id not in self._asked_at:
            first = now + min(self._first_question, interval)
            self._put(job_id, min(first, self._due.get(job_id, first)))

    def hurry(self, job_id: str, now: float) -> None:
        """Poll an id as soon as the pace allows, unless a poll is under way."""
        if job_id in self._due:
            self._put(job_id, min(now, self._due[job_id]))

    def remove(self, job_id: str) -> None:
        """Stop polling an id; an answer under way is ignored."""
        for known in (self._intervals, self._due, self._asked_at):
            known.pop(job_id, None)
        self._newcomers.discard(job_id)
        self._loners.discard(job_id)

    def interval(self, job_id: str) -> float:
        """Return the seconds between two polls of an id."""
        return self._intervals[job_id]

    def shortest_round(self) -> float:
        """Return the seconds that polling every id once takes at the fastest pace."""
        return -(-len(self) // limits.DESCRIBE_JOBS) / FASTEST

    def next_call_at(self) -> float | None:
        """Return when ``take`` next returns ids; ``None`` if no id is left."""
        self._drop_stale()
        if self._suspects:
            return self._pause_until
        return max(self._queue[0][0], self._pause_until) if self._queue else None

    def take(self, now: float) -> list[str]:
        """Return the ids to poll now, to be reported back; empty if too early."""
        due = self.next_call_at()
        if due is None or due > now:
            return []
        ids = self._pop_suspects() or self._pop_due(now)
        if ids:
            self._asked_at.update(dict.fromkeys(ids, now))
            self._pause_until = now + self._pace(self._intervals[ids[0]])
        return ids

    def answered(self, ids: Sequence[str]) -> None:
        """Record an answer about ids."""
        self._failures = 0
        self._rate.accepted()
        self._loners.difference_update(ids)
        chance = self._chance()
        for job_id in ids:
            if job_id in self._asked_at:
                jitter = FIRST_JITTER if job_id in self._newcomers else JITTER
                self._newcomers.discard(job_id)
                interval = (1 - jitter * chance) * self._intervals[job_id]
                self._put(job_id, self._asked_at.pop(job_id) + interval)

    def throttled(self, ids: Sequence[str], now: float) -> None:
        """Record a throttled call, and halve the rate."""
        self._rate.throttled(now)
        self._pause(now, (0.5 + self._chance()) * self._rate.gap)
        self._put_back(ids, _FIRST_IN_LINE)

    def failed(self, ids: Sequence[str], now: float) -> None:
        """Record a failed call: pause, and split the ids to find a bad id."""
        self._pause(now, full_jitter(self._failures, self._chance(), base=1.0, cap=LONGEST_PAUSE))
        self._failures += 1
        if len(ids) > 1:
            half = len(ids) // 2
            self._suspects += [list(ids[:half]), list(ids[half:])]
        elif ids[0] in self._intervals:
            self._loners.update(ids)
            self._put_back(ids, now + self._intervals[ids[0]])

    def _put(self, job_id: str, due: float) -> None:
        if self._due.get(job_id) != due:
            self._due[job_id] = due
            heapq.heappush(self._queue, (due, job_id))

    def _put_back(self, ids: Iterable[str], due: float) -> None:
        for job_id in ids:
            if self._asked_at.pop(job_id, None) is not None:
                self._put(job_id, due)

    def _drop_stale(self) -> None:
        while self._queue and self._due.get(self._queue[0][1]) != self._queue[0][0]:
            heapq.heappop(self._queue)

    def _pop_suspects(self) -> list[str]:
        while self._suspects:
            ids = [job_id for job_id in self._suspects.popleft() if job_id in self._asked_at]
            if ids:
                return ids
        return []

    def _pop_due(self, now: float) -> list[str]:
        """Pop due ids, then the ids due next that may be early, while there is room."""
        ids: list[str] = []
        loners: list[str] = []
        while len(ids) < limits.DESCRIBE_JOBS:
            self._drop_stale()
            if not self._queue:
                break
            due, job_id = self._queue[0]
            if due > now + EARLY * self._intervals[job_id] or not (ids or due <= now):
                break
            heapq.heappop(self._queue)
            if ids and job_id in self._loners:
                loners.append(job_id)
                continue
            del self._due[job_id]
            ids.append(job_id)
            if job_id in self._loners:
                break
        for job_id in loners:
            heapq.heappush(self._queue, (self._due[job_id], job_id))
        return ids

    def _pace(self, interval: float) -> float:
        """Return the seconds between two calls due at once."""
        calls = -(-len(self) // limits.DESCRIBE_JOBS)
        return max(self._rate.gap, min(self._first_question, CROWD * interval / calls))

    def _pause(self, now: float, seconds: float) -> None:
        self._pause_until = max(self._pause_until, now + seconds)
