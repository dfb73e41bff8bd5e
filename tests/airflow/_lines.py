"""How one Airflow line differs from another, for the harness: the only file here that knows."""

from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Line:
    """One Airflow line.

    Attributes:
        components: what to start, in this order: name to ``airflow`` arguments, ``{port}`` and
            ``{home}`` left open.
        api: root of the REST API.
        health_path: where the components' health is told.
        health_parts: those that must be healthy before a test begins.
        token_path: where a token is had; empty when the API asks for none.
        settings: this line's spelling of what all lines are told.
        needs_postgres: LocalExecutor refuses SQLite.
        trigger_nulls: keys that a trigger request must name even when they have no value.
        clears_mapped: the API can clear one index of a mapped task.
        is_newest: the line that ``make test`` runs on.
        retries_killed: a task whose process is killed is tried again; on 3.0 it has failed.
        ends_in_triggerer: a task may end in the triggerer; on 3.0 its DAG may go missing then.
        update_fields: what a request that marks a task must say besides the state.
    """

    components: dict[str, list[str]]
    api: str
    health_path: str
    health_parts: tuple[str, ...]
    token_path: str
    settings: dict[str, str]
    needs_postgres: bool = False
    trigger_nulls: dict[str, None] = field(default_factory=dict)
    is_newest: bool = False
    clears_mapped: bool = True
    retries_killed: bool = True
    ends_in_triggerer: bool = True
    update_fields: dict[str, Any] = field(default_factory=dict)


AIRFLOW_2 = Line(
    components={
        "webserver": [
            "webserver",
            "--hostname",
            "127.0.0.1",
            "--port",
            "{port}",
            "--pid",
            "{home}/webserver.pid",
        ],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    },
    api="api/v1",
    health_path="api/v1/health",
    health_parts=("scheduler", "triggerer"),
    token_path="",
    settings={
        "API__AUTH_BACKENDS": "airflow.api.auth.backend.default",
        "WEBSERVER__WORKERS": "1",
        "SCHEDULER__DAG_DIR_LIST_INTERVAL": "1",
        "SCHEDULER__MIN_FILE_PROCESS_INTERVAL": "600",
    },
    needs_postgres=True,
    clears_mapped=False,
    update_fields={"dry_run": False},
)

AIRFLOW_3 = Line(
    components={
        "api-server": ["api-server", "--host", "127.0.0.1", "--port", "{port}", "--workers", "1"],
        "scheduler": ["scheduler", "--skip-serve-logs"],
        "dag-processor": ["dag-processor"],
        "triggerer": ["triggerer", "--skip-serve-logs"],
    },
    api="api/v2",
    health_path="api/v2/monitor/health",
    health_parts=("scheduler", "triggerer", "dag_processor"),
    token_path="auth/token",
    settings={
        "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "CORE__EXECUTION_API_SERVER_URL": "http://127.0.0.1:{port}/execution/",
        "API__BASE_URL": "http://127.0.0.1:{port}",
        "API_AUTH__JWT_SECRET": "x" * 64,
        "DAG_PROCESSOR__REFRESH_INTERVAL": "1",
        "DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
    },
    trigger_nulls={"logical_date": None},
)


def installed_line() -> Line:
    """Answer for the Airflow of this environment, without importing it."""
    installed = version("apache-airflow")
    if installed.startswith("2."):
        return AIRFLOW_2
    return replace(
        AIRFLOW_3,
        is_newest=installed.startswith("3.3."),
        retries_killed=not installed.startswith("3.0."),
        ends_in_triggerer=not installed.startswith("3.0."),
    )
