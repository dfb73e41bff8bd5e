"""Job requests from flags, from a SubmitJob body, or from a file with one request per line."""

import json
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from airflow_fargate_batch._machine.files import (
    JSON_BYTES,
    LINES_BYTES,
    STDIN,
    NotReadable,
    read_json_file,
    read_text,
)
from airflow_fargate_batch.cli._parser import did_you_mean
from airflow_fargate_batch.cli._submit_flags import RequestOptions, SubmitFlags
from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core._request.values import WRITE_JSON
from airflow_fargate_batch.core.arguments import FILES
from airflow_fargate_batch.core.naming import Submission, submission_of_key
from airflow_fargate_batch.core.request import Arguments, ItemsText, JobRequest, JsonFile
from airflow_fargate_batch.core.submit_members import ARGUMENT_OF
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

JSON_LINES: Final = ("{", "[", '"')
"""First characters of a file of items that is JSON Lines, and not lines of text."""
OF_TASKS: Final = frozenset({"awslogs_index", "out_of_memory", "max_memory", "fallback_job_queue"})
"""Arguments that only tasks of Airflow have."""
ARGUMENTS: Final = tuple(field.name for field in fields(Arguments) if field.name not in OF_TASKS)


def of_options(
    options: RequestOptions, *, submission: Submission, dry_run: bool = False
) -> JobRequest:
    """Make the request from the flags, or from ``--from-json`` and the flags.

    :raises InvalidRequest: with every problem.
    """
    if options.from_json is None:
        return _make({}, options, submission, dry_run=dry_run)
    return _of_json(options.from_json, options, submission, dry_run=dry_run)


def _of_json(
    path: str, options: RequestOptions, submission: Submission, *, dry_run: bool
) -> JobRequest:
    """Make the request from a SubmitJob body in a file; flags override the body, key by key.

    Variables and defaults fill in only members that are missing from the body.
    """
    file = read_file(path)
    flagged = options.flagged_arguments()
    body = _body(file, without_name="job_name_prefix" in flagged)
    said = {ARGUMENT_OF.get(member) for member in body or ()} - flagged.keys()
    wanted = {
        name: value for name, value in options.request_arguments().items() if name not in said
    }
    try:
        return JobRequest.from_submit_job(
            file if body is None else body,
            dry_run=dry_run,
            submission=submission,
            **_ready(_with_items(wanted)),
        )
    except InvalidRequest as error:
        raise InvalidRequest(_in_json(each, path, wanted) for each in error.problems) from None


def _body(file: JsonFile, *, without_name: bool) -> dict[str, Any] | None:
    """Return the body's members except nulls; ``None`` if the file is invalid (reported later)."""
    try:
        body = json_text.parse(file.text or "")
    except json_text.NotJson:
        return None
    if not isinstance(body, dict):
        return None
    if without_name:
        body = body | {"jobName": None}
    return {member: value for member, value in body.items() if value is not None}


def _in_json(problem: Problem, path: str, wanted: Mapping[str, object]) -> Problem:
    """Return a problem with the file's name, unless the value came from a flag or variable."""
    argument = re.split(r"[.\[]", problem.field, maxsplit=1)[0]
    if wanted.get(argument) is not None:
        return problem
    is_of_file = argument == "body"
    text = problem.message if is_of_file else f"{_named(path)}: {problem}"
    return Problem("--from-json", text)


def submission_of(options: SubmitFlags) -> Submission:
    """Identify the submission of one request: by ``--idempotency-key``, or at random."""
    key = options.idempotency_key
    return Submission(token=os.urandom(8).hex()) if key is None else submission_of_key(key)


def of_file(path: str, options: SubmitFlags, *, dry_run: bool) -> list[JobRequest]:
    """Make a request from each line; flags fill in members missing from a line.

    Each request gets a repeatable submission, so that running the command again finds the jobs of
    an earlier run. The submission is a hash of the line's content, of the line's position among
    equal lines, and of ``--idempotency-key`` or (if not given) the file's name. Adding, removing or
    moving other lines does not change the hash.

    :raises InvalidRequest: with every problem of every line.
    """
    lines, problems = _lines(path)
    run = options.idempotency_key or os.path.basename(path)  # noqa: PTH119 - pathlib is slow
    met: Counter[str] = Counter()
    requests: list[JobRequest] = []
    for number, line in lines:
        try:
            said = _parse(line)
            content = json.dumps(said | _flags_beside(said, options), sort_keys=True)
            met[content] += 1
            submission = submission_of_key(f"{run}\n{content}\n{met[content]}")
            requests.append(_make(said, options, submission, dry_run=dry_run))
        except InvalidRequest as error:
            problems += [
                Problem(f"line {number}", str(problem) if problem.field else problem.message)
                for problem in error.problems
            ]
    if problems:
        raise InvalidRequest(problems)
    return requests


def of_line(problem: Problem) -> str:
    """Return a problem of a file as text, without the advice on flags and templates."""
    return str(problem).replace(WRITE_JSON, "write the JSON itself, without quotes around it")


def _lines(path: str) -> tuple[list[tuple[int, str]], list[Problem]]:
    """Return the non-empty lines with their numbers, or the problem with the file."""
    try:
        expanded = os.path.expanduser(path)  # noqa: PTH111 - pathlib is slow
        text = read_text(expanded, most=LINES_BYTES, pipes=True)
    except NotReadable as error:
        return [], [Problem("--from-file", f"{_named(path)}: {error}")]
    lines = [(n, line) for n, line in enumerate(text.split("\n"), 1) if line.strip()]
    if lines:
        return lines, []
    return [], [Problem("--from-file", f"{_named(path)} is empty: there is nothing to submit")]


def read_file(path: str) -> JsonFile:
    """Read a JSON file; an error is kept in the result and reported with the other problems."""
    return read_json_file(os.path.expanduser(path), named=_named(path), pipes=True)  # noqa: PTH111 - pathlib is slow


def _named(path: str) -> str:
    return "stdin" if path == STDIN else path


def _make(
    said: Mapping[str, Any], options: RequestOptions, submission: Submission, *, dry_run: bool
) -> JobRequest:
    wanted = _ready({**_with_items(options.request_arguments()), **said})
    return JobRequest.from_arguments(dry_run=dry_run, submission=submission, **wanted)


def _ready(wanted: Mapping[str, object]) -> dict[str, object]:
    """Read named files; with a share identifier, add scheduling priority 0 if none is given."""
    ready = dict(wanted)
    for name in FILES:
        if isinstance(path := ready.get(name), str):
            ready[name] = read_file(path)
    has_share = ready.get("share_identifier") is not None
    if has_share and ready.get("scheduling_priority", 0) is None:
        ready["scheduling_priority"] = 0
    return ready


def _with_items(flagged: Mapping[str, object]) -> dict[str, object]:
    """Read the file of ``--items-file``; a line of ``--from-file`` has the items themselves."""
    path = flagged.get("items")
    return {**flagged, "items": _items(path)} if isinstance(path, str) else dict(flagged)


def _items(path: str) -> ItemsText:
    """Read JSON Lines or lines of text; an error is kept in the result."""
    try:
        expanded = os.path.expanduser(path)  # noqa: PTH111 - pathlib is slow
        text = read_text(expanded, most=LINES_BYTES, pipes=True)
    except NotReadable as error:
        return ItemsText(_named(path), error=str(error))
    return ItemsText(_named(path), text, is_text=not text.lstrip().startswith(JSON_LINES))


def _parse(line: str) -> dict[str, Any]:
    if len(line) > JSON_BYTES:
        raise _mistake(f"must not be longer than {JSON_BYTES // 1024} KiB")
    try:
        said = json_text.parse(line)
    except json_text.NotJson as error:
        place = "" if error.column is None else f"column {error.column}: "
        raise _mistake(f"{place}{error.reason}") from None
    if not isinstance(said, dict):
        raise _mistake("must be a JSON object")
    if unknown := [key for key in said if key not in ARGUMENTS]:
        name = unknown[0][:60]
        raise _mistake(f"there is no argument {name!r}{did_you_mean(name, ARGUMENTS)}")
    return said


def _mistake(text: str) -> InvalidRequest:
    return InvalidRequest([Problem("", text)])


def _flags_beside(said: Mapping[str, Any], options: SubmitFlags) -> dict[str, Any]:
    """Return the flags' values for members missing from the line: they are part of the hash."""
    return {
        name: value
        for name, value in options.request_arguments().items()
        if value is not None and name not in said
    }
