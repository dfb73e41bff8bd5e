"""Names: the old classes, and the class that replaces each."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import libcst as cst

from airflow_fargate_batch.core.batch_operator import OPERATORS, SENSORS

_MAPS: Final = ("expand", "expand_kwargs")


class NewName(NamedTuple):
    """A class of this package."""

    module: str
    name: str


NEW_NAME: Final[Mapping[str, NewName]] = {
    **dict.fromkeys(
        OPERATORS, NewName("airflow_fargate_batch.operators", "FargateBatchSubmitOperator")
    ),
    **dict.fromkeys(SENSORS, NewName("airflow_fargate_batch.sensors", "FargateBatchJobSensor")),
}
"""The class that replaces each, by the full name of the old one."""


def imported_by(name: str) -> set[NewName]:
    """Return the new classes for an old class, or for those of a module.

    :param name: full name of the class or of the module.
    """
    return {new for old, new in NEW_NAME.items() if name in (old, old.rpartition(".")[0])}


def dotted(node: cst.BaseExpression) -> str:
    """Return a dotted name as text."""
    return cst.Module([]).code_for_node(node)


def class_of(call: cst.Call) -> cst.BaseExpression:
    """Return the class that ``Class(…)`` or ``Class.partial(…)`` names."""
    func = call.func
    if isinstance(func, cst.Attribute) and func.attr.value == "partial":
        return func.value
    return func


def mapped(call: cst.Call) -> cst.Call | None:
    """Return the call of ``partial`` in ``Class.partial(…).expand(…)``."""
    func = call.func
    if isinstance(func, cst.Attribute) and func.attr.value in _MAPS:
        return func.value if isinstance(func.value, cst.Call) else None
    return None
