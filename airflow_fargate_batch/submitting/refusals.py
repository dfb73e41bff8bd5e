"""Advice after AWS refused a request: names that may be meant, containers of the job definition."""

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.naming import base_name
from airflow_fargate_batch.core.override_kind import advice_of_kind, has_overrides
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.exceptions import (
    AwsError,
    JobDefinitionNotFound,
    JobQueueNotFound,
    OverridesMismatch,
)

NotFound = JobDefinitionNotFound | JobQueueNotFound


def advised(error: AwsError, request: JobRequest, api: BatchApi) -> AwsError:
    """Return a refusal with advice that AWS's answers allow; else the error itself."""
    try:
        if isinstance(error, NotFound):
            return _with_name_meant(error, request, api)
        return _naming_containers(error, request, api)
    except AwsError:
        return error


def _with_name_meant(error: NotFound, request: JobRequest, api: BatchApi) -> NotFound:
    """Add a name that exists, if AWS tells one."""
    if isinstance(error, JobDefinitionNotFound):
        advice = _definition_meant(request.job_definition, api)
    else:
        advice = _queue_meant(request.job_queue, api)
    return type(error)(error.message, advice) if advice else error


def _definition_meant(name: str, api: BatchApi) -> str | None:
    if newest := api.job_definition(base_name(name)):
        return f"The newest active revision is {newest}."
    near = nearest(base_name(name), (each.name for each in api.active_definitions()))
    return f"Did you mean {near}?" if near else None


def _queue_meant(name: str, api: BatchApi) -> str | None:
    near = nearest(base_name(name), (queue.name for queue in api.job_queues()))
    return f"Did you mean {near}?" if near else None


def _naming_containers(error: AwsError, request: JobRequest, api: BatchApi) -> AwsError:
    """Name the definition's containers if the overrides are for the other kind of definition.

    AWS's words about this are not documented: any refusal that says nothing else may be it.
    """
    if type(error) not in (AwsError, OverridesMismatch) or not has_overrides(request):
        return error
    definition = api.job_definition(request.job_definition)
    advice = definition and advice_of_kind(request, definition)
    return OverridesMismatch(error.message, advice) if advice else error
