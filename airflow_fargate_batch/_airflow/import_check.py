"""Checks of the operator's arguments while a DAG is imported."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from airflow_fargate_batch._airflow import upstream
from airflow_fargate_batch._airflow.compat import OperatorPartial
from airflow_fargate_batch._airflow.finish_check import problems_of_shared
from airflow_fargate_batch._airflow.unknown_arguments import (
    lost_defaults,
    refuse_unknown,
    with_task,
)
from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.request import Arguments
from airflow_fargate_batch.core.wait_settings import WaitArguments, WaitSettings
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

REQUEST_ARGUMENTS: Final = tuple(argument.name for argument in fields(Arguments))
"""Arguments of the request, all templated."""
_LEARNED: Final = ("out_of_memory", "fallback_job_queue")
_OF_THE_DAG: Final = 5
_OF_A_PARTIAL: Final = 4
"""Stack levels of a warning at which Python shows the DAG's line."""
_EARLY_OUTLETS: Final = (
    "outlets: task {task_id} does not wait for its job, so Airflow reports the assets as updated "
    "when AWS Batch has accepted the job, before the data exist: set deferrable=True or "
    "wait_for_completion=True, or move the outlets to a FargateBatchJobSensor that waits for the "
    "job"
)


class ImportCheck:
    """Checks for the operator and its subclasses.

    :param operator: the operator's class; the likeliest arguments of a subclass are the
        operator's.
    """

    def __init__(self, operator: type[Any]) -> None:
        self._operator = operator

    def refuse_names(
        self, task_class: type, given: Mapping[str, Any], others: Mapping[str, Any]
    ) -> None:
        """Refuse unknown arguments, and ``default_args`` that would change the job.

        :param given: the request's arguments.
        :param others: arguments that the operator passes to Airflow.
        :raises TypeError: with the likeliest names; no value is shown.
        """
        refuse_unknown(task_class, others, first=self._operator)
        defaults = others.get("default_args") or {}
        if lost := lost_defaults(defaults, given, others.get("task_id")):
            raise lost

    def refuse_values(
        self,
        given: Mapping[str, Any],
        *,
        waiting: WaitArguments,
        further: Iterable[Problem],
        outlets: bool,
        task_id: str | None,
    ) -> None:
        """Refuse values that no rendering can make valid.

        :param given: the request's arguments.
        :param waiting: the arguments about waiting: found after the submit, a mistake leaves a job.
        :param further: problems with other arguments.
        :param outlets: whether the task has outlets and does not wait.
        :raises InvalidRequest: with all problems.
        """
        problems = [*problems_before_rendering(given), *self._too_many(given), *further]
        try:
            WaitSettings.read(waiting)
        except InvalidRequest as error:
            problems += error.problems
        if problems:
            raise with_task(InvalidRequest(problems), task_id)
        if outlets:
            warnings.warn(_EARLY_OUTLETS.format(task_id=task_id), stacklevel=_OF_THE_DAG - 1)

    def warn_of_nothing_to_learn(self, given: Mapping[str, Any], *, waits: bool | None) -> None:
        """Warn of a task whose retries cannot learn, because it ends before its job does.

        :param given: the request's arguments.
        :param waits: whether the task waits for its job.
        """
        names = [name for name in _LEARNED if given.get(name) is not None]
        if names and not waits:
            text = (
                f"{' and '.join(names)}: a task that does not wait has no failed job to learn "
                "from; set deferrable=True or wait_for_completion=True"
            )
            warnings.warn(text, stacklevel=_OF_THE_DAG - 1)

    def error_of_shared(self, partial: Any, kwargs: Mapping[str, Any]) -> Exception | None:
        """Check the arguments that all mapped tasks share.

        :param partial: Airflow's partial operator.
        :param kwargs: the arguments of ``partial()``.
        """
        task_id = kwargs.get("task_id")
        given = {name: kwargs[name] for name in REQUEST_ARGUMENTS if name in kwargs}
        others = set(REQUEST_ARGUMENTS) - given.keys()
        defaults = list(_default_args(partial, kwargs))
        merged = {name: value for each in defaults for name, value in each.items()}
        if "size_policy" not in merged:
            others.discard("size_policy")  # nobody maps over it
        problems = [
            *problems_before_rendering(given, given_later=others),
            *self._too_many({**merged, **given}, level=_OF_A_PARTIAL),
        ]
        shared = {**merged, **kwargs}
        if shared.get("finish_in_triggerer"):
            problems += problems_of_shared(partial.operator_class, shared)
        if problems:
            return with_task(InvalidRequest(problems), task_id)
        if shared.get("outlets") and not (
            shared.get("wait_for_completion", shared.get("deferrable"))
        ):
            warnings.warn(_EARLY_OUTLETS.format(task_id=task_id), stacklevel=_OF_A_PARTIAL - 1)
        return lost_defaults(merged, given, task_id)

    def _too_many(self, given: Mapping[str, Any], level: int = _OF_THE_DAG) -> list[Problem]:
        """Find more dependencies than allowed, and warn if the number is not certain."""
        depends_on = given.get("depends_on")
        if depends_on is None or given.get("ignore_missing_dependencies"):
            return []  # of some branches fewer may have run
        for warning in upstream.warnings_of_mapped(depends_on, self._operator):
            warnings.warn(f"depends_on: {warning}", stacklevel=level)
        return upstream.problems_of_too_many(depends_on, self._operator)


def check_arguments(
    operator: type[Any], arguments: Mapping[str, Any], fixed: Mapping[str, str]
) -> None:
    """Check the arguments of a TaskFlow decorator: Airflow makes no task of a mapped function.

    :param operator: class of the decorated task.
    :param arguments: arguments of the decorator.
    :param fixed: arguments that the decorator does not take, with the reason.
    :raises TypeError: an argument is unknown or not taken; no value is shown.
    :raises InvalidRequest: a value is not valid, whatever is added by ``override()``.
    """
    for name in fixed.keys() & arguments.keys():
        raise TypeError(f"{operator.custom_operator_name}: remove {name}: {fixed[name]}")
    refuse_unknown(operator, arguments, first=operator.__mro__[2])
    given = {name: arguments[name] for name in REQUEST_ARGUMENTS if name in arguments}
    later = {name for name in REQUEST_ARGUMENTS if name not in given and name != "size_policy"}
    problems = problems_before_rendering(given, given_later=later)
    if problems:
        raise with_task(InvalidRequest(problems), arguments.get("task_id"))


class CheckedPartial(OperatorPartial):
    """Airflow's partial operator, with a check of the names in ``expand``.

    Airflow's own refusal gives no advice; of ``expand_kwargs`` it checks no names.
    """

    __slots__ = ()  # so that Airflow's object can become one of these

    def expand(self, **mapped_kwargs: Any) -> Any:
        """Refuse unknown arguments, then map as Airflow does."""
        self._refuse_unknown(mapped_kwargs)
        return super().expand(**mapped_kwargs)

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> Any:
        """Refuse unknown arguments of literal mappings, then map as Airflow does."""
        for each in kwargs if isinstance(kwargs, list | tuple) else ():
            if isinstance(each, Mapping):
                self._refuse_unknown(each)
        return super().expand_kwargs(kwargs, strict=strict)

    def _refuse_unknown(self, names: Mapping[str, Any]) -> None:
        given = {**names, "task_id": self.kwargs.get("task_id")}
        try:
            refuse_unknown(self.operator_class, given, first=self.operator_class)
        except TypeError:
            self._expand_called = True  # "was never mapped": it never will be
            raise


def _default_args(partial: Any, kwargs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the default arguments of a mapped task, outermost first."""
    for group in (partial.kwargs.get("dag"), partial.kwargs.get("task_group")):
        if group is not None and group.default_args:
            yield group.default_args
    yield kwargs.get("default_args") or {}
