"""The page of a task instance, put together from Airflow's records and AWS's answers."""

import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from airflow_fargate_batch._airflow.compat import redact
from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.explanation import Explanation, explain, questions
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import chosen_child, nothing_to_read
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.ui.live import LiveJobs, connected_hook
from airflow_fargate_batch.ui.lookups import Lookups
from airflow_fargate_batch.ui.records import JobReference, TaskKey, TaskRecord, task_record
from airflow_fargate_batch.ui.task_page import (
    TaskPage,
    page_from_records,
    page_of_job,
    page_without_job,
)
from airflow_fargate_batch.ui.tries import Jobs, jobs_of_task
from airflow_fargate_batch.watching.conclusion import failed_children_of
from airflow_fargate_batch.watching.evidence_reader import EvidenceReader
from airflow_fargate_batch.watching.log_tail import LogTail

if TYPE_CHECKING:
    from airflow_fargate_batch.hooks import FargateBatchHook

FAILED_READ: Final = 500
"""Failed children asked for, in five calls at most; the task's XCom has the indexes of all."""
LINES: Final = 200
"""Last lines of a log."""
PATIENCE: Final = 3.0
"""Seconds for all lookups of an explanation."""
_NOT_KNOWN: Final = (
    "AWS Batch does not know this job any more; the page shows what Airflow recorded"
)


class Log(NamedTuple):
    """Last lines of a job's log; *notice* says why there are none."""

    lines: Sequence[str]
    notice: str | None = None
    is_live: bool = False


@cache
def lookups() -> Lookups:
    """Return the answers around jobs that all pages of this process share."""
    return Lookups()


@cache
def live_jobs() -> LiveJobs:
    """Return the jobs that all pages of this process share."""
    return LiveJobs(connected_hook)


def task_page(key: TaskKey) -> TaskPage | None:
    """Return the page of a task instance; ``None`` if Airflow does not know it."""
    record = task_record(key)
    if record is None:
        return None
    reference = record.job
    if reference is None:
        return page_without_job(record, _as_json(record.request))
    live = live_jobs()
    seen = live.describe([reference]).get(reference)
    trouble = live.trouble([reference])
    stale = f"AWS does not answer: {trouble[0]}" if trouble else None
    if seen is None or seen.job is None:
        return page_from_records(record, reference.job_id, reference.region, stale or _NOT_KNOWN)
    hook = live.hook(reference)
    children = _failed_children(reference, seen.job, hook)
    explanation = _explain(reference, seen.job, children or (), hook)
    jobs = _jobs_of_tries(reference, seen.job, record, hook)
    return page_of_job(
        record, explanation, seen_at=seen.at, stale=stale, children=children, jobs=jobs
    )


def log_lines(key: TaskKey, child: int | None) -> Log:
    """Return the last lines of a task's job, or of a child of its array."""
    record = task_record(key)
    reference = record.job if record else None
    if reference is None:
        return Log((), "There is no job.")
    live = live_jobs()
    job = _job(live, reference)
    if job is not None and child is not None:
        child_id = chosen_child(job, child)
        if child_id is None:
            return Log((), f"The array has no child {child}.")
        reference = JobReference(child_id, reference.region, reference.connection)
        job = _job(live, reference)
    hook = live.hook(reference)
    if job is None or hook is None:
        return Log((), " ".join(live.trouble([reference])) or "AWS does not know the job.")
    lines = LogTail(hook.logs, count=LINES, sleep=lambda _: None).of(job)
    notice = None if lines else nothing_to_read(job) or "The log is empty so far."
    return Log([str(redact(line)) for line in lines], notice, job.status.is_live)


def _job(live: LiveJobs, reference: JobReference) -> Job | None:
    seen = live.describe([reference]).get(reference)
    return seen.job if seen else None


def _failed_children(
    reference: JobReference, job: Job, hook: "FargateBatchHook | None"
) -> list[Job] | None:
    """Return failed children of an array, the first ones; ``None`` if AWS does not list them."""
    if not job.has_failed_children:
        return []
    if hook is None:
        return None
    return lookups().get(
        (reference, "children", job.status.is_final),
        lambda: failed_children_of(job, lambda: hook.api, most=FAILED_READ),
    )


def _jobs_of_tries(
    reference: JobReference, job: Job, record: TaskRecord, hook: "FargateBatchHook | None"
) -> Jobs:
    """Return the jobs of all tries; AWS is asked if the task has more than one try."""
    if len(record.tries) < 2 or hook is None:
        return Jobs([job])
    earlier = lookups().get(
        (reference, "tries", len(record.tries)),
        lambda: jobs_of_task(job, record, lambda: hook.api),
    )
    return earlier._replace(found=[job if each.id == job.id else each for each in earlier.found])


def _explain(
    reference: JobReference, job: Job, children: Sequence[Job], hook: "FargateBatchHook | None"
) -> Explanation:
    """Explain a job; lookups that fail are left out."""
    evidence = Evidence(failed_children=tuple(children))
    if hook is not None:
        evidence = lookups().get(
            (reference, "evidence", job.status_text), lambda: _evidence(job, children, hook)
        )
    return explain(job, evidence, datetime.now(UTC))


def _evidence(job: Job, children: Sequence[Job], hook: "FargateBatchHook") -> Evidence:
    with suppress(AwsError):
        return EvidenceReader(hook.api, patience=PATIENCE).read(
            job, questions(job, children), failed_children=children
        )
    return Evidence(failed_children=tuple(children))


def _as_json(request: Any) -> str | None:
    return None if request is None else json.dumps(request, indent=2, ensure_ascii=False)
