"""Differences of Airflow versions, in no other package: 2.11, 3.0 and 3.1 or later.

Each name is imported from the newest Airflow's place first, then from older places. When support
for a version ends, delete the lines marked with the version. Every DAG file pays for this module;
``task_state`` and ``taskflow`` are for the code that needs them.
"""

from typing import TYPE_CHECKING, Any

from airflow_fargate_batch._airflow.needs import airflow_is_missing, airflow_is_too_old

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
        from airflow.sdk.definitions.mappedoperator import OperatorPartial
        from airflow.sdk.execution_time.xcom import XCom
    except ImportError:  # 2.11
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
    "OperatorPartial",
    "XCom",
    "XComArg",
    "callbacks_hide_dags",
    "conf",
    "has_pages",
    "has_success_listener",
    "mask_secret",
    "masking_context",
    "redact",
    "stats",
    "triggers_have_on_kill",
]


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


def callbacks_hide_dags() -> bool:
    """Report whether Airflow may stop scheduling a DAG whose task has ended in the triggerer (3.0).

    Such an end sends a callback. The DAG processor of 3.0 takes the run of a callback for a parse
    that found no DAG in the file. The scheduler then does not schedule the DAG's runs until the
    file is parsed again. Source: apache/airflow#55315, fixed in 3.1.0.
    """
    return airflow_version.startswith("3.0.")


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
