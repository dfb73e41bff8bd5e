"""Recognition of a submission's own jobs among all jobs, and reasons not to adopt a job.

A job belongs to a submission by its tag. The name alone counts only for a job without the tag, and
only for a default name, which ends with the token. Contradicting tags always win: a job with copied
tags or a copied name belongs to another submission.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.naming import (
    LIFE_TAG,
    SUBMISSION_TAG,
    Submission,
    base_name,
    is_token,
)
from airflow_fargate_batch.core.status import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_fargate_batch.core.job import Job
    from airflow_fargate_batch.core.request import JobRequest

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""Largest difference between a clock and AWS's: beyond five minutes AWS refuses the signatures of
requests (Signature Version 4, "Troubleshooting")."""
SCHEDULER_DIFFERS: Final = timedelta(seconds=5)
"""Largest difference between the clocks of scheduler and worker: the scheduler dates the DAG run,
and the worker compares the worker's clock with AWS's."""

_IDENTIFYING: Final = frozenset(
    Submission(
        token="", dag_id="", run_id="", task_id="", map_index=0, operator="", deployment=""
    ).tags(room=limits.TAGS)
) - {SUBMISSION_TAG}
"""Tags of ownership: a job with other values belongs to another submission."""


def is_named(request: JobRequest) -> bool:
    """Return whether the name alone identifies the submission, like a default name."""
    return request.submission is not None and request.job_name.endswith(request.submission.mark)


def former_name(request: JobRequest) -> str | None:
    """Return the default name by the recipe of an earlier version; ``None`` if there is none."""
    submission = request.submission
    if submission is None or submission.former_token is None or not is_named(request):
        return None
    head = request.job_name.removesuffix(submission.mark)
    return f"{head}{submission.former_token}-{submission.generation}"


def is_of(job: Job, request: JobRequest, *, older: bool = False) -> bool:
    """Return whether a job belongs to the submission, or to an older generation of the same task.

    The life of the DAG run is not compared: see `belongs_to_life`.
    """
    submission = request.submission
    if submission is None or _contradicts(job, submission):
        return False
    token, _, generation = _mark(job).partition("-")
    if token not in {submission.token, submission.former_token} or not _is_number(generation):
        return False
    if older:
        return int(generation) < submission.generation
    return int(generation) == submission.generation


def is_former(job: Job, request: JobRequest) -> bool:
    """Return whether a job of a submission carries the token of an earlier version's recipe."""
    former = request.submission and request.submission.former_token
    return former is not None and _mark(job).startswith(f"{former}-")


def belongs_to_life(job: Job, submission: Submission, began: datetime | None) -> bool:
    """Return whether a job was submitted in the same life of the DAG run.

    The tag decides. A job without the tag, of an earlier version or without tags, must have been
    created since the run began. If Airflow does not say when the run began, every job belongs.

    :param began: start of the run by AWS's clock, less the tolerance for clocks.
    """
    life = _tags_of(submission).get(LIFE_TAG)
    if life is not None and (said := job.tags.get(LIFE_TAG)):
        return said == life
    return began is None or (job.created_at is not None and job.created_at >= began)


def uses_definition(job: Job, request: JobRequest) -> bool:
    """Return whether a job uses the request's job definition, in any revision."""
    if job.definition is None:
        return True
    return base_name(job.definition) == base_name(request.job_definition)


def reason_to_pass(job: Job) -> str | None:
    """Return why a job of the submission is not adopted; ``None`` if the job may be adopted."""
    if job.is_terminated:
        return "its termination was requested"
    if job.is_cancelled:
        return "its cancellation was requested"
    if job.status is JobStatus.FAILED:
        return f"it failed: {job.status_reason}" if job.status_reason else "it failed"
    return None


def to_adopt(found: Iterable[Job]) -> Job | None:
    """Choose the job to adopt from the jobs of a submission, given newest first.

    A SUCCEEDED job followed by newer jobs is not adopted: the job belongs to a deleted DAG run, and
    the run_id was used again.
    """
    for place, job in enumerate(found):
        if reason_to_pass(job) is None and (job.status.is_live or place == 0):
            return job
    return None


def mark_of(job: Job) -> tuple[str, int] | None:
    """Return token and generation of a job, by its tag or else its name; ``None`` without them."""
    token, _, generation = _mark(job).partition("-")
    return (token, int(generation)) if is_token(token) and _is_number(generation) else None


def name_of_any_generation(job: Job) -> str | None:
    """Return the pattern of the names of a task's jobs, for ListJobs; a given name stays."""
    mark = mark_of(job)
    if job.name is None or mark is None or not job.name.endswith(f"{mark[0]}-{mark[1]}"):
        return job.name
    return f"{job.name.removesuffix(str(mark[1]))}*"


def _mark(job: Job) -> str:
    """Read token and generation from the job's tag, or else from the end of its name."""
    return job.tags.get(SUBMISSION_TAG) or "-".join((job.name or "").split("-")[-2:])


def _contradicts(job: Job, submission: Submission) -> bool:
    """Return whether a tag of this package names another task, run or deployment.

    The life is not compared: a run cleared after the end begins a new life.
    """
    own = _tags_of(submission)
    return any(value != own.get(key) for key, value in job.tags.items() if key in _IDENTIFYING)


@lru_cache(maxsize=16)
def _tags_of(submission: Submission) -> Mapping[str, str]:
    """Return the tags of a submission, which each of a thousand jobs is compared with."""
    return submission.tags(room=limits.TAGS)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
