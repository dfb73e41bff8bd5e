"""``fargate-batch status``: show the current state of jobs."""

import argparse
import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import FAILED, OK
from airflow_fargate_batch.cli._job_json import job_members
from airflow_fargate_batch.cli._jobs import (
    JSON_HELP,
    add_ids,
    exit_code,
    named,
    read_ids,
)
from airflow_fargate_batch.cli._shared_options import ConnectionOptions, TableOptions
from airflow_fargate_batch.core.job import FAILED_INDEXES, Job
from airflow_fargate_batch.core.status import JobStatus

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi


class StatusOptions(ConnectionOptions, TableOptions):
    """Options of ``status``."""


COLUMNS: Final = ("job", "state", "exit code", "children ended", "name", "reason")

EPILOG: Final = """\
examples:
  show the state of a job
    {prog} $job

  list the children of an array of ten that have not succeeded, with the reasons
    {prog} $job:{{0..9}} | grep -v SUCCEEDED

text has a line for each job: id, state, exit code, ended children of an array ("7/10"), name, and
AWS's reason for the state, separated by tabs. One call to AWS reads up to 100 jobs.
{json}
exit codes: 0 every job was found, in any state; 1 AWS does not know a job, or AWS refused; 2 bad
usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s ID... [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog, json=JSON_HELP)
    add_ids(parser)
    StatusOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the jobs and write their states in the order of the ids."""
    job_ids = read_ids(arguments.job_ids)
    options = StatusOptions(arguments, os.environ)
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect, persist

    form = options.form
    api = connect(options)
    found = {job.id: job for job in persist(partial(api.describe_jobs, job_ids))}
    jobs = [found[job_id] for job_id in job_ids if job_id in found]
    if form == "json":
        _console.data(_console.as_json([_members(job, api) for job in jobs]))
    elif jobs:
        rows = [_row(job) for job in jobs]
        _console.data(_console.table(COLUMNS, rows) if form == "table" else _console.text(rows))
    if unknown := [job_id for job_id in job_ids if job_id not in found]:
        _console.error(
            f"AWS Batch does not know {named(unknown)} in {api.region}; it keeps ended jobs "
            "for 7 days"
        )
    return FAILED if unknown else OK


def _members(job: Job, api: "BatchApi") -> dict[str, Any]:
    from airflow_fargate_batch.watching.conclusion import failed_children_of

    failed = (
        failed_children_of(job, lambda: api, most=FAILED_INDEXES)
        if job.has_failed_children
        else None
    )
    return job_members(job, job.to_summary(failed_children=failed))


def _row(job: Job) -> tuple[str, ...]:
    children = ""
    if job.is_array:
        children = f"{job.children_ended}/{job.array_size}"
    # Hide the reason of a success: "Essential container in task exited" sounds like a failure.
    said = "" if job.status is JobStatus.SUCCEEDED else job.reason or job.status_reason or ""
    reason = " ".join(said.split())
    return job.id, job.status_text, exit_code(job), children, job.name or "", reason
