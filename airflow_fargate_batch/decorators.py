"""TaskFlow: ``@task.fargate_batch`` and ``@task.fargate_batch_cmd``.

::

    @task.fargate_batch(job_queue="queue", job_definition="python", vcpu=1, memory="2 GB")
    def count(day: str) -> int: ...          # runs in the job's image; its result is the XCom

    @task.fargate_batch_cmd(job_queue="queue", job_definition="tool")
    def convert(day: str) -> list[str]: ...  # runs in the worker, and returns the command
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from airflow_fargate_batch._airflow.compat import AirflowFailException, Context
from airflow_fargate_batch._airflow.compat.taskflow import DecoratedOperator, task_decorator_factory
from airflow_fargate_batch._airflow.import_check import check_arguments
from airflow_fargate_batch._airflow.remote_function import (
    arguments_in_worker,
    check_function,
    first_parameter,
    names_of,
    request_of_call,
    with_item,
)
from airflow_fargate_batch.core.literals import is_literal
from airflow_fargate_batch.core.remote_call import read_location
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.operators import FargateBatchSubmitOperator

if TYPE_CHECKING:
    from airflow_fargate_batch._airflow.decorator_types import CommandDecorator, FunctionDecorator

__all__ = [
    "FargateBatchCommandDecoratedOperator",
    "FargateBatchDecoratedOperator",
    "fargate_batch_cmd_task",
    "fargate_batch_task",
]

FIXED: Final[Mapping[str, str]] = {
    "command": "the function decides",
    "multiple_outputs": "the task returns the id of the job",
}
"""Arguments that a decorator does not take, with the reason."""
FIXED_BY_RESULT: Final[Mapping[str, str]] = {
    "command": "the function runs instead of a command",
    "finish_in_triggerer": "a worker reads the function's result",
    "rerun_failed_only": "the result needs all children",
    "result_from_log": "the function's result is the task's result",
    "wait_for_completion": "the task always waits for the result",
}


class _Decorated(DecoratedOperator, FargateBatchSubmitOperator):
    """The operator with a function and its arguments."""

    template_fields: Sequence[str] = (
        *DecoratedOperator.template_fields,
        *FargateBatchSubmitOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **DecoratedOperator.template_fields_renderers,
        **FargateBatchSubmitOperator.template_fields_renderers,
    }

    def execute(self, context: Context) -> Any:
        """Execute the operator; Airflow 3.0's own method works for Python operators only."""
        return FargateBatchSubmitOperator.execute(self, context)

    def _hide(self, name: str, rendered: Any) -> Any:
        """Strike secrets out; a positional argument is a secret by its parameter's name too."""
        if name != "op_args":
            return super()._hide(name, rendered)
        names = names_of(self.python_callable, len(rendered))
        pairs = [
            {"name": each, "value": value} for each, value in zip(names, rendered, strict=True)
        ]
        shown = super()._hide(name, pairs)
        originals = [pair["value"] for pair in self._originals[name]]
        self._originals = {**self._originals, name: originals}
        return [pair["value"] for pair in shown]

    def function_arguments(self) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return the rendered arguments of the function, secrets included."""
        return self._argument("op_args"), self._argument("op_kwargs")


class FargateBatchCommandDecoratedOperator(_Decorated):
    """Call a function in the worker, and submit a job with the command that it returns.

    The function returns a list of words, or a mapping in the form of *container_overrides*. The
    returned texts are not rendered by Jinja. Each try calls the function again; a deferred task
    does not when it resumes.

    :param python_callable: the function.
    :param op_args: positional arguments of the function, templated.
    :param op_kwargs: keyword arguments of the function, templated.
    """

    custom_operator_name: str = "@task.fargate_batch_cmd"
    overwrite_rtif_after_execution: bool = True

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            python_callable=python_callable, op_args=op_args, op_kwargs=op_kwargs, **kwargs
        )

    def _execute(self, context: Context) -> str:
        args, kwargs = self.function_arguments()
        named = arguments_in_worker(self.python_callable, args, kwargs, context)
        returned = self.python_callable(*args, **named)
        if isinstance(returned, Mapping):
            self.container_overrides = self._hide("container_overrides", dict(returned))
        elif isinstance(returned, list | tuple) and returned:
            self.command = self._hide("command", list(returned))
        else:
            raise AirflowFailException(
                f"Nothing was submitted. {self.python_callable.__name__}() must return a command "
                "(a list of texts that is not empty) or container overrides (a mapping), not "
                f"{'an empty list' if returned in ([], ()) else type(returned).__name__}"
            )
        return super()._execute(context)


class FargateBatchDecoratedOperator(_Decorated):
    """Run a function in the job's image, and return what it returns.

    The image needs Python 3.8 or later, and nothing else. The function may use only what it
    imports or defines itself. Arguments and result travel as JSON. The task always waits for the
    job.

    :param python_callable: the function.
    :param op_args: positional arguments of the function, templated.
    :param op_kwargs: keyword arguments of the function, templated.
    :param items: list, as the operator's. Children of an array call the function once for each
        item, as the first argument, and the results are one list. With *array_size* each child
        calls the function without an item, and the list has a result for each child.
    :param payload_location: prefix ``s3://bucket/prefix`` for a call too long for a request, and a
        result too long for a log line; templated. The job gets presigned addresses.
    :param python_command: program that starts Python in the image.
    :param awslogs_enabled: whether the task logs what the function prints.
    """

    template_fields: Sequence[str] = (*_Decorated.template_fields, "payload_location")
    custom_operator_name: str = "@task.fargate_batch"
    pushes_result = False

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        items: Any = None,
        payload_location: str | None = None,
        python_command: str = "python",
        awslogs_enabled: bool = True,
        **kwargs: Any,
    ) -> None:
        self.payload_location = payload_location
        self.python_command = python_command
        if items is not None:
            op_kwargs = with_item(python_callable, op_args or (), op_kwargs or {})
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            items=items,
            awslogs_enabled=awslogs_enabled,
            **{**kwargs, "wait_for_completion": True, "result_from_log": True},
        )

    def execute(self, context: Context) -> Any:
        """Run the function in a job and return its result; nothing in a dry run."""
        super().execute(context)
        return self._returned()

    def execute_complete(
        self, context: Context, event: Mapping[str, Any], try_number: int | None = None
    ) -> Any:
        """Resume after the trigger's event, and return the function's result."""
        super().execute_complete(context, event, try_number)
        return self._returned()

    def _returned(self) -> Any:
        """Return the function's result; with *items* the results of all, in order."""
        if self.has_items and self.last_job is not None and self.last_job.is_array:
            return [result for of_child in self.result or () for result in of_child]
        return self.result

    def completed(
        self, request: JobRequest, context: Context | None, *, dry_run: bool
    ) -> JobRequest:
        """Return the request with the command and the variable of the call."""
        args, kwargs = self.function_arguments()
        return request_of_call(
            request,
            self.python_callable,
            args,
            kwargs,
            context=context,
            python=self.python_command,
            location=self.payload_location,
            store=None if dry_run else lambda: self.hook.lists,
            has_items=self.has_items,
        )


def _fargate_batch_task(
    python_callable: Callable[..., Any] | None = None,
    *,
    multiple_outputs: bool | None = None,
    **arguments: Any,
) -> Any:
    """Run the decorated function in the image of a job: ``@task.fargate_batch``.

    :param python_callable: the function, if the decorator has no arguments.
    :param multiple_outputs: whether each entry of a returned mapping becomes an XCom of its own.
    :param arguments: of ``FargateBatchSubmitOperator``, and *python_command*.
    """
    check_arguments(FargateBatchDecoratedOperator, arguments, FIXED_BY_RESULT)
    location = arguments.get("payload_location")
    if is_literal(location):
        read_location(location)
    decorate = task_decorator_factory(
        multiple_outputs=multiple_outputs,
        decorated_operator_class=FargateBatchDecoratedOperator,
        **arguments,
    )

    def checked(function: Callable[..., Any]) -> Any:
        check_function(function)
        if arguments.get("items") is not None:
            first_parameter(function)
        return decorate(function)

    return checked if python_callable is None else checked(python_callable)


def _fargate_batch_cmd_task(
    python_callable: Callable[..., Any] | None = None, **arguments: Any
) -> Any:
    """Submit a job with the command that the function returns: ``@task.fargate_batch_cmd``.

    The task returns the job id. So a returned mapping never becomes several XComs.

    :param python_callable: the function, if the decorator has no arguments.
    :param arguments: of ``FargateBatchSubmitOperator``.
    """
    check_arguments(FargateBatchCommandDecoratedOperator, arguments, FIXED)
    return task_decorator_factory(
        python_callable,
        multiple_outputs=False,
        decorated_operator_class=FargateBatchCommandDecoratedOperator,
        **arguments,
    )


fargate_batch_task = cast("FunctionDecorator", _fargate_batch_task)
"""``@task.fargate_batch``, with types for editors and type checkers."""
fargate_batch_cmd_task = cast("CommandDecorator", _fargate_batch_cmd_task)
"""``@task.fargate_batch_cmd``, with types."""
