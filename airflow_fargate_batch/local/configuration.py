"""Queues, compute environments, scheduling policies and job definitions, and the tags on them."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from airflow_fargate_batch.local.account import ACCOUNT, arn, cluster_name, full_arn
from airflow_fargate_batch.local.checks import tag_problems
from airflow_fargate_batch.local.definition_checks import Members, definition_problems
from airflow_fargate_batch.local.refusal import Refusal
from airflow_fargate_batch.local.resource_checks import (
    consumable_problems,
    environment_problems,
    policy_problems,
    queue_problems,
)
from airflow_fargate_batch.local.retry import filled_in_retries

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of resource: AWS's title, and the member names in ARNs and in bodies.

    Attributes:
        defaults: Members that AWS adds if they are not given.
        problems: Yields a message for each rule that the resource breaks.
    """

    title: str
    path: str
    name: str
    arn: str
    plural: str
    defaults: Members
    problems: Callable[[Members], Iterator[str]]


QUEUE: Final = Kind(
    "JobQueue", "job-queue", "jobQueueName", "jobQueueArn", "jobQueues",
    {
        "state": "ENABLED", "status": "VALID", "statusReason": "JobQueue Healthy",
        "jobQueueType": "ECS_FARGATE", "jobStateTimeLimitActions": [],
    },
    queue_problems,
)  # fmt: skip
ENVIRONMENT: Final = Kind(
    "ComputeEnvironment", "compute-environment", "computeEnvironmentName",
    "computeEnvironmentArn", "computeEnvironments",
    {
        "state": "ENABLED", "status": "VALID", "statusReason": "ComputeEnvironment Healthy",
        "containerOrchestrationType": "ECS",
        "serviceRole": (
            f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/batch.amazonaws.com/"
            "AWSServiceRoleForBatch"
        ),
    },
    environment_problems,
)  # fmt: skip
POLICY: Final = Kind(
    "SchedulingPolicy", "scheduling-policy", "name", "arn", "schedulingPolicies",
    {"fairsharePolicy": {"shareDecaySeconds": 0, "computeReservation": 0, "shareDistribution": []}},
    policy_problems,
)  # fmt: skip
CONSUMABLE: Final = Kind(
    "ConsumableResource", "consumable-resource", "consumableResourceName",
    "consumableResourceArn", "consumableResources",
    {"resourceType": "REPLENISHABLE", "totalQuantity": 0, "inUseQuantity": 0},
    consumable_problems,
)  # fmt: skip
KINDS: Final = (QUEUE, ENVIRONMENT, POLICY, CONSUMABLE)


class Configuration:
    """All resources by ARN; the ARN includes the region."""

    def __init__(self) -> None:
        self.resources: dict[Kind, dict[str, Resource]] = {kind: {} for kind in KINDS}
        self.definitions: dict[str, Resource] = {}

    # ── queues, environments, policies ───────────────────────────────────────────────────────

    def create(self, kind: Kind, region: str, body: Members) -> Resource:
        """Create a resource; refuse an existing name and references to missing resources."""
        made_arn = arn(region, f"{kind.path}/{body[kind.name]}")
        if made_arn in self.resources[kind]:
            raise Refusal(f"Object already exists: {body[kind.name]}")
        _refuse(tag_problems(body.get("tags") or {}))
        made = {"tags": {}, **deepcopy(dict(kind.defaults)), **body, kind.arn: made_arn}
        if kind is ENVIRONMENT:
            made |= {"uuid": str(uuid4()), "ecsClusterArn": _cluster(region, made[kind.name])}
        elif kind is POLICY:
            made["fairsharePolicy"] = kind.defaults["fairsharePolicy"] | made["fairsharePolicy"]
        _refuse(kind.problems(made))
        if kind is QUEUE:
            self._tie(region, made)
        self.resources[kind][made_arn] = made
        return {kind.name: made[kind.name], kind.arn: made_arn}

    def find(self, kind: Kind, region: str, name_or_arn: str) -> Resource:
        """Return the resource; refuse a missing resource with AWS's message for a queue."""
        wanted = full_arn(region, kind.path, name_or_arn)
        found = self.resources[kind].get(wanted)
        if found is None or _region(wanted) != region:
            raise Refusal(f"{kind.title} {name_or_arn} not found.")
        return found

    def update(self, kind: Kind, region: str, name_or_arn: str, changes: Members) -> Resource:
        """Merge *changes* into a resource; ``computeResources`` is merged key by key."""
        found = self.find(kind, region, name_or_arn)
        changed = found | dict(changes)
        if kind is ENVIRONMENT and "computeResources" in changes:
            changed["computeResources"] = found["computeResources"] | changes["computeResources"]
        _refuse(kind.problems(changed))
        if kind is QUEUE:
            if ("schedulingPolicyArn" in changed) != ("schedulingPolicyArn" in found):
                raise Refusal("A scheduling policy cannot be added to a FIFO job queue.")
            self._tie(region, changed)
        found.update(changed)
        return {kind.name: found[kind.name], kind.arn: found[kind.arn]}

    def delete(self, kind: Kind, region: str, name_or_arn: str) -> Resource:
        """Delete and return a resource; an enabled resource must be disabled first."""
        found = self.find(kind, region, name_or_arn)
        if found.get("state") == "ENABLED":
            raise Refusal("Cannot delete, resource must be DISABLED first")
        if any(found[kind.arn] in _parts(queue) for queue in self.resources[QUEUE].values()):
            raise Refusal("Cannot delete, found existing JobQueue relationship")
        return self.resources[kind].pop(found[kind.arn])

    def alter(self, region: str, resource: str, members: Members) -> None:
        """Change members of a resource as AWS shows them, without any check.

        :param resource: ARN, or its end: ``job-queue/nightly``, ``job-definition/etl:7``.
        :param members: new values; ``None`` removes the member.
        """
        wanted = resource if resource.startswith("arn:") else arn(region, resource)
        for kept in (*self.resources.values(), self.definitions):
            if wanted in kept:
                changed = kept[wanted] | deepcopy(dict(members))
                kept[wanted] = {key: each for key, each in changed.items() if each is not None}
                return
        raise KeyError(f"no {resource} in {region}")

    def describe(self, kind: Kind, region: str, wanted: Iterable[str]) -> list[Resource]:
        """List a region's resources, or only the wanted ones; unknown names are left out."""
        arns = {full_arn(region, kind.path, name) for name in wanted}
        return [
            resource
            for resource_arn, resource in self.resources[kind].items()
            if _region(resource_arn) == region and (not arns or resource_arn in arns)
        ]

    def _tie(self, region: str, queue: Resource) -> None:
        """Replace the names in a queue by ARNs; refuse missing resources."""
        order = [dict(entry) for entry in queue.get("computeEnvironmentOrder") or []]
        for entry in order:
            name = entry["computeEnvironment"]
            entry["computeEnvironment"] = self.find(ENVIRONMENT, region, name)[ENVIRONMENT.arn]
        queue["computeEnvironmentOrder"] = order
        if queue.get("schedulingPolicyArn"):
            self.find(POLICY, region, queue["schedulingPolicyArn"])

    # ── job definitions ──────────────────────────────────────────────────────────────────────

    def register(self, region: str, body: Members) -> Resource:
        """Register the next revision of a job definition."""
        _refuse(definition_problems(body))
        name = body["jobDefinitionName"]
        revision = 1 + len(self._revisions(region, name))
        made_arn = arn(region, f"job-definition/{name}:{revision}")
        self.definitions[made_arn] = {
            "tags": {},
            "parameters": {},
            "containerOrchestrationType": "ECS",
            **_filled_in(dict(body)),
            "jobDefinitionArn": made_arn,
            "revision": revision,
            "status": "ACTIVE",
        }
        return {"jobDefinitionName": name, "jobDefinitionArn": made_arn, "revision": revision}

    def definition(self, region: str, wanted: str) -> Resource:
        """Return an active definition by name or ARN, with or without a revision."""
        prefix = arn(region, "job-definition/")
        name, _, revision = wanted.removeprefix(prefix).partition(":")
        active = [
            definition
            for definition in self._revisions(region, name)
            if definition["status"] == "ACTIVE" and revision in ("", str(definition["revision"]))
        ]
        if not active:
            raise Refusal(f"JobDefinition name {wanted} does not exist or is not in ACTIVE status")
        return active[-1]

    def deregister(self, region: str, wanted: str) -> None:
        """Make a revision INACTIVE."""
        self.definition(region, wanted)["status"] = "INACTIVE"

    def describe_definitions(self, region: str, body: Members) -> list[Resource]:
        """List definitions as DescribeJobDefinitions filters them, newest revision first."""
        prefix = arn(region, "job-definition/")
        wanted = {name.removeprefix(prefix) for name in body.get("jobDefinitions") or ()}
        name, status = body.get("jobDefinitionName"), body.get("status")
        return [
            definition
            for definition_arn, definition in reversed(self.definitions.items())
            if _region(definition_arn) == region
            and (not wanted or wanted & _names(definition))
            and name in (None, definition["jobDefinitionName"])
            and status in (None, definition["status"])
        ]

    def _revisions(self, region: str, name: str) -> list[Resource]:
        return [
            definition
            for definition_arn, definition in self.definitions.items()
            if definition["jobDefinitionName"] == name and _region(definition_arn) == region
        ]

    # ── tags ─────────────────────────────────────────────────────────────────────────────────

    def tags_of(self, region: str, resource_arn: str) -> dict[str, str]:
        """Return a resource's tags, to read or to change."""
        if not resource_arn.startswith(arn(region, "")):
            raise Refusal(f"Resource {resource_arn} not found.")
        for kept in (*self.resources.values(), self.definitions):
            if resource_arn in kept:
                tags: dict[str, str] = kept[resource_arn]["tags"]
                return tags
        raise Refusal(f"Resource {resource_arn} not found.")


def _region(resource_arn: str) -> str:
    return resource_arn.split(":")[3]


def _parts(queue: Resource) -> list[str]:
    order = [entry["computeEnvironment"] for entry in queue["computeEnvironmentOrder"]]
    return [*order, queue.get("schedulingPolicyArn", "")]


def _names(definition: Resource) -> set[str]:
    name = definition["jobDefinitionName"]
    return {name, f"{name}:{definition['revision']}"}


def _refuse(problems: Iterator[str]) -> None:
    for message in problems:
        raise Refusal(message)


def _cluster(region: str, name: str) -> str:
    return arn(region, f"cluster/{cluster_name(name)}", service="ecs")


def _filled_in(body: dict[str, Any]) -> dict[str, Any]:
    """Return a job definition with the members that AWS fills in."""
    if body.get("retryStrategy"):
        body["retryStrategy"] = filled_in_retries(body["retryStrategy"])
    container = body.get("containerProperties")
    if container:
        body["containerProperties"] = deepcopy(dict(_CONTAINER_DEFAULTS)) | container
        return body
    [task] = body["ecsProperties"]["taskProperties"]
    containers = [deepcopy(dict(_LISTS)) | container for container in task["containers"]]
    body["ecsProperties"] = {
        "taskProperties": [{**_TASK_DEFAULTS, **task, "containers": containers}]
    }
    return body


_LISTS: Final[Members] = {
    "command": [], "environment": [], "mountPoints": [], "secrets": [], "resourceRequirements": [],
}  # fmt: skip
_CONTAINER_DEFAULTS: Final[Members] = {
    **_LISTS,
    "volumes": [],
    "ulimits": [],
    "networkConfiguration": {"assignPublicIp": "DISABLED"},
    "fargatePlatformConfiguration": {"platformVersion": "LATEST"},
}
_TASK_DEFAULTS: Final[Members] = {
    "platformVersion": "LATEST",
    "networkConfiguration": {"assignPublicIp": "DISABLED"},
    "volumes": [],
}


def execution_role() -> str:
    """Return the ARN of an invented execution role, for ready-made definitions."""
    return f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
