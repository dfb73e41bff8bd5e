"""Check vCPU and memory of a request against the sizes of Fargate, or round up.

A single value is checked against all sizes: AWS combines the value with the job definition, which
is unknown here.
"""

from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from airflow_fargate_batch.core import fargate
from airflow_fargate_batch.core._request.overrides import Overrides, from_arguments
from airflow_fargate_batch.core._request.values import Findings, shown
from airflow_fargate_batch.exceptions import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

LARGEST: Final = max(fargate.SIZES)
SMALLEST: Final = {"vcpu": fargate.VCPU_VALUES[0], "memory": fargate.MEMORY_VALUES[0]}
UNITS: Final = {"vcpu": " vCPU", "memory": " MiB"}
_NAMES: Final = {"vcpu": "vCPU", "memory": "memory (MiB)"}


class Settled(NamedTuple):
    """Size of a request; ``None`` leaves the value to the job definition."""

    vcpu: Decimal | None = None
    memory: int | None = None


def read_size(*, vcpu: object, memory: object) -> Overrides:
    """Read a size, legal on Fargate or not, from the arguments of a request.

    :raises InvalidRequest: a value is no number.
    """
    findings = Findings()
    wanted = from_arguments(
        vcpu=vcpu, memory=memory, command=None, environment=None, findings=findings
    )
    if findings.problems:
        raise InvalidRequest(findings.problems)
    return wanted


def settle_size(wanted: Overrides, size_policy: str) -> Settled:
    """Return the final size of a request.

    :raises InvalidRequest: no size of Fargate; with ``round_up``, more than the largest size.
    """
    findings = Findings()
    settled = settle(wanted, size_policy, findings)
    if findings.problems:
        raise InvalidRequest(findings.problems)
    return settled


def settle(overrides: Overrides, policy: object, findings: Findings) -> Settled:
    """Return the size of a request; with ``round_up`` a note reports the change."""
    vcpu, memory = overrides.vcpu, overrides.memory
    for name, value in (("vcpu", vcpu), ("memory", memory)):
        if value is not None and value <= 0:
            findings.problem(
                overrides.origin[name],
                f"{_NAMES[name]} must be greater than 0, not {shown(value)}",
                f"use {SMALLEST[name]} or more",
                involves=overrides.decided_by(name),
            )
            return Settled()
    if policy == "round_up":
        return _round_up(overrides, findings)
    if policy != "strict":
        findings.problem("size_policy", f"must be strict or round_up, not {shown(policy)}")
        return Settled()
    if vcpu is not None and memory is not None:
        if memory not in (row.memory if (row := fargate.row_of(vcpu)) else ()):
            _refuse_pair(vcpu, memory, overrides, findings)
            return Settled()
    elif vcpu is not None and vcpu not in fargate.VCPU_VALUES:
        _refuse_one("vcpu", vcpu, fargate.VCPU_VALUES, overrides, findings)
        return Settled()
    elif memory is not None and memory not in fargate.MEMORY_VALUES:
        _refuse_one("memory", memory, fargate.MEMORY_VALUES, overrides, findings)
        return Settled()
    return Settled(vcpu, None if memory is None else int(memory))


def _round_up(overrides: Overrides, findings: Findings) -> Settled:
    vcpu, memory = overrides.vcpu, overrides.memory
    found: Settled | None = None
    if vcpu is not None and memory is not None:
        size = fargate.smallest_that_holds(vcpu, memory)
        found = Settled(*size) if size else None
    elif vcpu is not None:
        found = next((Settled(vcpu=value) for value in fargate.VCPU_VALUES if value >= vcpu), None)
    elif memory is not None:
        found = next((Settled(memory=mib) for mib in fargate.MEMORY_VALUES if mib >= memory), None)
    else:
        return Settled()
    if found is None:
        too_large = "vcpu" if vcpu is not None and vcpu > LARGEST.vcpu else "memory"
        findings.problem(
            overrides.origin[too_large],
            f"{_written(vcpu, memory)} is more than the largest Fargate size, {LARGEST}",
            involves=overrides.decided_by("vcpu", "memory"),
        )
        return Settled()
    if tuple(found) != (vcpu, memory):
        findings.notes.append(
            f"{_written(vcpu, memory)} was rounded up to {_written(*found)}, the next Fargate size"
        )
    return found


def _written(vcpu: Decimal | None, memory: Decimal | int | None) -> str:
    parts = []
    if vcpu is not None:
        parts.append(f"{shown(vcpu)}{UNITS['vcpu']}")
    if memory is not None:
        parts.append(f"{shown(memory)}{UNITS['memory']}")
    return " with ".join(parts)


def _refuse_pair(vcpu: Decimal, memory: Decimal, overrides: Overrides, findings: Findings) -> None:
    row = fargate.row_of(vcpu)
    near = fargate.nearest_sizes(vcpu, memory)
    if row is None:
        values = fargate.either_of(fargate.VCPU_VALUES)
        rule = f"the vCPU values are {values}"
        suggestion = f"use {fargate.either_of(near)}"
    else:
        rule = f"{row.vcpu} vCPU takes {row.describe_memory()}"
        same = all(size.vcpu == vcpu for size in near)
        choices: Sequence[object] = [size.memory for size in near] if same else near
        suggestion = f"use {fargate.either_of(choices)}"
    findings.problem(
        overrides.origin["vcpu" if row is None else "memory"],
        f"{_written(vcpu, memory)} is not a Fargate size; {rule}",
        suggestion,
        involves=("size_policy", *overrides.decided_by("vcpu", "memory")),
    )


def _refuse_one(
    name: str,
    value: Decimal,
    legal: tuple[fargate.Number, ...],
    overrides: Overrides,
    findings: Findings,
) -> None:
    near = fargate.either_of(fargate.neighbours(value, legal))
    findings.problem(
        overrides.origin[name],
        f"{shown(value)}{UNITS[name]} is not part of any Fargate size",
        f"use {near}",
        involves=("size_policy", *overrides.decided_by(name)),
    )
