"""Arguments of a task that only a worker carries out when the task ends."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from airflow_fargate_batch._airflow.compat import BaseOperator
from airflow_fargate_batch.exceptions import Problem

NEEDS_A_WORKER: Final[Mapping[str, str]] = {
    "outlets": "Airflow reports assets as updated only if a worker ends the task",
    "on_success_callback": "Airflow calls it only if a worker ends the task",
    "post_execute": "Airflow calls it only in a worker",
    "map_index_template": "Airflow renders it when a worker ends the task",
    "returns_dag_result": "Airflow stores the result of a DAG only if a worker ends the task",
}
"""Argument, and why it needs a worker at the task's end.

Source: ``handle_event_submit`` (``BaseTaskEndEvent.handle_submit`` on 2.11) of Airflow sets the
state and pushes XComs, and nothing else. It sends a callback request, but the DAG processor of 3.x
runs callbacks of failures only, and 2.11 without a standalone DAG processor reads no such request.
"""


def problems_of_task(task: Any) -> list[Problem]:
    """Return a problem for each argument of a task that needs a worker at the task's end."""
    given = {name: getattr(task, name, None) for name in NEEDS_A_WORKER}
    hook = getattr(task, "_post_execute_hook", None)
    return list(_problems({**given, "post_execute": hook or _overrides_post_execute(type(task))}))


def problems_of_shared(task_class: type[Any], shared: Mapping[str, Any]) -> list[Problem]:
    """Return the problems of mapped tasks.

    :param shared: arguments that all tasks share.
    """
    hook = shared.get("post_execute")
    overrides = _overrides_post_execute(task_class)
    return list(_problems({**shared, "post_execute": hook or overrides}))


def _problems(given: Mapping[str, Any]) -> Iterator[Problem]:
    for name, reason in NEEDS_A_WORKER.items():
        if given.get(name):
            remedy = f"remove {name}, or set finish_in_triggerer=False"
            text = f"is set together with {name}: {reason}: {remedy}"
            yield Problem("finish_in_triggerer", text, remedy, involves=(name,))


def _overrides_post_execute(task_class: type[Any]) -> bool:
    return task_class.post_execute is not BaseOperator.post_execute
