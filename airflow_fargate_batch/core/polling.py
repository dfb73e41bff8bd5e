"""Whom to ask about next, how fast, and what an answer means. Time and chance come in from outside.

Times are seconds of a clock that never goes back. A chance is a function that returns a random
number, 0 <= number < 1.

Each id is asked once an interval. A call costs the same for one id as for a hundred, so a call that
is due takes along who is due next, down to half an interval early: ids that were asked apart grow
together. What keeps the load even is the pace between calls and a jittered interval: the first one
much, which spreads a crowd; the later ones little, as each second off them is calls more.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.exceptions import JobLost

FIRST_QUESTION: Final = 1.0
"""Seconds that a newcomer waits for company, so that a crowd shares calls."""
EARLY: Final = 0.5
"""By which share of its interval an id may be asked early, to fill a call."""
FIRST_JITTER: Final = 0.75
"""By which share at most the first interval is shortened, so that a crowd spreads out over it."""
JITTER: Final = 0.02
"""The same for later intervals, so that those who met in an outage part again."""
CROWD: Final = 0.25
"""In which share of an interval everybody can be asked, when all are due at once."""

FASTEST: Final = 10.0
"""Calls a second; the account's quota is 50, for all calls of all clients together."""
SLOWEST: Final = 0.1
RECOVERY: Final = 0.02
"""Calls a second that an answered call adds to a rate which a throttle has halved."""
LONGEST_PAUSE: Final = 60.0
"""Seconds between calls at most while every call fails."""

_FIRST_IN_LINE: Final = 0.0
"""A time at which whoever is put back was due before all others."""

ABSENCES: Final = 3
"""How many answers in a row must lack an id before it can count as lost."""
LOST_AFTER: Final = 300.0
"""Seconds after which an absent job that was once seen is lost."""
NEVER_CAME_AFTER: Final = 600.0
"""The same for one never seen: DescribeJobs may lag behind SubmitJob."""


class Schedule:
    """Who is asked when: ids by the time they are due, in calls of a hundred at most."""

    def __init__(self, *, chance: Callable[[], float]) -> None:
        self._chance = chance
        self._intervals: dict[str, float] = {}
        self._due: dict[str, float] = {}
        """Without those who are being asked."""
        self._asked_at: dict[str, float] = {}
        """Those who are being asked, or whose call has failed."""
        self._newcomers: set[str] = set()
        """Whom no answer has been about."""
        self._queue: list[tuple[float, str]] = []
        """A heap; an entry that ``_due`` does not confirm is stale."""
        self._suspects: deque[list[str]] = deque()
        """Halves of calls that failed, each to be asked apart from all others."""
        self._loners: set[str] = set()
        """Whose call failed although they were alone in it: they always go alone."""
        self._pause_until = 0.0
        self._rate = FASTEST
        self._failures = 0

    def __len__(self) -> int:
        return len(self._intervals)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._intervals

    def add(self, job_id: str, *, interval: float, now: float) -> None:
        """Ask about an id soon and then every *interval* seconds; of two intervals the shorter."""
        if job_id not in self._intervals:
            self._newcomers.add(job_id)
        self._intervals[job_id] = min(interval, self._intervals.get(job_id, interval))
        if job_id not in self._asked_at:
            first = now + min(FIRST_QUESTION, interval)
            self._put(job_id, min(first, self._due.get(job_id, first)))

    def hurry(self, job_id: str, now: float) -> None:
        """Ask about an id as soon as the pace allows, unless it is being asked about."""
        if job_id in self._due:
            self._put(job_id, min(now, self._due[job_id]))

    def remove(self, job_id: str) -> None:
        """Ask about an id no more; an answer under way is ignored."""
        for known in (self._intervals, self._due, self._asked_at):
            known.pop(job_id, None)
        self._newcomers.discard(job_id)
        self._loners.discard(job_id)

    def interval(self, job_id: str) -> float:
        """Return the seconds between two questions about an id."""
        return self._intervals[job_id]

    def next_call_at(self) -> float | None:
        """Return when ``take`` will next give ids; ``None`` while nobody is left to ask."""
        self._drop_stale()
        if self._suspects:
            return self._pause_until
        return max(self._queue[0][0], self._pause_until) if self._queue else None

    def take(self, now: float) -> list[str]:
        """Return the ids to ask about now, to be reported back; empty while it is too early."""
        due = self.next_call_at()
        if due is None or due > now:
            return []
        ids = self._pop_suspects() or self._pop_due(now)
        if ids:
            self._asked_at.update(dict.fromkeys(ids, now))
            self._pause_until = now + self._pace(self._intervals[ids[0]])
        return ids

    def answered(self, ids: Sequence[str]) -> None:
        """Take note that a call about these ids was answered."""
        self._failures = 0
        self._rate = min(FASTEST, self._rate + RECOVERY)
        self._loners.difference_update(ids)
        chance = self._chance()
        for job_id in ids:
            if job_id in self._asked_at:
                jitter = FIRST_JITTER if job_id in self._newcomers else JITTER
                self._newcomers.discard(job_id)
                interval = (1 - jitter * chance) * self._intervals[job_id]
                self._put(job_id, self._asked_at.pop(job_id) + interval)

    def throttled(self, ids: Sequence[str], now: float) -> None:
        """Take note that a call was refused for its rate: halve it."""
        self._rate = max(SLOWEST, self._rate / 2)
        self._pause(now, (0.5 + self._chance()) / self._rate)
        self._put_back(ids, _FIRST_IN_LINE)

    def failed(self, ids: Sequence[str], now: float) -> None:
        """Take note that a call failed: pause, and find out whether one of its ids is to blame."""
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
        """Pop who is due, and who is due next as far as they may come early and there is room."""
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
        """Return the seconds between two calls that are due at once."""
        calls = -(-len(self) // limits.DESCRIBE_JOBS)
        return max(1 / self._rate, min(FIRST_QUESTION, CROWD * interval / calls))

    def _pause(self, now: float, seconds: float) -> None:
        self._pause_until = max(self._pause_until, now + seconds)


class Watchlist:
    """The jobs somebody waits for, what was last heard of each, and the schedule of asking.

    An array does not say why its children are RUNNABLE. While that is all they are, its first child
    is asked about too, and what keeps it is told as the array's reason.
    """

    def __init__(self, *, chance: Callable[[], float]) -> None:
        self.schedule = Schedule(chance=chance)
        self._last: dict[str, Job] = {}
        self._absences: dict[str, _Absence] = {}
        self._arrays: dict[str, str] = {}
        """The arrays whose first child is asked about, by its id."""
        self._companions: set[str] = set()
        """First children for whom nobody waits."""

    def __len__(self) -> int:
        return len(self.schedule) - len(self._companions)

    def add(self, job_id: str, *, interval: float, now: float) -> Job | None:
        """Watch a job, and return what was last heard of it."""
        self._companions.discard(job_id)
        self.schedule.add(job_id, interval=interval, now=now)
        return self._last.get(job_id)

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        self._leave_first_child(job_id)
        if job_id in self._arrays:
            self._companions.add(job_id)
        else:
            self.schedule.remove(job_id)
        self._last.pop(job_id, None)
        self._absences.pop(job_id, None)

    def answered(self, ids: Sequence[str], jobs: Iterable[Job], now: float) -> list[Job | JobLost]:
        """Take an answer in, and return its news; a job that has ended or is lost is forgotten."""
        self.schedule.answered(ids)
        found = {job.id: job for job in jobs}
        news: list[Job | JobLost] = []
        for job_id in ids:
            job = found.get(job_id)
            if job is not None and job_id in self._arrays:
                array = self._last[self._arrays[job_id]]
                news += self._keep(replace(array, status_reason=job.status_reason))
            if job_id in self.schedule and job_id not in self._companions:
                news += self._missed(job_id, now) if job is None else self._seen(job, now)
        return news

    def _seen(self, job: Job, now: float) -> list[Job | JobLost]:
        self._absences.pop(job.id, None)
        if _says_nothing(job):
            if job.id in self._last and _first_child(job.id) in self._arrays:
                job = replace(job, status_reason=self._last[job.id].status_reason)
            self._ask_first_child(job.id, now)
        else:
            self._leave_first_child(job.id)
        return self._keep(job)

    def _keep(self, job: Job) -> list[Job | JobLost]:
        if job == self._last.get(job.id):
            return []
        self._last[job.id] = job
        if job.status.is_final:
            self.remove(job.id)
        return [job]

    def _ask_first_child(self, array_id: str, now: float) -> None:
        child_id = _first_child(array_id)
        self._arrays[child_id] = array_id
        if child_id not in self.schedule:
            self._companions.add(child_id)
            self.schedule.add(child_id, interval=self.schedule.interval(array_id), now=now)

    def _leave_first_child(self, array_id: str) -> None:
        child_id = _first_child(array_id)
        self._arrays.pop(child_id, None)
        if child_id in self._companions:
            self._companions.remove(child_id)
            self.schedule.remove(child_id)

    def _missed(self, job_id: str, now: float) -> list[Job | JobLost]:
        last = self._last.get(job_id)
        absence = self._absences.setdefault(job_id, _Absence(since=now))
        absence.answers += 1
        bound = NEVER_CAME_AFTER if last is None else LOST_AFTER
        if absence.answers < ABSENCES or now - absence.since < bound:
            return []
        self.remove(job_id)
        return [JobLost(job_id, None if last is None else last.status_text)]


def _first_child(array_id: str) -> str:
    return f"{array_id}:0"


def _says_nothing(job: Job) -> bool:
    """Tell whether a job is an array whose children are stuck, none of which has ever run."""
    is_array = job.array is not None and job.array.size is not None
    return is_array and job.waits_for_room and not job.ended_children and not job.status_reason


@dataclass(slots=True)
class _Absence:
    since: float
    answers: int = 0
