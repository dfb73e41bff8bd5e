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
from airflow_fargate_batch.core.job import Job


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
            help="child of an array, from 0 on; an array itself has no log",
        ),
        Flag(
            name="--follow",
            kind="switch",
            help="wait for more until the job has ended and its last line is there",
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
exit codes: 0 the log was read, in whatever state the job is; 1 the job never started and has no
log, AWS does not know the job, or refused; 2 bad usage; 130 interrupted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags, and end the help with examples."""
    parser.usage = "%(prog)s ID [--follow] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    parser.add_argument(
        "job_ids", nargs="+", metavar="ID", help="job id, or ID:INDEX for a child of an array"
    )
    add_groups(parser, FLAGS)


def run(arguments: argparse.Namespace) -> int:
    """Write the log of the job."""
    given = Given(FLAGS, arguments, os.environ)
    child = "" if given["index"] is None else f":{given['index']}"
    job_id, *others = read_ids(arguments.job_ids)
    if others:
        _console.error(
            f"Give one job id, not {len(others) + 1}: logs shows one job's log at a time"
        )
        return INVALID
    job_id += child
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect, persist
    from airflow_fargate_batch.cli._log import follow_log, write_log

    api = connect(given)
    found = persist(partial(api.describe_jobs, [job_id]))
    if not found:
        _console.error(f"AWS Batch does not know job {job_id} in {given['region']}")
        return REFUSED
    [job] = found
    if job.array is not None and job.array.size is not None:
        last = job.array.size - 1
        _console.error(
            f"Array job {job_id} has no log of its own: give --index, 0 to {last}, for a child's"
        )
        return INVALID
    if given["follow"] and not job.status.is_final:
        job, was_read = follow_log(api, job, given)
    else:
        was_read = write_log(job, given)
    if not job.log_streams and job.log_group is not None:
        return _say_without_log(job)
    return OK if was_read else REFUSED


def _say_without_log(job: Job) -> int:
    """Say that a job has no log, and whether it may get one."""
    if not job.status.is_final:
        _console.note(f"Job {job.id} is {job.status_text} and has logged nothing yet")
        return OK
    why = f": {job.status_reason}" if job.status_reason else ""
    _console.error(f"Job {job.id} is {job.status_text} and has no log: it never started{why}")
    return REFUSED
