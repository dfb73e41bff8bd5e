"""What is left to do when a job has ended: gather what people will ask, and judge it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core.failure import diagnose, report
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import AwsError, JobFailed

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.aws.logs import LogsApi

log = logging.getLogger(__name__)

CHILDREN_DESCRIBED: Final = 1000
"""How many failed children of several containers are described, a hundred a call."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The end of a job.

    Attributes:
        summary: What XCom ``job`` holds.
        failure: What to raise; ``None`` where the job succeeded.
        exit_codes: Of the job that failed, or of an array's children that did; ``None`` is that of
            a container that never ran.
    """

    summary: dict[str, Any]
    failure: JobFailed | None = None
    exit_codes: frozenset[int | None] = frozenset()

    def all_ended_with(self, codes: frozenset[int]) -> bool:
        """Tell whether everything that failed did so with one of some exit codes."""
        return bool(self.exit_codes) and self.exit_codes <= codes

    def any_ended_with(self, codes: frozenset[int]) -> bool:
        """Tell whether something failed with one of some exit codes."""
        return not self.exit_codes.isdisjoint(codes)


def conclude(
    job: Job,
    *,
    task: str | None,
    api: "Callable[[], BatchApi]",
    logs: "Callable[[], LogsApi] | None" = None,
) -> Conclusion:
    """Judge a job that has ended; nothing that cannot be read changes the verdict.

    :param task: the Airflow task, as people call it.
    :param api: called only where AWS has to be asked, about a failed array's children: to connect
        takes longer than all the rest.
    :param logs: called only for a job that failed, for its last lines; ``None`` leaves them out.
    """
    if job.status is JobStatus.SUCCEEDED:
        return Conclusion(job.to_summary())
    known_children = failed_children_of(job, api) if _is_parent(job) else []
    failed_children = known_children or []
    text = report(
        job,
        task=task,
        failed_children=failed_children,
        log_lines=_last_lines(job, failed_children, api, logs) if logs else (),
        url=urls.job_url(job.id, region=job.region) if job.region else None,
    )
    return Conclusion(
        job.to_summary(failed_children=known_children),
        JobFailed(text, job.id, diagnose(job, failed_children).retryable),
        frozenset(each.exit_code for each in (failed_children if _is_parent(job) else [job])),
    )


def failed_children_of(job: Job, api: "Callable[[], BatchApi]") -> list[Job] | None:
    """Ask for an array's failed children; ``None`` if they cannot be listed."""
    try:
        children = api().failed_children(job.id)
    except AwsError as error:
        log.warning("Could not list the failed children of job %s: %s", job.id, error)
        return None
    if len(job.containers) > 1:
        children = _with_containers(api, children)
    return [child.striking_out(job.secrets) for child in children] if job.secrets else children


def _with_containers(api: "Callable[[], BatchApi]", children: list[Job]) -> list[Job]:
    """Describe children of several containers: ListJobs does not say which of them is essential.

    Of a child that is not described no exit code is known: none decides to skip or to fail.
    """
    ids = [child.id for child in children[:CHILDREN_DESCRIBED]]
    try:
        known = {child.id: child for child in api().describe_jobs(ids)}
    except AwsError as error:
        log.warning("Could not read the containers of the failed children: %s", error)
        known = {}
    return [known.get(child.id) or replace(child, containers=()) for child in children]


def _is_parent(job: Job) -> bool:
    return job.array is not None and job.array.size is not None


def last_lines(job: Job, logs: "Callable[[], LogsApi]") -> list[str]:
    """Return the last log lines of a job that may still run; none for an array."""
    from airflow_fargate_batch.watching.log_tail import LogTail  # loads botocore

    try:
        return LogTail(logs()).of(job)
    except AwsError as error:
        log.warning("Could not read the last log lines of job %s: %s", job.id, error)
        return []


def _last_lines(
    job: Job,
    failed_children: list[Job],
    api: "Callable[[], BatchApi]",
    logs: "Callable[[], LogsApi]",
) -> list[str]:
    from airflow_fargate_batch.watching.log_tail import LogTail  # loads botocore

    try:
        tail = LogTail(logs())
        if _is_parent(job):
            return tail.of_children(failed_children, describe=lambda ids: api().describe_jobs(ids))
        return tail.of(job, describe=lambda ids: api().describe_jobs(ids))
    except AwsError as error:
        log.warning("Could not read the last log lines of job %s: %s", job.id, error)
        return []
