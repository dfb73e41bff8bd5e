"""Check the sizes of the containers of an ECS task.

Fargate gives a task one size, and the containers share it, so vCPU and memory of all containers
together must be a size of Fargate. A request shows only the containers that it names. One container
alone counts as the whole task. If a request names several, they count as all of them: the sum is
checked, as far as each container has a value.

Source: Amazon ECS Developer Guide, "Task size" (the task's values are required on Fargate) and AWS
Batch API Reference, ``TaskContainerProperties.resourceRequirements``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core._request import size as _size
from airflow_fargate_batch.core._request.containers import ARGUMENT, ContainerKey, Layer
from airflow_fargate_batch.core._request.overrides import Overrides
from airflow_fargate_batch.core._request.size import Settled
from airflow_fargate_batch.core._request.values import Findings, shown

_NAME_ALL: Final = f"if the task has more containers, name all of them in `{ARGUMENT}`"
_RESOURCES: Final = ("vcpu", "memory")


def settle(
    layer: Layer, target: ContainerKey | None, policy: object, findings: Findings
) -> Mapping[ContainerKey, Settled]:
    """Return the sizes of the containers; ``round_up`` adds what is missing to the target."""
    before = len(findings.problems)
    for overrides in layer.values():
        _check_each(overrides, findings)
    _check_known(layer, findings)
    if len(findings.problems) > before:
        return {}
    sizes = {key: _settled(overrides) for key, overrides in layer.items()}
    total = _total(layer)
    notes = len(findings.notes)
    settled = _size.settle(total, policy, findings)
    _word_as_sum(findings, before, notes, is_alone=len(layer) == 1)
    if len(findings.problems) > before or settled == _settled(total):
        return sizes
    if target is None:
        text = "round_up does not know which container to enlarge"
        findings.problem("size_policy", text, "set container", involves=("container", ARGUMENT))
        return {}
    return {**sizes, target: _enlarged(sizes[target], _settled(total), settled)}


def _check_each(overrides: Overrides, findings: Findings) -> None:
    for name in _RESOURCES:
        value: Decimal | None = getattr(overrides, name)
        where = overrides.origin.get(name, name)
        if value is not None and value <= 0:
            findings.problem(where, f"must be greater than 0, not {shown(value)}")
        elif value is not None and name == "memory" and value != value.to_integral_value():
            findings.problem(where, f"{shown(value)} is not a whole number of MiB")


def _check_known(layer: Layer, findings: Findings) -> None:
    """Refuse what no size of Fargate holds, although some containers have no value here."""
    for name, most in (("vcpu", _size.LARGEST.vcpu), ("memory", _size.LARGEST.memory)):
        known = [value for each in layer.values() if (value := getattr(each, name)) is not None]
        if 1 < len(known) < len(layer) and sum(known) > most:
            text = (
                f"the containers together: {shown(sum(known))}{_size.UNITS[name]} is more than the "
                f"largest Fargate size, {_size.LARGEST}"
            )
            findings.problem(ARGUMENT, text, involves=("container", "extra_submit_args", name))


def _settled(overrides: Overrides) -> Settled:
    return Settled(overrides.vcpu, None if overrides.memory is None else int(overrides.memory))


def _total(layer: Layer) -> Overrides:
    """Add up each resource, if every container has a value."""
    each = list(layer.values())
    origin = {name: place for one in each for name, place in one.origin.items()}
    return Overrides(
        vcpu=_sum(one.vcpu for one in each),
        memory=_sum(one.memory for one in each),
        origin=dict.fromkeys(_RESOURCES, ARGUMENT) if len(each) > 1 else origin,
    )


def _sum(values: Iterable[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for value in values:
        if value is None:
            return None
        total += value
    return Decimal(f"{total.normalize():f}")  # 1, not 1.00


def _word_as_sum(findings: Findings, before: int, notes: int, *, is_alone: bool) -> None:
    """Say that a size is the sum of the containers, or that of the only container named."""
    for index, problem in enumerate(findings.problems[before:], start=before):
        involves = (*problem.involves, "container", ARGUMENT, "extra_submit_args")
        if problem.field == "size_policy":
            text = problem.message
        elif is_alone:
            text = f"{problem.message}; {_NAME_ALL}"
        else:
            text = f"the containers together: {problem.message}"
        findings.problems[index] = replace(problem, message=text, involves=involves)
    if not is_alone:
        findings.notes[notes:] = [f"The containers together: {n}" for n in findings.notes[notes:]]


def _enlarged(size: Settled, total: Settled, settled: Settled) -> Settled:
    """Add to one container what all containers together lack."""
    vcpu, memory = size
    if vcpu is not None and total.vcpu is not None and settled.vcpu is not None:
        vcpu += settled.vcpu - total.vcpu
    if memory is not None and total.memory is not None and settled.memory is not None:
        memory += settled.memory - total.memory
    return Settled(vcpu, memory)
