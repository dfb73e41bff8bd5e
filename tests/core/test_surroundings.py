"""Answers about queues, compute environments, policies and definitions, however odd."""

import copy
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.definition import DefinitionKind, JobDefinition
from airflow_fargate_batch.core.surroundings import (
    ComputeEnvironment,
    JobQueue,
    SchedulingPolicy,
    Surroundings,
    Unread,
)
from airflow_fargate_batch.exceptions import Throttled
from tests.core.test_odd_answers import ODD_VALUES, places

ARN = "arn:aws:batch:eu-west-1:111122223333:"
QUEUE: dict[str, Any] = {
    "jobQueueArn": f"{ARN}job-queue/nightly",
    "jobQueueName": "nightly",
    "state": "DISABLED",
    "status": "INVALID",
    "statusReason": "all environments are gone",
    "priority": 5,
    "jobQueueType": "ECS_FARGATE",
    "schedulingPolicyArn": f"{ARN}scheduling-policy/fair",
    "computeEnvironmentOrder": [
        {"order": 2, "computeEnvironment": f"{ARN}compute-environment/spot"},
        {"order": 1, "computeEnvironment": f"{ARN}compute-environment/on-demand"},
    ],
    "jobStateTimeLimitActions": [
        {"state": "RUNNABLE", "action": "CANCEL", "maxTimeSeconds": 600, "reason": "stuck"}
    ],
    "tags": {"team": "data"},
}
ENVIRONMENT: dict[str, Any] = {
    "computeEnvironmentArn": f"{ARN}compute-environment/spot",
    "computeEnvironmentName": "spot",
    "type": "MANAGED",
    "state": "DISABLED",
    "status": "INVALID",
    "statusReason": "CLIENT_ERROR - Not authorized to perform sts:AssumeRole",
    "computeResources": {
        "type": "FARGATE_SPOT",
        "maxvCpus": 16,
        "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
    },
    "containerOrchestrationType": "ECS",
    "ecsClusterArn": "arn:aws:ecs:eu-west-1:111122223333:cluster/one",
    "ecsSettings": {"containerInsights": "ENABLED"},
    "serviceRole": "arn:aws:iam::111122223333:role/batch",
}
POLICY: dict[str, Any] = {
    "arn": f"{ARN}scheduling-policy/fair",
    "name": "fair",
    "fairsharePolicy": {
        "shareDecaySeconds": 3600,
        "computeReservation": 20,
        "shareDistribution": [
            {"shareIdentifier": "high", "weightFactor": 0.5},
            {"shareIdentifier": "low*"},
        ],
    },
}
CONTAINER: dict[str, Any] = {
    "name": "main",
    "image": "python",
    "essential": True,
    "command": ["echo", "Ref::day"],
    "environment": [{"name": "STAGE", "value": "dev"}],
    "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}],
    "logConfiguration": {"logDriver": "splunk"},
}
TASK: dict[str, Any] = {
    "executionRoleArn": "arn:aws:iam::111122223333:role/execution",
    "taskRoleArn": "arn:aws:iam::111122223333:role/job",
    "platformVersion": "1.4.0",
    "networkConfiguration": {"assignPublicIp": "ENABLED"},
    "runtimePlatform": {"operatingSystemFamily": "LINUX", "cpuArchitecture": "ARM64"},
    "ephemeralStorage": {"sizeInGiB": 50},
    "enableExecuteCommand": True,
    "containers": [CONTAINER, {"name": "helper", "essential": False}],
}
DEFINITION: dict[str, Any] = {
    "jobDefinitionArn": f"{ARN}job-definition/etl:7",
    "jobDefinitionName": "etl",
    "revision": 7,
    "status": "ACTIVE",
    "platformCapabilities": ["FARGATE"],
    "parameters": {"day": "today"},
    "tags": {"team": "data"},
    "propagateTags": True,
    "schedulingPriority": 3,
    "timeout": {"attemptDurationSeconds": 600},
    "ecsProperties": {"taskProperties": [TASK]},
}
Parse = Callable[[object], object]
ENTRIES: dict[str, tuple[Parse, dict[str, Any]]] = {
    "a queue": (JobQueue.from_api, QUEUE),
    "a compute environment": (ComputeEnvironment.from_api, ENVIRONMENT),
    "a policy": (SchedulingPolicy.from_api, POLICY),
    "a definition": (JobDefinition.from_api, DEFINITION),
}


def test_a_queue_has_its_environments_in_the_order_of_preference() -> None:
    queue = JobQueue.from_api(QUEUE)
    assert [arn.rpartition("/")[2] for arn in queue.environments] == ["on-demand", "spot"]
    assert (queue.is_enabled, queue.status, queue.status_reason) == (
        False,
        "INVALID",
        "all environments are gone",
    )
    assert queue.is_fair_share
    assert queue.is_for_fargate
    [limit] = queue.time_limits
    assert (limit.state, limit.action, limit.after) == (
        "RUNNABLE",
        "CANCEL",
        timedelta(minutes=10),
    )


@pytest.mark.parametrize(
    ("members", "is_for_fargate", "name"),
    [
        ({"jobQueueType": "ECS"}, False, "EC2 instances"),
        ({"jobQueueType": "ECS_MANAGED_INSTANCES"}, False, "ECS Managed Instances"),
        ({"jobQueueType": "LUNAR"}, False, "LUNAR"),
        ({"jobQueueType": None}, None, "unknown capacity"),
    ],
)
def test_a_queue_says_what_it_runs_on(
    members: dict[str, Any], is_for_fargate: bool | None, name: str
) -> None:
    queue = JobQueue.from_api(QUEUE | members)
    assert (queue.is_for_fargate, queue.runs_on) == (is_for_fargate, name)


def test_a_compute_environment() -> None:
    environment = ComputeEnvironment.from_api(ENVIRONMENT)
    assert environment.is_fargate
    assert environment.is_spot
    assert not environment.can_place_jobs
    assert environment.max_vcpus == 16
    assert environment.container_insights == "ENABLED"
    assert environment.runs_on == "Fargate Spot"


@pytest.mark.parametrize(
    ("members", "runs_on"),
    [
        ({"computeResources": {"type": "EC2"}}, "EC2 instances"),
        ({"computeResources": {"type": "ECS_MANAGED_INSTANCES"}}, "ECS Managed Instances"),
        ({"type": "UNMANAGED", "computeResources": None}, "unmanaged EC2 instances"),
        ({"eksConfiguration": {"kubernetesNamespace": "batch"}}, "EKS (Kubernetes)"),
        ({"computeResources": {"type": "LUNAR"}}, "LUNAR"),
    ],
)
def test_an_environment_says_what_it_runs_on(members: dict[str, Any], runs_on: str) -> None:
    assert ComputeEnvironment.from_api(ENVIRONMENT | members).runs_on == runs_on


@pytest.mark.parametrize(
    ("state", "status", "can"),
    [
        ("ENABLED", "VALID", True),
        ("ENABLED", "UPDATING", True),
        ("ENABLED", "INVALID", False),
        ("ENABLED", "DELETING", False),
        ("DISABLED", "VALID", False),
    ],
)
def test_an_environment_can_place_jobs(state: str, status: str, can: bool) -> None:
    environment = ComputeEnvironment.from_api(ENVIRONMENT | {"state": state, "status": status})
    assert environment.can_place_jobs is can


def test_a_policy_lists_shares_and_beginnings_of_shares() -> None:
    policy = SchedulingPolicy.from_api(POLICY)
    assert policy.weights == {"high": Decimal("0.5"), "low*": 1}
    assert [policy.lists(share) for share in ("high", "higher", "low", "lower")] == [
        True,
        False,
        True,
        True,
    ]


def test_a_definition_with_ecs_properties() -> None:
    definition = JobDefinition.from_api(DEFINITION)
    assert definition.kind is DefinitionKind.ECS
    assert definition.is_for_fargate
    assert definition.execution_role == "arn:aws:iam::111122223333:role/execution"
    assert definition.job_role == "arn:aws:iam::111122223333:role/job"
    assert definition.architecture == "ARM64"
    assert definition.assigns_public_ip
    assert definition.has_execute_command
    assert definition.storage == 50
    main, helper = definition.containers
    assert (main.name, main.log_driver) == ("main", "splunk")
    assert (main.vcpu, main.memory) == (Decimal(1), 2048)
    assert (helper.is_essential, helper.vcpu) == (False, None)


def test_a_definition_with_container_properties_has_one_container_without_a_name() -> None:
    container = CONTAINER | {"executionRoleArn": "role", "jobRoleArn": "job"}
    del container["name"]
    definition = JobDefinition.from_api(
        DEFINITION | {"ecsProperties": None, "containerProperties": container}
    )
    assert definition.kind is DefinitionKind.CONTAINER
    assert (definition.execution_role, definition.job_role) == ("role", "job")
    [only] = definition.containers
    assert (only.name, only.command) == (None, ("echo", "Ref::day"))


@pytest.mark.parametrize(
    ("member", "kind"),
    [("eksProperties", DefinitionKind.EKS), ("nodeProperties", DefinitionKind.MULTI_NODE)],
)
def test_a_definition_of_another_kind(member: str, kind: DefinitionKind) -> None:
    definition = JobDefinition.from_api(DEFINITION | {"ecsProperties": None, member: {"a": 1}})
    assert (definition.kind, definition.containers) == (kind, ())


def test_a_definitions_environment_is_not_in_its_repr() -> None:
    assert "dev" not in repr(JobDefinition.from_api(DEFINITION))


@pytest.mark.parametrize(("parse", "entry"), ENTRIES.values(), ids=ENTRIES)
def test_any_member_may_be_odd(parse: Parse, entry: dict[str, Any]) -> None:
    for number in range(len(list(places(entry)))):
        for odd in ODD_VALUES:
            changed = copy.deepcopy(entry)
            holder, key = list(places(changed))[number]
            holder[key] = odd
            try:
                parsed = parse(changed)
            except ValueError as error:
                assert "the entry has no" in str(error)  # noqa: PT017 - others are fine
            else:
                repr(parsed).encode()


@pytest.mark.parametrize(("parse", "entry"), ENTRIES.values(), ids=ENTRIES)
def test_the_barest_entry_is_enough(parse: Parse, entry: dict[str, Any]) -> None:
    identity = {key: value for key, value in entry.items() if key.lower().endswith(("arn", "name"))}
    parse(identity | {"revision": 1})


def test_surroundings_know_what_was_not_read() -> None:
    surroundings = Surroundings(unread=(Unread(what="job queue", error=Throttled("slow")),))
    assert surroundings.is_unread("job queue")
    assert not surroundings.is_unread("job definition")
