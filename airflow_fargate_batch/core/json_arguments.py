"""Arguments of a remote function: any value that JSON can carry, or a problem with its place."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final

from airflow_fargate_batch.exceptions import InvalidRequest, Problem

DEEPEST: Final = 100
"""Levels of lists and mappings; ours, below the recursion limit of any Python."""


def json_value(value: Any, where: str) -> Any:
    """Return a value with JSON's types only; lazy sequences of XComs become lists.

    :param where: name of the argument, for the problem.
    :raises InvalidRequest: JSON cannot carry the value.
    """
    return _copied(value, where, DEEPEST)


def _copied(value: Any, where: str, depth: int) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise _problem(where, f"{value} is not JSON", "pass None or a text")
    if depth == 0:
        raise _problem(where, f"more than {DEEPEST} levels", "pass a flatter value")
    if isinstance(value, Mapping):
        return {
            _key(key, where): _copied(item, f"{where}[{key!r}]", depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, Iterable) and not isinstance(value, bytes | bytearray | set | frozenset):
        return [_copied(item, f"{where}[{index}]", depth - 1) for index, item in enumerate(value)]
    raise _of_type(value, where)


def _key(key: Any, where: str) -> str:
    if isinstance(key, str):
        return key
    raise _problem(where, f"the key {key!r} is not a text", "pass keys as texts")


def _of_type(value: Any, where: str) -> InvalidRequest:
    name = type(value).__name__
    if hasattr(value, "isoformat"):
        return _problem(where, f"a {name} is not JSON", "pass .isoformat()")
    if isinstance(value, set | frozenset):
        return _problem(where, f"a {name} is not JSON", "pass a sorted list")
    return _problem(where, f"a {name} is not JSON", "pass texts, numbers, lists or mappings")


def _problem(where: str, said: str, advice: str) -> InvalidRequest:
    return InvalidRequest([Problem(where, f"{said}: {advice}", advice)])
