"""What all commands about jobs that exist have in common."""

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import read_job_ids

if TYPE_CHECKING:
    from airflow_fargate_batch.aws import Submitted

NAMED: Final = 3
"""How many jobs a sentence names."""


def add_ids(parser: argparse.ArgumentParser) -> None:
    """Add the ids that the command is about."""
    parser.add_argument(
        "job_ids",
        nargs="+",
        metavar="ID",
        help="job id, or ID:INDEX for a child of an array; several may also be joined by commas",
    )


def read_ids(words: Iterable[str]) -> list[str]:
    """Read job ids, each once and in order.

    :raises InvalidRequest: one of them is none.
    """
    return read_job_ids(",".join(words), "ID")


def named(job_ids: Iterable[str]) -> str:
    """Name jobs in a sentence, by id: the first few, and how many more there are."""
    ids = list(job_ids)
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return f"{'job' if len(ids) == 1 else 'jobs'} {', '.join(ids[:NAMED])}{more}"


def exit_code(job: Job) -> str:
    """Write a job's exit code for a column; empty while, or where, there is none."""
    return "" if job.exit_code is None else str(job.exit_code)


def written(submitted: "Submitted", form: str, *, indent: int | None = 2) -> str:
    """Write a submitted job for stdout: its id, or as ``json`` AWS's answer by its own names."""
    if form != "json":
        return submitted.job_id
    answer = {
        "jobArn": submitted.job_arn,
        "jobName": submitted.job_name,
        "jobId": submitted.job_id,
    }
    return _console.as_json(answer, indent=indent)
