"""``fargate-batch terminate``: terminate jobs, and write the ids that AWS accepted."""

import argparse
import os
from functools import partial
from typing import Final

from airflow_fargate_batch._machine.terminators import reason_by_hand
from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import OK, REFUSED
from airflow_fargate_batch.cli._flags import flag, not_empty
from airflow_fargate_batch.cli._jobs import add_ids, read_ids
from airflow_fargate_batch.cli._shared_options import ConnectionOptions
from airflow_fargate_batch.core import limits
from airflow_fargate_batch.exceptions import AwsError, CredentialsMissing


class TerminateOptions(ConnectionOptions, title="termination"):
    """Options of ``terminate``."""

    reason = flag(
        not_empty,
        metavar="TEXT",
        help="reason to record as the job's status reason [default: your user name and host]",
    )


EPILOG: Final = """\
examples:
  terminate a job, and wait until it has ended
    {prog} $job --reason "wrong input" && fargate-batch wait $job

A job that has not started is cancelled; a running job is stopped; terminating an array terminates
its children. A job that has ended does not change.
The id of each job whose termination AWS accepted goes to stdout.
exit codes: 0 AWS accepted every termination; 1 AWS refused at least one; 2 bad usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s ID... [--reason TEXT] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    add_ids(parser)
    TerminateOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Request the termination of each job, even if AWS refuses another job's."""
    job_ids = read_ids(arguments.job_ids)
    options = TerminateOptions(arguments, os.environ)
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect, persist

    api = connect(options)
    reason = options.reason or reason_by_hand("fargate-batch terminate")
    told = 0
    for start in range(0, len(job_ids), limits.TERMINATE_JOBS):
        chunk = job_ids[start : start + limits.TERMINATE_JOBS]
        try:
            refused = persist(partial(api.terminate_jobs, chunk, reason))
        except CredentialsMissing:  # every further call would fail as well
            raise
        except AwsError as error:
            refused = dict.fromkeys(chunk, error)
        for job_id in chunk:
            if job_id in refused:
                _console.error(f"job {job_id}: {refused[job_id]}")
            else:
                _console.data(job_id)
        told += len(chunk) - len(refused)
    one = len(job_ids) == 1
    of_all = "" if told == len(job_ids) else f"{told} of "
    _console.talk(f"Termination requested for {of_all}{len(job_ids)} job{'' if one else 's'}.")
    return OK if told == len(job_ids) else REFUSED
