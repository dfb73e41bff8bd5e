"""Readers from rendered arguments to plain values.

A template renders to text, or with native rendering to a Python value, so a number may arrive as
``"1"`` and a text as ``20261122``. Every reader takes the value, the name of the argument and the
``Findings`` to extend, and returns ``None`` after a problem. No message quotes a possible secret.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeGuard

from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.exceptions import Problem

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)
_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_SHOWN: Final = 60
_BEYOND_USE: Final = Decimal(10**18)
_BELOW_USE: Final = Decimal(-(10**18))
"""Beyond all numbers of AWS, and still 64-bit integers."""
_SPELT: Final = 100
"""Number of problems after which misspelt names get no suggestion, to save time."""
_CHECK_SOURCE: Final = "check the template or script that sets it"
WRITE_JSON: Final = (
    "write strings in double quotes; the filter tojson (in a template) and jq (in a shell) do"
)
"""Advice for authors of DAGs and of scripts alike."""


@dataclass(slots=True)
class Findings:
    """Problems, warnings and notes of one request, to report all at once."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def problem(
        self, where: str, text: str, suggestion: str | None = None, involves: Iterable[str] = ()
    ) -> None:
        """Add a problem; the suggestion, an imperative, ends its message."""
        message = f"{text}: {suggestion}" if suggestion else text
        self.problems.append(Problem(where, message, suggestion, tuple(involves)))


def shown(value: object) -> str:
    """Write a value for a message, shortened; other objects by type."""
    if not isinstance(value, str | int | float | Decimal | date):
        return shown_type(value)
    try:
        text = repr(value) if isinstance(value, str) else str(value)
    except ValueError:  # Python refuses to write integers of more than 4,300 digits
        return "a number with thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def is_template(text: str) -> bool:
    """Return whether a text still contains Jinja's delimiters."""
    return "{{" in text or "{%" in text


def upper(value: object) -> str:
    """Write a word in upper case like the API; empty if the value is no text."""
    return value.upper() if isinstance(value, str) else ""


def is_rendered(text: str, where: str, findings: Findings) -> bool:
    """Report a text that is empty, ``None``, or still a template."""
    if is_template(text):
        findings.problem(where, f"{shown(text)} is a template that was not rendered")
    elif not text.strip():
        findings.problem(where, "is empty", f"leave it out, or {_CHECK_SOURCE}")
    elif text.strip() == "None":
        findings.problem(where, "is the text 'None'", f"{_CHECK_SOURCE}; no value was found")
    else:
        return True
    return False


def parse_number(value: object, where: str, findings: Findings) -> Decimal | None:
    """Read a number from an int, a float, a Decimal or text."""
    found: Decimal | None = None
    if isinstance(value, str):
        if not is_rendered(value, where, findings):
            return None
        text = value.strip()
        found = Decimal(text) if _NUMBER.fullmatch(text) else None
    elif isinstance(value, float):
        found = Decimal(str(value)) if math.isfinite(value) else None
    elif isinstance(value, Decimal):
        found = value if value.is_finite() else None
    elif isinstance(value, int) and not isinstance(value, bool):
        found = Decimal(value)
    if found is None:
        said = "is missing" if value is None else f"{shown(value)} is not a number"
        findings.problem(where, said)
    # Compared, not abs(): arithmetic on a Decimal of a huge exponent overflows.
    elif not _BELOW_USE < found < _BEYOND_USE:
        findings.problem(where, f"{shown(value)} is outside every range that AWS accepts")
        return None
    return found


def parse_integer(
    value: object, where: str, findings: Findings, *, legal: range | None = None
) -> int | None:
    """Read a whole number, and check the documented range."""
    found = parse_number(value, where, findings)
    if found is None:
        return None
    if found != found.to_integral_value():
        findings.problem(where, f"{shown(value)} is not a whole number")
        return None
    whole = int(found)
    if legal is not None and whole not in legal:
        nearest = legal.start if whole < legal.start else legal[-1]
        findings.problem(
            where,
            f"{whole} is outside {legal.start} to {legal[-1]}",
            f"use {nearest}",
        )
        return None
    return whole


def parse_boolean(value: object, where: str, findings: Findings) -> bool | None:
    """Read a truth value from a bool, 1, 0 or the usual texts."""
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    text = value.strip().lower() if isinstance(value, str) else ""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    findings.problem(where, f"{shown(value)} is not a truth value", "use true or false")
    return None


def plain_text(value: object, where: str, findings: Findings) -> str | None:
    """Read a name or an id: text that must not be empty."""
    if not isinstance(value, str | bool) and isinstance(value, int | Decimal):
        value = shown(value)  # native rendering made a number of it, as of '20261122'
    if not isinstance(value, str):
        said = "is missing" if value is None else f"must be text, not {shown(value)}"
        findings.problem(where, said)
        return None
    is_usable = is_rendered(value, where, findings) and _is_clean(value, where, findings)
    return value.strip() if is_usable else None


def content(value: object, where: str, findings: Findings) -> str | None:
    """Read a text for a container: any text, also empty; no message shows the value.

    Numbers and truth values become JSON (``true``, not ``True``), dates ISO 8601. Native rendering
    parses JSON text, so mappings and lists become JSON again.
    """
    match value:
        case str():
            text = value
        case bool() | int() | float() | dict() | list():
            try:
                text = json_text.write(value)
            except (TypeError, ValueError):
                findings.problem(where, _no_json(value))
                return None
        case Decimal() if value.is_finite():
            text = str(value)
        case datetime() | date():
            text = value.isoformat()
        case None:
            findings.problem(where, "is None", "remove the entry, or use an empty text")
            return None
        case _:
            findings.problem(where, f"must be text, not {shown(value)}")
            return None
    return text if _is_clean(text, where, findings) else None


def _no_json(value: object) -> str:
    """Return why JSON cannot represent a value, without the value."""
    if isinstance(value, float):
        return f"is {value}, and JSON has no such number"
    if isinstance(value, int):
        return "is a number with thousands of digits"
    return f"is {shown_type(value)} that JSON cannot hold"


def is_plain(value: object) -> TypeGuard[str]:
    """Return quickly whether ``content`` would return a text unchanged, the usual case."""
    return isinstance(value, str) and value.isascii() and "\0" not in value


def _is_clean(text: str, where: str, findings: Findings) -> bool:
    if "\0" not in text and (text.isascii() or _is_encodable(text)):
        return True
    findings.problem(
        where,
        "contains a character that cannot be passed to a process (NUL or half a surrogate pair)",
    )
    return False


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def at(where: str, key: object) -> str:
    """Name a place below another; odd, long or unprintable keys are quoted."""
    plain = isinstance(key, str) and key.isprintable() and len(key) <= _SHOWN
    return f"{where}.{key}" if plain else f"{where}[{shown(key)}]"


def parse_json(text: str, where: str, findings: Findings, *, source: str = "") -> Any:
    """Parse a JSON text; problems name line and column, without quoting the text."""
    try:
        return json_text.parse(text)
    except json_text.NotJson as error:
        place = "" if error.line is None else f"line {error.line}, column {error.column}: "
        advice = WRITE_JSON if place and not source else None
        findings.problem(where, f"{source}{place}{error.reason}", advice)
    return None


def parse_mapping(value: object, where: str, findings: Findings) -> Mapping[str, Any]:
    """Read a mapping with text keys, or JSON text; empty after a problem."""
    if isinstance(value, str):
        if not _is_rendered_json(value, where, findings):
            return {}
        before = len(findings.problems)
        value = parse_json(value, where, findings)
        if len(findings.problems) > before:
            return {}
    if not isinstance(value, dict | Mapping):  # dict is the usual case, and quicker
        findings.problem(where, f"must be a mapping, not {shown_type(value)}")
        return {}
    odd = [key for key in value if not isinstance(key, str)]
    if not odd:
        return value
    findings.problem(where, f"has a key that is not text: {shown(odd[0])}")
    return {key: value[key] for key in value if isinstance(key, str)}


def warn_of_wrapping(given: Mapping[str, Any], member: str, where: str, findings: Findings) -> None:
    """Warn of a mapping wrapped in its own name: one level too many.

    :param member: name of the mapping in the API.
    """
    if isinstance(given.get(member), Mapping):
        findings.warnings.append(
            f"`{where}` contains an entry named {member} with a mapping as its value; if you mean "
            f'the entries of that mapping, remove the {{"{member}": …}} around them'
        )


def _is_rendered_json(text: str, where: str, findings: Findings) -> bool:
    stripped = text.strip()
    if stripped in {"", "None"} or stripped.startswith(("{{", "{%")):  # no JSON starts so
        return is_rendered(text, where, findings)
    return True


def shown_type(value: object) -> str:
    """Name the type of a possible secret: ``a list``, ``text``, ``None``."""
    if value is None:
        return "None"
    name = type(value).__name__
    return (
        "text" if isinstance(value, str) else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
    )


def parse_list(value: object, where: str, findings: Findings) -> list[Any]:
    """Read a list, any iterable except text and mappings, or JSON text of a list."""
    if isinstance(value, str):
        if not _is_rendered_json(value, where, findings):
            return []
        before = len(findings.problems)
        value = parse_json(value, where, findings)
        if len(findings.problems) > before:
            return []
    if isinstance(value, list):
        return list(value)
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        findings.problem(where, f"must be a list, not {shown_type(value)}")
        return []
    return list(value)


def known_keys(
    given: Mapping[str, Any], legal: Iterable[str], where: str, findings: Findings
) -> None:
    """Refuse members unknown to the API, and suggest the nearest member."""
    legal = tuple(legal)
    for key in given:
        if key not in legal:
            near = nearest(key, legal) if len(findings.problems) < _SPELT else None
            wanted = near or (legal[0] if len(legal) == 1 else f"one of {', '.join(legal)}")
            findings.problem(at(where, key), "is not a member of the API", f"use {wanted}")
