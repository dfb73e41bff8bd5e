"""Shared parts of the commands for existing jobs: job ids, JSON members, wording."""

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.core.listing import in_a_sentence
from airflow_fargate_batch.core.request import read_job_ids

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import Submitted
    from airflow_fargate_batch.core.job import Job

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


def exit_code(job: "Job") -> str:
    """Return a job's exit code for a column; empty without an exit code."""
    return "" if job.exit_code is None else str(job.exit_code)


JSON_HELP: Final = """\
json has the same members for each job in every command; null means unknown:
  jobId, jobName, jobArn, status, statusReason, exitCode, reason, attempts, createdAt, startedAt,
  stoppedAt, vcpu, memory (MiB), logStreams; for an array also array.size, array.counts (by state),
  array.failedIndexes"""


def written(submitted: "Submitted", form: str, *, indent: int | None = 2) -> str:
    """Return a submitted job for stdout: the id or, if *form* is ``json``, a JSON object."""
    if form != "json":
        return submitted.job_id
    from airflow_fargate_batch.cli import _job_json  # here, because most submits write the id alone

    return _console.as_json(_job_json.of_submitted(submitted), indent=indent)
