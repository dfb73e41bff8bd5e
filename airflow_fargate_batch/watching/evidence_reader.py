"""Lookup of the evidence around a job, side by side, within a few seconds.

An explanation is an extra: no lookup that is denied, throttled, slow or cut raises. Lookups without
an answer are named in the evidence.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core.evidence import (
    CHILD,
    DEPENDENCIES,
    FIRST_IN_LINE,
    LINE,
    NOTHING_AROUND,
    SCHEDULE,
    Evidence,
)
from airflow_fargate_batch.core.explanation import Question
from airflow_fargate_batch.core.failure import FailureKind, diagnose
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.queue_snapshot import QueueSnapshot
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.surroundings import JOB_QUEUE, Surroundings, Unread
from airflow_fargate_batch.exceptions import AwsError

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.aws.surroundings import Caller

PATIENCE: Final = 5.0
"""Seconds that a failing task waits for all lookups together."""
HOPS: Final = 5
"""Longest chain of failed dependencies to follow; each hop is a call."""


@dataclass(slots=True)
class _Answers:
    """Answers so far; each member is written by one thread."""

    surroundings: Surroundings = NOTHING_AROUND
    snapshot: QueueSnapshot | None = None
    first_in_line: Job | None = None
    runnable_child: Job | None = None
    dependencies: tuple[Job, ...] = ()
    first_failure: Job | None = None
    listed: Job | None = None
    unread: list[Unread] = field(default_factory=list)

    @contextmanager
    def answering(self, what: str) -> Iterator[None]:
        """Note a failed lookup of *what* instead of raising."""
        try:
            yield
        except AwsError as error:
            self.unread.append(Unread(what=what, error=error))
        except Exception as error:  # noqa: BLE001 - whatever an answer breaks, the job's own failure is reported
            reason = f"{type(error).__name__}: {error}"
            self.unread.append(Unread(what=what, error=AwsError(reason)))


class EvidenceReader:
    """Reads the evidence around jobs.

    :param api: made before, in the thread that may ask Airflow for a connection.
    :param call: makes each call, for example with retries; omitted: once.
    :param patience: seconds for all lookups of one job; omitted: ``PATIENCE``.
    """

    def __init__(
        self, api: "BatchApi", *, call: "Caller | None" = None, patience: float | None = None
    ) -> None:
        from airflow_fargate_batch.aws.surroundings import once  # loads botocore

        self._api = api
        self._call = call or once
        self._patience = PATIENCE if patience is None else patience

    def read(
        self,
        job: Job,
        questions: Iterable[Question],
        *,
        failed_children: Sequence[Job] = (),
        log_lines: Sequence[str] = (),
    ) -> Evidence:
        """Look up what *questions* ask; what has no answer in time is listed as unread."""
        found = _Answers()
        lookups = {
            Question.SURROUNDINGS: (JOB_QUEUE, self._surroundings),
            Question.LINE: (LINE, self._line),
            Question.DEPENDENCIES: (DEPENDENCIES, self._dependencies),
            Question.SCHEDULE: (SCHEDULE, self._schedule),
        }
        asked = [lookups[question] for question in sorted(set(questions))]
        late = self._side_by_side(
            [(what, partial(look, job, found)) for what, look in asked], found
        )
        return Evidence(
            surroundings=found.surroundings,
            snapshot=found.snapshot,
            first_in_line=found.first_in_line,
            runnable_child=found.runnable_child,
            dependencies=found.dependencies,
            first_failure=found.first_failure,
            scheduled_at=found.listed.scheduled_at if found.listed else None,
            failed_children=tuple(failed_children),
            log_lines=tuple(log_lines),
            unread=(*found.unread, *late),
        )

    def _side_by_side(
        self, lookups: Sequence[tuple[str, Callable[[], None]]], found: _Answers
    ) -> list[Unread]:
        """Make lookups in threads, and return those that are late.

        The threads are daemons: a call that hangs must not hold up the end of the process.
        """

        def run(what: str, look: Callable[[], None]) -> None:
            with found.answering(what):
                look()

        threads = [
            (what, Thread(target=run, args=(what, look), daemon=True)) for what, look in lookups
        ]
        until = monotonic() + self._patience
        for _, thread in threads:
            thread.start()
        for _, thread in threads:
            thread.join(max(0.0, until - monotonic()))
        late = AwsError(f"AWS did not answer within {self._patience:g} s")
        return [Unread(what=what, error=late) for what, thread in threads if thread.is_alive()]

    def _surroundings(self, job: Job, found: _Answers) -> None:
        from airflow_fargate_batch.aws.surroundings import SurroundingsReader  # loads botocore

        reader = SurroundingsReader(self._api, scope=object(), call=self._call)
        found.surroundings = reader.read(queue=job.queue, definition=job.definition, fresh=True)

    def _line(self, job: Job, found: _Answers) -> None:
        if job.queue is None:
            return
        found.snapshot = self._call(partial(self._api.queue_snapshot, job.queue))
        first = found.snapshot.first
        if first is not None and first != job.id:
            with found.answering(FIRST_IN_LINE):
                found.first_in_line = next(iter(self._describe([first])), None)
        if job.is_array and not job.status_reason:
            with found.answering(CHILD):
                children = self._call(partial(self._api.runnable_children, job.id))
                found.runnable_child = next(iter(children), None)

    def _dependencies(self, job: Job, found: _Answers) -> None:
        """Describe the jobs in ``dependsOn``, and follow failed ones to the first failure."""
        found.dependencies = tuple(self._dependencies_of(job))
        failed = _first_failed(found.dependencies)
        for _ in range(HOPS):
            if failed is None or diagnose(failed).kind is not FailureKind.DEPENDENCY:
                break
            behind = _first_failed(self._dependencies_of(failed))
            if behind is None:
                break
            failed = behind
        found.first_failure = failed

    def _dependencies_of(self, job: Job) -> list[Job]:
        """Describe dependencies; N to N, a child of an array depends on the equal index."""
        if not job.dependencies:
            return []
        index = job.array.index if job.array else None
        children = [] if index is None else [f"{each}:{index}" for each in job.dependencies]
        known = {each.id: each for each in self._describe([*job.dependencies, *children])}
        pairs = [(each, f"{each}:{index}") for each in job.dependencies]
        found = [known.get(child) or known.get(whole) for whole, child in pairs]
        return [each for each in found if each is not None]

    def _schedule(self, job: Job, found: _Answers) -> None:
        """Find the job in ListJobs, which alone reports when Batch requested the task."""
        if job.queue is None or job.name is None or (job.array and job.array.index is not None):
            return
        call = partial(self._api.find_jobs, job_queue=job.queue, job_name=job.name)
        jobs = self._call(call).jobs
        found.listed = next((each for each in jobs if each.id == job.id), None)

    def _describe(self, job_ids: list[str]) -> list[Job]:
        return self._call(partial(self._api.describe_jobs, job_ids))


def _first_failed(jobs: Sequence[Job]) -> Job | None:
    """Return the job that failed first."""
    failed = [each for each in jobs if each.status is JobStatus.FAILED]
    return min(failed, key=lambda job: (job.stopped_at is None, job.stopped_at), default=None)
