"""One wait for one job: what to say about it, and when to give up."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from airflow_fargate_batch.core.failure import diagnose_stuck
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.narration import Narrator, duration
from airflow_fargate_batch.exceptions import JobCannotStart, JobTimedOut


@dataclass(slots=True, kw_only=True)
class Patience:
    """How long to wait for one job; told of its news, it knows when to give up.

    Attributes:
        until: When to give up in any case.
        runnable_timeout: How long the job may be RUNNABLE at a stretch; an array, how long some of
            its children may be while none of them runs or ends.
    """

    until: datetime | None = None
    runnable_timeout: timedelta | None = None
    _runnable_since: datetime | None = field(default=None, init=False)
    _ended_children: int = field(default=0, init=False)

    def observe(self, job: Job, now: datetime) -> None:
        """Take note of the job's state.

        What AWS tells decides since when it is RUNNABLE, so that a new process counts on where an
        old one stopped: since its last attempt, or its submission where it depends on nothing.
        """
        ended = job.ended_children
        if not job.waits_for_room or ended != self._ended_children:
            self._runnable_since = None
        self._ended_children = ended
        if not job.waits_for_room:
            return
        since = job.attempts[-1].stopped_at if job.attempts else None
        if since is None and not job.has_dependencies and not ended:
            since = job.created_at
        self._runnable_since = since or self._runnable_since or now

    @property
    def runnable_until(self) -> datetime | None:
        """When to give up if the job stays RUNNABLE; ``None`` while it is not."""
        if self._runnable_since is None or self.runnable_timeout is None:
            return None
        return self._runnable_since + self.runnable_timeout

    @property
    def ends_at(self) -> datetime | None:
        """When to give up, as far as is known now."""
        return min((end for end in (self.until, self.runnable_until) if end), default=None)


class Wait:
    """Heeds the changes of one job, in the same way and words wherever somebody waits.

    :param until: when to give up, whatever the job is doing.
    :param runnable_timeout: how long it may be RUNNABLE at a stretch.
    """

    def __init__(
        self,
        job_id: str,
        *,
        until: datetime | None = None,
        runnable_timeout: timedelta | None = None,
    ) -> None:
        self.job_id = job_id
        self._narrator = Narrator()
        self._patience = Patience(until=until, runnable_timeout=runnable_timeout)

    @property
    def ends_at(self) -> datetime | None:
        """When to give up, as far as is known now."""
        return self._patience.ends_at

    def heed(self, job: Job, now: datetime) -> str | None:
        """Take note of a change, and return the line to log about it, if there is something to say.

        :raises JobCannotStart: AWS says that the job can never start.
        """
        self._patience.observe(job, now)
        if stuck := diagnose_stuck(job):
            raise JobCannotStart(f"Job {job.id} can never start: {stuck.cause}. {stuck.advice}")
        return self._narrator.tell(job, now)

    def check(self, now: datetime) -> None:
        """Look at the time.

        :raises JobTimedOut: it is over.
        """
        end = self.ends_at
        if end is not None and now >= end:
            if end == self._patience.runnable_until and self._patience.runnable_timeout:
                late = f"was RUNNABLE for {duration(self._patience.runnable_timeout)}"
            else:
                late = f"did not end by {end:%Y-%m-%d %H:%M:%S %Z}"
            raise JobTimedOut(f"Job {self.job_id} {late}")


def given_up(
    why: str, *, terminated: bool, failure: str | None = None, because: str | None = None
) -> str:
    """Report why a wait ended, and what became of the job.

    :param failure: why the job could not be terminated.
    :param because: why the job is left running, if it would have been terminated otherwise.
    """
    if failure:
        return f"{why}\nThe job could not be terminated: {failure}"
    if because:
        return f"{why}\nThe job was left running: {because}."
    return f"{why}\nThe job was {'terminated' if terminated else 'left running'}."
