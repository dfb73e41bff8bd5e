"""``fargate-batch logs``: a job in; what it has logged out, if wanted as it comes."""

import argparse
import os
from functools import partial
from typing import Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK, REFUSED
from airflow_fargate_batch.cli._flags import (
    CONNECTION,
    POLL_INTERVAL,
    Flag,
    Given,
    Groups,
    add_groups,
)
from airflow_fargate_batch.cli._jobs import read_ids


def _index(text: str) -> str:
    """Check the index of a child."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError("needs a number from 0 on")
    return text


FLAGS: Final[Groups] = {
    "what to read": (
        Flag(
            name="--index",
            metavar="N",
            read=_index,
            help="which child of an array; an array itself has no log",
        ),
        Flag(
            name="--follow",
            kind="switch",
            help="go on until the job has ended and its last line is there",
        ),
        Flag(name="--timestamps", kind="switch", help="begin each line with its time, in UTC"),
        POLL_INTERVAL,
    ),
    "AWS": CONNECTION,
}

EPILOG: Final = """\
examples:
  what has it said so far?
    {prog} $job

  watch it from the start to the end
    {prog} $job --follow

  the log of one child of an array
    {prog} $array --index 7

stdout gets the lines, those of all attempts one after another; the job's changes go to stderr.
exit codes: 0 read, however the job is; 1 AWS refused, or does not know the job; 2 bad usage; 130
interrupted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags, and end the help with examples."""
    parser.usage = "%(prog)s ID [--follow] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    parser.add_argument("job_id", metavar="ID", help="job id, or ID:INDEX for a child of an array")
    add_groups(parser, FLAGS)


def run(arguments: argparse.Namespace) -> int:
    """Write the log of the job."""
    given = Given(FLAGS, arguments, os.environ)
    child = "" if given["index"] is None else f":{given['index']}"
    job_id, *others = read_ids([f"{arguments.job_id}{child}"])
    if others:
        _console.error("one job at a time: several logs at once could not be told apart")
        return INVALID
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._connection import connect, persist
    from airflow_fargate_batch.cli._log import follow_log, write_log

    api = connect(given)
    found = persist(partial(api.describe_jobs, [job_id]))
    if not found:
        _console.error(f"AWS Batch does not know job {job_id} in {given['region']}")
        return REFUSED
    [job] = found
    if job.array is not None and job.array.size is not None:
        last = job.array.size - 1
        _console.error(f"job {job_id} is an array, without a log: give --index, 0 to {last}")
        return INVALID
    was_read = follow_log(api, job, given) if given["follow"] else write_log(job, given)
    return OK if was_read else REFUSED
