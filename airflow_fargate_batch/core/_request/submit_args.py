"""Members of SubmitJob as a user writes them in *extra_submit_args*."""

from dataclasses import dataclass, field

from airflow_fargate_batch.core._request import consumables as _consumables
from airflow_fargate_batch.core._request import containers as _containers
from airflow_fargate_batch.core._request.containers import Layer
from airflow_fargate_batch.core._request.values import Findings, at, parse_mapping
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.core.submit_members import (
    ALSO_EXTRA,
    ARGUMENT_OF,
    NOT_ON_FARGATE,
    OF_SERVICE_JOBS,
)


@dataclass(slots=True)
class Extra:
    """Members set by *extra_submit_args*; the other arguments win."""

    containers: Layer = field(default_factory=dict)
    consumables: dict[str, int] = field(default_factory=dict)


def read(value: object, findings: Findings) -> Extra:
    """Read ``extra_submit_args``: a mapping of SubmitJob members, or JSON text."""
    extra = Extra()
    if value is None:
        return extra
    where = "extra_submit_args"
    for member, given in parse_mapping(value, where, findings).items():
        place = at(where, member)
        if member == _containers.MEMBER:
            extra.containers = _containers.read(given, place, findings)
        elif member == _consumables.MEMBER:
            extra.consumables = _consumables.read_api(given, place, findings)
        elif member in ARGUMENT_OF:
            argument = ARGUMENT_OF[member]
            findings.problem(place, "has its own argument", f"use `{argument}`")
        else:
            refuse_member(member, place, findings)
    return extra


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
        near = nearest(member, (*ARGUMENT_OF, *ARGUMENT_OF.values()))
        wanted = near and f"`{ARGUMENT_OF.get(near, near)}`"
    known = ", ".join(among or ALSO_EXTRA)
    advice = f"use {wanted}" if wanted else f"use one of {known}"
    findings.problem(where, "is not a member of SubmitJob", advice)
