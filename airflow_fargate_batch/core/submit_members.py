"""The members of SubmitJob's request, as AWS's model names them.

Source: AWS Batch API Reference, ``SubmitJob`` and the data types it uses. A test compares the table
with the model of the installed botocore, so that a member that AWS adds is noticed.
"""

from collections.abc import Mapping
from typing import Final

MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "SubmitJobRequest": (
        "jobName",
        "jobQueue",
        "jobDefinition",
        "shareIdentifier",
        "schedulingPriorityOverride",
        "arrayProperties",
        "dependsOn",
        "parameters",
        "containerOverrides",
        "nodeOverrides",
        "retryStrategy",
        "propagateTags",
        "timeout",
        "tags",
        "eksPropertiesOverride",
        "ecsPropertiesOverride",
        "consumableResourcePropertiesOverride",
    ),
    "ArrayProperties": ("size",),
    "JobDependency": ("jobId", "type"),
    "ContainerOverrides": (
        "command",
        "environment",
        "resourceRequirements",
        "vcpus",
        "memory",
        "instanceType",
    ),
    "KeyValuePair": ("name", "value"),
    "ResourceRequirement": ("type", "value"),
    "RetryStrategy": ("attempts", "evaluateOnExit"),
    "EvaluateOnExit": ("onStatusReason", "onReason", "onExitCode", "action"),
    "JobTimeout": ("attemptDurationSeconds",),
    "EcsPropertiesOverride": ("taskProperties",),
    "TaskPropertiesOverride": ("containers",),
    "TaskContainerOverrides": ("name", "command", "environment", "resourceRequirements"),
    "ConsumableResourceProperties": ("consumableResourceList",),
    "ConsumableResourceRequirement": ("consumableResource", "quantity"),
}
"""The members of each structure, by the name that the model gives it."""

SUBMIT_JOB: Final = MEMBERS["SubmitJobRequest"]

NOT_ON_FARGATE: Final[Mapping[str, str]] = {
    "nodeOverrides": "multi-node parallel jobs run on EC2 only",
    "eksPropertiesOverride": "the member is for jobs on Amazon EKS",
}
"""Members of SubmitJob that no Fargate job can have, and why."""

OF_SERVICE_JOBS: Final = frozenset(
    {
        "clientToken",
        "preemptionConfiguration",
        "quotaShareName",
        "serviceJobType",
        "serviceRequestPayload",
        "timeoutConfig",
    }
)
"""Members of ``SubmitServiceJob`` (SageMaker training jobs) that SubmitJob does not have."""

ARGUMENT_OF: Final[Mapping[str, str]] = {
    "jobName": "job_name",
    "jobQueue": "job_queue",
    "jobDefinition": "job_definition",
    "shareIdentifier": "share_identifier",
    "schedulingPriorityOverride": "scheduling_priority",
    "schedulingPriority": "scheduling_priority",
    "arrayProperties": "array_size",
    "dependsOn": "depends_on",
    "parameters": "parameters",
    "containerOverrides": "container_overrides",
    "retryStrategy": "retry_strategy",
    "propagateTags": "propagate_tags",
    "timeout": "job_timeout",
    "tags": "tags",
    "ecsPropertiesOverride": "ecs_properties_override",
    "consumableResourcePropertiesOverride": "consumable_resources",
}
"""The arguments of a request by the members that they become."""

ALSO_EXTRA: Final = ("ecsPropertiesOverride", "consumableResourcePropertiesOverride")
"""Members that *extra_submit_args* takes as well, beneath their arguments: older DAGs use it."""
