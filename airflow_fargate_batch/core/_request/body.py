"""Reader for a SubmitJob body, as for ``aws batch submit-job --cli-input-json``.

Problems are named by members of the body, ``containerOverrides.command[2]``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from airflow_fargate_batch.core._request import consumables as _consumables
from airflow_fargate_batch.core._request import containers as _containers
from airflow_fargate_batch.core._request import fields as _fields
from airflow_fargate_batch.core._request import overrides as _overrides
from airflow_fargate_batch.core._request import submit_args as _submit_args
from airflow_fargate_batch.core._request.containers import Layer
from airflow_fargate_batch.core._request.overrides import Overrides
from airflow_fargate_batch.core._request.values import (
    Findings,
    known_keys,
    parse_mapping,
    parse_number,
)
from airflow_fargate_batch.core.naming import TAG_PREFIX
from airflow_fargate_batch.core.submit_members import (
    ARGUMENT_OF,
    MEMBERS,
    NOT_ON_FARGATE,
    SUBMIT_JOB,
)
from airflow_fargate_batch.exceptions import Problem

WHERE: Final = "body"
"""The field of a problem with the body as a whole."""

INSIDE: Final[Mapping[str, tuple[str, str, str]]] = {
    "arrayProperties": ("ArrayProperties", "size", "array_size"),
    "timeout": ("JobTimeout", "attemptDurationSeconds", "job_timeout"),
}
"""Members with a single inner member: type, inner member, and argument."""
BENEATH: Final = (
    "containerOverrides",
    "parameters",
    "tags",
    _containers.MEMBER,
    _consumables.MEMBER,
)
"""Members that merge with the arguments, key by key."""
PLAIN: Final[Mapping[str, str]] = {
    member: argument
    for member, argument in ARGUMENT_OF.items()
    if member in SUBMIT_JOB and member not in (*INSIDE, *BENEATH)
}
"""Members equal to an argument."""
MEMBER_OF: Final[Mapping[str, str]] = {
    **{argument: member for member, argument in PLAIN.items()},
    **{argument: f"{member}.{inner}" for member, (_, inner, argument) in INSIDE.items()},
    "container_overrides": "containerOverrides",
    "ecs_properties_override": "ecsPropertiesOverride",
    "consumable_resources": "consumableResourcePropertiesOverride",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneath:
    """Values of a body beneath the arguments of a request; arguments win key by key."""

    overrides: Overrides = field(default_factory=Overrides)
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    containers: Layer = field(default_factory=dict)
    consumables: Mapping[str, int] = field(default_factory=dict)


def read(
    body: object, arguments: Mapping[str, object], findings: Findings, *, own_tags: bool
) -> tuple[dict[str, object], Beneath]:
    """Read a body; return merged arguments, and the values beneath.

    :param body: a mapping, JSON text or a ``JsonFile``.
    :param own_tags: whether to keep the tags of an earlier submission.
    """
    if isinstance(body, _fields.JsonFile):
        given: Mapping[str, Any] = _fields.json_file(body, WHERE, findings) or {}
    else:
        given = parse_mapping(body, WHERE, findings)
    said: dict[str, object] = {}
    for member, value in given.items():
        if value is None:
            continue
        if member in PLAIN:
            said[PLAIN[member]] = value
        elif member in INSIDE:
            shape, inner, argument = INSIDE[member]
            members = parse_mapping(value, member, findings)
            known_keys(members, MEMBERS[shape], member, findings)
            said[argument] = members.get(inner)
        elif member not in SUBMIT_JOB or member in NOT_ON_FARGATE:
            _submit_args.refuse_member(member, member, findings, among=SUBMIT_JOB)
    tags = _fields.tags(given.get("tags"), findings)
    if not own_tags:
        tags = _without_own(tags, findings)
    beneath = Beneath(
        overrides=_overrides.from_mapping(
            given.get("containerOverrides") or {}, "containerOverrides", findings
        ),
        parameters=_fields.parameters(given.get("parameters"), None, findings),
        tags=tags,
        containers=_containers.read(given.get(_containers.MEMBER), _containers.MEMBER, findings),
        consumables=_consumables.read_api(
            given.get(_consumables.MEMBER), _consumables.MEMBER, findings
        ),
    )
    won = {name: value for name, value in arguments.items() if value is not None}
    return said | won | _retries_of(said.get("retry_strategy"), won), beneath


def named_by_members(problem: Problem, arguments: Mapping[str, object]) -> Problem:
    """Name a problem by the body's member, unless an argument replaces the member."""
    name = next((each for each in MEMBER_OF if _is_in(problem.field, each)), None)
    if name is None or arguments.get(name) is not None:
        return problem
    return replace(problem, field=MEMBER_OF[name] + problem.field.removeprefix(name))


def _is_in(place: str, argument: str) -> bool:
    return place == argument or place.startswith((f"{argument}.", f"{argument}["))


def _retries_of(body: object, won: Mapping[str, object]) -> dict[str, object]:
    """Let a number of attempts keep the body's rules, and *spot_retries* replace them."""
    if "spot_retries" in won:
        return {"retry_strategy": won.get("retry_strategy")}
    attempts = won.get("retry_strategy")
    is_number = attempts is not None and parse_number(attempts, "", Findings()) is not None
    if is_number and isinstance(body, Mapping):
        return {"retry_strategy": {**body, "attempts": attempts}}
    return {}


def _without_own(tags: dict[str, str], findings: Findings) -> dict[str, str]:
    """Leave out the tags of the body's submission."""
    kept = {key: value for key, value in tags.items() if not key.startswith(TAG_PREFIX)}
    if len(kept) < len(tags):
        findings.notes.append(
            f"tags that start with {TAG_PREFIX} were removed: they identify an earlier submission"
        )
    return kept
