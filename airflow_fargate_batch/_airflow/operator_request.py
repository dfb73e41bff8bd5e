"""The request of a task, from rendered arguments and files; not loaded when a DAG is parsed."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_fargate_batch._airflow import items, upstream
from airflow_fargate_batch._airflow.compat import (
    AirflowFailException,
    AirflowSkipException,
    Context,
)
from airflow_fargate_batch._airflow.deployment import deployment
from airflow_fargate_batch._airflow.masking import mask_secrets_of
from airflow_fargate_batch._airflow.ordinals import Place
from airflow_fargate_batch._machine.files import read_json_file
from airflow_fargate_batch.core.arguments import FILES, FROM_ELSEWHERE
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import JobRequest, JsonFile, read_flag
from airflow_fargate_batch.exceptions import EmptyArray, InvalidRequest

if TYPE_CHECKING:
    from airflow_fargate_batch.hooks import FargateBatchHook

_NOT_PYTHON: Final = "?"
"""Prefix put before a JSON file while it is rendered: with ``render_template_as_native_obj`` Jinja
would otherwise evaluate the text as a Python literal."""


class RequestingTask(Protocol):
    """The part of the operator used to make the request."""

    render_only: bool | str | int
    depends_on_as_given: Any
    """*depends_on* in the DAG, before templates and XComs were resolved."""
    has_items: bool
    """Whether *items* is given, also if it resolves to nothing."""
    task_id: str

    def request_arguments(self) -> dict[str, Any]:
        """Return the rendered arguments of the request, secrets included."""

    @property
    def dag(self) -> Any:
        """The task's DAG."""

    @property
    def render_template(self) -> Any:
        """``BaseOperator.render_template``."""

    @property
    def hook(self) -> "FargateBatchHook":
        """The hook that calls AWS."""


class RequestMaker:
    """Makes the request of a task for one submit."""

    def __init__(self, task: RequestingTask, context: Context) -> None:
        self._task = task
        self._context = context

    def is_dry_run(self) -> bool:
        """Read the argument *dry_run*.

        :raises AirflowFailException: *dry_run* is not a truth value.
        """
        try:
            return read_flag(self._task.render_only, "dry_run")
        except InvalidRequest as error:
            raise failure(error) from None

    def request(self, place: Place, *, dry_run: bool) -> JobRequest:
        """Make the request, and mask its secrets in all logs.

        :raises AirflowFailException: the arguments are not valid.
        :raises AirflowSkipException: the array has no children.
        """
        arguments = self._task.request_arguments() | json_files(self._task, self._context)
        for name in FROM_ELSEWHERE:
            if arguments[name] is None:
                arguments[name] = self._from_elsewhere(name, dry_run=dry_run)
        given = self._task.depends_on_as_given
        if given is not None and arguments["depends_on"] is None:
            arguments["depends_on"] = [None]  # given, and resolved to nothing: never to be ignored
        if self._task.has_items:
            arguments["items"] = self._items(arguments["items"], dry_run=dry_run)
        submission = self._identity(place)
        try:
            request = JobRequest.from_arguments(dry_run=dry_run, submission=submission, **arguments)
        except EmptyArray as error:
            raise AirflowSkipException(str(error)) from None
        except InvalidRequest as error:
            named = upstream.with_tasks_named(error, given)
            raise failure(named, _where_to_set(arguments, dry_run=dry_run)) from None
        mask_secrets_of(request)
        return request

    def _items(self, given: Any, *, dry_run: bool) -> Any:
        """Return the rendered items; a list on S3 is read, except in a dry run."""
        if given is None:
            return items.NO_LIST
        address = None if dry_run else items.on_s3(given)
        return items.read_from_s3(address, self._task.hook.lists) if address else given

    @property
    def generation(self) -> int:
        """Number of tries used when a person last cleared the task.

        The retries of the task in the context count: inside a Python callable the task is another
        operator.
        """
        task: Any = self._context.get("task") or self._task
        return max(0, self._context["ti"].max_tries - (task.retries or 0))

    def _identity(self, place: Place) -> Submission:
        """Identify this submit: task instance, life of the run, deployment, and place."""
        ti = self._context["ti"]
        began = getattr(self._context.get("dag_run"), "start_date", None)
        return Submission.of_task(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            task_id=ti.task_id,
            map_index=-1 if ti.map_index is None else ti.map_index,
            generation=self.generation,
            deployment=deployment(),
            life=began if isinstance(began, datetime) else None,
            operator_id=self._task.task_id,
            ordinal=place.ordinal,
        )

    def _from_elsewhere(self, name: str, *, dry_run: bool) -> str | None:
        """Return the value in the connection's ``service_config.batch``, or in the variable."""
        configured = None if dry_run else self._task.hook.service_config.get(name)
        return configured or os.environ.get(FROM_ELSEWHERE[name])


def failure(error: InvalidRequest, advice: str = "") -> AirflowFailException:
    """Return the error of a task without a valid request; Airflow does not retry."""
    return AirflowFailException(f"Nothing was submitted. {error}{advice}")


def json_files(task: RequestingTask, context: Context | None) -> dict[str, JsonFile]:
    """Read and render the JSON files of a task, by argument; without a context not rendered."""
    files = {name: path for name in FILES if (path := getattr(task, name))}
    return {name: _json_file(task, str(path), context) for name, path in files.items()}


def _json_file(task: RequestingTask, path: str, context: Context | None) -> JsonFile:
    folder = Path(task.dag.folder)
    file = read_json_file(str(folder / path), named=path)
    if file.text is None:
        where = "" if Path(path).is_absolute() else f" (in the DAG's folder, {folder})"
        return JsonFile(path, error=f"{file.error}{where}")
    text = file.text
    if context is None:
        return JsonFile(path, text)
    try:
        rendered = task.render_template(f"{_NOT_PYTHON}{text}", context)
    except Exception as error:  # noqa: BLE001 - a template's expressions may raise anything
        kind = type(error).__name__
        return JsonFile(path, error=f"could not be rendered: {kind}: {error}")
    return JsonFile(path, rendered.removeprefix(_NOT_PYTHON))


def _where_to_set(arguments: Mapping[str, Any], *, dry_run: bool) -> str:
    """Name the other places for missing values."""
    missing = [name for name in FROM_ELSEWHERE if arguments[name] is None]
    if not missing:
        return ""
    variables = " and ".join(FROM_ELSEWHERE[name] for name in missing)
    connection = "" if dry_run else "in the connection's service_config.batch, or "
    why = ": a dry run reads no connection" if dry_run else ""
    return f"\nA missing value can also be set {connection}in {variables}{why}."
