"""A job's JSON object: the same members in every command."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.spelling import camel_case

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import Submitted


def job_members(job: Job, summary: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a job's JSON object: the same members in every command, ``null`` if unknown.

    :param summary: result of ``Job.to_summary``. ``None`` means AWS has not described the job.
    """
    known = camel_case(_without_cost(summary or {}))
    named = {"jobId": job.id, "jobName": job.name, "jobArn": job.arn}
    return {**_UNKNOWN, **known, **named} if job.status_text else {**_UNKNOWN, **named}


def _without_cost(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out cost and use: these commands do not make the calls that they need."""
    return {key: value for key, value in summary.items() if key not in ("cost", "use")}


_UNKNOWN: Final = {
    "jobId": None,
    "jobName": None,
    "jobArn": None,
    **dict.fromkeys(camel_case(_without_cost(Job(id="").to_summary()))),
    "array": None,
}


def of_submitted(submitted: "Submitted") -> dict[str, Any]:
    """Return the object of a job that AWS has not described."""
    return job_members(Job(id=submitted.job_id, name=submitted.job_name, arn=submitted.job_arn))
