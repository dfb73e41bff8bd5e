"""Types of request members, from AWS's model of the API.

The model comes from the installed botocore. The model is read as a file, because importing botocore
would take longer than loading the rest of LocalBatch.
"""

import gzip
import importlib.util
import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from airflow_fargate_batch.local.refusal import Refusal

ModelShape = Mapping[str, Any]

_MODEL: Final = "data/batch/2016-08-10/service-2.json"
_STRINGS: Final[ModelShape] = {"type": "list", "member": {"shape": "String"}}
_STOP_MANY: Final[ModelShape] = {
    "type": "structure",
    "required": ["jobs", "reason"],
    "members": {"jobs": {"shape": "StringList"}, "reason": {"shape": "String"}},
}
_ADDED: Final[Mapping[str, ModelShape]] = {
    "TerminateJobsRequest": _STOP_MANY,
    "CancelJobsRequest": _STOP_MANY,
    "StringList": _STRINGS,
    "String": {"type": "string"},
}
"""Shapes missing from botocore before 1.43.95."""
_KINDS: Final[Mapping[type, str]] = {
    str: "STRING_VALUE",
    int: "NUMBER_VALUE",
    float: "DECIMAL_VALUE",
    bool: "BOOLEAN_VALUE",
}
_SCALARS: Final[Mapping[str, tuple[tuple[type, ...], str]]] = {
    "string": ((str,), "String"),
    "boolean": ((bool,), "Boolean"),
    "integer": ((int,), "Integer"),
    "long": ((int,), "Long"),
    "float": ((int, float), "Float"),
    "double": ((int, float), "Double"),
}
_BITS: Final[Mapping[str, int]] = {"integer": 31, "long": 63}
_ARTICLE: Final = {"Integer": "an"}
_Nested = TypeVar("_Nested", list[Any], dict[str, Any])
_DEEPEST: Final = 32
"""Maximum depth; valid requests are nested less deeply."""


def refuse_types(operation: str, body: Mapping[str, Any]) -> None:
    """Raise `Refusal` if a member of the request, at any depth, has a wrong type."""
    _check(f"{operation}Request", body, 0)


def _check(name: str, value: object, depth: int) -> None:
    shape = _shapes().get(name)
    if shape is None:
        return
    if depth > _DEEPEST:
        raise _unreadable("the request is nested too deeply")
    kind = shape["type"]
    if kind in _SCALARS:
        _check_scalar(kind, value)
    elif kind == "list":
        entries, member = _expect(list, value), shape["member"]["shape"]
        if member == "String" and all(isinstance(entry, str) for entry in entries):
            return  # a hundred ids, for instance
        for entry in entries:
            _check(member, entry, depth + 1)
    elif kind == "map":
        for entry in _expect(dict, value).values():
            _check(shape["value"]["shape"], entry, depth + 1)
    else:
        _check_structure(shape, _expect(dict, value), depth)


def _check_structure(shape: ModelShape, value: Mapping[str, object], depth: int) -> None:
    for member in shape.get("required", ()):
        if value.get(member) in (None, ""):
            raise Refusal(f"{member} must be specified.")
    members = shape["members"]
    for member, given in value.items():
        if member in members:
            _check(members[member]["shape"], given, depth + 1)


def _check_scalar(kind: str, value: object) -> None:
    if kind == "string" and isinstance(value, str):
        return
    types, title = _SCALARS[kind]
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        said = _KINDS.get(type(value))
        if said is None:
            raise _not_expected(value)
        raise _unreadable(f"{said} can not be converted to {_ARTICLE.get(title, 'a')} {title}")
    if isinstance(value, float) and not math.isfinite(value):
        raise _unreadable(f"Numeric value out of range of {title}")
    if isinstance(value, int) and kind in _BITS and abs(value) >> _BITS[kind]:
        raise _unreadable(f"Numeric value out of range of {title}")


def _expect(kind: type[_Nested], value: object) -> _Nested:
    if not isinstance(value, kind):
        raise _not_expected(value)
    return value


def _not_expected(value: object) -> Refusal:
    if isinstance(value, Mapping):
        return _unreadable("Start of structure or map found where not expected.")
    if isinstance(value, list):
        return _unreadable("Start of list found where not expected")
    said = _KINDS.get(type(value), "null")
    return _unreadable(f"Unexpected {said} where a list, a structure or a value was expected")


def _unreadable(message: str) -> Refusal:
    return Refusal(message, "SerializationException")


@cache
def _shapes() -> Mapping[str, ModelShape]:
    """Read the shapes of requests by name; without botocore, only LocalBatch's own shapes."""
    found = importlib.util.find_spec("botocore")
    shapes: dict[str, ModelShape] = dict(_ADDED)
    for folder in (found and found.submodule_search_locations) or ():
        for path in (Path(folder, _MODEL), Path(folder, f"{_MODEL}.gz")):
            if path.exists():
                read = gzip.decompress if path.suffix == ".gz" else bytes
                model = json.loads(read(path.read_bytes()))
                shapes |= {name: _bare(shape) for name, shape in model["shapes"].items()}
                for name, operation in model["operations"].items():
                    shapes[f"{name}Request"] = shapes[operation["input"]["shape"]]
    return shapes


def _bare(shape: ModelShape) -> ModelShape:
    """Return the shape without its documentation."""
    bare = {key: shape[key] for key in ("type", "required", "member", "value") if key in shape}
    members = shape.get("members", {}).items()
    return bare | {"members": {name: {"shape": member["shape"]} for name, member in members}}
