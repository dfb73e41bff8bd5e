"""One wait for one job: lines to log, and when to give up."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from airflow_fargate_batch.core.failure import Failure, diagnose_stuck
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.narration import Narrator, described, duration
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import JobCannotStart, JobTimedOut

LOOK_AGAIN: Final = timedelta(seconds=15)
"""Time between last polls of a job, if AWS did not answer."""
UNANSWERED: Final = timedelta(minutes=2)
"""Time in which last polls may stay unanswered before the wait ends without an answer. A triggerer
that was restarted late is busy with all its triggers, and the job may have succeeded."""

TOO_LONG: Final = (
    "Read the job's log to check the progress. If the job needs more time, raise the "
    "limit; `job_timeout` lets AWS terminate an attempt that hangs."
)
NO_ROOM: Final = (
    "Check that the queue's compute environments are ENABLED and VALID and have vCPUs left "
    "('fargate-batch doctor --job-queue QUEUE'). If the queue is only busy, raise "
    "`runnable_timeout`."
)
NO_START: Final = (
    "In STARTING, Fargate connects the task to its subnet and pulls the image. Check the route "
    "from the subnet to the registry (NAT or VPC endpoints) and the size of the image. If the "
    "start "
    "needs more time, raise `starting_timeout`; otherwise retry."
)
_STAGES: Final = {
    JobStatus.RUNNABLE: ("runnable_timeout", NO_ROOM),
    JobStatus.STARTING: ("starting_timeout", NO_START),
}
"""States with their own limit: the argument for the limit, and advice at the end."""


@dataclass(slots=True, kw_only=True)
class Patience:
    """Limits of one wait, and the time that the job has spent in its present state.

    Attributes:
        until: Time to give up in any case.
        runnable_timeout: Limit for RUNNABLE (waiting for capacity) without interruption; for an
            array, while some children are RUNNABLE and no child starts, runs or ends.
        starting_timeout: Limit for STARTING without interruption.
        stage: RUNNABLE or STARTING; ``None`` in all other states.
        since: Time when the job entered the stage, as far as known.
    """

    until: datetime | None = None
    runnable_timeout: timedelta | None = None
    starting_timeout: timedelta | None = None
    stage: JobStatus | None = field(default=None, init=False)
    since: datetime | None = field(default=None, init=False)
    _progress: tuple[int, int] = field(default=(0, 0), init=False)

    def observe(self, job: Job, now: datetime) -> None:
        """Record the job's state.

        RUNNABLE counts by AWS's times, so that a new process continues the count of an old
        process: from the end of the last attempt, or from the submit for a job without
        dependencies. AWS gives no time for STARTING, so STARTING counts from the first poll with
        that state.
        """
        stage, progress = stage_of(job), (job.children_ended, len(job.attempts))
        if (stage, progress) != (self.stage, self._progress):
            self.since = None
        self.stage, self._progress = stage, progress
        if stage is None:
            return
        since = None
        if stage is JobStatus.RUNNABLE:
            since = job.attempts[-1].stopped_at if job.attempts else None
            if since is None and not job.has_dependencies and not job.children_ended:
                since = job.created_at
        self.since = since or self.since or now

    @property
    def stage_timeout(self) -> timedelta | None:
        """Limit for the current stage."""
        if self.stage is None:
            return None
        return self.runnable_timeout if self.stage is JobStatus.RUNNABLE else self.starting_timeout

    @property
    def stage_until(self) -> datetime | None:
        """Time to give up if the job stays in the stage; ``None`` means no limit."""
        if self.since is None or self.stage_timeout is None:
            return None
        return self.since + self.stage_timeout

    @property
    def ends_at(self) -> datetime | None:
        """Time to give up, as far as known now."""
        return _earliest(self.until, self.stage_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class LookTimes:
    """Times around the last poll of a job; one value, so that a test can wait less."""

    look_again: timedelta = LOOK_AGAIN
    unanswered: timedelta = UNANSWERED


LOOK_TIMES: Final = LookTimes()


class Wait:
    """Wait for one job, shared by worker, trigger and command line.

    No decision to give up rests on an old poll: at ``ends_at`` the caller polls the job once more,
    and ``decide`` judges the answer.

    :param until: time to give up, in any state.
    :param limit: source of *until*, for people: ``wait_timeout is 2 h 0 min``.
    :param runnable_timeout: limit for RUNNABLE without interruption.
    :param starting_timeout: limit for STARTING without interruption.
    """

    def __init__(
        self,
        job_id: str,
        *,
        until: datetime | None = None,
        limit: str | None = None,
        runnable_timeout: timedelta | None = None,
        starting_timeout: timedelta | None = None,
        times: LookTimes = LOOK_TIMES,
    ) -> None:
        self.job_id = job_id
        self._times = times
        self._limit = limit
        self._narrator = Narrator()
        self._patience = Patience(
            until=until, runnable_timeout=runnable_timeout, starting_timeout=starting_timeout
        )
        self._last: Job | None = None
        self._last_status_at: datetime | None = None
        self._stuck: Failure | None = None
        self._stuck_at: datetime | None = None
        self._look_again_at: datetime | None = None
        self._unanswered_since: datetime | None = None

    @property
    def ends_at(self) -> datetime | None:
        """Time of the last poll, as far as known now; ``None`` means no limit."""
        end = _earliest(self._stuck_at, self._patience.ends_at)
        if end and self._look_again_at:
            return max(end, self._look_again_at)
        return end

    def is_over(self, now: datetime) -> bool:
        """Return whether the last poll is due."""
        end = self.ends_at
        return end is not None and now >= end

    def observe(self, job: Job, now: datetime) -> str | None:
        """Record the job's state, and return a line to log if the state is new."""
        if self._last is None or self._last.status_text != job.status_text:
            self._last_status_at = now
        self._last = job
        self._look_again_at = self._unanswered_since = None
        self._patience.observe(job, now)
        self._stuck = diagnose_stuck(job)
        self._stuck_at = None if self._stuck is None else self._stuck_at or now
        return self._narrator.report(job, now)

    def decide(self, job: Job | None, now: datetime) -> str | None:
        """Judge the last poll: return like ``observe`` if the wait continues or the job has ended.

        :param job: current state; ``None`` if AWS did not answer. Then only *until* ends the wait,
            after two minutes without an answer: the job may have started or succeeded meanwhile.
        :raises JobCannotStart: according to AWS, the job can never start.
        :raises JobTimedOut: the time is over.
        """
        line = None
        if job is not None:
            line = self.observe(self._with_reason(job), now)
            if not job.status.is_live:
                return line
            self._check_start(now)
        else:
            self._unanswered_since = self._unanswered_since or now
            self._look_again_at = now + self._times.look_again
        until = self._patience.until
        unanswered = self._times.unanswered
        may_wait = self._unanswered_since and now - self._unanswered_since < unanswered
        if until is not None and now >= until and not may_wait:
            limit = f": {self._limit}" if self._limit else ""
            text = f"Job {self.job_id} did not end by {until:%Y-%m-%d %H:%M:%S %Z}{limit}"
            unseen = "" if job else " AWS Batch did not answer the last request."
            raise JobTimedOut(text, f"{self.state}{unseen}", TOO_LONG)
        return line

    def _check_start(self, now: datetime) -> None:
        """Give up a job that can never start, or has not started in time."""
        if self._stuck is not None:
            text = f"Job {self.job_id} can never start: {self._stuck.cause}"
            raise JobCannotStart(text, self.state, self._stuck.advice)
        patience = self._patience
        if patience.stage is None or patience.stage_timeout is None or patience.since is None:
            return
        spent = now - patience.since
        if spent >= patience.stage_timeout:
            argument, advice = _STAGES[patience.stage]
            text = (
                f"Job {self.job_id} was {patience.stage} for {duration(spent)}: "
                f"`{argument}` is {duration(patience.stage_timeout)}"
            )
            raise JobTimedOut(text, self.state, advice)

    def _with_reason(self, job: Job) -> Job:
        """Keep the last known reason of RUNNABLE children, which an array lacks."""
        last = self._last
        if job.array is None or last is None or job.status_reason or not job.waits_for_room:
            return job
        return replace(job, status_reason=last.status_reason)

    @property
    def state(self) -> str:
        """Last known state of the job, as a sentence."""
        job = self._last
        if job is None:
            return f"The state of job {self.job_id} is unknown."
        since = self._patience.since or self._last_status_at
        if job.status is JobStatus.RUNNING:
            since = job.started_at or since
        reason = f" AWS says: {job.status_reason}" if job.status_reason else ""
        return f"The job has been {described(job)} since {since:%Y-%m-%d %H:%M:%S %Z}.{reason}"


def stage_of(job: Job) -> JobStatus | None:
    """Return RUNNABLE or STARTING if the job, or an array as a whole, waits in that state."""
    if job.waits_for_room:
        return JobStatus.RUNNABLE
    states = job.counts.keys() or {job.status}
    is_starting = JobStatus.STARTING in states and JobStatus.RUNNING not in states
    return JobStatus.STARTING if is_starting else None


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
