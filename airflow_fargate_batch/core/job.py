"""One job, parsed once from DescribeJobs and trusted afterwards.

Source: AWS Batch API Reference, ``JobDetail``; the ``JobSummary`` of ListJobs has a
subset of the same members, so an array's children are ``Job`` values as well. Command, environment
and parameters are dropped on purpose, because of secrets. Two parts of the environment are kept:
the variable of this package, and the secrets to strike out of the job's log. ``_job_reading`` reads
the members, ``_job_writing`` writes them again.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core._containers import Container, Containers
from airflow_fargate_batch.core._job_parts import DEFAULT_LOG_GROUP, ArrayProgress, Attempt
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
from airflow_fargate_batch.core._job_writing import (
    array_to_api,
    attempt_to_api,
    milliseconds,
    task_to_api,
    without_nothing,
)
from airflow_fargate_batch.core.naming import TAG_PREFIX
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

FAILED_INDEXES: Final = 1000
"""Number of failed indexes in a summary; the counts include all."""
_RUNS: Final = frozenset({JobStatus.STARTING, JobStatus.RUNNING})
_ARN: Final = re.compile(r"arn:[^:]+:batch:([^:]+):")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Containers):
    """A job at one moment; equal values mean that nothing has changed.

    Attributes:
        status: ``UNKNOWN`` for states unknown to this package: see ``status_text``.
        status_text: The state in AWS's spelling; empty if AWS gave none.
        attempts: Finished attempts, first to last.
        array: ``None`` unless the job is an array's parent or child.
        secrets: Texts to strike out of the job's log: the secrets in its environment, parameters
            and commands. ``repr`` and ``to_api`` leave the secrets out, so a job from a trigger's
            event has none.
        indexes: Of a rerun, the indexes of its children in the original array, in order.
        has_dependencies: The job was submitted with ``dependsOn``.
        dependencies: Ids of the jobs in ``dependsOn``.
        task_arn: The ECS task of the current or last attempt.
        allows_exec: Whether ECS Exec can open a shell in the containers.
        is_terminated: TerminateJob was called, in any state.
        is_cancelled: CancelJob was called, in any state.
        share_identifier: Share of a fair-share queue.
        operating_system, architecture: As AWS writes them; ``None`` means AWS's defaults.
        storage: Ephemeral storage in GiB; ``None`` means Fargate's default.
        created_at, started_at, stopped_at: Aware, in UTC.
        scheduled_at: Time when Batch requested the Fargate task; only ListJobs reports the time.
    """

    id: str
    name: str | None = None
    arn: str | None = None
    queue: str | None = None
    definition: str | None = None
    status: JobStatus = JobStatus.UNKNOWN
    status_text: str = ""
    status_reason: str | None = None
    containers: tuple[Container, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    array: ArrayProgress | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)
    indexes: tuple[int, ...] = ()
    has_dependencies: bool = False
    dependencies: tuple[str, ...] = ()
    task_arn: str | None = None
    allows_exec: bool = False
    is_terminated: bool = False
    is_cancelled: bool = False
    created_at: datetime | None = None
    scheduled_at: datetime | None = None
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    share_identifier: str | None = None
    operating_system: str | None = None
    architecture: str | None = None
    storage: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

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
        return without_nothing(
            {
                "jobId": self.id,
                "jobName": self.name,
                "jobArn": self.arn,
                "jobQueue": self.queue,
                "jobDefinition": self.definition,
                "status": self.status_text,
                "statusReason": self.status_reason,
                "attempts": [attempt_to_api(attempt) for attempt in self.attempts],
                "arrayProperties": array_to_api(self.array),
                "dependsOn": [{"jobId": job_id} for job_id in self.dependencies]
                or [{}] * self.has_dependencies,
                "isTerminated": self.is_terminated,
                "isCancelled": self.is_cancelled,
                "createdAt": milliseconds(self.created_at),
                "scheduledAt": milliseconds(self.scheduled_at),
                "startedAt": milliseconds(self.started_at),
                "stoppedAt": milliseconds(self.stopped_at),
                "shareIdentifier": self.share_identifier,
                "tags": {k: v for k, v in self.tags.items() if k.startswith(TAG_PREFIX)},
                "ecsProperties": {
                    "taskProperties": [
                        without_nothing(
                            {
                                "taskArn": self.task_arn,
                                "enableExecuteCommand": self.allows_exec or None,
                            }
                        )
                        | task_to_api(self.containers, self.indexes)
                        | _fargate_to_api(self)
                    ]
                },
            }
        )

    def to_summary(self, *, failed_children: Iterable["Job"] | None = None) -> dict[str, Any]:
        """Write a small JSON-able summary for downstream tasks.

        Times are ISO 8601 in UTC, ``memory`` is MiB, callers that know prices fill ``cost``. The
        ``counts`` of an array name the states; ``failed_indexes`` come from *failed_children*,
        since DescribeJobs does not report indexes: ``None`` means that children have failed, with
        unknown indexes.
        """
        summary: dict[str, Any] = {
            "job_id": self.id,
            "job_name": self.name,
            "status": self.status_text,
            "status_reason": self.status_reason,
            "exit_code": self.exit_code,
            "reason": self.reason,
            "attempts": len(self.attempts),
            "created_at": _iso(self.created_at),
            "started_at": _iso(self.started_at),
            "stopped_at": _iso(self.stopped_at),
            "vcpu": None if self.vcpu is None else float(self.vcpu),
            "memory": self.memory,
            "log_streams": list(self.log_streams),
            "cost": None,
            "use": None,
        }
        if self.is_array:
            summary["array"] = {
                "size": self.array_size,
                "counts": {status.value: count for status, count in self.counts.items()},
                "failed_indexes": self._failed_indexes(failed_children),
            }
        return summary

    def _failed_indexes(self, failed_children: Iterable["Job"] | None) -> list[int] | None:
        if failed_children is None:
            return None if self.has_failed_children else []
        failed = map(self.index_of, failed_children)
        return sorted(index for index in failed if index is not None)[:FAILED_INDEXES]

    @property
    def array_size(self) -> int | None:
        """Number of children of an array; ``None`` for a child and a plain job."""
        return self.array.size if self.array else None

    @property
    def is_array(self) -> bool:
        """Whether the job is an array, as opposed to a child and a plain job."""
        return self.array_size is not None

    @property
    def counts(self) -> Mapping[JobStatus, int]:
        """Numbers of an array's children by state; empty for other jobs."""
        return self.array.counts if self.array else {}

    @property
    def has_failed_children(self) -> bool:
        """Whether the job is an array with failed children."""
        return self.is_array and JobStatus.FAILED in {*self.counts, self.status}

    def index_of(self, child: "Job") -> int | None:
        """Return a child's index; in a rerun, the index in the original array."""
        index = child.array.index if child.array else None
        return self.indexes[index] if index is not None and index < len(self.indexes) else index

    @property
    def waits_for_room(self) -> bool:
        """Whether the job is RUNNABLE; for an array, whether a child is while none runs."""
        if not self.counts:
            return self.status is JobStatus.RUNNABLE
        return JobStatus.RUNNABLE in self.counts and _RUNS.isdisjoint(self.counts)

    @property
    def children_ended(self) -> int:
        """Number of finished children of an array."""
        return sum(count for status, count in self.counts.items() if status.is_final)

    @property
    def region(self) -> str | None:
        """The region in the ARN."""
        arn = _ARN.match(self.arn or "")
        return arn[1] if arn else None

    @property
    def vcpu(self) -> Decimal | None:
        """The vCPUs of all containers together."""
        known = [container.vcpu for container in self.containers if container.vcpu is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def memory(self) -> int | None:
        """The memory of all containers together, in MiB."""
        known = [container.memory for container in self.containers if container.memory is not None]
        return sum(known) if known else None

    @property
    def log_group(self) -> str | None:
        """The CloudWatch log group; ``None`` if the job does not log to CloudWatch."""
        return self.telling.log_group if self.containers else DEFAULT_LOG_GROUP

    @property
    def log_streams(self) -> tuple[str, ...]:
        """The log streams of all attempts and then the current one, each once."""
        attempts = [*self.attempts, self]
        streams = (
            container.log_stream
            for attempt in attempts
            for container in attempt.containers
            if container.log_stream is not None
        )
        return tuple(dict.fromkeys(streams))


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


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _fargate_to_api(job: Job) -> dict[str, Any]:
    platform = {
        "operatingSystemFamily": job.operating_system,
        "cpuArchitecture": job.architecture,
    }
    return {
        **({"runtimePlatform": without_nothing(platform)} if any(platform.values()) else {}),
        **({"ephemeralStorage": {"sizeInGiB": job.storage}} if job.storage else {}),
    }
