"""Requests made of flags, or of a file with one request a line."""

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from airflow_fargate_batch.cli._flags import Given
from airflow_fargate_batch.cli._parser import did_you_mean
from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core.naming import Submission, submission_of_key
from airflow_fargate_batch.core.request import Arguments, JobRequest, JsonFile
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

FILES: Final = ("parameters_file", "container_overrides_file")
ARGUMENTS: Final = tuple(field.name for field in fields(Arguments) if field.name != "awslogs_index")


def of_flags(given: Given) -> JobRequest:
    """Make the request that the flags describe.

    :raises InvalidRequest: with every problem.
    """
    key = given["idempotency_key"]
    submission = Submission(token=os.urandom(8).hex()) if key is None else submission_of_key(key)
    return _make({}, given, submission)


def of_file(path: str, given: Given) -> list[JobRequest]:
    """Make a request of each line; what a line does not say, the flags do.

    The submission of each is the same whenever the file is read, and whatever lines come before or
    after: it is a hash of what the line says, of which of several equal lines it is, and of
    ``--idempotency-key``, or else of the file's name.

    :raises InvalidRequest: with every problem of every line.
    """
    text = read_json_file(path)
    problems = [Problem("--from-file", f"{path}: {text.error}")] if text.error else []
    lines = [(n, line) for n, line in enumerate((text.text or "").split("\n"), 1) if line.strip()]
    if not (lines or problems):
        problems = [Problem("--from-file", f"{path} is empty: there is nothing to submit")]
    run = given["idempotency_key"] or os.path.basename(path)  # noqa: PTH119 - pathlib is slow
    met: Counter[str] = Counter()
    requests: list[JobRequest] = []
    for number, line in lines:
        try:
            said = _parse(line)
            content = json.dumps(said | _flags_beside(said, given), sort_keys=True)
            met[content] += 1
            submission = submission_of_key(f"{run}\n{content}\n{met[content]}")
            requests.append(_make(said, given, submission))
        except InvalidRequest as error:
            problems += [
                Problem(f"line {number}", str(problem) if problem.field else problem.message)
                for problem in error.problems
            ]
    if problems:
        raise InvalidRequest(problems)
    return requests


def read_json_file(path: str) -> JsonFile:
    """Read a file; what is wrong with it is told together with all other problems."""
    from pathlib import Path  # here, because few calls name a file

    try:
        return JsonFile(path, text=Path(path).expanduser().read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        return JsonFile(path, error=f"is not UTF-8 text, from byte {error.start} on")
    except (OSError, RuntimeError, ValueError) as error:  # Runtime: ~nobody; Value: a NUL
        reason = getattr(error, "strerror", None) or str(error)
        return JsonFile(path, error=f"cannot be read: {reason}")


def _make(said: Mapping[str, Any], given: Given, submission: Submission) -> JobRequest:
    wanted = {**given.request_arguments(), **said}
    for name in FILES:
        if isinstance(wanted.get(name), str):
            wanted[name] = read_json_file(wanted[name])
    if wanted["share_identifier"] is not None and wanted["scheduling_priority"] is None:
        wanted["scheduling_priority"] = 0
    return JobRequest.from_arguments(
        dry_run=bool(given["dry_run"]), submission=submission, **wanted
    )


def _parse(line: str) -> dict[str, Any]:
    try:
        said = json_text.parse(line)
    except json_text.NotJson as error:
        place = "" if error.column is None else f"column {error.column}: "
        raise _mistake(f"{place}{error.reason}") from None
    if not isinstance(said, dict):
        raise _mistake("is no JSON object")
    if unknown := [key for key in said if key not in ARGUMENTS]:
        name = unknown[0][:60]
        raise _mistake(f"there is no argument {name!r}{did_you_mean(name, ARGUMENTS)}")
    return said


def _mistake(text: str) -> InvalidRequest:
    return InvalidRequest([Problem("", text)])


def _flags_beside(said: Mapping[str, Any], given: Given) -> dict[str, Any]:
    """Return what flags say and the line does not: another queue makes another submission."""
    return {
        name: value
        for name, value in given.request_arguments().items()
        if value is not None and name not in said
    }
