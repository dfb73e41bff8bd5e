"""Check arguments before templates are rendered.

A DAG with impossible arguments should fail at import. So the check of a rendered request also runs
early, without the templates: a problem counts only if the rule behind the problem read no template.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from airflow_fargate_batch.core._request.values import is_template
from airflow_fargate_batch.core.arguments import FILES, FROM_ELSEWHERE
from airflow_fargate_batch.core.nesting import unless_too_deep
from airflow_fargate_batch.core.request import find_problems
from airflow_fargate_batch.exceptions import Problem

_BY_ENTRY: Final = frozenset({"command", "environment", "parameters", "tags"})
"""Arguments checked entry by entry, so that a template hides only its own entry."""
_JUDGED_WITH: Final = {"container": ("vcpu", "memory")}
"""Arguments whose rule depends on another argument: which containers share a size."""
_STANDS_FOR_TEXT: Final = "x"
_UNKNOWN: Final = object()
_TOO_DEEP: Final = object()
_PLAIN: Final = (int, float, type(None), Decimal, date, timedelta)


def problems_before_rendering(
    arguments: Mapping[str, object], *, given_later: Iterable[str] = ()
) -> list[Problem]:
    """Return problems that no rendering of the templates in *arguments* can solve.

    :param given_later: further arguments set later, such as those of mapped tasks.
    """
    known: dict[str, object] = {}
    unknown = set(given_later)
    for name in FROM_ELSEWHERE:
        if arguments.get(name) is None:
            unknown.add(name)
    for name, value in arguments.items():
        if value is None:
            continue
        if name in FILES:  # read and rendered at run time
            unknown.add(name)
            continue
        found: object = value
        if isinstance(value, str):  # the usual case, and the quickest check
            found = _UNKNOWN if _may_be_template(value) else value
        elif not isinstance(value, int):
            found = unless_too_deep(_TOO_DEEP, _known, name, value)
        if found is _UNKNOWN:
            unknown |= {name, *_JUDGED_WITH.get(name, ())}
        elif found is _TOO_DEEP:  # Airflow's own rendering will say so
            unknown.add(name)
        else:
            known[name] = found
    return [
        problem
        for problem in find_problems(**known)
        if unknown.isdisjoint(map(_argument, (problem.field, *problem.involves)))
    ]


def _known(name: str, value: object) -> object:
    """Return the part of an argument that no template changes, or ``_UNKNOWN``."""
    if name in _BY_ENTRY and isinstance(value, dict | list | tuple | Mapping):
        return _without_templates(_known_entries(name, value))
    return value if is_literal(value) else _UNKNOWN


def is_literal(value: object) -> bool:
    """Return whether a value contains no template and nothing resolved at run time."""
    if isinstance(value, str):
        return not _may_be_template(value)
    if isinstance(value, _PLAIN):
        return True
    if isinstance(value, dict | Mapping):  # dict is the usual case, and quicker
        return all(map(is_literal, value.values()))
    return isinstance(value, list | tuple | set) and all(map(is_literal, value))


def _may_be_template(text: str) -> bool:
    """Return whether Jinja changes a text; comments count, since Jinja removes comments."""
    return "{" in text and (is_template(text) or "{#" in text)


def _known_entries(name: str, value: Any) -> Any:
    """Leave templates out of a list of variables."""
    if name != "environment" or isinstance(value, dict | Mapping):
        return value
    return [entry for entry in value if isinstance(entry, Mapping) or is_literal(entry)]


def _without_templates(value: Any) -> Any:
    if isinstance(value, str):  # the usual case, and the quickest check
        return _STANDS_FOR_TEXT if _may_be_template(value) else value
    if isinstance(value, dict | Mapping):
        return {key: _without_templates(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_templates(item) for item in value]
    return value if is_literal(value) else _STANDS_FOR_TEXT


def _argument(place: str) -> str:
    return re.split(r"[.\[]", place, maxsplit=1)[0]
