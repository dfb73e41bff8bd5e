"""Members of SubmitJob without their own argument."""

from typing import Any, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._request import overrides as _overrides
from airflow_fargate_batch.core._request.values import (
    Findings,
    at,
    integer,
    items,
    known_keys,
    mapping,
    plain_text,
    shown,
)
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.core.submit_members import (
    ARGUMENT_OF,
    MEMBERS,
    NOT_ON_FARGATE,
    OF_SERVICE_JOBS,
    SUBMIT_JOB,
)

WITHOUT_ARGUMENT: Final = tuple(
    member for member in SUBMIT_JOB if member not in ARGUMENT_OF and member not in NOT_ON_FARGATE
)


def read(value: object, findings: Findings) -> dict[str, Any]:
    """Read ``extra_submit_args``: a mapping of SubmitJob members, or JSON text."""
    if value is None:
        return {}
    where = "extra_submit_args"
    extra: dict[str, Any] = {}
    for member, given in mapping(value, where, findings).items():
        place = at(where, member)
        if member in ARGUMENT_OF:
            argument = ARGUMENT_OF[member]
            findings.problem(place, "has its own argument", f"use {argument}")
        elif member in WITHOUT_ARGUMENT:
            extra[member] = read_member(member, given, place, findings)
        else:
            refuse_member(member, place, findings)
    return extra


def read_member(member: str, value: object, where: str, findings: Findings) -> dict[str, Any]:
    """Read a member without its own argument."""
    return _READERS[member](value, where, findings)


def refuse_member(
    member: str, where: str, findings: Findings, *, among: tuple[str, ...] = ()
) -> None:
    """Add a problem about a member unknown to SubmitJob or to Fargate.

    :param among: candidates for a suggestion; by default also names of arguments.
    """
    if member in NOT_ON_FARGATE:
        findings.problem(where, f"is not applicable for Fargate: {NOT_ON_FARGATE[member]}")
        return
    if member in OF_SERVICE_JOBS:
        text = "belongs to SubmitServiceJob (SageMaker training jobs), not to SubmitJob"
        findings.problem(where, text, "remove the member")
        return
    if among:
        wanted = nearest(member, among)
    else:
        near = nearest(member, (*ARGUMENT_OF, *WITHOUT_ARGUMENT, *ARGUMENT_OF.values()))
        wanted = ARGUMENT_OF.get(near or "", near)
    known = ", ".join(among or WITHOUT_ARGUMENT)
    advice = f"use {wanted}" if wanted else f"use one of {known}"
    findings.problem(where, "is not a member of SubmitJob", advice)


def _ecs_properties(value: object, where: str, findings: Findings) -> dict[str, Any]:
    """Read the override for a definition with ``ecsProperties``.

    API, ``EcsPropertiesOverride``: one task; names of containers are optional.
    """
    given = mapping(value, where, findings)
    known_keys(given, MEMBERS["EcsPropertiesOverride"], where, findings)
    place = f"{where}.taskProperties"
    tasks = items(given.get("taskProperties"), place, findings)
    if len(tasks) > 1:
        findings.problem(place, f"has {len(tasks)} elements; AWS Batch accepts one")
    read_tasks = []
    for index, task in enumerate(tasks):
        members = mapping(task, f"{place}[{index}]", findings)
        known_keys(members, MEMBERS["TaskPropertiesOverride"], f"{place}[{index}]", findings)
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
            findings.problem(place, f"must be greater than 0, not {shown(resource)}")
    return named | _overrides.to_api(
        vcpu=layer.vcpu,
        memory=layer.memory,
        command=layer.command or (),
        environment=layer.environment,
    )


def _consumable_resources(value: object, where: str, findings: Findings) -> dict[str, Any]:
    given = mapping(value, where, findings)
    known_keys(given, MEMBERS["ConsumableResourceProperties"], where, findings)
    place = f"{where}.consumableResourceList"
    entries = items(given.get("consumableResourceList"), place, findings)
    if len(entries) > limits.CONSUMABLE_RESOURCES:
        findings.problem(
            place, f"has {len(entries)} entries; AWS accepts at most {limits.CONSUMABLE_RESOURCES}"
        )
    read_entries: list[dict[str, Any]] = []
    met: set[str] = set()
    for index, entry in enumerate(entries):
        members = mapping(entry, f"{place}[{index}]", findings)
        legal = MEMBERS["ConsumableResourceRequirement"]
        known_keys(members, legal, f"{place}[{index}]", findings)
        name = plain_text(
            members.get("consumableResource"), f"{place}[{index}].consumableResource", findings
        )
        if name in met:
            text = f"{shown(name)} is listed twice"
            findings.problem(f"{place}[{index}]", text, "keep one of the two")
        elif name is not None:
            met.add(name)
        quantity = integer(members.get("quantity"), f"{place}[{index}].quantity", findings)
        read_entries.append({"consumableResource": name, "quantity": quantity})
    return {"consumableResourceList": read_entries}


_READERS: Final = {
    "ecsPropertiesOverride": _ecs_properties,
    "consumableResourcePropertiesOverride": _consumable_resources,
}
