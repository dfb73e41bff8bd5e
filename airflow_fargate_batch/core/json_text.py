"""JSON by RFC 8259: unlike Python's module, without ``NaN`` and ``1e999``."""

import json
import math
import re
from typing import Any, Final

from airflow_fargate_batch.core.nesting import unless_too_deep

_TOO_DEEP: Final = object()
_CONSTANT: Final = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<constant>NaN|-?Infinity)', re.DOTALL)


class NotJson(ValueError):
    """A text is not JSON, or cannot be read.

    Attributes:
        reason: The mistake; never a part of the text.
        line: Line of the mistake, counted from 1; ``None`` means not known.
        column: Column of the mistake, counted from 1.
    """

    def __init__(self, reason: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(reason, line, column)
        self.reason = reason
        self.line = line
        self.column = column


def parse(text: str) -> Any:
    """Parse a JSON text.

    :raises NotJson: the text is not JSON, is nested too deeply, or has a number too long.
    """
    try:
        return read(text, parse_constant=_refuse_constant, parse_float=_finite)
    except NotJson as error:
        raise _placed(error, text) from None
    except json.JSONDecodeError as error:
        raise NotJson(f"not valid JSON: {error.msg}", error.lineno, error.colno) from None
    except ValueError:
        reason = "JSON that cannot be read (nested too deeply, or a number too long)"
        raise NotJson(reason) from None


def read(text: str | bytes, **options: Any) -> Any:
    """Read a text like ``json.loads``; a text nested too deeply is a ``ValueError`` like the rest.

    :param options: options of ``json.loads``.
    :raises ValueError: Python cannot read the text.
    """
    found = unless_too_deep(_TOO_DEEP, json.loads, text, **options)
    if found is _TOO_DEEP:
        raise ValueError("nested too deeply")
    return found


def write(value: object) -> str:
    """Write a value as JSON.

    :raises ValueError: JSON has no such value (NaN, Infinity), or the value contains itself or is
        nested too deeply.
    :raises TypeError: JSON has no such type.
    """
    written = unless_too_deep(None, json.dumps, value, ensure_ascii=False, allow_nan=False)
    if written is None:
        raise ValueError("nested too deeply")
    return written


def _refuse_constant(constant: str) -> float:
    raise NotJson(f"not valid JSON: JSON has no {constant}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson("JSON that cannot be read (a number too large)")
    return number


def _placed(error: NotJson, text: str) -> NotJson:
    """Add the place of a refused constant, since Python's reader reports none."""
    for found in _CONSTANT.finditer(text):
        if found["constant"] and error.reason.endswith(f" {found['constant']}"):
            start = found.start()
            line = text.count("\n", 0, start) + 1
            return NotJson(error.reason, line, start - text.rfind("\n", 0, start))
    return error
