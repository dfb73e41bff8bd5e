"""``fargate-batch logs``: write a job's log to stdout, with ``--follow`` until the job ends."""

import argparse
import os
from functools import partial
from typing import Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK, REFUSED
from airflow_fargate_batch.cli._jobs import read_ids
from airflow_fargate_batch.cli._shared_options import LogOptions
from airflow_fargate_batch.core.job import Job

EPILOG: Final = """\
examples:
  read the log so far
    {prog} $job

  follow the log from the first line to the end of the job
    {prog} $job --follow

  read the log of one child of an array
    {prog} $array --index 7

Log lines of all attempts go to stdout, one attempt after another; state changes go to stderr.
exit codes: 0 the log was read (whether or not the job succeeded); 1 the job never started and has
no log, AWS does not know the job, or AWS refused; 2 bad usage; 130 interrupted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s ID [--follow] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    parser.add_argument(
        "job_ids", nargs="+", metavar="ID", help="job id, or ID:INDEX for a child of an array"
    )
    LogOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the log of the job."""
    options = LogOptions(arguments, os.environ)
    child = "" if options.index is None else f":{options.index}"
    job_id, *others = read_ids(arguments.job_ids)
    if others:
        _console.error(f"Give one job id, not {len(others) + 1}: 'logs' writes the log of one job")
        return INVALID
    job_id += child
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect, persist
    from airflow_fargate_batch.cli._log import connect_logs, follow_log, write_log

    api = connect(options)
    found = persist(partial(api.describe_jobs, [job_id]))
    if not found:
        _console.error(f"AWS Batch does not know job {job_id} in {api.region}")
        return REFUSED
    [job] = found
    if job.array_size is not None:
        last = job.array_size - 1
        _console.error(
            f"Array job {job_id} has no log of its own. To read a child's log, set --index, 0 to "
            f"{last}"
        )
        return INVALID
    logs = connect_logs(options, api.region)
    if options.follow and not job.status.is_final:
        job, was_read = follow_log(api, job, logs, options)
    else:
        was_read = write_log(job, logs, options)
    if not job.log_streams and job.log_group is not None:
        return _say_without_log(job)
    return OK if was_read else REFUSED


def _say_without_log(job: Job) -> int:
    """Report that a job has no log (yet); return the exit code."""
    if not job.status.is_final:
        _console.note(f"Job {job.id} is {job.status_text} and has logged nothing yet")
        return OK
    why = f": {job.status_reason}" if job.status_reason else ""
    _console.error(f"Job {job.id} is {job.status_text} and has no log: it never started{why}")
    return REFUSED
