"""Advice after AWS refused an unknown queue or job definition: the name that may be meant."""

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.definition import base_name
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.exceptions import AwsError, JobDefinitionNotFound, JobQueueNotFound

NotFound = JobDefinitionNotFound | JobQueueNotFound


def with_name_meant(error: NotFound, request: JobRequest, api: BatchApi) -> NotFound:
    """Return the error with a name that exists, if AWS tells one; else the error itself."""
    try:
        if isinstance(error, JobDefinitionNotFound):
            advice = _definition_meant(request.job_definition, api)
        else:
            advice = _queue_meant(request.job_queue, api)
    except AwsError:
        return error
    return type(error)(error.message, advice) if advice else error


def _definition_meant(name: str, api: BatchApi) -> str | None:
    if newest := api.job_definition(base_name(name)):
        return f"The newest active revision is {newest}."
    near = nearest(base_name(name), (each.name for each in api.active_definitions()))
    return f"Did you mean {near}?" if near else None


def _queue_meant(name: str, api: BatchApi) -> str | None:
    near = nearest(base_name(name), (queue.name for queue in api.job_queues()))
    return f"Did you mean {near}?" if near else None
