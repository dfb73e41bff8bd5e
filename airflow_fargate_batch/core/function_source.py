"""Rules for a function that runs in another Python: what of its module it must not use."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from dis import get_instructions
from types import CodeType
from typing import Any, Final

from airflow_fargate_batch.exceptions import Problem

WHERE: Final = "python_callable"
"""Field of the problems: the operator's argument that holds the function."""
_BUILTINS: Final = frozenset(dir(builtins))
_READS: Final = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
"""Instructions of CPython that may read a global name; the last two stand in bodies of classes."""
_WRITES: Final = frozenset({"STORE_GLOBAL", "STORE_NAME"})
_FLAG_GENERATOR, _FLAG_COROUTINE, _FLAG_ASYNC_GENERATOR = 0x20, 0x80, 0x200
"""``inspect.CO_GENERATOR``, ``CO_COROUTINE``, ``CO_ASYNC_GENERATOR``."""


@dataclass(frozen=True, slots=True)
class FunctionSource:
    """Source of a function.

    Attributes:
        text: From the first decorator to the last line, with its indentation, since removing the
            indentation would change texts of several lines.
        line: Line of the file on which the text begins.
    """

    text: str
    line: int


def function_source(raw: str, line: int, name: str) -> "FunctionSource | None":
    """Return the source of a function from its raw lines; ``None`` if it is no ``def``.

    :param raw: lines as ``inspect.getsourcelines`` returns them.
    """
    try:
        node = _definition(raw)
    except (SyntaxError, IndexError):  # a lambda inside an expression, or nothing
        return None
    is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    return FunctionSource(raw, line) if is_function else None


def _definition(text: str) -> ast.AST:
    """Parse the first statement; an indented one as the body of another."""
    if not text[:1].isspace():
        return ast.parse(text).body[0]
    outer = ast.parse(f"if 1:\n{text}").body[0]
    assert isinstance(outer, ast.If)  # noqa: S101 - it begins so
    return outer.body[0]


def problems_of_function(
    code: CodeType, source: FunctionSource, known: dict[str, Any]
) -> list[Problem]:
    """Return why a function cannot run in the job's image.

    :param code: the function's code.
    :param known: global names of the function's module, as far as defined.
    """
    return [
        *_problems_of_kind(code),
        *(_closure(name, code.co_name) for name in code.co_freevars),
        *(_global(name, code.co_name, known) for name in sorted(_globals_of(code))),
        *_problems_of_imports(source.text, code.co_name),
    ]


def _problems_of_kind(code: CodeType) -> Iterator[Problem]:
    name = code.co_name
    if code.co_flags & (_FLAG_COROUTINE | _FLAG_ASYNC_GENERATOR):
        said = "is asynchronous, and the job's image runs a plain function"
        yield _problem(f"{name}() {said}", "call asyncio.run() inside a plain function")
    elif code.co_flags & _FLAG_GENERATOR:
        yield _problem(f"{name}() is a generator, whose result is not JSON", "return a list")


def _closure(variable: str, name: str) -> Problem:
    return _problem(
        f"{name}() uses the variable {variable} of the function around it, which does not exist in "
        "the job's image",
        f"pass {variable} as an argument",
    )


def _global(variable: str, name: str, known: dict[str, Any]) -> Problem:
    said = f"{name}() uses the global name {variable}, which does not exist in the job's image"
    value = known.get(variable)
    if type(value).__name__ == "module":
        return _problem(said, f"import {variable} inside the function")
    if isinstance(value, type) or callable(value):
        return _problem(said, f"import or define {variable} inside the function")
    return _problem(said, f"pass {variable} as an argument, or define it inside the function")


def _globals_of(code: CodeType) -> set[str]:
    """Return the global names that a function and its inner functions read but do not set."""
    read: set[str] = set()
    written: set[str] = set()
    for each in _codes(code):
        for instruction in get_instructions(each):
            if instruction.opname in _READS:
                read.add(str(instruction.argval))
            elif instruction.opname in _WRITES:
                written.add(str(instruction.argval))
    return read - written - _BUILTINS - {code.co_name}


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield the code of a function and of all functions and classes inside."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _problems_of_imports(text: str, name: str) -> Iterator[Problem]:
    for node in ast.walk(_definition(text)):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = "." * node.level + (node.module or "")
            yield _problem(
                f"{name}() imports {module}, a module of the DAG's folder, which is not part of "
                "the job's image",
                "install the module in the image and import it by its full name",
            )


def _problem(said: str, advice: str) -> Problem:
    return Problem(WHERE, f"{said}: {advice}", advice)
