"""Conversion of a SubmitJob body to a `AcceptedJob`: checks, and merge with the job definition."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.local.checks import Draft, refuse_illegal, resources
from airflow_fargate_batch.local.jobs import AcceptedJob
from airflow_fargate_batch.local.retry import filled_in_retries

_PLACEHOLDER: Final = re.compile(r"Ref::([A-Za-z0-9_.-]+)")
TOO_LONG: Final = f"Container Overrides length must be at most {limits.CONTAINER_OVERRIDES_LENGTH}"
TOO_MANY_TAGS: Final = f"Job and job definition together have more than {limits.TAGS} tags"


def accept(
    body: Mapping[str, Any],
    *,
    queue: Mapping[str, Any],
    definition: Mapping[str, Any],
    region: str,
    consumables: Callable[[], tuple[tuple[str, int], ...]],
) -> AcceptedJob:
    """Check a SubmitJob body and merge it with its definition; raise `Refusal` as AWS would.

    *consumables* returns the consumable resources of the job.
    """
    ecs_task = _ecs_task(definition)
    listed = [definition.get("containerProperties", {})]
    if ecs_task is not None:
        listed = ecs_task["containers"]
    overrides, unknown = _overrides(body, listed)
    draft = Draft(
        body=body,
        queue=queue,
        definition=definition,
        containers=tuple(zip(listed, overrides, strict=True)),
        settings=listed[0] if ecs_task is None else ecs_task,
    )
    refuse_illegal(draft)
    parameters = {**(definition.get("parameters") or {}), **(body.get("parameters") or {})}
    merged = tuple(_merge(*pair, parameters) for pair in draft.containers)
    tags = dict(body.get("tags") or {})
    propagate = bool(body.get("propagateTags", definition.get("propagateTags", False)))
    doom = None
    if _overrides_length(merged, overrides, parameters) > limits.CONTAINER_OVERRIDES_LENGTH:
        doom = TOO_LONG
    elif unknown is not None:
        doom = f"Override for container named {unknown} is not a container in the TaskDefinition."
    elif propagate and len(tags | dict(definition.get("tags") or {})) > limits.TAGS:
        doom = TOO_MANY_TAGS
    priority = body.get("schedulingPriorityOverride", definition.get("schedulingPriority"))
    return AcceptedJob(
        name=body["jobName"],
        region=region,
        queue=queue["jobQueueArn"],
        definition=definition["jobDefinitionArn"],
        definition_name=definition["jobDefinitionName"],
        arguments=body,
        containers=merged,
        environment=_first_environment(queue),
        ecs_task=ecs_task,
        parameters=parameters,
        retry=filled_in_retries(body.get("retryStrategy") or definition.get("retryStrategy") or {}),
        timeout=body.get("timeout") or definition.get("timeout") or {},
        tags=tags,
        propagate_tags=propagate,
        priority=priority,
        consumables=consumables(),
        size=(body.get("arrayProperties") or {}).get("size"),
        doom=doom,
    )


def _ecs_task(definition: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "ecsProperties" not in definition:
        return None
    task: Mapping[str, Any] = definition["ecsProperties"]["taskProperties"][0]
    return task


def _first_environment(queue: Mapping[str, Any]) -> str:
    order = sorted(queue["computeEnvironmentOrder"], key=lambda entry: entry["order"])
    return str(order[0]["computeEnvironment"]).rpartition("/")[2] if order else ""


def _overrides(
    body: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], str | None]:
    """Return an override for each container, and the first name that matches no container.

    Overrides without a name are matched by position; AWS's model does not require names.
    """
    overrides: list[Mapping[str, Any]] = [{}] * len(listed)
    if body.get("containerOverrides"):
        overrides[0] = body["containerOverrides"]
    tasks = (body.get("ecsPropertiesOverride") or {}).get("taskProperties") or [{}]
    names = [container.get("name") for container in listed]
    unknown = None
    for position, override in enumerate(tasks[0].get("containers") or []):
        name = override.get("name")
        if name is None and position < len(listed):
            overrides[position] = override
        elif name in names and name is not None:
            overrides[names.index(name)] = override
        else:
            unknown = str(name)
    return overrides, unknown


def _merge(
    container: Mapping[str, Any], overrides: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any]:
    variables = [*_environment(container), *_environment(overrides)]
    environment = {e["name"]: e.get("value") or "" for e in variables if e.get("name")}
    asked = resources(container.get("resourceRequirements"))
    asked |= resources(overrides.get("resourceRequirements"))
    command = overrides.get("command") or container.get("command") or []
    return {
        "networkInterfaces": [],
        **container,
        "command": [_fill_in(word, parameters) for word in command],
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "resourceRequirements": [{"type": kind, "value": asked[kind]} for kind in asked],
    }


def _environment(container: Mapping[str, Any]) -> list[dict[str, str]]:
    return container.get("environment") or []


def _fill_in(word: str, parameters: Mapping[str, str]) -> str:
    """Replace ``Ref::name`` by the parameter; names without a parameter stay as written."""
    return _PLACEHOLDER.sub(lambda found: parameters.get(found[1], found[0]), word)


def _overrides_length(
    merged: Sequence[Mapping[str, Any]],
    overrides: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, str],
) -> int:
    """Count the characters of the overrides for ECS: command, variables, and Batch's variables.

    AWS does not document the count; this count is the length of RunTask's ``containerOverrides`` as
    JSON.
    """
    listed = []
    for container, override in zip(merged, overrides, strict=True):
        variables = [*_environment(override), *_BATCH_VARIABLES]
        sent = {"environment": variables, "name": container.get("name") or "default"}
        if override.get("command") or parameters:
            sent["command"] = container["command"]
        listed.append(sent)
    whole = {"containerOverrides": listed}
    return len(json.dumps(whole, separators=(",", ":"), ensure_ascii=False))


_BATCH_VARIABLES: Final = [
    {"name": name, "value": "0" * 36}
    for name in ("AWS_BATCH_JOB_ID", "AWS_BATCH_JQ_NAME", "AWS_BATCH_JOB_ATTEMPT")
]
