"""What all commands about jobs that exist have in common."""

import argparse
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import read_job_ids

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import Submitted

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


JSON_HELP: Final = """\
json has the same members for each job in every command; null means not known:
  jobId, jobName, jobArn, status, statusReason, exitCode, reason, attempts, createdAt, startedAt,
  stoppedAt, vcpu, memory (MiB), logStreams, and of an array array.size, array.counts (by state),
  array.failedIndexes"""


def members(job: Job, summary: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Write a job for JSON: the same members in every command, ``null`` if not known.

    :param summary: what ``Job.to_summary`` made of it; ``None`` if AWS has described no job.
    """
    known = _camel_case(summary or {})
    named = {"jobId": job.id, "jobName": job.name, "jobArn": job.arn}
    return {**_UNKNOWN, **known, **named} if job.status_text else {**_UNKNOWN, **named}


def _camel_case(value: Any) -> Any:
    """Spell the keys as AWS does; the states, which are keys of *counts*, are spelt so already."""
    if not isinstance(value, Mapping):
        return value
    return {_SNAKE.sub(_upper, key): _camel_case(each) for key, each in value.items()}


_SNAKE: Final = re.compile(r"_([a-z])")


def _upper(found: re.Match[str]) -> str:
    return found[1].upper()


_UNKNOWN: Final = {
    "jobId": None,
    "jobName": None,
    "jobArn": None,
    **dict.fromkeys(_camel_case(Job(id="").to_summary())),
    "array": None,
}


def written(submitted: "Submitted", form: str, *, indent: int | None = 2) -> str:
    """Write a submitted job for stdout: its id, or as ``json`` what is known of it."""
    if form != "json":
        return submitted.job_id
    job = Job(id=submitted.job_id, name=submitted.job_name, arn=submitted.job_arn)
    return _console.as_json(members(job), indent=indent)
