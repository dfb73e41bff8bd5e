"""Timeline of a job: how long it waited, queued, started and ran, attempt by attempt.

Source: AWS Batch API Reference, ``JobDetail`` and ``AttemptDetail``: AWS reports the submit, the
start of each container and the end of each attempt, but not the moment in which a job became
RUNNABLE. If ``JobSummary.scheduledAt`` of ListJobs is known, queueing and starting are separate
steps; otherwise one step covers both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from airflow_fargate_batch.core.failure import outcome_of
from airflow_fargate_batch.core.job import Attempt, Job
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.status import FINAL, JobStatus

DEPENDENCIES: Final = "waiting for dependencies"
ACCEPTED: Final = "being accepted"
QUEUED: Final = "queued"
STARTING: Final = "starting"
QUEUED_AND_STARTING: Final = "queued and starting"
RUNNING: Final = "running"
CHILDREN: Final = "children running"
WAITED: Final = "waiting"
"""Names of steps. ``WAITED`` is a wait that ended before AWS told what for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A part of a job's time.

    Attributes:
        end: ``None`` means the step goes on.
        attempt: Number of the attempt, from 1; ``None`` for a wait before any attempt.
        outcome: How the step ended, if not in the next step.
    """

    name: str
    begin: datetime
    end: datetime | None = None
    attempt: int | None = None
    outcome: str | None = None

    def lasted(self, now: datetime) -> float:
        """Return the step's length in seconds; of a step that goes on, until *now*."""
        return max(0.0, ((self.end or now) - self.begin).total_seconds())

    def to_json(self, now: datetime) -> dict[str, Any]:
        """Write the step for JSON: ISO 8601 times in UTC, seconds."""
        return {
            "step": self.name,
            "attempt": self.attempt,
            "begin": self.begin.isoformat(),
            "end": None if self.end is None else self.end.isoformat(),
            "seconds": round(self.lasted(now), 3),
            "outcome": self.outcome,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The steps of a job, in order; empty if AWS gave no time of the submit.

    Attributes:
        ended_at: ``None`` while the job is live.
        children: Sentence about the children of an array.
    """

    steps: tuple[Step, ...] = ()
    submitted_at: datetime | None = None
    ended_at: datetime | None = None
    status: str = ""
    children: str | None = None

    def to_lines(self, now: datetime) -> list[str]:
        """Write a line for each step, with its time."""
        if self.submitted_at is None:
            return []
        lines = [f"{_stamp(self.submitted_at)}  submitted"]
        lines += [f"{_stamp(step.begin)}  {_said(step, now)}" for step in self.steps]
        if self.ended_at:
            total = duration(self.ended_at - self.submitted_at)
            lines.append(f"{_stamp(self.ended_at)}  {self.status}, {total} after the submit")
        if self.children:
            lines.append(self.children)
        return lines


def timeline_of(
    job: Job,
    *,
    dependencies: Sequence[Job] = (),
    children: Sequence[Job] = (),
    scheduled_at: datetime | None = None,
) -> Timeline:
    """Return the timeline of a job.

    :param dependencies: the jobs in ``dependsOn``, as far as AWS still knows them: the wait for
        them ended when the last one did.
    :param children: failed children of an array, for their times.
    :param scheduled_at: when Batch requested the task of the current or last attempt.
    """
    if job.created_at is None:
        return Timeline()
    return Timeline(
        steps=tuple(
            _of_array(job, job.created_at)
            if job.is_array
            else _steps(job, job.created_at, dependencies, scheduled_at)
        ),
        submitted_at=job.created_at,
        ended_at=job.stopped_at if job.status.is_final else None,
        status=job.status_text,
        children=_of_children(children) if children else None,
    )


def _steps(
    job: Job, since: datetime, dependencies: Sequence[Job], scheduled_at: datetime | None
) -> Iterator[Step]:
    released = _released(job, dependencies)
    if released is not None and released > since:
        yield Step(name=DEPENDENCIES, begin=since, end=released)
        since = released
    waited = job.has_dependencies and released is None
    attempts = job.attempts or ((_only_attempt(job),) if _has_run(job) else ())
    for number, attempt in enumerate(attempts, start=1):
        is_last = number == len(attempts) and job.status in FINAL
        scheduled = scheduled_at if is_last else None
        yield from _attempt(attempt, number, since, scheduled, waited=waited and number == 1)
        since = attempt.stopped_at or attempt.started_at or since
    number = len(attempts) + 1
    yield from _now(job, since, number, scheduled_at, waited=waited and number == 1)


def _released(job: Job, dependencies: Sequence[Job]) -> datetime | None:
    """Return when the last dependency ended; ``None`` unless all are known to have ended."""
    ends = [each.stopped_at for each in dependencies if each.status in FINAL and each.stopped_at]
    is_complete = bool(ends) and len(ends) == len(job.dependencies)
    return max(ends) if is_complete else None


def _has_run(job: Job) -> bool:
    return job.status in FINAL and job.started_at is not None


def _only_attempt(job: Job) -> Attempt:
    """Make an attempt of an ended job for which AWS lists none."""
    return Attempt(
        containers=job.containers,
        status_reason=job.status_reason,
        started_at=job.started_at,
        stopped_at=job.stopped_at,
    )


def _attempt(
    attempt: Attempt, number: int, since: datetime, scheduled: datetime | None, *, waited: bool
) -> Iterator[Step]:
    if attempt.started_at is None:
        yield Step(
            name=_after_wait(QUEUED_AND_STARTING, waited=waited),
            begin=since,
            end=attempt.stopped_at,
            attempt=number,
            outcome=f"did not start, {outcome_of(attempt)}",
        )
        return
    yield from _before_start(since, scheduled, attempt.started_at, number, waited=waited)
    yield Step(
        name=RUNNING,
        begin=attempt.started_at,
        end=attempt.stopped_at,
        attempt=number,
        outcome=outcome_of(attempt),
    )


def _before_start(
    since: datetime,
    scheduled: datetime | None,
    end: datetime | None,
    number: int,
    *,
    waited: bool,
) -> Iterator[Step]:
    if scheduled is not None and since <= scheduled and (end is None or scheduled <= end):
        queued = _after_wait(QUEUED, waited=waited)
        yield Step(name=queued, begin=since, end=scheduled, attempt=number)
        yield Step(name=STARTING, begin=scheduled, end=end, attempt=number)
    else:
        name = _after_wait(QUEUED_AND_STARTING, waited=waited)
        yield Step(name=name, begin=since, end=end, attempt=number)


def _after_wait(name: str, *, waited: bool) -> str:
    """Return a step's name, preceded by a wait for dependencies of unknown length."""
    return f"{DEPENDENCIES}, then {name}" if waited else name


def _now(
    job: Job, since: datetime, number: int, scheduled: datetime | None, *, waited: bool
) -> Iterator[Step]:
    """Yield the steps after the finished attempts.

    :param waited: whether the job has dependencies, and when they ended is not known.
    """
    if job.status in FINAL:
        if not job.attempts and job.started_at is None and job.stopped_at != since:
            name = DEPENDENCIES if waited else WAITED
            yield Step(name=name, begin=since, end=job.stopped_at, outcome="never started")
    elif job.status is JobStatus.SUBMITTED or job.status is JobStatus.PENDING:
        yield Step(name=DEPENDENCIES if job.has_dependencies else ACCEPTED, begin=since)
    elif job.status is JobStatus.RUNNABLE:
        yield Step(name=_after_wait(QUEUED, waited=waited), begin=since, attempt=number)
    elif job.status is JobStatus.STARTING:
        yield from _before_start(since, scheduled, None, number, waited=waited)
    elif job.status is JobStatus.RUNNING and job.started_at is not None:
        yield from _before_start(since, scheduled, job.started_at, number, waited=waited)
        yield Step(name=RUNNING, begin=job.started_at, attempt=number)


def _of_array(job: Job, since: datetime) -> Iterator[Step]:
    end = job.stopped_at if job.status.is_final else None
    yield Step(name=CHILDREN, begin=since, end=end)


def _of_children(children: Sequence[Job]) -> str | None:
    """Write how long failed children ran."""
    spans = [
        child.stopped_at - child.started_at
        for child in children
        if child.stopped_at is not None and child.started_at is not None
    ]
    never = len(children) - len(spans)
    said = []
    if spans:
        least, most = duration(min(spans)), duration(max(spans))
        ran = least if least == most else f"{least} to {most}"
        said.append(f"{_failed(len(spans))} ran {ran}")
    if never:
        said.append(f"{_failed(never)} never ran")
    return "; ".join(said) or None


def _failed(count: int) -> str:
    return f"{count} failed {'child' if count == 1 else 'children'}"


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _said(step: Step, now: datetime) -> str:
    """Write a step as in ``running for 3 min 5 s (attempt 2): exit code 1``."""
    lasted = duration((step.end or now) - step.begin)
    goes_on = " so far" if step.end is None else ""
    attempt = f" (attempt {step.attempt})" if step.attempt and step.attempt > 1 else ""
    outcome = f": {step.outcome}" if step.outcome else ""
    return f"{step.name} for {lasted}{goes_on}{attempt}{outcome}"
