"""``container_overrides``, taken apart into vcpu, memory, command and environment."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import libcst as cst

from airflow_fargate_batch.core._request.overrides import NOT_ON_FARGATE, RESOURCE_TYPES
from airflow_fargate_batch.migrating._layout import lay_out_dict

ARGUMENT_OF: Final[Mapping[str, str]] = {
    "command": "command",
    "environment": "environment",
    "vcpus": "vcpu",
    "memory": "memory",
}
"""Argument for each member of ``containerOverrides``. AWS refuses the last two on Fargate."""
REQUIREMENTS: Final = "resourceRequirements"


class Stays(Exception):
    """A call that must stay a call of BatchOperator; the message is the reason."""


class _Opaque(Exception):
    """An expression whose members cannot be read in the file."""


@dataclass(slots=True)
class Parts:
    """Overrides, taken apart.

    Attributes:
        arguments: Expressions by the operator's argument.
        rest: What remains for ``container_overrides``; ``None`` means nothing.
        notes: Members left out, with the reason.
    """

    arguments: dict[str, cst.BaseExpression] = field(default_factory=dict)
    rest: cst.BaseExpression | None = None
    notes: list[str] = field(default_factory=list)

    def add(self, argument: str, value: cst.BaseExpression) -> None:
        """Add an argument; an argument that is there already cannot be taken apart."""
        if argument in self.arguments:
            raise _Opaque
        self.arguments[argument] = value


def take_apart(value: cst.BaseExpression) -> Parts:
    """Take overrides apart, as far as the file shows their members.

    :raises Stays: the overrides ask for what Fargate does not have.
    """
    try:
        return _taken_apart(value)
    except _Opaque:
        return Parts(rest=value)


def is_none(value: cst.BaseExpression) -> bool:
    """Return whether an expression is ``None``."""
    return isinstance(value, cst.Name) and value.value == "None"


def text_of(value: cst.BaseExpression) -> str | None:
    """Return the text of a string literal, or ``None``."""
    if isinstance(value, cst.SimpleString | cst.ConcatenatedString):
        text = value.evaluated_value
        return text if isinstance(text, str) else None
    return None


def members(value: cst.BaseExpression) -> list[tuple[str, cst.DictElement]] | None:
    """Return the members of a dict whose keys are distinct texts, or ``None``."""
    try:
        return list(_members(value))
    except _Opaque:
        return None


def _taken_apart(value: cst.BaseExpression) -> Parts:
    parts = Parts()
    rest: list[cst.DictElement] = []
    for name, element in _members(value):
        if name == REQUIREMENTS and (sizes := _sizes(element.value)) is not None:
            for argument, size in sizes:
                parts.add(argument, size)
        elif name in ARGUMENT_OF:
            parts.add(ARGUMENT_OF[name], element.value)
        elif name in NOT_ON_FARGATE:
            parts.notes.append(NOT_ON_FARGATE[name])
        else:
            rest.append(element)
    if rest and isinstance(value, cst.Dict):
        parts.rest = lay_out_dict(value, rest)
    return parts


def _members(value: cst.BaseExpression) -> Iterator[tuple[str, cst.DictElement]]:
    if not isinstance(value, cst.Dict):
        raise _Opaque
    seen: set[str] = set()
    for element in value.elements:
        name = text_of(element.key) if isinstance(element, cst.DictElement) else None
        if name is None or name in seen or not isinstance(element, cst.DictElement):
            raise _Opaque
        seen.add(name)
        yield name, element


def _sizes(value: cst.BaseExpression) -> list[tuple[str, cst.BaseExpression]] | None:
    """Read vcpu and memory of a list of requirements; ``None`` means that the list says more.

    :raises Stays: the list asks for a GPU.
    """
    if not isinstance(value, cst.List | cst.Tuple):
        return None
    found = [_size(element.value) for element in value.elements]
    if "GPU" in (kind for kind, _ in found):
        raise Stays("use BatchOperator for jobs with a GPU: Fargate has none")
    sizes = [
        (RESOURCE_TYPES[kind], size)
        for kind, size in found
        if kind in RESOURCE_TYPES and size is not None
    ]
    return sizes if len(sizes) == len(found) else None


def _size(value: cst.BaseExpression) -> tuple[str | None, cst.BaseExpression | None]:
    read = dict(members(value) or [])
    if "type" not in read:
        return None, None
    size = read["value"].value if read.keys() == {"type", "value"} else None
    return text_of(read["type"].value), size
