"""What a retry learns from the jobs of earlier tries, read from AWS as far as needed."""

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.learning import learned, tries_of
from airflow_fargate_batch.core.request import JobRequest, Learning
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.submitting.retrying import Timing

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi

log = logging.getLogger(__name__)

ENOUGH: Final = 1000
"""Number of failed children to learn from, a hundred a call: one cause is shared by many."""


def learned_request(
    request: JobRequest,
    earlier: list[Job],
    *,
    tries_before: int | None,
    api: "BatchApi",
    clock: Timing,
    until: float,
) -> JobRequest:
    """Return the request with more memory or another queue, and log why.

    :param earlier: jobs of earlier tries, none of which is adopted.
    :param tries_before: number of earlier tries; ``None`` means not known.
    :param until: moment by *clock* until which calls are retried.
    """
    if not earlier or request.learning == Learning():
        return request
    generation = request.submission.generation if request.submission else 0
    tries = [
        replace(one, children=_failed_children(one.job, api, clock, until))
        for one in tries_of(earlier, tries_before=tries_before, generation=generation)
    ]
    this = "this try" if tries_before is None else f"try {generation + tries_before + 1}"
    lesson = learned(request, tries, this=this)
    for text in lesson.says:
        log.info("%s", text)
    return lesson.request


def _failed_children(job: Job, api: "BatchApi", clock: Timing, until: float) -> tuple[Job, ...]:
    """Return failed children of an array, enough to learn from; none if they are not known."""
    if not job.is_array:
        return ()
    try:
        failed = clock.persist(partial(api.failed_children, job.id, most=ENOUGH), until)
        if len(job.containers) < 2:
            return tuple(failed)
        # ListJobs does not name the container that failed.
        ids = [child.id for child in failed[: limits.DESCRIBE_JOBS]]
        return tuple(clock.persist(partial(api.describe_jobs, ids), until))
    except AwsError as error:
        log.warning("%s The retry learns nothing from the children of job %s.", error, job.id)
        return ()
