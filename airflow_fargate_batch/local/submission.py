"""From a SubmitJob's body to a `Submission`: checked, and merged with its job definition."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.local.checks import Draft, refuse_illegal, resources
from airflow_fargate_batch.local.jobs import Submission

_PLACEHOLDER: Final = re.compile(r"Ref::([A-Za-z0-9_.-]+)")
TOO_LONG: Final = f"Container Overrides length must be at most {limits.CONTAINER_OVERRIDES_LENGTH}"
TOO_MANY_TAGS: Final = f"Job and job definition together have more than {limits.TAGS} tags"


def accept(
    body: Mapping[str, Any],
    *,
    queue: Mapping[str, Any],
    definition: Mapping[str, Any],
    region: str,
) -> Submission:
    """Check a SubmitJob and merge it with its definition; raise `Refusal` as AWS would."""
    ecs_task = _ecs_task(definition)
    container = _container(definition, ecs_task)
    overrides = _first_override(body)
    settings = container if ecs_task is None else ecs_task
    refuse_illegal(
        Draft(
            body=body,
            queue=queue,
            definition=definition,
            container=container,
            overrides=overrides,
            settings=settings,
        )
    )
    parameters = {**(definition.get("parameters") or {}), **(body.get("parameters") or {})}
    merged = _merge(container, overrides, parameters)
    tags = dict(body.get("tags") or {})
    propagate = bool(body.get("propagateTags", definition.get("propagateTags", False)))
    doom = None
    if _overrides_length(merged, overrides, parameters) > limits.CONTAINER_OVERRIDES_LENGTH:
        doom = TOO_LONG
    elif propagate and len(tags | dict(definition.get("tags") or {})) > limits.TAGS:
        doom = TOO_MANY_TAGS
    priority = body.get("schedulingPriorityOverride", definition.get("schedulingPriority"))
    return Submission(
        name=body["jobName"],
        region=region,
        queue=queue["jobQueueArn"],
        definition=definition["jobDefinitionArn"],
        definition_name=definition["jobDefinitionName"],
        arguments=body,
        container=merged,
        ecs_task=ecs_task,
        parameters=parameters,
        retry=body.get("retryStrategy") or definition.get("retryStrategy") or {},
        timeout=body.get("timeout") or definition.get("timeout") or {},
        tags=tags,
        propagate_tags=propagate,
        priority=priority,
        size=(body.get("arrayProperties") or {}).get("size"),
        doom=doom,
    )


def _ecs_task(definition: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if "ecsProperties" not in definition:
        return None
    task: Mapping[str, Any] = definition["ecsProperties"]["taskProperties"][0]
    return task


def _container(
    definition: Mapping[str, Any], ecs_task: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    container: Mapping[str, Any] = (
        definition["containerProperties"] if ecs_task is None else ecs_task["containers"][0]
    )
    return container


def _first_override(body: Mapping[str, Any]) -> Mapping[str, Any]:
    tasks = (body.get("ecsPropertiesOverride") or {}).get("taskProperties") or [{}]
    containers = tasks[0].get("containers") or [{}]
    override: Mapping[str, Any] = body.get("containerOverrides") or containers[0]
    return override


def _merge(
    container: Mapping[str, Any], overrides: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any]:
    environment = {entry["name"]: entry.get("value", "") for entry in _environment(container)}
    environment |= {entry["name"]: entry.get("value", "") for entry in _environment(overrides)}
    asked = resources(container.get("resourceRequirements"))
    asked |= resources(overrides.get("resourceRequirements"))
    command = overrides.get("command") or container.get("command") or []
    return {
        "volumes": [],
        "mountPoints": [],
        "ulimits": [],
        "secrets": [],
        "networkInterfaces": [],
        **container,
        "command": [_fill_in(word, parameters) for word in command],
        "environment": [{"name": name, "value": value} for name, value in environment.items()],
        "resourceRequirements": [{"type": kind, "value": asked[kind]} for kind in asked],
    }


def _environment(container: Mapping[str, Any]) -> list[dict[str, str]]:
    return container.get("environment") or []


def _fill_in(word: str, parameters: Mapping[str, str]) -> str:
    """Replace ``Ref::name`` by the parameter; leave a name that nobody gave as it is."""
    return _PLACEHOLDER.sub(lambda found: parameters.get(found[1], found[0]), word)


def _overrides_length(
    merged: Mapping[str, Any], overrides: Mapping[str, Any], parameters: Mapping[str, str]
) -> int:
    """Count the characters of what goes to ECS: the expanded command, the variables, Batch's own.

    How exactly AWS counts is not documented; this is the JSON of RunTask's ``containerOverrides``.
    """
    sent = {"environment": [*_environment(overrides), *_BATCH_VARIABLES], "name": "default"}
    if overrides.get("command") or parameters:
        sent["command"] = merged["command"]
    whole = {"containerOverrides": [sent]}
    return len(json.dumps(whole, separators=(",", ":"), ensure_ascii=False))


_BATCH_VARIABLES: Final = [
    {"name": name, "value": "0" * 36}
    for name in ("AWS_BATCH_JOB_ID", "AWS_BATCH_JQ_NAME", "AWS_BATCH_JOB_ATTEMPT")
]
