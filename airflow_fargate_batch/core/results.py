"""The result of a job, printed behind a marker as the last such line of its log.

A container in any language prints ``FARGATE_BATCH_RESULT:`` and JSON on one line. The runner of
``@task.fargate_batch`` prints the same line; if the result is too long for a line, the runner
writes the result to S3 and prints ``FARGATE_BATCH_RESULT_AT:`` and the object's name.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_fargate_batch.core.json_text import NotJson, parse
from airflow_fargate_batch.core.log_streams import LogLine
from airflow_fargate_batch.core.secrets import without

MARKER: Final = "FARGATE_BATCH_RESULT:"
"""Begin of the line with a result as JSON."""
MARKER_AT: Final = "FARGATE_BATCH_RESULT_AT:"
"""Begin of the line with the name of a result on S3."""
LINE_BYTES: Final = 200_000
"""Longest result in a line, in bytes.

On Fargate the log driver ``awslogs`` splits a line into events of 262,118 bytes (shim-loggers-for-
containerd, ``maximumBytesPerEvent`` in logger/awslogs/logger.go; Docker has the same number).
CloudWatch Logs accepts events of 1 MB. Only other log drivers split lines at 16 KB."""
SHOWN: Final = 200
"""Characters of a result's line among the lines of a streamed log."""

_NAME: Final = re.compile(r"[\w-]{1,200}/[\w-]{1,200}\.json")


class NotAResult(ValueError):
    """The text behind the marker is not JSON, or no name of an object."""


@dataclass(frozen=True, slots=True)
class Result:
    """A result found in a log: its value, or the name of the object with its value."""

    value: Any = None
    object_name: str | None = None


def last_result(lines: Iterable[str]) -> Result | None:
    """Return the last result among the lines of a log, oldest line first; ``None`` if none.

    :raises NotAResult: the last line with a marker is malformed.
    """
    marked = [line for line in lines if line.startswith((MARKER, MARKER_AT))]
    if not marked:
        return None
    line = marked[-1]
    if line.startswith(MARKER_AT):
        name = line.removeprefix(MARKER_AT).strip()
        if not _NAME.fullmatch(name):
            raise NotAResult(f"the line {MARKER_AT} names no object of this package")
        return Result(object_name=name)
    return Result(read_result(line.removeprefix(MARKER)))


def read_result(text: str) -> Any:
    """Parse a result.

    :raises NotAResult: the text is not JSON.
    """
    try:
        return parse(text)
    except NotJson as error:
        place = "" if error.column is None else f" at column {error.column}"
        advice = f'a text needs double quotes: echo "{MARKER}\\"$TEXT\\""'
        raise NotAResult(
            f"the {len(text)} characters behind {MARKER} are {error.reason}{place}; {advice}"
        ) from None


def line_for_task(line: LogLine, secrets: Iterable[str]) -> str:
    """Write a line of a job's log for the task's log: without secrets, and a long result cut."""
    text = without(secrets, line.stamped)  # first: half a secret is not recognised
    if line.text.startswith(MARKER) and len(text) > SHOWN:
        return f"{text[:SHOWN]}… ({len(line.text)} characters)"
    return text


def result_without(secrets: tuple[str, ...], value: Any) -> Any:
    """Copy a result with secrets struck out of its texts."""
    if isinstance(value, str):
        return without(secrets, value)
    if isinstance(value, Mapping):
        return {without(secrets, key): result_without(secrets, item) for key, item in value.items()}
    if isinstance(value, list):
        return [result_without(secrets, item) for item in value]
    return value
