"""What must hold when all is over, checked against the truth of LocalBatch and of Airflow."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from airflow_fargate_batch.core.naming import Submission

DEPLOYMENT: Final = "chaos"
FINAL: Final = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it truly was; times are seconds since the epoch.

    Attributes:
        mark: The value of its submission tag: token and generation.
        ended: When it succeeded or failed, if it has.
        stopped: When it was told to stop, if it was.
    """

    id: str
    name: str
    mark: str
    created: float
    ended: float | None = None
    succeeded: bool = False
    stopped: float | None = None

    @property
    def token(self) -> str:
        return self.mark.partition("-")[0]

    @property
    def generation(self) -> int:
        return int(self.mark.partition("-")[2] or 0)

    def is_live_at(self, moment: float) -> bool:
        """Whether it runs, or may yet, and nobody has told it to stop."""
        over = [when for when in (self.ended, self.stopped) if when is not None]
        return self.created <= moment and all(when > moment for when in over)

    def counts_at(self, moment: float) -> bool:
        """Whether it is live, or has succeeded without having been told to stop."""
        told = self.stopped is not None and self.stopped <= moment
        return self.is_live_at(moment) or (self.succeeded and not told and self.created <= moment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task instance as Airflow has it in the end.

    Attributes:
        generation: How many tries had been used when a person last cleared it.
        job_id: What it returned.
        waits: Whether Airflow still has a trigger for it.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1
    state: str = "success"
    generation: int = 0
    job_id: str | None = None
    waits: bool = False

    @property
    def mode(self) -> str:
        return self.task_id.partition("_")[0]

    @property
    def fate(self) -> str:
        return self.task_id.partition("_")[2]

    @property
    def token(self) -> str:
        return Submission.of_task(
            dag_id=self.dag_id,
            run_id=self.run_id,
            task_id=self.task_id,
            map_index=self.map_index,
            generation=self.generation,
            deployment=DEPLOYMENT,
        ).token

    @property
    def fated_state(self) -> str:
        """How it must end: a task that only submits succeeds whatever becomes of the job."""
        return "failed" if self.fate == "always" and self.mode != "submit" else "success"

    def __str__(self) -> str:
        index = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"{self.task_id}{index} of {self.run_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What should not be; ``what`` is the invariant."""

    what: str
    text: str
    task: Task | None = None
    jobs: Sequence[Job] = ()


DUPLICATE: Final = "duplicate"
ORPHAN: Final = "orphan"
MISSING: Final = "missing"


@dataclass(frozen=True, slots=True)
class Count:
    """A row of the table: what became of one mode's tasks.

    Attributes:
        tasks: Task instances.
        runs: Logical runs of them: a person's clear begins a new one.
        expected: Jobs that had to be, as jobs failed or were told to stop.
        found: Jobs that there are.
    """

    tasks: int = 0
    runs: int = 0
    expected: int = 0
    found: int = 0
    duplicates: int = 0
    orphans: int = 0


def judge(tasks: Sequence[Task], jobs: Sequence[Job], now: float) -> list[Violation]:
    """Return everything that should not be, once faults and kills are over and all is quiet."""
    by_token = _by_token(jobs)
    found = [violation for task in tasks for violation in _judge(task, by_token[task.token], now)]
    known = {task.token for task in tasks}
    found += [
        Violation(what=ORPHAN, text=f"{job.name} is of no task", jobs=[job])
        for job in jobs
        if job.token not in known
    ]
    return found


def count(
    tasks: Sequence[Task], jobs: Sequence[Job], violations: Sequence[Violation]
) -> dict[str, Count]:
    """Count by mode."""
    by_token = _by_token(jobs)
    counts: dict[str, Count] = defaultdict(Count)
    for task in tasks:
        own = by_token[task.token]
        of_task = [violation.what for violation in violations if violation.task == task]
        duplicates, missing = of_task.count(DUPLICATE), of_task.count(MISSING)
        so_far = counts[task.mode]
        counts[task.mode] = replace(
            so_far,
            tasks=so_far.tasks + 1,
            runs=so_far.runs + len({job.mark for job in own} | {f"{task.token}-{task.generation}"}),
            expected=so_far.expected + len(own) - duplicates + missing,
            found=so_far.found + len(own),
            duplicates=so_far.duplicates + duplicates,
            orphans=so_far.orphans + of_task.count(ORPHAN),
        )
    return dict(counts)


def _by_token(jobs: Sequence[Job]) -> defaultdict[str, list[Job]]:
    by_token: defaultdict[str, list[Job]] = defaultdict(list)
    for job in sorted(jobs, key=lambda job: job.created):
        by_token[job.token].append(job)
    return by_token


def _judge(task: Task, jobs: list[Job], now: float) -> Iterator[Violation]:
    """Judge one task; *jobs* are all of its, oldest first."""
    for number, job in enumerate(jobs):
        yield from _judge_beginning(task, job, jobs[:number])
    for job in jobs:
        if job.is_live_at(now):
            yield _violation(ORPHAN, "a job still runs", task, job)
    if task.state not in FINAL:
        yield _violation("not final", f"it is {task.state}", task, *jobs)
    else:
        yield from _judge_end(task, jobs, now)


def _judge_beginning(task: Task, job: Job, before: list[Job]) -> Iterator[Violation]:
    """Ask whether a job could be made when it was, after the others that there had been."""
    counting = [other for other in before if other.counts_at(job.created)]
    for other in counting:
        if other.mark == job.mark:
            yield _violation(DUPLICATE, "a second job beside one that counts", task, other, job)
            break
    for other in counting:
        if other.mark != job.mark and other.is_live_at(job.created):
            yield _violation(ORPHAN, "a job of before a clear runs on", task, other, job)
    if any(other.generation > job.generation for other in before):
        yield _violation(ORPHAN, "a job of before a clear came after it", task, job)


def _judge_end(task: Task, jobs: list[Job], now: float) -> Iterator[Violation]:
    """Compare the end of a task with that of its jobs since it was last cleared."""
    current = [job for job in jobs if job.generation == task.generation]
    if task.waits:
        yield _violation("wait left", "Airflow still has a trigger for it", task, *current)
    if task.state != task.fated_state:
        yield _violation("wrong end", f"it is {task.state}, not {task.fated_state}", task, *current)
    if task.state == "success":
        yield from _judge_success(task, current)
        return
    for job in current:
        if job.counts_at(now):
            yield _violation(ORPHAN, f"it is {task.state}, its job is not", task, job)


def _judge_success(task: Task, current: list[Job]) -> Iterator[Violation]:
    returned = next((job for job in current if job.id == task.job_id), None)
    if returned is None:
        yield _violation(MISSING, f"it returned {task.job_id}, none of its jobs", task, *current)
    elif returned is not current[-1]:
        yield _violation(ORPHAN, "it did not return its newest job", task, *current)
    elif task.mode != "submit" and not returned.succeeded:
        yield _violation("green", "it succeeded, its job did not", task, returned)


def _violation(what: str, text: str, task: Task, *jobs: Job) -> Violation:
    return Violation(what=what, text=f"{task}: {text}", task=task, jobs=jobs)
