"""The members of SubmitJob that have no argument of their own.

Members that this version of the package does not know pass: botocore's model, which knows what it
can send, is asked before the submit.
"""

from collections.abc import Mapping
from typing import Any, Final

from airflow_fargate_batch.core import _overrides, json_text, limits
from airflow_fargate_batch.core._values import (
    Findings,
    at,
    integer,
    items,
    known_keys,
    mapping,
    plain_text,
    shown,
)

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
}
NOT_ON_FARGATE: Final[Mapping[str, str]] = {
    "nodeOverrides": "multi-node parallel jobs run on EC2 only",
    "eksPropertiesOverride": "it is for jobs on Amazon EKS",
}

NESTED: Final = 50
"""More levels than SubmitJob has, and fewer than any reader of JSON gives up at."""


def read(value: object, findings: Findings) -> dict[str, Any]:
    """Read ``extra_submit_args``: a mapping of SubmitJob members, or its JSON text."""
    if value is None:
        return {}
    where = "extra_submit_args"
    extra: dict[str, Any] = {}
    for member, given in mapping(value, where, findings).items():
        place = at(where, member)
        if member in ARGUMENT_OF:
            argument = ARGUMENT_OF[member]
            findings.problem(place, "has an argument of its own", f"use {argument}")
        elif member in NOT_ON_FARGATE:
            findings.problem(place, f"is not for Fargate: {NOT_ON_FARGATE[member]}")
        elif member == "ecsPropertiesOverride":
            extra[member] = _ecs_properties(given, place, findings)
        elif member == "consumableResourcePropertiesOverride":
            extra[member] = _consumable_resources(given, place, findings)
        elif _is_deeper(given, NESTED):
            findings.problem(place, "is nested deeper than anything in the API")
        elif _is_json({member: given}):
            extra[member] = given
        else:
            findings.problem(place, "holds something that JSON cannot")
    return extra


def _is_deeper(value: object, levels: int) -> bool:
    """Tell whether more than so many lists and mappings stand in each other."""
    if not isinstance(value, Mapping | list | tuple):
        return False
    inner = value.values() if isinstance(value, Mapping) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inner)


def _is_json(value: object) -> bool:
    try:
        json_text.write(value).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _ecs_properties(value: object, where: str, findings: Findings) -> dict[str, Any]:
    """Read the override of a definition made with ``ecsProperties``.

    API, ``EcsPropertiesOverride``: one task; its containers may have names, and need none.
    """
    given = mapping(value, where, findings)
    known_keys(given, ("taskProperties",), where, findings)
    place = f"{where}.taskProperties"
    tasks = items(given.get("taskProperties"), place, findings)
    if len(tasks) > 1:
        findings.problem(place, f"has {len(tasks)} elements, where Batch takes one")
    read_tasks = []
    for index, task in enumerate(tasks):
        members = mapping(task, f"{place}[{index}]", findings)
        known_keys(members, ("containers",), f"{place}[{index}]", findings)
        containers = f"{place}[{index}].containers"
        read_tasks.append(
            {
                "containers": [
                    _container(container, f"{containers}[{number}]", findings)
                    for number, container in enumerate(
                        items(members.get("containers"), containers, findings)
                    )
                ]
            }
        )
    return {"taskProperties": read_tasks}


def _container(value: object, where: str, findings: Findings) -> dict[str, Any]:
    given = dict(mapping(value, where, findings))
    name = given.pop("name", None)
    named = {} if name is None else {"name": plain_text(name, f"{where}.name", findings)}
    layer = _overrides.from_mapping(given, where, findings)
    for resource in (layer.vcpu, layer.memory):
        if resource is not None and resource <= 0:
            place = f"{where}.resourceRequirements"
            findings.problem(place, f"{shown(resource)} is not more than 0")
    return named | _overrides.to_api(layer)


def _consumable_resources(value: object, where: str, findings: Findings) -> dict[str, Any]:
    given = mapping(value, where, findings)
    known_keys(given, ("consumableResourceList",), where, findings)
    place = f"{where}.consumableResourceList"
    entries = items(given.get("consumableResourceList"), place, findings)
    if len(entries) > limits.CONSUMABLE_RESOURCES:
        findings.problem(
            place, f"{len(entries)} entries are more than {limits.CONSUMABLE_RESOURCES}"
        )
    read_entries: list[dict[str, Any]] = []
    met: set[str] = set()
    for index, entry in enumerate(entries):
        members = mapping(entry, f"{place}[{index}]", findings)
        known_keys(members, ("consumableResource", "quantity"), f"{place}[{index}]", findings)
        name = plain_text(
            members.get("consumableResource"), f"{place}[{index}].consumableResource", findings
        )
        if name in met:
            text = f"{shown(name)} is given twice"
            findings.problem(f"{place}[{index}]", text, "keep one of the two")
        elif name is not None:
            met.add(name)
        quantity = integer(members.get("quantity"), f"{place}[{index}].quantity", findings)
        read_entries.append({"consumableResource": name, "quantity": quantity})
    return {"consumableResourceList": read_entries}
