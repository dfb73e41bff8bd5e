"""The end of a task in the triggerer (*finish_in_triggerer*); loaded for such tasks only.

Airflow's ``TaskSuccessEvent`` sets the task to success without a second start of a worker. The
trigger pushes the XComs itself, before the event, because the event's own ``xcoms`` are unfit: on
3.x Airflow encodes them twice (a later task reads a job id in quotation marks) and passes no custom
XCom backend, and on every line the task is a success before the last of them is stored.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self

from airflow_fargate_batch._airflow import compat
from airflow_fargate_batch._airflow.compat import task_state
from airflow_fargate_batch._airflow.costs import configured_prices
from airflow_fargate_batch._airflow.finish_check import problems_of_task
from airflow_fargate_batch._airflow.metrics import TaskMetrics
from airflow_fargate_batch._airflow.uncancelled import detach
from airflow_fargate_batch._airflow.use import may_be_known
from airflow_fargate_batch._airflow.wait_event import WaitEvent, WaitOutcome
from airflow_fargate_batch._airflow.xcom import JOB, RETURN_VALUE
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost import Cost, cost_of
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.links import HasPages, pages_of, push_pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """Facts about a task that the trigger needs in order to end the task.

    Attributes:
        do_xcom_push: The task's argument.
        has_items: Whether the task's job has *items*.
        console_pages: Addresses of console pages that the worker has pushed.
    """

    do_xcom_push: bool = True
    has_items: bool = False
    console_pages: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, argument: Mapping[str, Any]) -> Self:
        """Read the trigger's argument *finish*; members of a later version are ignored."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in argument.items() if name in names})

    def argument(self) -> dict[str, Any]:
        """Return the trigger's argument *finish*."""
        return {
            "do_xcom_push": self.do_xcom_push,
            "has_items": self.has_items,
            "console_pages": dict(self.console_pages),
        }


class FinishingTask(HasPages, Protocol):
    """The part of the operator that the trigger must know."""

    has_items: bool

    @property
    def log(self) -> Any:
        """Logger of the task; not a ``logging.Logger`` on Airflow 3."""


def argument_for(task: FinishingTask) -> dict[str, Any] | None:
    """Return the trigger's argument *finish*; ``None`` if a worker must end the task.

    A cluster policy may have added arguments after the check at the DAG's import.
    """
    reasons = [problem.message for problem in problems_of_task(task)]
    if compat.has_success_listener():
        reasons.append("a plugin listens for tasks that succeed, and is called in workers only")
    if compat.callbacks_hide_dags():
        reasons.append(
            "Airflow 3.0 may stop scheduling a DAG after a task has ended in the triggerer "
            "(apache/airflow#55315)"
        )
    if reasons:
        task.log.info("finish_in_triggerer: a worker ends the task: %s", "; ".join(reasons))
        return None
    return Finish(
        do_xcom_push=task.do_xcom_push,
        has_items=task.has_items,
        console_pages=task.console_pages,
    ).argument()


async def finish(
    event: WaitEvent,
    how: Finish,
    *,
    task_instance: Any,
    trigger_id: int | None,
    log: Any,
    in_flight: float,
) -> bool:
    """Do what a worker does at the end of a succeeded job, and report whether the task may end.

    The last lines are logged before the XComs are pushed. Airflow 3 closes the task's log when the
    trigger ends, and lines still on the way then go to the triggerer's own log. The answer to a
    push comes from the process that reads the lines, and so after them. If nothing is pushed, the
    lines have *in_flight* to arrive.

    :param task_instance: the trigger's task instance, as Airflow gives it.
    :param trigger_id: ``None`` outside a triggerer.
    :param log: logger of the task.
    :param in_flight: seconds until a logged line has reached the task's log.
    """
    ended = WaitEvent.read(event.payload())  # as a worker reads it
    job = ended.jobs[0] if len(ended.jobs) == 1 else None
    if ended.outcome is not WaitOutcome.ENDED or job is None:
        return False
    if job.status is not JobStatus.SUCCEEDED:
        return False
    is_in_triggerer = task_instance is not None and trigger_id is not None
    if reason := _need_of_a_worker(ended, job, is_in_triggerer=is_in_triggerer):
        log.info("finish_in_triggerer: a worker ends the task: %s", reason)
        await asyncio.sleep(in_flight)
        return False
    cost = await asyncio.to_thread(_cost, job, ended)  # may read a file of prices
    log.info("finish_in_triggerer: ending the task in the triggerer")
    log.info("%s", cost.describe())
    if not how.do_xcom_push:  # no answer to wait for
        await asyncio.sleep(in_flight)
    if not await _push(xcoms(job, cost, how), task_instance, log):
        return False
    TaskMetrics(task_instance.dag_id, task_instance.task_id).ended(job)
    return True


def xcoms(job: Job, cost: Cost, how: Finish) -> dict[str, Any]:
    """Return the XComs that a worker would push at the end of a succeeded job, by key.

    ``return_value`` is the last, so a task has the id of its job only if it has all the others.
    """
    if not how.do_xcom_push:
        return {}
    nothing_failed: dict[str, Any] = {"failed_items": []} if how.has_items else {}
    summary = job.to_summary() | nothing_failed | {"cost": cost.to_summary(), "use": None}
    pushed: dict[str, Any] = {JOB: summary}
    push_pages(_Pages(how.console_pages), pages_of(job), pushed.__setitem__)
    return {**pushed, RETURN_VALUE: job.id}


@dataclass
class _Pages:
    """Part of a task that ``push_pages`` reads."""

    console_pages: Mapping[str, str]
    do_xcom_push: bool = True


def _cost(job: Job, ended: WaitEvent) -> Cost:
    return cost_of(job, configured_prices(), capacity=ended.capacity or Capacity.UNKNOWN)


async def _push(values: Mapping[str, Any], task_instance: Any, log: Any) -> bool:
    """Push XComs of the task; after an error a worker pushes all of them."""
    for key, value in values.items():
        try:
            await detach(task_state.set_own_xcom(task_instance, key, value))
        except Exception as error:  # noqa: BLE001 - whatever an XCom backend raises; a worker tries again
            log.warning(
                "finish_in_triggerer: a worker ends the task: could not push XCom %s: %s: %s",
                key,
                type(error).__name__,
                error,
            )
            return False
    return True


_Check = Callable[[WaitEvent, Job], bool]
_NEEDS: tuple[tuple[_Check, str], ...] = (
    (lambda _, job: job.is_array, "the cost of an array needs the times of its children"),
    (lambda ended, _: ended.capacity is None, "the queue of the job is not known"),
    (
        lambda ended, job: may_be_known(job, ended.records_use),
        "Container Insights records the job's CPU and memory, and a worker reads the figures",
    ),
)
"""Checks of an ended job, with the reason why a worker must end the task."""


def _need_of_a_worker(ended: WaitEvent, job: Job, *, is_in_triggerer: bool) -> str | None:
    if not is_in_triggerer:
        return "Airflow runs the trigger outside a triggerer"
    return next((reason for check, reason in _NEEDS if check(ended, job)), None)
