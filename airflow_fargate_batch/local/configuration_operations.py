"""The operations on queues, compute environments, scheduling policies, definitions and tags."""

from typing import Final

from airflow_fargate_batch.local.checks import tag_problems
from airflow_fargate_batch.local.configuration import POLICY, QUEUE, Kind
from airflow_fargate_batch.local.context import Body, Context, Run, page
from airflow_fargate_batch.local.refusal import Refusal

QUEUE_DELETED: Final = "The job queue was deleted"
"""statusReason of jobs after their queue was deleted. AWS's wording is not known."""


def creating(kind: Kind) -> Run:
    """Create a resource of a kind."""
    return lambda context, body: context.configuration.create(kind, context.region, body)


def updating(kind: Kind, named_by: str) -> Run:
    """Update the resource named by the member *named_by*."""

    def update(context: Context, body: Body) -> Body:
        changes = {key: value for key, value in body.items() if key != named_by}
        answer = context.configuration.update(kind, context.region, body[named_by], changes)
        return {} if kind is POLICY else answer

    return update


def deleting(kind: Kind, named_by: str) -> Run:
    """Delete the resource named by the member *named_by*."""

    def delete(context: Context, body: Body) -> Body:
        deleted = context.configuration.delete(kind, context.region, body[named_by])
        if kind is QUEUE:  # "All jobs in the queue are eventually terminated"
            for job in context.engine.submitted:
                if job.submission.queue == deleted[kind.arn]:
                    context.engine.terminate(job, QUEUE_DELETED)
        return {}

    return delete


def describing(kind: Kind) -> Run:
    """Describe the resources of a kind."""

    def describe(context: Context, body: Body) -> Body:
        wanted = body.get("arns" if kind is POLICY else kind.plural) or ()
        found = context.configuration.describe(kind, context.region, wanted)
        return page(kind.plural, found, body)

    return describe


def list_policies(context: Context, body: Body) -> Body:
    """List the ARNs of the scheduling policies, without details, as AWS does."""
    found = context.configuration.describe(POLICY, context.region, ())
    return page(POLICY.plural, [{"arn": policy["arn"]} for policy in found], body)


def register(context: Context, body: Body) -> Body:
    """Register a job definition."""
    return context.configuration.register(context.region, body)


def deregister(context: Context, body: Body) -> Body:
    """Deregister a job definition."""
    context.configuration.deregister(context.region, body["jobDefinition"])
    return {}


def describe_definitions(context: Context, body: Body) -> Body:
    """Describe job definitions."""
    found = context.configuration.describe_definitions(context.region, body)
    return page("jobDefinitions", found, body)


def _tags_of(context: Context, resource_arn: str) -> dict[str, str]:
    job = context.find(resource_arn)
    return (
        context.configuration.tags_of(context.region, resource_arn)
        if job is None
        else job.submission.tags
    )


def tag(context: Context, body: Body) -> Body:
    """Add tags to a resource or a job."""
    tags = _tags_of(context, body["resourceArn"])
    for message in tag_problems(tags | body["tags"]):
        raise Refusal(message)
    tags.update(body["tags"])
    return {}


def untag(context: Context, body: Body) -> Body:
    """Take tags from a resource or a job."""
    tags = _tags_of(context, body["resourceArn"])
    for key in body["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(context: Context, body: Body) -> Body:
    """List the tags of a resource or a job."""
    return {"tags": _tags_of(context, body["resourceArn"])}
