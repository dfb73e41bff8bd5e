"""Arguments that the operator does not have, refused with what is meant in their place.

Airflow's own refusal is a bare list of them, values included.
"""

from collections.abc import Mapping
from functools import lru_cache
from inspect import signature
from typing import Any, TypeVar

from airflow_fargate_batch.core import batch_operator

_E = TypeVar("_E", bound=Exception)


def refuse_unknown(operator: type, given: Mapping[str, Any], *, first: type) -> None:
    """Refuse arguments that an operator does not have.

    :param first: the class whose arguments are likeliest to be meant.
    :raises TypeError: with the names that are meant; no value is shown.
    """
    unknown = [name for name in given.keys() - _arguments_of(operator) if not name.startswith("_")]
    if unknown:
        own = signature(first).parameters
        said = batch_operator.refusal(unknown, own, sorted(_arguments_of(operator)))
        raise with_task(TypeError(f"{operator.__name__}: {said}"), given.get("task_id"))


def lost_defaults(
    defaults: Mapping[str, Any], given: Mapping[str, Any], task_id: str | None
) -> Exception | None:
    """Return what is wrong with ``default_args`` that made another job of BatchOperator's.

    :param given: the task's own arguments, ``None`` for those that are not given.
    """
    own = {name: value for name, value in given.items() if value is not None}
    lost = batch_operator.lost_defaults(defaults, {**defaults, **own})
    if not lost:
        return None
    return with_task(TypeError(f"default_args: {batch_operator.refusal(lost)}"), task_id)


def with_task(error: _E, task_id: str | None) -> _E:
    """Name the task: of the place where a DAG makes it, Airflow's import errors show nothing."""
    error.add_note(f"in task {task_id!r}")
    return error


@lru_cache
def _arguments_of(operator: type) -> frozenset[str]:
    """Return the arguments that an operator takes, its base classes' included."""
    constructors = (vars(each).get("__init__") for each in operator.mro() if each is not object)
    return frozenset(
        name for each in constructors if each is not None for name in signature(each).parameters
    )
