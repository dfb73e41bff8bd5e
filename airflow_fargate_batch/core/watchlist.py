"""Awaited jobs: the meaning of DescribeJobs' answers, and of jobs that answers lack."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import POLL_TIMES, PollTimes, Schedule
from airflow_fargate_batch.exceptions import JobLost

ABSENCES: Final = 3
"""Number of answers in a row without an id before the id can count as lost."""


class Watchlist:
    """Awaited jobs, their last known states, and the schedule of polls.

    An array does not report why children are RUNNABLE. While no child has started, the first child
    is polled as well, and the child's reason is reported as the array's reason.
    """

    def __init__(self, *, chance: Callable[[], float], times: PollTimes = POLL_TIMES) -> None:
        self.schedule = Schedule(chance=chance, first_question=times.first_question)
        self._times = times
        self._last: dict[str, Job] = {}
        self._absences: dict[str, _Absence] = {}
        self._arrays: dict[str, str] = {}
        """Arrays with a polled first child, by the id of the child."""
        self._companions: set[str] = set()
        """First children polled for their array only."""

    def __len__(self) -> int:
        return len(self.schedule) - len(self._companions)

    def add(self, job_id: str, *, interval: float, now: float) -> Job | None:
        """Watch a job, and return the last known state."""
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
        """Process an answer, and return updates; finished and lost jobs are forgotten."""
        self.schedule.answered(ids)
        found = {job.id: job for job in jobs}
        update: list[Job | JobLost] = []
        for job_id in ids:
            job = found.get(job_id)
            if job is not None and job_id in self._arrays:
                array = self._last[self._arrays[job_id]]
                update += self._keep(replace(array, status_reason=job.status_reason))
            if job_id in self.schedule and job_id not in self._companions:
                update += self._missed(job_id, now) if job is None else self._seen(job, now)
        return update

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
        times = self._times
        bound = times.never_came_after if last is None else times.lost_after
        if absence.answers < ABSENCES or now - absence.since < bound:
            return []
        self.remove(job_id)
        return [JobLost(job_id, None if last is None else last.status_text)]


def _first_child(array_id: str) -> str:
    return f"{array_id}:0"


def _says_nothing(job: Job) -> bool:
    """Return whether a job is an array of RUNNABLE children without any started child."""
    starts_late = job.is_array and job.waits_for_room and not job.children_ended
    return starts_late and not job.status_reason


@dataclass(slots=True)
class _Absence:
    since: float
    answers: int = 0
