"""Table of the AWS Batch operations in LocalBatch; all other operations are refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote

from airflow_fargate_batch.local import consumable_operations as consumables
from airflow_fargate_batch.local.account import full_arn
from airflow_fargate_batch.local.configuration import (
    CONSUMABLE,
    ENVIRONMENT,
    POLICY,
    QUEUE,
    Configuration,
)
from airflow_fargate_batch.local.configuration_operations import (
    creating,
    deleting,
    deregister,
    describe_definitions,
    describing,
    list_policies,
    list_tags,
    register,
    tag,
    untag,
    updating,
)
from airflow_fargate_batch.local.context import Body, Context, Run
from airflow_fargate_batch.local.engine import Engine
from airflow_fargate_batch.local.faults import Distortion
from airflow_fargate_batch.local.job_operations import (
    describe_jobs,
    list_jobs,
    stopping,
    stopping_many,
    submit,
)
from airflow_fargate_batch.local.refusal import Refusal
from airflow_fargate_batch.local.shapes import refuse_types


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: its function, required members and resources.

    Attributes:
        resources: Members that name the resources in IAM checks, and the kind of each; empty for
            operations that AWS checks against ``*`` only.
        makes_job: Whether AWS also checks the job to be made, and its consumable resources.
    """

    run: Run
    required: tuple[str, ...] = ()
    resources: tuple[tuple[str, str], ...] = ()
    makes_job: bool = False

    def arns(self, region: str, body: Body) -> tuple[str, ...]:
        """Return the ARNs that an IAM policy must allow for the call."""
        named = [(kind, body[member]) for member, kind in self.resources if member in body]
        if self.makes_job:
            named += [("job", ANY_JOB), *_consumables_of(body)]
        return tuple(full_arn(region, kind, str(name)) for kind, name in named) or ("*",)


ANY_JOB: Final = "*"
"""Name of a job without an id yet, in an ARN."""


def _consumables_of(body: Body) -> list[tuple[str, str]]:
    override = body.get("consumableResourcePropertiesOverride")
    listed = override.get("consumableResourceList") if isinstance(override, dict) else None
    entries = listed if isinstance(listed, list) else []
    names = [each.get("consumableResource") for each in entries if isinstance(each, dict)]
    return [("consumable-resource", str(name)) for name in names if name]


_JOB = (("jobId", "job"),)
_QUEUE = (("jobQueue", "job-queue"),)
_ENVIRONMENT = (("computeEnvironment", "compute-environment"),)
_CONSUMABLE = (("consumableResource", "consumable-resource"),)

OPERATIONS: Final[Mapping[str, Operation]] = {
    "SubmitJob": Operation(
        submit,
        ("jobName", "jobQueue", "jobDefinition"),
        (("jobDefinition", "job-definition"), ("jobQueue", "job-queue")),
        makes_job=True,
    ),
    "DescribeJobs": Operation(describe_jobs, ("jobs",)),
    "ListJobs": Operation(list_jobs),
    "TerminateJob": Operation(stopping(Engine.terminate), ("jobId", "reason"), _JOB),
    "TerminateJobs": Operation(stopping_many(Engine.terminate), ("jobs", "reason")),
    "CancelJob": Operation(stopping(Engine.cancel), ("jobId", "reason"), _JOB),
    "CancelJobs": Operation(stopping_many(Engine.cancel), ("jobs", "reason")),
    "CreateJobQueue": Operation(
        creating(QUEUE), ("jobQueueName", "priority"), (("jobQueueName", "job-queue"),)
    ),
    "UpdateJobQueue": Operation(updating(QUEUE, "jobQueue"), ("jobQueue",), _QUEUE),
    "DeleteJobQueue": Operation(deleting(QUEUE, "jobQueue"), ("jobQueue",), _QUEUE),
    "DescribeJobQueues": Operation(describing(QUEUE)),
    "CreateComputeEnvironment": Operation(
        creating(ENVIRONMENT),
        ("computeEnvironmentName", "type"),
        (("computeEnvironmentName", "compute-environment"),),
    ),
    "UpdateComputeEnvironment": Operation(
        updating(ENVIRONMENT, "computeEnvironment"), ("computeEnvironment",), _ENVIRONMENT
    ),
    "DeleteComputeEnvironment": Operation(
        deleting(ENVIRONMENT, "computeEnvironment"), ("computeEnvironment",), _ENVIRONMENT
    ),
    "DescribeComputeEnvironments": Operation(describing(ENVIRONMENT)),
    "CreateSchedulingPolicy": Operation(
        creating(POLICY), ("name",), (("name", "scheduling-policy"),)
    ),
    "UpdateSchedulingPolicy": Operation(
        updating(POLICY, "arn"), ("arn",), (("arn", "scheduling-policy"),)
    ),
    "DeleteSchedulingPolicy": Operation(
        deleting(POLICY, "arn"), ("arn",), (("arn", "scheduling-policy"),)
    ),
    "DescribeSchedulingPolicies": Operation(describing(POLICY), ("arns",)),
    "ListSchedulingPolicies": Operation(list_policies),
    "RegisterJobDefinition": Operation(
        register, ("jobDefinitionName", "type"), (("jobDefinitionName", "job-definition"),)
    ),
    "DeregisterJobDefinition": Operation(
        deregister, ("jobDefinition",), (("jobDefinition", "job-definition"),)
    ),
    "DescribeJobDefinitions": Operation(describe_definitions),
    "CreateConsumableResource": Operation(
        consumables.create,
        ("consumableResourceName",),
        (("consumableResourceName", "consumable-resource"),),
    ),
    "UpdateConsumableResource": Operation(consumables.update, ("consumableResource",), _CONSUMABLE),
    "DeleteConsumableResource": Operation(
        deleting(CONSUMABLE, "consumableResource"), ("consumableResource",), _CONSUMABLE
    ),
    "DescribeConsumableResource": Operation(
        consumables.describe, ("consumableResource",), _CONSUMABLE
    ),
    "ListConsumableResources": Operation(consumables.list_all),
    "ListJobsByConsumableResource": Operation(
        consumables.list_jobs_by_resource, ("consumableResource",), _CONSUMABLE
    ),
    "GetJobQueueSnapshot": Operation(consumables.snapshot, ("jobQueue",), _QUEUE),
    "ListTagsForResource": Operation(list_tags, ("resourceArn",), (("resourceArn", ""),)),
    "TagResource": Operation(tag, ("resourceArn", "tags"), (("resourceArn", ""),)),
    "UntagResource": Operation(untag, ("resourceArn", "tagKeys"), (("resourceArn", ""),)),
}

_TAG_METHODS: Final = {
    "GET": "ListTagsForResource",
    "POST": "TagResource",
    "DELETE": "UntagResource",
}
_PATHS: Final = {
    f"/v1/{name.lower()}": name for name in OPERATIONS if name not in _TAG_METHODS.values()
}


def route(method: str, path: str, query: str, body: Body) -> tuple[str, Body]:
    """Return name and parameters of the requested operation, by the routes of the API's model."""
    if path.startswith("/v1/tags/") and method in _TAG_METHODS:
        resource = {"resourceArn": unquote(path.removeprefix("/v1/tags/"))}
        keys = parse_qs(query).get("tagKeys")
        return _TAG_METHODS[method], body | resource | ({"tagKeys": keys} if keys else {})
    if method == "POST" and path in _PATHS:
        return _PATHS[path], body
    raise Refusal(f"LocalBatch does not know {method} {path}", "UnknownOperationException", 404)


def perform(
    name: str,
    body: Body,
    *,
    engine: Engine,
    configuration: Configuration,
    region: str,
    distortion: Distortion,
) -> Body:
    """Perform one operation, at one moment, while no other operation runs."""
    operation = OPERATIONS[name]
    refuse_types(name, body)
    for member in operation.required:
        if body.get(member) in (None, ""):
            raise Refusal(f"{member} must be specified.")
    with engine.lock:
        moment = engine.settle() - distortion.lag
        context = Context(engine, configuration, region, distortion, moment)
        return operation.run(context, body)
