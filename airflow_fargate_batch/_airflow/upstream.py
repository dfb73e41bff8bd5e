"""The tasks in a DAG's *depends_on*: names for errors, and numbers of jobs."""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any, Final

from airflow_fargate_batch._airflow.compat import XComArg
from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.literals import is_literal
from airflow_fargate_batch.core.request import MORE_THAN_A_JOB_MAY_HAVE
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

_WHERE: Final = "depends_on"
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_SHOWN: Final = 60
"""Characters of a template shown in an error."""


def holds_no_xcom(value: object) -> bool:
    """Return whether a value is sure to hold no XCom: a scalar, or a list or mapping of scalars.

    Quick, because this is asked of every argument whenever a DAG is read.
    """
    if type(value) in _SCALARS:
        return True
    if type(value) is dict:
        return _SCALARS.issuperset(map(type, value.values()))
    return type(value) is list and _SCALARS.issuperset(map(type, value))


def with_tasks_named(error: InvalidRequest, depends_on: object) -> InvalidRequest:
    """Name the task of a wrong dependency, beside the place.

    :param depends_on: the DAG's value, before templates and XComs were resolved.
    """
    tasks = dict(_tasks(depends_on, _WHERE))
    return InvalidRequest(_with_task(problem, tasks) for problem in error.problems)


def _with_task(problem: Problem, tasks: Mapping[str, str]) -> Problem:
    places = (
        place
        for place in tasks
        if problem.field == place or problem.field.startswith((f"{place}[", f"{place}."))
    )
    nearest = max(places, key=len, default=None)
    if nearest is None:
        return problem
    field = f"{problem.field} ({tasks[nearest]})"
    return Problem(field, problem.message, problem.suggestion, problem.involves)


def _tasks(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Yield each place resolved or rendered when the task runs, with the task or template."""
    if isinstance(value, XComArg):
        names = dict.fromkeys(operator.task_id for operator, _ in value.iter_references())
        yield where, f"{'task' if len(names) == 1 else 'tasks'} {', '.join(names)}"
    elif isinstance(value, str):
        if not is_literal(value):
            yield where, f"template {value[:_SHOWN]}"
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _tasks(item, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _tasks(item, f"{where}[{index}]")


def problems_of_too_many(depends_on: object, operator: type[Any]) -> list[Problem]:
    """Find more dependencies than a job may have, if certain when a DAG is read.

    Each unmapped task of *operator* makes a single job; if a task makes no job, the dependent tasks
    fail as well.
    """
    if not isinstance(depends_on, list | tuple) or len(depends_on) <= limits.DEPENDENCIES:
        return []  # nearly always, for every task
    certain = {job for item in depends_on for job in _certain_jobs(item, operator)}
    if len(certain) <= limits.DEPENDENCIES:
        return []
    text = f"{len(certain)} dependencies are more than the {limits.DEPENDENCIES} a job may have"
    message = f"{text}: {MORE_THAN_A_JOB_MAY_HAVE}"
    return [Problem(_WHERE, message, MORE_THAN_A_JOB_MAY_HAVE)]


def _certain_jobs(item: object, operator: type[Any]) -> Iterator[str]:
    if isinstance(item, Mapping):
        item = item.get("jobId")
    if isinstance(item, XComArg):
        task: Any = _the_task(item)
        if isinstance(task, operator) and not _is_in_mapped_group(task):
            yield f"task {task.task_id}"
    elif isinstance(item, str) and is_literal(item):
        yield item


def _the_task(reference: XComArg) -> Any:
    """Return the task of a plain reference to a return value; ``None`` for other references."""
    task = getattr(reference, "operator", None)  # only a plain reference has one
    return task if getattr(reference, "key", None) == "return_value" else None


def _is_in_mapped_group(task: Any) -> bool:
    return next(iter(task.iter_mapped_task_groups()), None) is not None


def warnings_of_mapped(depends_on: object, operator: type[Any]) -> Iterator[str]:
    """Warn of mapped tasks known, when a DAG is read, to make too many jobs for a join.

    Only a warning, because skipped tasks do not count.
    """
    for task in _whole_tasks(depends_on):
        expanded = getattr(task, "expand_input", None)
        if expanded is None or not issubclass(task.operator_class, operator):
            continue
        count = _known_length(expanded.value)
        if count > limits.DEPENDENCIES:
            yield (
                f"task {task.task_id} maps to {count} jobs, but a job may have at most "
                f"{limits.DEPENDENCIES} dependencies: {MORE_THAN_A_JOB_MAY_HAVE}"
            )


def _known_length(expanded: object) -> int:
    """Return the number of tasks made by literal arguments of ``expand``; 0 if not known yet."""
    if isinstance(expanded, list | tuple):  # of expand_kwargs
        return len(expanded)
    if not isinstance(expanded, Mapping):
        return 0
    literals = [item for item in expanded.values() if isinstance(item, list | tuple | dict)]
    return prod(map(len, literals)) if len(literals) == len(expanded) else 0


def warnings_of_joins(task: Any, map_index: int | None) -> list[str]:
    """Warn in a mapped task of too many jobs, before the dependent tasks fail.

    A worker of Airflow 3 does not know the number of tasks; the worker's own index is enough.
    """
    if map_index is None or map_index < limits.DEPENDENCIES:
        return []
    return [
        f"task {task_id} depends on every job of this mapped task (this is job number "
        f"{map_index + 1}), but a job may have at most {limits.DEPENDENCIES} dependencies: "
        f"{MORE_THAN_A_JOB_MAY_HAVE}"
        for task_id in _joins_of_all(task)
    ]


def _joins_of_all(task: Any) -> Iterator[str]:
    """Yield the ids of the tasks after a mapped task that depend on all jobs of the mapped task."""
    for task_id in sorted(task.downstream_task_ids):
        later = task.dag.task_dict.get(task_id)
        shared = getattr(later, "partial_kwargs", None) or {}
        depends_on = getattr(later, "depends_on_as_given", None) or shared.get(_WHERE)
        if any(of is not None and of.task_id == task.task_id for of in _whole_tasks(depends_on)):
            yield task_id


def _whole_tasks(value: object) -> Iterator[Any]:
    if isinstance(value, XComArg):
        yield _the_task(value)
    elif isinstance(value, Mapping):
        yield from _whole_tasks(value.get("jobId"))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _whole_tasks(item)
