"""Queues, compute environments, scheduling policies and job definitions, and the tags on them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_fargate_batch.local.account import ACCOUNT, arn, full_arn
from airflow_fargate_batch.local.checks import resources, size_problems, tag_problems
from airflow_fargate_batch.local.refusal import Refusal

Resource = dict[str, Any]
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of named resource: what AWS calls it, and its name and ARN, in ARNs and in bodies."""

    title: str
    path: str
    name: str
    arn: str
    plural: str
    defaults: Body


QUEUE: Final = Kind(
    "JobQueue", "job-queue", "jobQueueName", "jobQueueArn", "jobQueues",
    {"state": "ENABLED", "status": "VALID", "jobQueueType": "ECS_FARGATE"},
)  # fmt: skip
ENVIRONMENT: Final = Kind(
    "ComputeEnvironment", "compute-environment", "computeEnvironmentName",
    "computeEnvironmentArn", "computeEnvironments",
    {"state": "ENABLED", "status": "VALID", "containerOrchestrationType": "ECS"},
)  # fmt: skip
POLICY: Final = Kind(
    "SchedulingPolicy", "scheduling-policy", "name", "arn", "schedulingPolicies", {}
)


class Configuration:
    """Keep every resource by its ARN, which names its region."""

    def __init__(self) -> None:
        self.resources: dict[Kind, dict[str, Resource]] = {QUEUE: {}, ENVIRONMENT: {}, POLICY: {}}
        self.definitions: dict[str, Resource] = {}

    # ── queues, environments, policies ───────────────────────────────────────────────────────

    def create(self, kind: Kind, region: str, body: Body) -> Resource:
        """Create a resource; refuse a name that is taken, and parts that do not exist."""
        made_arn = arn(region, f"{kind.path}/{body[kind.name]}")
        if made_arn in self.resources[kind]:
            raise Refusal(f"Object already exists: {body[kind.name]}")
        _refuse_tags(body)
        made = {"tags": {}, **kind.defaults, **body, kind.arn: made_arn}
        if kind is QUEUE:
            self._tie(region, made)
        self.resources[kind][made_arn] = made
        return {kind.name: made[kind.name], kind.arn: made_arn}

    def find(self, kind: Kind, region: str, name_or_arn: str) -> Resource:
        """Return the resource, or refuse in the words AWS has for a queue that is not there."""
        found = self.resources[kind].get(full_arn(region, kind.path, name_or_arn))
        if found is None:
            raise Refusal(f"{kind.title} {name_or_arn} not found.")
        return found

    def update(self, kind: Kind, region: str, name_or_arn: str, changes: Body) -> Resource:
        """Lay *changes* over a resource."""
        found = self.find(kind, region, name_or_arn)
        changed = found | dict(changes)
        if kind is QUEUE:
            self._tie(region, changed)
        found.update(changed)
        return {kind.name: found[kind.name], kind.arn: found[kind.arn]}

    def delete(self, kind: Kind, region: str, name_or_arn: str) -> None:
        """Delete a resource; one that still takes work must be disabled first."""
        found = self.find(kind, region, name_or_arn)
        if found.get("state") == "ENABLED":
            raise Refusal("Cannot delete, resource must be DISABLED first")
        if any(found[kind.arn] in _parts(queue) for queue in self.resources[QUEUE].values()):
            raise Refusal("Cannot delete, found existing JobQueue relationship")
        del self.resources[kind][found[kind.arn]]

    def describe(self, kind: Kind, region: str, wanted: Iterable[str]) -> list[Resource]:
        """List a region's resources, or those wanted if any are named; unknown ones are absent."""
        arns = {full_arn(region, kind.path, name) for name in wanted}
        return [
            resource
            for resource_arn, resource in self.resources[kind].items()
            if _region(resource_arn) == region and (not arns or resource_arn in arns)
        ]

    def _tie(self, region: str, queue: Resource) -> None:
        """Turn the names in a queue into ARNs, and refuse what is not there."""
        order = [dict(entry) for entry in queue.get("computeEnvironmentOrder") or []]
        for entry in order:
            name = entry["computeEnvironment"]
            entry["computeEnvironment"] = self.find(ENVIRONMENT, region, name)[ENVIRONMENT.arn]
        queue["computeEnvironmentOrder"] = order
        if queue.get("schedulingPolicyArn"):
            self.find(POLICY, region, queue["schedulingPolicyArn"])

    # ── job definitions ──────────────────────────────────────────────────────────────────────

    def register(self, region: str, body: Body) -> Resource:
        """Register the next revision of a job definition."""
        _refuse_definition(body)
        name = body["jobDefinitionName"]
        revision = 1 + len(self._revisions(region, name))
        made_arn = arn(region, f"job-definition/{name}:{revision}")
        self.definitions[made_arn] = {
            "tags": {},
            "parameters": {},
            "containerOrchestrationType": "ECS",
            **body,
            "jobDefinitionArn": made_arn,
            "revision": revision,
            "status": "ACTIVE",
        }
        return {"jobDefinitionName": name, "jobDefinitionArn": made_arn, "revision": revision}

    def definition(self, region: str, wanted: str) -> Resource:
        """Return an active definition by name, name and revision, or ARN with or without one."""
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

    def describe_definitions(self, region: str, body: Body) -> list[Resource]:
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

    def tags_of(self, resource_arn: str) -> dict[str, str]:
        """Return a resource's tags, to read or to change."""
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


def _refuse_tags(body: Body) -> None:
    for message in tag_problems(body.get("tags") or {}):
        raise Refusal(message)


def _refuse_definition(body: Body) -> None:
    _refuse_tags(body)
    if list(body.get("platformCapabilities") or ()) != ["FARGATE"]:
        raise Refusal("LocalBatch runs Fargate jobs only: platformCapabilities must be FARGATE.")
    container = body.get("containerProperties")
    if container is None:
        tasks = (body.get("ecsProperties") or {}).get("taskProperties") or []
        if len(tasks) != 1 or not tasks[0].get("containers"):
            raise Refusal("containerProperties or ecsProperties with one task must be given.")
        settings = tasks[0]
        asked = [resources(c.get("resourceRequirements")) for c in settings["containers"]]
        if len(asked) > 1:  # AWS sizes the task by the sum of its containers
            return
        container = settings["containers"][0] | {
            "executionRoleArn": settings.get("executionRoleArn")
        }
    else:
        settings = container
    if not container.get("executionRoleArn"):
        raise Refusal("executionRoleArn is required for Fargate jobs.")
    for member in ("privileged", "ulimits"):
        if container.get(member):
            raise Refusal(f"{member} is not applicable for Fargate.")
    for message in size_problems(resources(container.get("resourceRequirements")), settings):
        raise Refusal(message)


def execution_role() -> str:
    """Return the ARN of a made-up execution role, for the definitions that LocalBatch makes."""
    return f"arn:aws:iam::{ACCOUNT}:role/ecsTaskExecutionRole"
