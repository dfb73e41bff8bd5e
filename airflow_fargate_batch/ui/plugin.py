"""The plugin that adds the pages. Older Airflow lines have no such pages, and load an empty plugin.

Airflow loads plugins in every process, so this module imports no page.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from airflow import settings
from airflow.plugins_manager import AirflowPlugin

from airflow_fargate_batch._airflow.compat import has_pages

if TYPE_CHECKING:
    from fastapi import FastAPI

PREFIX: Final = "fargate-batch"
"""Path of the pages on the API server. Airflow refuses prefixes that begin like its own."""

_VIEWS: Final[list[dict[str, str]]] = [
    {
        "name": "Fargate job",
        "destination": "task_instance",
        "url_route": "fargate-job",
        # The run's id is last, because it may contain characters that Airflow 3.1 does not escape.
        "href": f"{PREFIX}/task/{{DAG_ID}}/{{TASK_ID}}/{{MAP_INDEX}}/{{RUN_ID}}",
    },
    {
        "name": "Fargate jobs",
        "destination": "nav",
        "category": "browse",
        "url_route": "fargate-jobs",
        "href": f"{PREFIX}/jobs",
    },
]


class _Applications:
    """The applications behind the pages, imported when the API server of Airflow 3 asks for them.

    Airflow asks an instance of a plugin found by its entry point, and the class of a plugin that a
    provider's information names.
    """

    def __get__(self, _plugin: object, _owner: type) -> list[dict[str, Any]]:
        return _applications()


class FargateBatchPlugin(AirflowPlugin):
    """Pages about jobs, in Airflow's UI."""

    name = "airflow_fargate_batch"
    external_views = _VIEWS if has_pages() else []
    fastapi_apps = _Applications()


ENTRY_POINT: Final = FargateBatchPlugin if settings.LAZY_LOAD_PROVIDERS else None
"""The plugin for the entry point. With ``[core] lazy_discover_providers`` off, Airflow also loads
plugins that a provider's information names, and reports a second one of a name as an error."""


@cache
def _applications() -> list[dict[str, Any]]:
    if not has_pages():
        return []
    return [{"name": FargateBatchPlugin.name, "app": _application(), "url_prefix": f"/{PREFIX}"}]


def _application() -> "FastAPI":
    from airflow_fargate_batch.ui.application import application

    return application()
