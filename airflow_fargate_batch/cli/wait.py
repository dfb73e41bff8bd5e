"""``fargate-batch wait``: wait until jobs end, and write the result of each job."""

import argparse
import os
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import FAILED, OK
from airflow_fargate_batch.cli._flags import flag
from airflow_fargate_batch.cli._job_json import job_members
from airflow_fargate_batch.cli._jobs import JSON_HELP, add_ids, exit_code, read_ids
from airflow_fargate_batch.cli._shared_options import SecretOptions, WaitingOptions

if TYPE_CHECKING:
    from airflow_fargate_batch.cli._watch import WaitResult


class ResultOptions(SecretOptions, title="output"):
    """Form of the results."""

    output = flag(
        str,
        metavar="FORMAT",
        choices=("text", "json"),
        default="text",
        help="text has a line for each job: id, state, exit code, separated by tabs; json is a "
        "list with an object for each job",
    )


class WaitOptions(WaitingOptions, ResultOptions):
    """Options of ``wait``."""


EPILOG: Final = """\
examples:
  wait for three jobs
    {prog} $first $second $third

  wait for half an hour at most, then terminate the job
    {prog} --timeout 1800 $job || fargate-batch terminate $job

State changes go to stderr (on a terminal, as a progress bar), and so does a report of each failed
job. A timeout or Ctrl-C only stops the waiting: the jobs keep running.
{json}
exit codes: 0 all jobs succeeded; 1 a job failed, took too long or is unknown, or AWS refused; 2 bad
usage; 130 interrupted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s ID... [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog, json=JSON_HELP)
    add_ids(parser)
    WaitOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Wait for the jobs, and write the result of each job."""
    job_ids = read_ids(arguments.job_ids)
    options = WaitOptions(arguments, os.environ)
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect
    from airflow_fargate_batch.cli._watch import wait_for

    outcomes = wait_for(connect(options, options.is_secret), job_ids, options)
    if options.output == "json":
        _console.data(_console.as_json([job_members(each.job, each.summary) for each in outcomes]))
    else:
        _console.data("\n".join(map(_as_line, outcomes)))
    return OK if all(outcome.succeeded for outcome in outcomes) else FAILED


def _as_line(outcome: "WaitResult") -> str:
    job = outcome.job
    return f"{job.id}\t{job.status_text or job.status}\t{exit_code(job)}"
