"""Writers for an entry of DescribeJobs and its members: what ``_job_reading`` reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core._job_parts import ArrayProgress, Attempt, JobParts
from airflow_fargate_batch.core._members import EPOCH
from airflow_fargate_batch.core.items import indexes_text
from airflow_fargate_batch.core.naming import INDEXES_VARIABLE, TAG_PREFIX


def job_to_api(job: JobParts) -> dict[str, Any]:
    """Write the entry of a job, without tags of other programs."""
    depends_on = [{"jobId": job_id} for job_id in job.dependencies]
    return _without_nothing(
        {
            "jobId": job.id,
            "jobName": job.name,
            "jobArn": job.arn,
            "jobQueue": job.queue,
            "jobDefinition": job.definition,
            "status": job.status_text,
            "statusReason": job.status_reason,
            "attempts": [_attempt_to_api(attempt) for attempt in job.attempts],
            "arrayProperties": _array_to_api(job.array),
            "dependsOn": depends_on or [{}] * job.has_dependencies,
            "isTerminated": job.is_terminated,
            "isCancelled": job.is_cancelled,
            "createdAt": _milliseconds(job.created_at),
            "scheduledAt": _milliseconds(job.scheduled_at),
            "startedAt": _milliseconds(job.started_at),
            "stoppedAt": _milliseconds(job.stopped_at),
            "shareIdentifier": job.share_identifier,
            "tags": {k: v for k, v in job.tags.items() if k.startswith(TAG_PREFIX)},
            "ecsProperties": {"taskProperties": [_job_task_to_api(job)]},
        }
    )


def _job_task_to_api(job: JobParts) -> dict[str, Any]:
    platform = _without_nothing(
        {
            "operatingSystemFamily": job.operating_system,
            "cpuArchitecture": job.architecture,
        }
    )
    return _without_nothing(
        {
            "taskArn": job.task_arn,
            "enableExecuteCommand": job.allows_exec or None,
            **_task_to_api(job.containers, job.indexes),
            "runtimePlatform": platform or None,
            "ephemeralStorage": {"sizeInGiB": job.storage} if job.storage else None,
        }
    )


def _array_to_api(array: ArrayProgress | None) -> dict[str, Any] | None:
    if array is None:
        return None
    counts = {status.value: count for status, count in array.counts.items()}
    return _without_nothing({"size": array.size, "index": array.index, "statusSummary": counts})


def _attempt_to_api(attempt: Attempt) -> dict[str, Any]:
    return _without_nothing(
        {
            "taskProperties": [
                _without_nothing({"taskArn": attempt.task_arn}) | _task_to_api(attempt.containers)
            ],
            "statusReason": attempt.status_reason,
            "startedAt": _milliseconds(attempt.started_at),
            "stoppedAt": _milliseconds(attempt.stopped_at),
        }
    )


def _task_to_api(containers: Sequence[Container], indexes: Sequence[int] = ()) -> dict[str, Any]:
    written = [_container_to_api(container) for container in containers]
    if written and indexes:
        text = indexes_text(indexes)
        written[0]["environment"] = [{"name": INDEXES_VARIABLE, "value": text}]
    return {"containers": written}


def _container_to_api(container: Container) -> dict[str, Any]:
    requirements = {"VCPU": container.vcpu, "MEMORY": container.memory}
    return _without_nothing(
        {
            "name": container.name,
            "essential": None if container.essential else False,
            "exitCode": container.exit_code,
            "reason": container.reason,
            "logStreamName": container.log_stream,
            "logConfiguration": _log_configuration(container.log_group),
            "image": container.image,
            "resourceRequirements": [
                {"type": kind, "value": str(value)}
                for kind, value in requirements.items()
                if value is not None
            ],
        }
    )


def _log_configuration(log_group: str | None) -> dict[str, Any]:
    if log_group is None:
        return {"logDriver": "elsewhere"}
    return {"logDriver": "awslogs", "options": {"awslogs-group": log_group}}


def _without_nothing(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // timedelta(milliseconds=1)
