"""``fargate-batch terminate``: jobs in; those that were told to stop out."""

import argparse
import os
from functools import partial
from typing import Final

from airflow_fargate_batch._machine.terminators import reason_by_hand
from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import OK, REFUSED
from airflow_fargate_batch.cli._flags import CONNECTION, Flag, Given, Groups, add_groups, not_empty
from airflow_fargate_batch.cli._jobs import add_ids, read_ids
from airflow_fargate_batch.exceptions import AwsError, CredentialsMissing

FLAGS: Final[Groups] = {
    "what to say": (
        Flag(
            name="--reason",
            metavar="TEXT",
            read=not_empty,
            help="reason, kept as the job's status reason [default: your user name and host]",
        ),
    ),
    "AWS": CONNECTION,
}

EPILOG: Final = """\
examples:
  terminate a job, and wait until it has ended
    {prog} $job --reason "wrong input" && fargate-batch wait $job

A job that has not started is cancelled, a running one is stopped; an array takes its children
along. A job that has ended stays as it is.
stdout gets the id of each job whose termination AWS accepted.
exit codes: 0 AWS accepted all of them; 1 AWS refused one; 2 bad usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags, and end the help with examples."""
    parser.usage = "%(prog)s ID... [--reason TEXT] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    add_ids(parser)
    add_groups(parser, FLAGS)


def run(arguments: argparse.Namespace) -> int:
    """Tell each job to stop, whatever becomes of the others."""
    job_ids = read_ids(arguments.job_ids)
    given = Given(FLAGS, arguments, os.environ)
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect, persist

    api = connect(given)
    reason = given["reason"] or reason_by_hand("fargate-batch terminate")
    told = 0
    for job_id in job_ids:
        try:
            persist(partial(api.terminate_job, job_id, reason))
        except CredentialsMissing:  # nor will the next one go
            raise
        except AwsError as error:
            _console.error(f"job {job_id}: {error}")
        else:
            _console.data(job_id)
            told += 1
    one = len(job_ids) == 1
    of_all = "" if told == len(job_ids) else f"{told} of "
    _console.talk(f"Termination requested for {of_all}{len(job_ids)} job{'' if one else 's'}.")
    return OK if told == len(job_ids) else REFUSED
