"""What Airflow knows of a task while the task runs: its state, and its own XComs."""

import inspect
import sys
from collections.abc import Callable
from typing import Any

from airflow_fargate_batch._airflow.compat import AirflowTaskTimeout, XCom
from airflow_fargate_batch.core.termination import DELETED, OUTSIDE_AIRFLOW, TaskNow


def execution_timeout_expired() -> bool:
    """Report, in ``on_kill``, whether the task's execution_timeout is the reason of the call.

    For a timeout Airflow calls ``on_kill`` in the handler of the exception; for a signal, anywhere.
    """
    return isinstance(sys.exception(), AirflowTaskTimeout)


def task_now(task_instance: Any) -> TaskNow | None:
    """Ask Airflow for the state of the task in this process; ``None`` means no answer.

    Safe in a signal's handler: while the interrupted code waits for an answer of the supervisor,
    nothing else can be asked, and there is no answer.
    """
    ask = _row_for_worker if hasattr(task_instance, "trigger_id") else _ask_supervisor_for_worker
    return _answer(ask, task_instance)


async def deferred_task_now(task_instance: Any, trigger_id: int | None) -> TaskNow | None:
    """Ask Airflow for the state of the task waiting for a trigger; ``None`` means no answer.

    Never cancel the question: on 3.0 the supervisor's answer would go to the next question.
    """
    from asgiref.sync import sync_to_async

    if task_instance is None:  # `airflow dags test` on 2.11
        return TaskNow(state=OUTSIDE_AIRFLOW, is_own_try=True)
    ask = _row_for_trigger if hasattr(task_instance, "trigger_id") else _ask_supervisor_for_trigger
    return await sync_to_async(_answer)(ask, task_instance, trigger_id)


def _answer(ask: Callable[..., TaskNow], *about: Any) -> TaskNow | None:
    try:
        return ask(*about)
    except Exception:  # noqa: BLE001 - whatever went wrong, nobody terminates a job on a guess
        return None


async def own_xcom(task_instance: Any, key: str) -> Any:
    """Return an XCom of a trigger's own task; ``None`` means no such XCom.

    Reads the database on 2.11 and asks the supervisor on 3.x. Never cancel the call, for the reason
    in ``deferred_task_now``.
    """
    from asgiref.sync import sync_to_async

    return await sync_to_async(XCom.get_one)(key=key, **_identity(task_instance))


async def set_own_xcom(task_instance: Any, key: str, value: Any) -> None:
    """Push an XCom of a trigger's own task and replace an earlier value; see ``own_xcom``."""
    from asgiref.sync import sync_to_async

    await sync_to_async(XCom.set)(key=key, value=value, **_identity(task_instance))


def _identity(task_instance: Any) -> dict[str, Any]:
    map_index = task_instance.map_index
    return {
        "dag_id": task_instance.dag_id,
        "run_id": task_instance.run_id,
        "task_id": task_instance.task_id,
        "map_index": -1 if map_index is None else map_index,
    }


def _row_for_worker(task_instance: Any) -> TaskNow:
    """Read the database; Airflow 2.11.

    The scheduler counts up the try number when it schedules a try. `airflow dags test` leaves the
    task scheduled while it runs.
    """
    row = _row_of(task_instance)
    if row is None:
        return TaskNow(state=DELETED, is_own_try=False)
    is_current = row.state in {"scheduled", "queued", "running"}
    is_own_try = is_current and row.try_number == task_instance.try_number
    return TaskNow(state=row.state, is_own_try=is_own_try)


def _row_for_trigger(task_instance: Any, trigger_id: int | None) -> TaskNow:
    """Read the database; Airflow 2.11."""
    row = _row_of(task_instance)
    if row is None:
        return TaskNow(state=DELETED, is_own_try=False)
    is_own_try = row.state == "deferred" and row.trigger_id == trigger_id
    return TaskNow(state=row.state, is_own_try=is_own_try)


def _row_of(task_instance: Any) -> Any:
    """Return the task instance's row in the database; Airflow 2.11."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        row = session.query(TaskInstance).filter_by(**_identity(task_instance)).one_or_none()
        session.expunge_all()
        return row


def _ask_supervisor_for_worker(task_instance: Any) -> TaskNow:
    """Ask for the task's state, and whether the id of this try is still in use; Airflow 3.

    Each try has a different id, with an exception: on 3.0 a try after a restart of the scheduler
    keeps the id.
    """
    comms = _supervisor()
    if comms is None:
        return TaskNow(state=OUTSIDE_AIRFLOW, is_own_try=True)
    if _is_sending(comms):
        raise RuntimeError("the interrupted code waits for an answer")
    state = _state_from_supervisor(task_instance)
    is_own_try = state == "running" and _has_current_id(comms, task_instance)
    return TaskNow(state=state, is_own_try=is_own_try)


def _supervisor() -> Any:
    """Return the way to the supervisor; ``None`` outside Airflow, and on 2.11."""
    try:
        from airflow.sdk.execution_time import task_runner
    except ImportError:
        return None
    return getattr(task_runner, "SUPERVISOR_COMMS", None)


def _ask_supervisor_for_trigger(task_instance: Any, trigger_id: int | None) -> TaskNow:  # noqa: ARG001
    """Ask for the task's state; the state is equal for all deferrals of a task; Airflow 3."""
    state = _state_from_supervisor(task_instance)
    return TaskNow(state=state, is_own_try=state == "deferred")


def _state_from_supervisor(task_instance: Any) -> str | None:
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    is_mapped = task_instance.map_index is not None and task_instance.map_index >= 0
    states = RuntimeTaskInstance.get_task_states(
        dag_id=task_instance.dag_id,
        map_index=task_instance.map_index if is_mapped else None,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
    )
    found = [state for of_run in states.values() for state in of_run.values()]
    return found[0] if found else DELETED


def _has_current_id(comms: Any, task_instance: Any) -> bool:
    """Ask a question answered by Airflow for the current try's id only."""
    from airflow.sdk.exceptions import AirflowRuntimeError
    from airflow.sdk.execution_time.comms import InactiveAssetsResult, ValidateInletsAndOutlets

    try:
        answer = comms.send(ValidateInletsAndOutlets(ti_id=task_instance.id))
    except AirflowRuntimeError as error:
        if (error.error.detail or {}).get("status_code") in {404, 410}:
            return False
        raise
    if not isinstance(answer, InactiveAssetsResult):  # a late answer to another question
        raise TypeError(type(answer).__name__)
    return True


def _is_sending(comms: Any) -> bool:
    """Report whether the code interrupted by a signal is about to read an answer."""
    sending = type(comms).send.__code__
    frame = inspect.currentframe()
    while frame is not None:
        if frame.f_code is sending:
            return True
        frame = frame.f_back
    return False
