"""Refusal of unknown arguments, with the nearest known arguments.

Airflow's own refusal is a bare list of the arguments, values included.
"""

from collections.abc import Mapping
from functools import lru_cache
from inspect import signature
from typing import Any, TypeVar

from airflow_fargate_batch.core import batch_operator

_E = TypeVar("_E", bound=Exception)


def refuse_unknown(operator: type, given: Mapping[str, Any], *, first: type) -> None:
    """Refuse unknown arguments of an operator.

    :param first: class with the likeliest arguments.
    :raises TypeError: with the likeliest names; no value is shown.
    """
    unknown = [name for name in given.keys() - _arguments_of(operator) if not name.startswith("_")]
    if unknown:
        own = signature(first).parameters
        said = batch_operator.refusal(unknown, own, sorted(_arguments_of(operator)))
        raise with_task(TypeError(f"{operator.__name__}: {said}"), given.get("task_id"))


def lost_defaults(
    defaults: Mapping[str, Any], given: Mapping[str, Any], task_id: str | None
) -> Exception | None:
    """Return an error for ``default_args`` of BatchOperator that would change the job.

    :param given: the task's own arguments; ``None`` means not given.
    """
    if not defaults:  # nearly always, for every task
        return None
    own = {name: value for name, value in given.items() if value is not None}
    lost = batch_operator.lost_defaults(defaults, {**defaults, **own})
    if not lost:
        return None
    return with_task(TypeError(f"default_args: {batch_operator.refusal(lost)}"), task_id)


def with_task(error: _E, task_id: str | None) -> _E:
    """Add the task id to an error: Airflow's import errors do not show the line of the DAG."""
    error.add_note(f"in task {task_id!r}")
    return error


@lru_cache
def _arguments_of(operator: type) -> frozenset[str]:
    """Return an operator's arguments, also of the base classes."""
    constructors = (vars(each).get("__init__") for each in operator.mro() if each is not object)
    return frozenset(
        name for each in constructors if each is not None for name in signature(each).parameters
    )
