"""Consumable resources of a job: licences, seats, connections, by name and quantity.

Source: AWS Batch API Reference, ``ConsumableResourceProperties``.
"""

from collections.abc import Mapping
from typing import Any, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._request.values import (
    Findings,
    at,
    known_keys,
    parse_integer,
    parse_list,
    parse_mapping,
    plain_text,
    shown,
)
from airflow_fargate_batch.core.submit_members import MEMBERS

MEMBER: Final = "consumableResourcePropertiesOverride"
LIST: Final = "consumableResourceList"


def read(value: object, where: str, findings: Findings) -> dict[str, int]:
    """Read a mapping from name or ARN to quantity, the API's mapping, or JSON text of either."""
    if value is None:
        return {}
    given = parse_mapping(value, where, findings)
    if LIST in given:
        return _from_api(given, where, findings)
    read_quantities: dict[str, int] = {}
    for name, quantity in given.items():
        usable = plain_text(name, where, findings)
        number = _quantity(quantity, at(where, name), findings)
        if usable is not None:
            read_quantities[usable] = number
    _check_number(read_quantities, where, findings)
    return read_quantities


def over(beneath: Mapping[str, int], value: object, findings: Findings) -> dict[str, int]:
    """Read *consumable_resources* over resources from a body and from *extra_submit_args*."""
    return {**beneath, **read(value, "consumable_resources", findings)}


def read_api(value: object, where: str, findings: Findings) -> dict[str, int]:
    """Read the API's ``consumableResourcePropertiesOverride``."""
    return (
        {} if value is None else _from_api(parse_mapping(value, where, findings), where, findings)
    )


def _from_api(given: Mapping[str, Any], where: str, findings: Findings) -> dict[str, int]:
    known_keys(given, MEMBERS["ConsumableResourceProperties"], where, findings)
    place = f"{where}.{LIST}"
    quantities: dict[str, int] = {}
    for index, entry in enumerate(parse_list(given.get(LIST), place, findings)):
        members = parse_mapping(entry, f"{place}[{index}]", findings)
        known_keys(members, MEMBERS["ConsumableResourceRequirement"], f"{place}[{index}]", findings)
        named = f"{place}[{index}].consumableResource"
        name = plain_text(members.get("consumableResource"), named, findings) or ""
        if name and name in quantities:
            text = f"{shown(name)} is listed twice"
            findings.problem(f"{place}[{index}]", text, "keep one of the two")
        quantity = _quantity(members.get("quantity"), f"{place}[{index}].quantity", findings)
        quantities[name] = quantity
    _check_number(quantities, place, findings)
    return quantities


def _quantity(value: object, where: str, findings: Findings) -> int:
    quantity = parse_integer(value, where, findings)
    if quantity is not None and quantity < 1:
        findings.problem(where, f"{quantity} is less than 1", "use 1 or more")
    return quantity or 0


def _check_number(quantities: Mapping[str, int], where: str, findings: Findings) -> None:
    if len(quantities) > limits.CONSUMABLE_RESOURCES:
        findings.problem(
            where,
            f"has {len(quantities)} entries; AWS accepts at most {limits.CONSUMABLE_RESOURCES}",
        )


def to_api(quantities: Mapping[str, int]) -> dict[str, Any] | None:
    """Write ``consumableResourcePropertiesOverride``; ``None`` without resources."""
    listed = [{"consumableResource": n, "quantity": q} for n, q in quantities.items()]
    return {LIST: listed} if listed else None
