"""``fargate-batch explain``: say why a job is as it is, and what to do."""

import argparse
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK, REFUSED
from airflow_fargate_batch.cli._flags import flag
from airflow_fargate_batch.cli._jobs import read_ids
from airflow_fargate_batch.cli._prices import PricesOptions
from airflow_fargate_batch.cli._shared_options import ConnectionOptions, SecretOptions
from airflow_fargate_batch.cli._wording import in_flags

if TYPE_CHECKING:
    from airflow_fargate_batch.core.explanation import Explanation

EPILOG: Final = """\
examples:
  find out why a job failed, or why it does not start
    {prog} $job

  explain one child of an array
    {prog} $array:7

  read the cause in a script
    {prog} $job --output json | jq -r .cause

The explanation has the cause, AWS's own words, a timeline, the queue and its compute environments,
the place in line, the dependencies, the last log lines, CPU and memory use (Container Insights),
the cost and the next step. What AWS refuses to show is named, and the rest is explained without
it.
json has the members jobId, jobName, status, cause, advice, isTrouble, kind, isRetryable, reasons,
exitCode, timeline, evidence, use, cost, shell and couldNotRead; null means unknown.
exit codes: 0 the job was explained, in any state; 1 AWS does not know the job, or AWS refused; 2
bad usage."""


class ExplainOptions(ConnectionOptions, PricesOptions, SecretOptions, title="output"):
    """Options of ``explain``."""

    output = flag(
        str,
        metavar="FORMAT",
        choices=("text", "json"),
        default="text",
        help="text for people, or json",
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s ID [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    parser.add_argument(
        "job_ids", nargs="+", metavar="ID", help="job id, or ID:INDEX for a child of an array"
    )
    ExplainOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Explain the job."""
    options = ExplainOptions(arguments, os.environ)
    job_id, *others = read_ids(arguments.job_ids)
    if others:
        _console.error(f"Give one job id, not {len(others) + 1}: 'explain' explains one job")
        return INVALID
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect, persist
    from airflow_fargate_batch.cli._explaining import fully_explained

    api = connect(options, options.is_secret)
    found = persist(partial(api.describe_jobs, [job_id]))
    if not found:
        _console.error(
            f"AWS Batch does not know job {job_id} in {api.region}; it keeps ended jobs for 7 days"
        )
        return REFUSED
    explanation = _in_flags(fully_explained(found[0], api, options, options.known_prices()))
    if options.output == "json":
        _console.data(_console.as_json(explanation.to_json()))
    else:
        _console.data(explanation.to_text())
    return OK


def _in_flags(explanation: "Explanation") -> "Explanation":
    """Replace argument names by flags, but not in AWS's words and in log lines."""
    return replace(
        explanation, cause=in_flags(explanation.cause), advice=in_flags(explanation.advice)
    )
