"""Differences of Airflow versions, in no other file: 2.11, 3.0 and 3.1 or later.

Each name is imported from the newest Airflow's place first, then from older places. When support
for a version ends, delete the lines marked with the version.
"""

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_fargate_batch._airflow.needs import airflow_is_missing, airflow_is_too_old

try:
    from airflow import __version__ as airflow_version
except ImportError as missing:
    raise airflow_is_missing() from missing
if too_old := airflow_is_too_old(airflow_version):
    raise too_old

from airflow.configuration import conf

from airflow_fargate_batch.core.termination import DELETED, OUTSIDE_AIRFLOW, TaskNow

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, BaseOperatorLink, BaseSensorOperator, Context, XComArg
    from airflow.sdk._shared.secrets_masker import mask_secret, redact
    from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
    from airflow.sdk.definitions.mappedoperator import OperatorPartial
    from airflow.sdk.exceptions import (
        AirflowFailException,
        AirflowSensorTimeout,
        AirflowSkipException,
        AirflowTaskTimeout,
    )
    from airflow.sdk.execution_time.xcom import XCom
else:
    try:
        from airflow.sdk import (
            BaseOperator,
            BaseOperatorLink,
            BaseSensorOperator,
            Context,
            XComArg,
        )
        from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
        from airflow.sdk.definitions.mappedoperator import OperatorPartial
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:  # 2.11
        from airflow.decorators.base import DecoratedOperator, task_decorator_factory
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.models.mappedoperator import OperatorPartial
        from airflow.models.xcom import XCom
        from airflow.models.xcom_arg import XComArg
        from airflow.sensors.base import BaseSensorOperator
        from airflow.utils.context import Context
    try:
        from airflow.sdk.exceptions import (
            AirflowFailException,
            AirflowSensorTimeout,
            AirflowSkipException,
            AirflowTaskTimeout,
        )
    except ImportError:  # 2.11 and 3.0
        from airflow.exceptions import (
            AirflowFailException,
            AirflowSensorTimeout,
            AirflowSkipException,
            AirflowTaskTimeout,
        )
    try:
        from airflow.sdk.log import mask_secret, redact
    except ImportError:
        try:
            from airflow.sdk.execution_time import secrets_masker as _masker  # 3.0
        except ImportError:
            from airflow.utils.log.secrets_masker import mask_secret, redact  # 2.11
        else:
            redact = _masker.redact

            def mask_secret(secret: str) -> None:
                """Mask a secret here before the message to the supervisor is logged at DEBUG."""
                _masker._secrets_masker().add_mask(secret)  # noqa: SLF001 - 3.0 has no other way
                _masker.mask_secret(secret)


__all__ = [
    "AirflowFailException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "AirflowTaskTimeout",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "Context",
    "DecoratedOperator",
    "OperatorPartial",
    "XCom",
    "XComArg",
    "conf",
    "deferred_task_now",
    "execution_timeout_expired",
    "has_pages",
    "has_success_listener",
    "known_context_keys",
    "mask_secret",
    "masking_context",
    "own_xcom",
    "redact",
    "set_own_xcom",
    "stats",
    "task_decorator_factory",
    "task_now",
    "triggers_have_on_kill",
]


def known_context_keys() -> frozenset[str]:
    """Return the names that Airflow passes to a TaskFlow function by themselves."""
    try:
        from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
    except ImportError:  # 2.11
        from airflow.utils.context import (  # type: ignore[attr-defined,no-redef]
            KNOWN_CONTEXT_KEYS,
        )
    return frozenset(KNOWN_CONTEXT_KEYS)


def stats() -> Any:
    """Return where Airflow sends metrics: an object with ``incr`` and ``timing``."""
    try:
        from airflow.sdk.observability import stats as module
    except ImportError:  # 3.1 and before
        from airflow.stats import Stats

        return Stats
    return module if hasattr(module, "incr") else module.Stats  # 3.2 has the class only


def has_pages() -> bool:
    """Report whether plugins can add pages to Airflow's UI (3.1)."""
    return tuple(map(int, airflow_version.split(".")[:2])) >= (3, 1)


def has_success_listener() -> bool:
    """Report whether a plugin listens for tasks that succeed; Airflow calls it in workers only."""
    try:
        from airflow.sdk.listener import get_listener_manager
    except ImportError:  # 3.1 and before
        from airflow.listeners.listener import get_listener_manager  # type: ignore[assignment]
    return bool(get_listener_manager().hook.on_task_instance_success.get_hookimpls())


def triggers_have_on_kill() -> bool:
    """Report whether Airflow calls a trigger's ``on_kill`` when the task stops waiting (3.3).

    Before 3.3 a cancelled trigger asks Airflow whether only the triggerer shuts down. On 3.3 no
    answer would come.
    """
    from airflow.triggers.base import BaseTrigger

    return hasattr(BaseTrigger, "on_kill")


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


class _MaskedConnections:
    """Connections in a template, with secrets masked as soon as a connection is read; 3.0."""

    def __init__(self, connections: Any) -> None:
        self._connections = connections

    def __getattr__(self, conn_id: str) -> Any:
        return _masked(getattr(self._connections, conn_id))

    def get(self, conn_id: str, default_conn: Any = None) -> Any:
        return _masked(self._connections.get(conn_id, default_conn))


def _masked(connection: Any) -> Any:
    for secret in (getattr(connection, "password", None), getattr(connection, "extra", None)):
        if secret:
            mask_secret(secret)
    return connection


def masking_context(context: "Context") -> Any:
    """Return a context with connections masked in this process.

    On 3.0 only the supervisor masks connections, but the supervisor sees neither rendered fields
    nor XComs.
    """
    if not airflow_version.startswith("3.0.") or "conn" not in context:
        return context
    return {**context, "conn": _MaskedConnections(context["conn"])}
