"""The function of ``@task.fargate_batch``: checks at import, and the call with its arguments."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from airflow_fargate_batch._airflow.compat import Context
from airflow_fargate_batch._airflow.compat.taskflow import known_context_keys
from airflow_fargate_batch.core.function_source import (
    WHERE,
    FunctionSource,
    function_source,
    problems_of_function,
)
from airflow_fargate_batch.core.json_arguments import json_value
from airflow_fargate_batch.core.remote_call import Argument, RemoteCall, read_location
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import InvalidRequest, Problem
from airflow_fargate_batch.submitting.remote_calls import Store, with_call

TEXT_KEYS: Final = frozenset(
    {"ds", "ds_nodash", "params", "run_id", "ts", "ts_nodash", "ts_nodash_with_tz"}
)
"""Names of Airflow's context that JSON can carry. A parameter with such a name gets its value."""
_LAZY_ANNOTATIONS: Final = 0x1000000
"""``CO_FUTURE_ANNOTATIONS`` of CPython."""


def check_function(function: Callable[..., Any]) -> None:
    """Refuse a function that cannot run in a job's image.

    :raises InvalidRequest: with all problems.
    """
    problems = [*_problems_of_source(function), *_problems_of_context(function)]
    if problems:
        raise InvalidRequest(problems)


def remote_call(
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    context: Context | None,
) -> RemoteCall:
    """Bind rendered arguments, defaults and names of the context to a function.

    :raises InvalidRequest: an argument is not JSON.
    """
    source = _source(function)
    signature = inspect.signature(function)
    known: Mapping[str, Any] = context or {}
    for_names = {
        name: known.get(name)
        for name in signature.parameters
        if name in TEXT_KEYS and name in known_context_keys() and name not in kwargs
    }
    bound = signature.bind_partial(*args, **kwargs)
    for name, value in for_names.items():
        bound.arguments.setdefault(name, value)
    bound.apply_defaults()
    return RemoteCall(
        name=function.__name__,
        source=source.text,
        file=Path(function.__code__.co_filename).name,
        line=source.line,
        lazy_annotations=bool(function.__code__.co_flags & _LAZY_ANNOTATIONS),
        args=[
            Argument(name, json_value(value, name))
            for name, value in zip(names_of(function, len(bound.args)), bound.args, strict=True)
        ],
        kwargs={name: json_value(value, name) for name, value in bound.kwargs.items()},
    )


def first_parameter(function: Callable[..., Any]) -> str:
    """Return the name of the parameter that gets the item, if the task has *items*.

    :raises InvalidRequest: the function has no positional parameter.
    """
    for each in inspect.signature(function).parameters.values():
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD):
            return each.name
        break
    said = f"{function.__name__}() takes no positional argument, and with items it gets the item"
    raise InvalidRequest([Problem(WHERE, f"{said}: add a first parameter")])


def with_item(
    function: Callable[..., Any], args: Collection[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the keyword arguments of a task with *items*, with a place for the item.

    :raises TypeError: the call gives positional arguments, or the first parameter.
    """
    first = first_parameter(function)
    if args or first in kwargs:
        raise TypeError(
            f"{function.__name__}() gets its first argument, {first}, from items: pass the others "
            "by name"
        )
    return {first: None, **kwargs}


def names_of(function: Callable[..., Any], count: int) -> list[str]:
    """Return the names of the first positional parameters; that of ``*args`` for all further."""
    names = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind is not parameter.KEYWORD_ONLY
        and parameter.kind is not parameter.VAR_KEYWORD
    ]
    return [*names[:count], *names[-1:] * (count - len(names))]


def arguments_in_worker(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    """Return the keyword arguments of a call in the worker, with the context by its names.

    Airflow's own function for this has a different place on each version.
    """
    parameters = inspect.signature(function).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    filled = {each.name for each in [p for p in parameters if p.kind in positional][: len(args)]}
    known = {**context, **kwargs}
    takes_all = any(each.kind is each.VAR_KEYWORD for each in parameters)
    wanted = set(known) if takes_all else {each.name for each in parameters}
    return {name: value for name, value in known.items() if name in wanted - filled}


def _source(function: Callable[..., Any]) -> FunctionSource:
    """Return a function's source.

    :raises InvalidRequest: there is none.
    """
    is_function = inspect.isfunction(function)
    name = getattr(function, "__name__", type(function).__name__)
    try:
        lines, line = inspect.getsourcelines(function)
    except (OSError, TypeError):
        lines, line = [], 1
    source = function_source("".join(lines), line, name) if is_function else None
    if source is None:
        said = f"{name} has no source: the job's image gets the source of a function"
        advice = "decorate a function that is defined with def in a file"
        raise InvalidRequest([Problem(WHERE, f"{said}: {advice}", advice)])
    return source


def _problems_of_source(function: Callable[..., Any]) -> Sequence[Problem]:
    try:
        source = _source(function)
    except InvalidRequest as error:
        return error.problems
    return problems_of_function(function.__code__, source, function.__globals__)


def _problems_of_context(function: Callable[..., Any]) -> list[Problem]:
    names = [
        parameter.name
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name in known_context_keys() - TEXT_KEYS
    ]
    return [
        Problem(
            WHERE,
            f"the parameter {name} is an object of Airflow, which does not exist in the job's "
            "image: name the parameter otherwise, and pass texts such as '{{ run_id }}'",
        )
        for name in names
    ]


def request_of_call(
    request: JobRequest,
    function: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    *,
    context: Context | None,
    python: str,
    location: str | None,
    store: Store | None,
    has_items: bool,
) -> JobRequest:
    """Return the request with the call of a function as its command.

    :param context: ``None`` leaves the names of the context empty.
    :param python: program that starts Python in the image.
    :param location: *payload_location*, rendered.
    :param store: ``None`` in a dry run.
    :param has_items: whether the function is called once for each item of the request.
    :raises InvalidRequest: an argument is not JSON, or the request is too long.
    :raises AwsError: S3 refused the payload.
    """
    call = replace(
        remote_call(function, args, kwargs, context),
        is_array=request.array_size is not None,
        has_items=has_items,
    )
    place = read_location(location)
    return with_call(request, call, python=python, location=place, store=store)
