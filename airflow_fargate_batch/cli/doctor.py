"""``fargate-batch doctor``: judge a queue, a job definition or a whole submit."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK, REFUSED
from airflow_fargate_batch.cli._flags import flag
from airflow_fargate_batch.cli._parser import Parser
from airflow_fargate_batch.cli._requests import of_file, of_line, of_options
from airflow_fargate_batch.cli._submit_flags import (
    AgainOptions,
    BodyOptions,
    DryRunOptions,
    FileOptions,
    SubmitFlags,
    SubmitWaitOptions,
)
from airflow_fargate_batch.cli._submit_usage import misuse
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core.listing import in_a_sentence
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.preflight import Finding, Level
from airflow_fargate_batch.exceptions import CredentialsMissing, InvalidRequest, Unreachable

if TYPE_CHECKING:
    from airflow_fargate_batch.core.request import JobRequest
    from airflow_fargate_batch.core.surroundings import Surroundings


class DoctorOptions(SubmitFlags, title="output"):
    """Options of ``doctor``: every flag of ``submit``, and the form of the report."""

    output = flag(
        str,
        metavar="FORMAT",
        choices=("text", "json"),
        default="text",
        help="text is a report to read; json is an object with the members listed below",
    )


COMMON: Final = (
    "--job-queue",
    "--job-definition",
    "--vcpu",
    "--memory",
    "--command",
    "--parameters",
    "--share-identifier",
    "--array-size",
    "--from-json",
    "--from-file",
    "--region",
    "--output",
    "--help-all",
)

EPILOG: Final = """\
With --job-queue alone the queue is judged, with --job-definition alone the definition, and with any
other flags a whole submit, with the defaults and variables of 'fargate-batch submit'. Nothing is
submitted. Every flag of 'fargate-batch submit' is accepted; those about waiting, calling again and
dry runs change nothing.

examples:
  judge a queue and its compute environments
    {prog} --job-queue Q

  judge a submit: the same flags as for 'fargate-batch submit'
    {prog} --job-queue Q --job-definition D --memory 4096 --array-size 100

  judge a request that was written for the AWS CLI, or all requests of a file
    {prog} --from-json job.json
    {prog} --from-file jobs.jsonl

Each line is ok, a warning (legal, but look at it, or AWS did not answer) or a problem (AWS would
refuse the request, or the job could not run), with what to do.
json has ok (false if there is a problem), region, jobQueue, jobDefinition (null if not judged, or
if a file names several) and findings: a list of objects with level, check, subject, argument,
message and advice (or null).
exit codes: 0 no problem; 1 a problem, or AWS could not be asked; 2 bad usage."""

_STYLES: Final = {Level.OK: "32", Level.WARNING: _console.YELLOW, Level.PROBLEM: _console.RED}
_WIDTH: Final = max(len(level.value) for level in Level) + 2
_REQUEST: Final = "request"
"""Heading of findings about a request."""
_NUMBERS_SHOWN: Final = 10
_BESIDE_ARGUMENTS: Final = [
    each
    for section in (BodyOptions, FileOptions, AgainOptions, SubmitWaitOptions, DryRunOptions)
    for each in section.own_flags()
]
"""Flags of a submit that set no argument of the request."""


def add_arguments(parser: Parser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s [--job-queue QUEUE] [--job-definition DEFINITION] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    DoctorOptions.add_to(parser)
    parser.shorten_help(COMMON, parser.epilog)


def run(arguments: argparse.Namespace) -> int:
    """Judge what the flags name, and write the report."""
    options = DoctorOptions(arguments, os.environ)
    if wrong := misuse(options):
        _console.error(wrong)
        return INVALID
    findings, requests = _requests(options)
    queue, definition = _names(options, requests)
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import CLOCK, connect
    from airflow_fargate_batch.submitting.preflight import Preflight

    api = connect(options, options.is_secret)
    preflight = Preflight(api, scope=api, clock=CLOCK)
    if requests:
        judged = list(preflight.judge_many(requests))
    else:
        judged = [preflight.judge(queue=queue, definition=definition, request=None)]
    for surroundings, _ in judged:
        _raise_if_nothing_was_read(surroundings)
    findings += in_one_report([each for _, each in judged])
    if options.output == "json":
        _console.data(_as_json(findings, api.region, queue, definition))
    else:
        _console.data(_as_text(findings, api.region))
    return REFUSED if _has_problem(findings) else OK


def _requests(options: DoctorOptions) -> "tuple[list[Finding], list[JobRequest]]":
    """Make the requests, if flags name any, and report what can be said of them without AWS."""
    if _is_one_thing(options):
        return [], []
    try:
        requests = _read_requests(options)
    except InvalidRequest as error:
        describe = options.describe if options.from_file is None else of_line
        return [
            _of_request(Level.PROBLEM, describe(problem), problem.field)
            for problem in error.problems
        ], []
    said = [
        [_of_request(Level.WARNING, text) for text in request.warnings]
        + [_of_request(Level.OK, text) for text in request.notes]
        for request in requests
    ]
    return in_one_report(said), requests


def _read_requests(options: DoctorOptions) -> "list[JobRequest]":
    """Make the requests from flags or a file.

    :raises InvalidRequest: with every problem.
    """
    if options.from_file is not None:
        return of_file(options.from_file, options, dry_run=True)
    return [of_options(options, submission=Submission(token="0" * 16), dry_run=True)]


def _is_one_thing(options: DoctorOptions) -> bool:
    """Return whether the flags name only a queue, or only a definition."""
    is_alone = set(options.flagged_arguments()) in ({"job_queue"}, {"job_definition"})
    return is_alone and not any(map(options.is_flagged, _BESIDE_ARGUMENTS))


def _names(
    options: DoctorOptions, requests: "Sequence[JobRequest]"
) -> tuple[str | None, str | None]:
    """Return the names of the queue and of the definition to judge, if there is one of each."""
    if requests:
        queues = {each.job_queue for each in requests}
        definitions = {each.job_definition for each in requests}
        return _only(queues), _only(definitions)
    if options.from_json is not None or options.from_file is not None:
        return None, None  # the file, not the defaults, names queue and definition
    if not _is_one_thing(options):
        return options.job_queue, options.job_definition
    is_queue = options.is_flagged(DoctorOptions.job_queue)
    return (options.job_queue, None) if is_queue else (None, options.job_definition)


def _only(names: set[str]) -> str | None:
    return names.pop() if len(names) == 1 else None


def in_one_report(by_request: Sequence[Sequence[Finding]]) -> list[Finding]:
    """Merge the findings of several requests; a finding about some of them names these."""
    places: dict[Finding, list[int]] = {}
    for number, findings in enumerate(by_request, start=1):
        for each in dict.fromkeys(findings):
            places.setdefault(each, []).append(number)
    count = len(by_request)
    return [_placed(finding, numbers, count) for finding, numbers in places.items()]


def _placed(finding: Finding, numbers: Sequence[int], count: int) -> Finding:
    if finding.subject != _REQUEST or len(numbers) == count:
        return finding
    noun = "request" if len(numbers) == 1 else "requests"
    listed = in_a_sentence(map(str, numbers), _NUMBERS_SHOWN)
    return replace(finding, text=f"{noun} {listed}: {finding.text}")


def _of_request(level: Level, text: str, field: str = "") -> Finding:
    return Finding(rule="request", subject=_REQUEST, field=field, level=level, text=text)


def _raise_if_nothing_was_read(surroundings: "Surroundings") -> None:
    """Raise the first error if AWS could not be asked at all.

    :raises AwsError: no credentials, or no connection.
    """
    for unread in surroundings.unread:
        if isinstance(unread.error, CredentialsMissing | Unreachable):
            raise unread.error


def _has_problem(findings: Sequence[Finding]) -> bool:
    return any(finding.level is Level.PROBLEM for finding in findings)


def _as_text(findings: Sequence[Finding], region: str) -> str:
    lines: list[str] = []
    by_subject = sorted(findings, key=lambda each: each.subject == _REQUEST)  # the request is last
    for subject, group in groupby(by_subject, key=attrgetter("subject")):
        lines.append(_console.painted(subject, _console.BOLD, sys.stdout))
        for finding in group:
            lines += _lines(finding)
    return "\n".join([*lines, f"{_count(findings)} ({region})"])


def _lines(finding: Finding) -> list[str]:
    level = f"{finding.level.value:{_WIDTH}}"
    lines = [f"  {_console.painted(level, _STYLES[finding.level], sys.stdout)}{finding.text}"]
    if finding.advice:
        lines.append(" " * (_WIDTH + 2) + finding.advice)
    return [in_flags(line) for line in lines]


def _count(findings: Sequence[Finding]) -> str:
    counts = []
    for level in (Level.PROBLEM, Level.WARNING):
        number = sum(finding.level is level for finding in findings)
        counts.append(f"{number or 'no'} {level.value}{'' if number == 1 else 's'}")
    return ", ".join(counts)


def _as_json(
    findings: Sequence[Finding], region: str, queue: str | None, definition: str | None
) -> str:
    return _console.as_json(
        {
            "ok": not _has_problem(findings),
            "region": region,
            "jobQueue": queue,
            "jobDefinition": definition,
            "findings": [_members(finding) for finding in findings],
        }
    )


def _members(finding: Finding) -> dict[str, Any]:
    return {
        "level": finding.level.value,
        "check": finding.rule,
        "subject": finding.subject,
        "argument": finding.field or None,
        "message": in_flags(finding.text),
        "advice": in_flags(finding.advice) if finding.advice else None,
    }
