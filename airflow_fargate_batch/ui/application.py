"""The pages' web application, mounted by Airflow's API server. It only reads.

Airflow authenticates nothing in a mounted application, so each route names what the user must be
allowed to see; Airflow's auth manager decides.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup
from starlette.exceptions import HTTPException as AnyHTTPException

from airflow_fargate_batch.ui import jobs_page, task_view
from airflow_fargate_batch.ui.array_view import WIDTH
from airflow_fargate_batch.ui.records import Query as Selection
from airflow_fargate_batch.ui.records import TaskKey

_MAY_SEE: Final = [
    Depends(requires_access_dag("GET", entity))
    for entity in (DagAccessEntity.TASK_INSTANCE, DagAccessEntity.XCOM)
]
_MAY_READ_LOG: Final = [*_MAY_SEE, Depends(requires_access_dag("GET", DagAccessEntity.TASK_LOGS))]
_STATIC: Final = {
    "htmx.min.js": "text/javascript",
    "page.js": "text/javascript",
    "pico.classless.min.css": "text/css",
    "page.css": "text/css",
}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'self'; "
    "base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SAID: Final = {
    401: "You are not signed in, or your session has ended. Reload the page to sign in.",
    403: "You may not see the tasks of this DAG, or your session has ended. Reload the page to "
    "sign in, or ask an administrator of this Airflow.",
    404: "Airflow does not know this task instance (any more).",
}
PAGE: Final = 50
"""Jobs of a page."""
SINCE: Final = {"1d": 1, "7d": 7, "30d": 30}
"""Choices of the period, in days."""


@cache
def application() -> FastAPI:
    """Return the application."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(AnyHTTPException, _failure)
    path = "{dag_id}/{task_id}/{map_index}/{run_id:path}"
    app.get(f"/task/{path}", dependencies=_MAY_SEE)(_task)
    app.get(f"/state/{path}", dependencies=_MAY_SEE)(_state)
    app.get(f"/log/{path}", dependencies=_MAY_READ_LOG)(_log)
    app.get("/jobs", dependencies=_MAY_SEE)(_jobs)
    app.get("/static/{name}")(_static)
    return app


def _task(request: Request, dag_id: str, task_id: str, map_index: str, run_id: str) -> HTMLResponse:
    return _shown(request, "task.html", _key(dag_id, run_id, task_id, map_index))


def _state(
    request: Request, dag_id: str, task_id: str, map_index: str, run_id: str
) -> HTMLResponse:
    return _shown(request, "_state.html", _key(dag_id, run_id, task_id, map_index))


def _shown(request: Request, template: str, key: TaskKey) -> HTMLResponse:
    page = task_view.task_page(key)
    if page is None:
        raise HTTPException(404)
    return _html(request, template, page=page, key=key)


def _log(
    request: Request,
    dag_id: str,
    task_id: str,
    map_index: str,
    run_id: str,
    child: Annotated[int | None, Query(ge=0)] = None,
) -> HTMLResponse:
    key = _key(dag_id, run_id, task_id, map_index)
    log = task_view.log_lines(key, child)
    return _html(request, "_log.html", log=log, key=key, child=child)


def _jobs(
    request: Request,
    user: GetUserDep,
    text: str = "",
    dag: str = "",
    queue: str = "",
    state: str = "",
    since: str = "7d",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> HTMLResponse:
    since = since if since in SINCE else "7d"
    selection = Selection(
        dags=get_auth_manager().get_authorized_dag_ids(user=user, method="GET"),
        since=datetime.now(UTC) - timedelta(days=SINCE[since]),
        text=text.strip(),
        dag_id=dag,
        queue=queue.strip(),
        state=state,
    )
    shown = jobs_page.jobs_page(selection, page=page, size=PAGE)
    form = {"text": text, "dag": dag, "queue": queue, "state": state, "since": since}
    return _html(request, "jobs.html", page=shown, form=form, periods=SINCE)


def _static(name: str) -> Response:
    if name not in _STATIC:
        raise HTTPException(404)
    content = files(__package__).joinpath("static", name).read_bytes()
    headers = {"Cache-Control": "max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=_STATIC[name], headers=headers)


def _failure(request: Request, error: Any) -> HTMLResponse:
    text = _SAID.get(error.status_code, f"Airflow answered {error.status_code}.")
    return _html(request, "message.html", status=error.status_code, text=text)


def _key(dag_id: str, run_id: str, task_id: str, map_index: str) -> TaskKey:
    """Return the key; of a task that is not mapped, Airflow passes the placeholder itself."""
    return TaskKey(dag_id, run_id, task_id, int(map_index) if map_index.isdecimal() else -1)


def _html(request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    root = request.scope.get("root_path", "")
    text = _templates().get_template(template).render(root=root, width=WIDTH, **values)
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader(__package__, "templates"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = _moment
    environment.filters["backticks"] = _backticks
    return environment


def _backticks(text: str) -> Markup:
    """Write names in backticks as code."""
    parts = enumerate(text.split("`"))
    return Markup("").join(Markup("<code>{}</code>").format(p) if n % 2 else p for n, p in parts)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
