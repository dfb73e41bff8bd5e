"""The only file that knows one Airflow from another: 2.11, 3.0 and 3.1 or later.

Each name is looked up where the newest Airflow has it, then where older ones do. When support for
a version ends, its line goes.
"""

from typing import TYPE_CHECKING, Any

from airflow_fargate_batch._needs import airflow_is_missing, airflow_is_too_old

try:
    from airflow import __version__ as airflow_version
except ImportError as missing:
    raise airflow_is_missing() from missing
if too_old := airflow_is_too_old(airflow_version):
    raise too_old

from airflow.configuration import conf

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, BaseOperatorLink, BaseSensorOperator, Context, XComArg
    from airflow.sdk._shared.secrets_masker import mask_secret, redact
    from airflow.sdk.exceptions import (
        AirflowFailException,
        AirflowSensorTimeout,
        AirflowSkipException,
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
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:  # 2.11
        from airflow.models.baseoperator import BaseOperator
        from airflow.models.baseoperatorlink import BaseOperatorLink
        from airflow.models.xcom import XCom
        from airflow.models.xcom_arg import XComArg
        from airflow.sensors.base import BaseSensorOperator
        from airflow.utils.context import Context
    try:
        from airflow.sdk.exceptions import (
            AirflowFailException,
            AirflowSensorTimeout,
            AirflowSkipException,
        )
    except ImportError:  # 2.11 and 3.0
        from airflow.exceptions import (
            AirflowFailException,
            AirflowSensorTimeout,
            AirflowSkipException,
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
                """Mask a secret here before its message to the supervisor is logged at DEBUG."""
                _masker._secrets_masker().add_mask(secret)  # noqa: SLF001 - 3.0 has no other way
                _masker.mask_secret(secret)


__all__ = [
    "AirflowFailException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "Context",
    "XCom",
    "XComArg",
    "a_person_ended",
    "conf",
    "is_still_running",
    "mask_secret",
    "masking_context",
    "own_xcom",
    "redact",
    "set_own_xcom",
    "triggers_have_on_kill",
]


def triggers_have_on_kill() -> bool:
    """Tell whether Airflow itself tells a trigger that a person ended its task, as 3.3 does.

    Before, a cancelled trigger has to ask, because a triggerer that shuts down cancels as well.
    """
    from airflow.triggers.base import BaseTrigger

    return hasattr(BaseTrigger, "on_kill")


async def a_person_ended(task_instance: Any, trigger_id: int | None) -> bool:
    """Tell whether a deferred task no longer waits for its trigger; in doubt it does.

    Never cancel this: on 3.0 the supervisor's answer would be taken for another's.
    """
    from asgiref.sync import sync_to_async

    ask = _ask_database if hasattr(task_instance, "trigger_id") else _ask_supervisor
    try:
        return await sync_to_async(ask)(task_instance, trigger_id)
    except Exception:  # noqa: BLE001 - whatever went wrong, a job is not ended on a guess
        return False


async def own_xcom(task_instance: Any, key: str) -> Any:
    """Return an XCom of a trigger's own task, ``None`` where there is none.

    Reads the database on 2.11, asks the supervisor on 3.x; never cancel it, as `a_person_ended`.
    """
    from asgiref.sync import sync_to_async

    return await sync_to_async(XCom.get_one)(key=key, **_identity(task_instance))


async def set_own_xcom(task_instance: Any, key: str, value: Any) -> None:
    """Push an XCom of a trigger's own task, in place of an earlier one; as ``own_xcom``."""
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


def is_still_running(task_instance: Any) -> bool:
    """Tell whether a task instance is still on the try that this process runs.

    On 2.11 the next try of a cleared task can begin before the old process is ended: it adopts the
    job, which the old one must then leave alone. Later lines end the old process first.
    """
    if not hasattr(task_instance, "trigger_id"):
        return True
    row = _row_of(task_instance)
    return row is None or row.try_number == task_instance.try_number


def _ask_database(task_instance: Any, trigger_id: int | None) -> bool:
    row = _row_of(task_instance)
    return row is None or row.state != "deferred" or row.trigger_id != trigger_id


def _row_of(task_instance: Any) -> Any:
    """Return the task instance as the database has it; Airflow 2.11."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        row = session.query(TaskInstance).filter_by(**_identity(task_instance)).one_or_none()
        session.expunge_all()
        return row


def _ask_supervisor(task_instance: Any, trigger_id: int | None) -> bool:  # noqa: ARG001
    """Ask for the task's state; Airflow 3.0 to 3.2."""
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    is_mapped = task_instance.map_index is not None and task_instance.map_index >= 0
    states = RuntimeTaskInstance.get_task_states(
        dag_id=task_instance.dag_id,
        map_index=task_instance.map_index if is_mapped else None,
        task_ids=[task_instance.task_id],
        run_ids=[task_instance.run_id],
    )
    found = [state for of_run in states.values() for state in of_run.values()]
    return all(state != "deferred" for state in found)


class _MaskedConnections:
    """Connections in a template, their secrets masked as soon as they are read; Airflow 3.0."""

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
    """Return a context whose connections are masked in this process.

    On 3.0 only the supervisor masks them, which sees no rendered field and no XCom.
    """
    if not airflow_version.startswith("3.0.") or "conn" not in context:
        return context
    return {**context, "conn": _MaskedConnections(context["conn"])}
