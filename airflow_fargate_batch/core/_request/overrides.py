"""Container overrides, gathered from a file, a mapping and single arguments.

The layers merge key by key, the environment by variable, and resource requirements by type. Later
layers win, and no other value of an earlier layer is lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeGuard

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._request.values import (
    Findings,
    at,
    content,
    is_plain,
    is_template,
    known_keys,
    parse_list,
    parse_mapping,
    parse_number,
    plain_text,
    shown,
    shown_type,
    upper,
    warn_of_wrapping,
)
from airflow_fargate_batch.core.items import OWN_VARIABLES, RESERVED_VARIABLES
from airflow_fargate_batch.core.submit_members import MEMBERS

NOT_ON_FARGATE: Final[Mapping[str, str]] = {
    "vcpus": "use `vcpu`, or resourceRequirements",
    "memory": "use `memory`, or resourceRequirements",
    "instanceType": "remove instanceType: Fargate has no instance types",
}
"""Service: ``vcpus is not applicable for Fargate. Use resource requirements instead.``"""

OF_A_BODY: Final = ("containerOverrides", "ecsPropertiesOverride")
"""Starts of places in a SubmitJob body; a dry run has written the variables of *items* there."""
_WHOLE: Final = ("containerOverrides", "container_overrides")
"""Names of an object wrapped around overrides by mistake."""

ON_FARGATE: Final = tuple(
    name for name in MEMBERS["ContainerOverrides"] if name not in NOT_ON_FARGATE
)
RESOURCE_TYPES: Final = {"VCPU": "vcpu", "MEMORY": "memory"}
_UNITS: Final = {"gib": 1024, "gb": 1024, "mib": 1, "mb": 1}
"""Amazon ECS Developer Guide, *Task size*: memory may be written ``4 GB``, of 1024 MiB each."""


@dataclass(slots=True)
class Overrides:
    """Values of one layer; ``None`` or a missing key means not given.

    Attributes:
        vcpu: Number of vCPU.
        memory: MiB.
        command: Command and arguments.
        environment: Variables by name.
        origin: Argument of origin, by resource.
    """

    vcpu: Decimal | None = None
    memory: Decimal | None = None
    command: tuple[str, ...] | None = None
    environment: dict[str, str] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)

    def update(self, later: "Overrides") -> None:
        """Lay a later layer over the values."""
        self.vcpu = self.vcpu if later.vcpu is None else later.vcpu
        self.memory = self.memory if later.memory is None else later.memory
        self.command = self.command if later.command is None else later.command
        self.environment |= later.environment
        self.origin |= later.origin

    def decided_by(self, *resources: str) -> list[str]:
        """Return the origins of sizes, and the arguments with precedence."""
        places: list[str] = []
        for resource in resources:
            origin = self.origin.get(resource)
            if origin == resource:
                places.append(resource)
            elif origin is not None:
                places += [origin, "container_overrides", resource]
        return places


def from_arguments(
    *, vcpu: object, memory: object, command: object, environment: object, findings: Findings
) -> Overrides:
    """Read the layer of the single arguments."""
    layer = Overrides()
    if vcpu is not None:
        layer.vcpu = parse_number(vcpu, "vcpu", findings)
        layer.origin["vcpu"] = "vcpu"
    if memory is not None:
        layer.memory = memory_in_mib(memory, "memory", findings)
        layer.origin["memory"] = "memory"
    if command is not None:
        layer.command = read_command(command, "command", findings)
        if not layer.command and not findings.problems:
            findings.warnings.append(
                "`command` is an empty list: the command of the job definition runs"
            )
    if environment is not None:
        layer.environment = read_environment(environment, "environment", findings)
    return layer


def from_mapping(value: object, where: str, findings: Findings) -> Overrides:
    """Read the layer of the API's ``containerOverrides``."""
    given = _unwrapped(parse_mapping(value, where, findings), where, findings)
    layer = Overrides()
    for name, advice in NOT_ON_FARGATE.items():
        if given.get(name) is not None:
            findings.problem(f"{where}.{name}", f"{name} is not applicable for Fargate", advice)
    on_fargate = {name: value for name, value in given.items() if name not in NOT_ON_FARGATE}
    known_keys(on_fargate, ON_FARGATE, where, findings)
    if (command := given.get("command")) is not None:
        layer.command = read_command(command, f"{where}.command", findings)
    if (environment := given.get("environment")) is not None:
        layer.environment = read_environment(environment, f"{where}.environment", findings)
    if (requirements := given.get("resourceRequirements")) is not None:
        read_requirements(requirements, f"{where}.resourceRequirements", layer, findings)
    return layer


def _unwrapped(given: Mapping[str, Any], where: str, findings: Findings) -> Mapping[str, Any]:
    """Refuse an object wrapped around the overrides."""
    for member in _WHOLE:
        if isinstance(given.get(member), Mapping):
            findings.problem(
                at(where, member),
                "is not a member of containerOverrides",
                f'remove the {{"{member}": …}} around the overrides',
            )
            return {}
    return given


def read_requirements(value: object, where: str, layer: Overrides, findings: Findings) -> None:
    """Read ``resourceRequirements`` into a layer: VCPU and MEMORY, each once; no GPU."""
    for place, entry in _entries(value, where, findings):
        known_keys(entry, MEMBERS["ResourceRequirement"], place, findings)
        kind = upper(entry.get("type"))
        if kind == "GPU":
            findings.problem(place, "GPU is not applicable for Fargate", "remove the entry")
        elif kind not in RESOURCE_TYPES:
            findings.problem(place, f"type must be VCPU or MEMORY, not {shown(entry.get('type'))}")
        elif kind.lower() in layer.origin:
            findings.problem(place, f"{kind} is set twice", "keep one of the two")
        else:
            layer.origin[kind.lower()] = where
            if kind == "VCPU":
                layer.vcpu = parse_number(entry.get("value"), f"{place}.value", findings)
            else:
                layer.memory = memory_in_mib(entry.get("value"), f"{place}.value", findings)


def _entries(value: object, where: str, findings: Findings) -> list[tuple[str, Mapping[str, Any]]]:
    found = []
    for index, entry in enumerate(parse_list(value, where, findings)):
        place = f"{where}[{index}]"
        if isinstance(entry, Mapping):
            found.append((place, entry))
        else:
            findings.problem(place, f"must be a mapping, not {shown_type(entry)}")
    return found


def memory_in_mib(value: object, where: str, findings: Findings) -> Decimal | None:
    """Read memory in MiB from a number, text, or ECS's notation such as ``4 GB``."""
    if isinstance(value, str):
        text = value.strip().lower()
        for unit, mib in _UNITS.items():
            if text.endswith(unit):
                amount = parse_number(text.removesuffix(unit), where, findings)
                return None if amount is None else amount * mib
    return parse_number(value, where, findings)


def read_command(value: object, where: str, findings: Findings) -> tuple[str, ...]:
    """Read a command from a list or JSON text.

    Service: ``Command field cannot have empty strings``.
    """
    if isinstance(value, str) and value.strip() and not value.lstrip().startswith("["):
        findings.problem(
            where,
            "must be a list, not text",
            'use a list, such as ["sh", "-c", "echo hello"]',
        )
        return ()
    words = []
    for index, item in enumerate(parse_list(value, where, findings)):
        if item and is_plain(item):
            words.append(item)
            continue
        word = content(item, f"{where}[{index}]", findings)
        if word == "":
            findings.problem(
                f"{where}[{index}]",
                "is empty, and AWS Batch refuses empty strings",
                "remove the entry",
            )
        elif word is not None:
            words.append(word)
    return tuple(words)


def read_environment(value: object, where: str, findings: Findings) -> dict[str, str]:
    """Read variables from a mapping, a list of ``{name, value}``, or JSON text."""
    variables: dict[str, str] = {}
    is_body = where.startswith(OF_A_BODY)
    for name, given in _pairs(value, where, findings):
        if _is_usual(name, given) and name not in variables:
            variables[name] = given
            continue
        place = at(where, name.partition("=")[0])  # after a "=", by mistake, may stand a value
        if name in variables:
            findings.warnings.append(f"`{place}` is set twice; the last value is used")
        if name.startswith(limits.ENVIRONMENT_RESERVED_PREFIX):
            findings.problem(
                place,
                f"names that start with {limits.ENVIRONMENT_RESERVED_PREFIX} are reserved: AWS "
                "Batch accepts the variable, but drops the variable when the job starts",
                "rename the variable",
            )
        elif name in RESERVED_VARIABLES and not (is_body and name in OWN_VARIABLES):
            findings.problem(
                place,
                f"is reserved: this package passes {RESERVED_VARIABLES[name]} in this variable",
                "rename the variable",
            )
        elif not name or "=" in name:
            findings.problem(
                place, "the name of a variable must not be empty and must not contain '='"
            )
        text = content(given, place, findings)
        if text is not None and content(name, place, findings) is not None:
            variables[name] = text
            if is_template(text):
                findings.warnings.append(f"`{place}` still contains template delimiters")
    return variables


def _pairs(value: object, where: str, findings: Findings) -> list[tuple[str, Any]]:
    is_list = isinstance(value, str) and value.lstrip().startswith("[")
    if isinstance(value, dict | Mapping) or (isinstance(value, str) and not is_list):
        given = parse_mapping(value, where, findings)
        warn_of_wrapping(given, "environment", where, findings)
        return list(given.items())
    pairs = []
    for place, entry in _entries(value, where, findings):
        known_keys(entry, MEMBERS["KeyValuePair"], place, findings)
        name = plain_text(entry.get("name"), f"{place}.name", findings)
        if name is not None:
            pairs.append((name, entry.get("value")))
    return pairs


def _is_usual(name: str, given: object) -> TypeGuard[str]:
    """Return quickly whether a variable is plainly legal, like most variables."""
    return (
        is_plain(given)
        and is_plain(name)
        and bool(name)
        and "=" not in name
        and not name.startswith(limits.ENVIRONMENT_RESERVED_PREFIX)
        and name not in RESERVED_VARIABLES
        and not is_template(given)
    )


def to_api(
    *,
    vcpu: Decimal | None,
    memory: Decimal | int | None,
    command: Sequence[str],
    environment: Mapping[str, str],
) -> dict[str, Any]:
    """Write overrides for the API: numbers as canonical text, without empty members."""
    requirements = [
        {"type": kind, "value": f"{Decimal(value).normalize():f}"}
        for kind, value in (("VCPU", vcpu), ("MEMORY", memory))
        if value is not None
    ]
    body = {
        "command": list(command),
        "environment": [{"name": name, "value": text} for name, text in environment.items()],
        "resourceRequirements": requirements,
    }
    return {member: value for member, value in body.items() if value}
