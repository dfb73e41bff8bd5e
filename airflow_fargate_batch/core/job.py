"""One job, parsed once from DescribeJobs and trusted afterwards.

Source: AWS Batch API Reference, ``JobDetail``; the ``JobSummary`` of ListJobs has a
subset of the same members, so an array's children are ``Job`` values as well. Command, environment
and parameters are dropped on purpose, because of secrets. Two parts of the environment are kept:
the variable of this package, and the secrets to strike out of the job's log. ``_job_reading`` reads
the members, ``_job_writing`` writes them again; ``_job_summary`` writes a job for later tasks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core._job_parts import (
    DEFAULT_LOG_GROUP,
    ArrayProgress,
    Attempt,
    JobParts,
)
from airflow_fargate_batch.core._job_reading import (
    array_from_api,
    attempts_from_api,
    container_from_api,
    containers_of,
    environment_of,
    fargate_from_api,
    helpers_of,
    indexes_of,
    task_of,
)
from airflow_fargate_batch.core._job_secrets import secrets_of_job
from airflow_fargate_batch.core._job_summary import FAILED_INDEXES, summary_of
from airflow_fargate_batch.core._job_writing import job_to_api
from airflow_fargate_batch.core.secret_names import is_secret_name
from airflow_fargate_batch.core.secrets import without
from airflow_fargate_batch.core.status import JobStatus

__all__ = [
    "DEFAULT_LOG_GROUP",
    "FAILED_INDEXES",
    "ArrayProgress",
    "Attempt",
    "Job",
    "jobs_from_api",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(JobParts):
    """A job at one moment; equal values mean that nothing has changed.

    ``JobParts`` lists the attributes.
    """

    @classmethod
    def from_api(cls, entry: object, *, is_secret: Callable[[str], bool] = is_secret_name) -> "Job":
        """Parse an entry of DescribeJobs or ListJobs; a nonsensical member counts as absent.

        :param is_secret: returns by a variable's name whether the value is a secret.
        :raises ValueError: the entry is no mapping, or has no ``jobId``
        """
        members = read.mapping(entry)
        job_id = read.text(members.get("jobId"))
        if job_id is None:
            raise ValueError("the entry has no jobId")
        status_text = read.text(members.get("status")) or ""
        containers = containers_of(members)
        helpers = helpers_of(containers)
        variables = list(environment_of(containers))
        secrets = secrets_of_job(members, containers, variables, is_secret)
        depends_on = read.mappings(members.get("dependsOn"))
        task = task_of(members)
        job = cls(
            id=job_id,
            name=read.text(members.get("jobName")),
            arn=read.text(members.get("jobArn")),
            queue=read.text(members.get("jobQueue")),
            definition=read.text(members.get("jobDefinition")),
            status=JobStatus(status_text),
            status_text=status_text,
            status_reason=read.text(members.get("statusReason")),
            containers=tuple(
                container_from_api(
                    each, essential=not helpers or each.get("essential") is not False
                )
                for each in containers
            ),
            attempts=attempts_from_api(members, helpers),
            array=array_from_api(read.mapping(members.get("arrayProperties"))),
            secrets=secrets,
            indexes=indexes_of(variables) if variables else (),
            has_dependencies=bool(depends_on),
            dependencies=tuple(
                job_id for entry in depends_on if (job_id := read.text(entry.get("jobId")))
            ),
            task_arn=read.text(task.get("taskArn")),
            allows_exec=task.get("enableExecuteCommand") is True,
            is_terminated=members.get("isTerminated") is True,
            is_cancelled=members.get("isCancelled") is True,
            created_at=read.moment(members.get("createdAt")),
            scheduled_at=read.moment(members.get("scheduledAt")),
            started_at=read.moment(members.get("startedAt")),
            stopped_at=read.moment(members.get("stoppedAt")),
            share_identifier=read.text(members.get("shareIdentifier")),
            **fargate_from_api(task),
            tags=read.text_mapping(members.get("tags")),
        )
        return job.striking_out(secrets) if secrets else job

    def striking_out(self, secrets: Iterable[str]) -> "Job":
        """Return the job with secrets struck out of reasons, because ECS quotes commands there."""
        secrets = tuple(secrets)
        return replace(
            self,
            status_reason=_without(secrets, self.status_reason),
            containers=_without_in(secrets, self.containers),
            attempts=tuple(
                replace(
                    attempt,
                    status_reason=_without(secrets, attempt.status_reason),
                    containers=_without_in(secrets, attempt.containers),
                )
                for attempt in self.attempts
            ),
        )

    def to_api(self) -> dict[str, Any]:
        """Write the entry again, without dropped members and without tags of other programs.

        ``from_api`` makes an equal job of the entry, except for the tags. The result is JSON: in
        this form a job travels from the triggerer, through Airflow's database, to a worker.
        """
        return job_to_api(self)

    def to_summary(self, *, failed_children: Iterable["Job"] | None = None) -> dict[str, Any]:
        """Write a small JSON-able summary for downstream tasks.

        Times are ISO 8601 in UTC, ``memory`` is MiB, callers that know prices fill ``cost``. The
        ``counts`` of an array name the states; ``failed_indexes`` come from *failed_children*,
        since DescribeJobs does not report indexes: ``None`` means that children have failed, with
        unknown indexes.
        """
        return summary_of(self, failed_children)


def jobs_from_api(
    answer: object, *, is_secret: Callable[[str], bool] = is_secret_name
) -> list[Job]:
    """Parse the answer of DescribeJobs; entries that cannot be parsed are skipped.

    :param is_secret: as in ``Job.from_api``.
    :raises ValueError: the answer has no list of jobs
    """
    entries = read.mapping(answer).get("jobs")
    if not isinstance(entries, list):
        raise ValueError("the answer of DescribeJobs has no list of jobs")  # noqa: TRY004 - documented
    return [
        Job.from_api(entry, is_secret=is_secret)
        for entry in read.mappings(entries)
        if read.text(entry.get("jobId"))
    ]


def _without(secrets: Sequence[str], reason: str | None) -> str | None:
    return None if reason is None else without(secrets, reason)


def _without_in(secrets: Sequence[str], containers: Iterable[Container]) -> tuple[Container, ...]:
    return tuple(
        container
        if container.reason is None
        else replace(container, reason=without(secrets, container.reason))
        for container in containers
    )
