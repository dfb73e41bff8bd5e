"""``fargate-batch doctor``: judge a queue, a job definition or a whole submit."""

import argparse
import os
import sys
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK, REFUSED
from airflow_fargate_batch.cli._flags import flag
from airflow_fargate_batch.cli._parser import Parser
from airflow_fargate_batch.cli._requests import of_options
from airflow_fargate_batch.cli._shared_options import ConnectionOptions, SecretOptions
from airflow_fargate_batch.cli._submit_flags import RequestOptions
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.preflight import Finding, Level
from airflow_fargate_batch.exceptions import CredentialsMissing, InvalidRequest, Unreachable

if TYPE_CHECKING:
    from airflow_fargate_batch.core.request import JobRequest
    from airflow_fargate_batch.core.surroundings import Surroundings


class DoctorOptions(RequestOptions, ConnectionOptions, SecretOptions, title="output"):
    """Options of ``doctor``: those that make a request, and the form of the report."""

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
    "--region",
    "--output",
    "--help-all",
)

EPILOG: Final = """\
With --job-queue alone the queue is judged, with --job-definition alone the definition, and with any
other flags a whole submit, with the defaults and variables of 'fargate-batch submit'. Nothing is
submitted.

examples:
  judge a queue and its compute environments
    {prog} --job-queue Q

  judge a submit: the same flags as for 'fargate-batch submit'
    {prog} --job-queue Q --job-definition D --memory 4096 --array-size 100

  judge a request that was written for the AWS CLI
    {prog} --from-json job.json

Each line is ok, a warning (legal, but look at it, or AWS did not answer) or a problem (AWS would
refuse the request, or the job could not run), with what to do.
json has ok (false if there is a problem), region, jobQueue, jobDefinition (null if not judged) and
findings: a list of objects with level, check, subject, argument, message and advice (or null).
exit codes: 0 no problem; 1 a problem, or AWS could not be asked; 2 bad usage."""

_STYLES: Final = {Level.OK: "32", Level.WARNING: _console.YELLOW, Level.PROBLEM: _console.RED}
_WIDTH: Final = max(len(level.value) for level in Level) + 2


def add_arguments(parser: Parser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s [--job-queue QUEUE] [--job-definition DEFINITION] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    DoctorOptions.add_to(parser)
    parser.shorten_help(COMMON, parser.epilog)


def run(arguments: argparse.Namespace) -> int:
    """Judge what the flags name, and write the report."""
    options = DoctorOptions(arguments, os.environ)
    if options.retry_attempts is not None and options.retry_strategy is not None:
        _console.error(
            "--retry-attempts and --retry-strategy cannot be used together: remove one of them"
        )
        return INVALID
    findings: list[Finding] = []
    flagged = set(options.flagged_arguments())
    request = None
    if options.from_json is not None or flagged not in ({"job_queue"}, {"job_definition"}):
        request = _request(options, findings)
    queue = options.job_queue if flagged != {"job_definition"} else None
    definition = options.job_definition if flagged != {"job_queue"} else None
    if request is not None:
        queue, definition = request.job_queue, request.job_definition
    elif options.from_json is not None:  # the body, not the defaults, names queue and definition
        queue = definition = None
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import CLOCK, connect
    from airflow_fargate_batch.submitting.preflight import Preflight

    api = connect(options, options.is_secret)
    surroundings, judged = Preflight(api, scope=api, clock=CLOCK).judge(
        queue=queue, definition=definition, request=request
    )
    _raise_if_nothing_was_read(surroundings)
    findings += judged
    if options.output == "json":
        _console.data(_as_json(findings, api.region, queue, definition))
    else:
        _console.data(_as_text(findings, api.region))
    return REFUSED if _has_problem(findings) else OK


def _request(options: DoctorOptions, findings: list[Finding]) -> "JobRequest | None":
    """Make the request, and report what can be said of it without AWS."""
    try:
        request = of_options(options, submission=Submission(token="0" * 16), dry_run=True)
    except InvalidRequest as error:
        findings += [
            _of_request(Level.PROBLEM, options.describe(problem), problem.field)
            for problem in error.problems
        ]
        return None
    findings += [_of_request(Level.WARNING, text) for text in request.warnings]
    findings += [_of_request(Level.OK, text) for text in request.notes]
    return request


def _of_request(level: Level, text: str, field: str = "") -> Finding:
    return Finding(rule="request", subject="request", field=field, level=level, text=text)


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
    by_subject = sorted(findings, key=lambda each: each.subject == "request")  # the request is last
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
