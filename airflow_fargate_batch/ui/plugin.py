"""The plugin that adds the pages. Older Airflow lines have no such pages, and load an empty plugin.

Airflow loads plugins in every process, so this module imports no page.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

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


class FargateBatchPlugin(AirflowPlugin):
    """Pages about jobs, in Airflow's UI."""

    name = "airflow_fargate_batch"
    external_views = _VIEWS if has_pages() else []

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The application behind the pages; Airflow 3 reads this in the API server only."""
        if not has_pages():
            return []
        return [{"name": self.name, "app": _application(), "url_prefix": f"/{PREFIX}"}]


def _application() -> "FastAPI":
    from airflow_fargate_batch.ui.application import application

    return application()
