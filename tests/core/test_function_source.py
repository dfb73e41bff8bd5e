"""A function that runs elsewhere may use what it imports and defines itself; the rest is named."""

import inspect
import json
import math
import re
from collections.abc import Callable
from typing import Any

import pytest

from airflow_fargate_batch.core.function_source import (
    FunctionSource,
    function_source,
    problems_of_function,
)

LIMIT = 3


class Model:
    """A class of the DAG's module."""


def helper() -> int:
    return LIMIT


def found(function: Callable[..., Any]) -> list[str]:
    lines, line = inspect.getsourcelines(function)
    source = function_source("".join(lines), line, function.__name__)
    assert source
    return [
        str(each) for each in problems_of_function(function.__code__, source, function.__globals__)
    ]


def fine(a: Any, b: int = LIMIT, *rest: int, **more: Any) -> Any:
    """Use builtins, own imports, own functions and classes, and itself."""
    import json as own
    from math import pi

    class Inner:
        size = 2
        double = size * 2
        name = __name__

    def inner(n: int) -> int:
        return n if n < 1 else inner(n - 1) + len(rest) + b

    global counter
    counter = 1  # type: ignore[name-defined]
    if a is None:
        return fine(a)
    return [own.dumps(pi), Inner.double, inner(2), counter, dict.fromkeys(range(b), 1), more, print]  # type: ignore[name-defined]


def uses_module() -> str:
    return json.dumps(math.pi)


def uses_values() -> Any:
    return [LIMIT, Model(), helper(), undefined]  # type: ignore[name-defined]  # noqa: F821


def uses_in_class() -> Any:
    class Inner:
        limit = LIMIT

    return lambda: (Inner, [helper() for _ in ()])


def generator() -> Any:
    yield 1


async def asynchronous() -> None: ...


def relative() -> Any:
    from . import making

    return making


def closure() -> Callable[[], int]:
    around = 1

    def inside() -> int:
        return around

    return inside


def test_a_self_contained_function_is_fine() -> None:
    assert found(fine) == []


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (uses_module, ["import json inside the function", "import math inside the function"]),
        (
            uses_values,
            [
                "pass LIMIT as an argument",
                "import or define Model inside",
                "import or define helper inside",
                "pass undefined as an argument",
            ],
        ),
        (uses_in_class, ["pass LIMIT as an argument", "import or define helper inside"]),
        (generator, ["is a generator.*return a list"]),
        (asynchronous, ["is asynchronous.*asyncio.run"]),
        (relative, [r"imports \., a module of the DAG's folder.*install the module in the image"]),
        (closure(), ["uses the variable around of the function around it.*pass around"]),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_is_missing_elsewhere_is_named_with_a_remedy(
    function: Callable[..., Any], said: list[str]
) -> None:
    problems = found(function)
    assert len(problems) == len(said)
    for problem, pattern in zip(problems, said, strict=True):
        assert problem.startswith("python_callable: ")
        assert re.search(pattern, problem), problem


def test_a_text_of_several_lines_may_have_less_indentation_than_the_function() -> None:
    raw = "        @task\n        def f():\n            return '''\n  x'''\n"
    assert function_source(raw, 7, "f") == FunctionSource(raw, 7)


@pytest.mark.parametrize(
    "raw", ["f = lambda: 1\n", "x = [lambda: 1,\n", "", "def g(): ...\n", "class f: ...\n"]
)
def test_what_is_no_function_has_no_source(raw: str) -> None:
    assert function_source(raw, 1, "f") is None
