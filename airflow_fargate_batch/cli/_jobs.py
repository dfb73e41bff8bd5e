"""Shared parts of the commands for existing jobs: job ids, JSON members, wording."""

import argparse
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.listing import in_a_sentence
from airflow_fargate_batch.core.request import read_job_ids
from airflow_fargate_batch.core.spelling import camel_case

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import Submitted

NAMED: Final = 3
"""Number of job ids in a sentence; further jobs are counted."""


def add_ids(parser: argparse.ArgumentParser) -> None:
    """Add the positional argument for job ids."""
    parser.add_argument(
        "job_ids",
        nargs="+",
        metavar="ID",
        help="job id, or ID:INDEX for a child of an array; separate several ids by spaces or "
        "commas",
    )


def read_ids(words: Iterable[str]) -> list[str]:
    """Parse job ids, keep their order and drop duplicates.

    :raises InvalidRequest: a word is not a job id.
    """
    return read_job_ids(",".join(words), "ID")


def named(job_ids: Iterable[str]) -> str:
    """Return the first ``NAMED`` job ids and the number of further jobs, for a sentence."""
    ids = list(job_ids)
    return f"{'job' if len(ids) == 1 else 'jobs'} {in_a_sentence(ids, NAMED)}"


def exit_code(job: Job) -> str:
    """Return a job's exit code for a column; empty without an exit code."""
    return "" if job.exit_code is None else str(job.exit_code)


JSON_HELP: Final = """\
json has the same members for each job in every command; null means unknown:
  jobId, jobName, jobArn, status, statusReason, exitCode, reason, attempts, createdAt, startedAt,
  stoppedAt, vcpu, memory (MiB), logStreams; for an array also array.size, array.counts (by state),
  array.failedIndexes"""


def job_members(job: Job, summary: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a job's JSON object: the same members in every command, ``null`` if unknown.

    :param summary: result of ``Job.to_summary``. ``None`` means AWS has not described the job.
    """
    known = camel_case(_without_cost(summary or {}))
    named = {"jobId": job.id, "jobName": job.name, "jobArn": job.arn}
    return {**_UNKNOWN, **known, **named} if job.status_text else {**_UNKNOWN, **named}


def _without_cost(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out cost and use: these commands do not make the calls that they need."""
    return {key: value for key, value in summary.items() if key not in ("cost", "use")}


_UNKNOWN: Final = {
    "jobId": None,
    "jobName": None,
    "jobArn": None,
    **dict.fromkeys(camel_case(_without_cost(Job(id="").to_summary()))),
    "array": None,
}


def written(submitted: "Submitted", form: str, *, indent: int | None = 2) -> str:
    """Return a submitted job for stdout: the id or, if *form* is ``json``, a JSON object."""
    if form != "json":
        return submitted.job_id
    job = Job(id=submitted.job_id, name=submitted.job_name, arn=submitted.job_arn)
    return _console.as_json(job_members(job), indent=indent)
