"""Writers for the members of a DescribeJobs entry: what ``_job_reading`` reads."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core._job_parts import ArrayProgress, Attempt
from airflow_fargate_batch.core._members import EPOCH
from airflow_fargate_batch.core.items import indexes_text
from airflow_fargate_batch.core.naming import INDEXES_VARIABLE


def array_to_api(array: ArrayProgress | None) -> dict[str, Any] | None:
    if array is None:
        return None
    counts = {status.value: count for status, count in array.counts.items()}
    return without_nothing({"size": array.size, "index": array.index, "statusSummary": counts})


def attempt_to_api(attempt: Attempt) -> dict[str, Any]:
    return without_nothing(
        {
            "taskProperties": [
                without_nothing({"taskArn": attempt.task_arn}) | task_to_api(attempt.containers)
            ],
            "statusReason": attempt.status_reason,
            "startedAt": milliseconds(attempt.started_at),
            "stoppedAt": milliseconds(attempt.stopped_at),
        }
    )


def task_to_api(containers: Sequence[Container], indexes: Sequence[int] = ()) -> dict[str, Any]:
    written = [_container_to_api(container) for container in containers]
    if written and indexes:
        text = indexes_text(indexes)
        written[0]["environment"] = [{"name": INDEXES_VARIABLE, "value": text}]
    return {"containers": written}


def _container_to_api(container: Container) -> dict[str, Any]:
    requirements = {"VCPU": container.vcpu, "MEMORY": container.memory}
    return without_nothing(
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


def without_nothing(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in members.items() if value is not None}


def milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - EPOCH) // timedelta(milliseconds=1)
