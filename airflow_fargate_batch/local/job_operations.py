"""Operations on jobs: SubmitJob, DescribeJobs, ListJobs, TerminateJob, CancelJob."""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.local.account import arn
from airflow_fargate_batch.local.configuration import CONSUMABLE, QUEUE
from airflow_fargate_batch.local.context import Body, Context, Run, read_token, write_token
from airflow_fargate_batch.local.engine import Engine
from airflow_fargate_batch.local.jobs import LocalJob
from airflow_fargate_batch.local.refusal import Refusal
from airflow_fargate_batch.local.submission import accept
from airflow_fargate_batch.local.views import detail, summary

Stop = Callable[[Engine, LocalJob, str], None]

_MILLISECONDS: Final = re.compile(r"[0-9]{1,18}\Z")
JOBS_A_CALL: Final = 50
"""API, ``TerminateJobs.jobs`` and ``CancelJobs.jobs``: up to 50 ids."""


def submit(context: Context, body: Body) -> Body:
    """Accept a job, or refuse the request as AWS would."""
    configuration, region = context.configuration, context.region
    queue = configuration.find(QUEUE, region, body["jobQueue"])
    definition = configuration.definition(region, body["jobDefinition"])
    submission = accept(
        body,
        queue=queue,
        definition=definition,
        region=region,
        consumables=lambda: tuple(_consumables(context, body, definition)),
    )
    job = context.engine.submit(submission)
    job_arn = arn(region, f"job/{job.job_id}")
    return {"jobArn": job_arn, "jobName": submission.name, "jobId": job.job_id}


def _consumables(context: Context, body: Body, definition: Body) -> Iterator[tuple[str, int]]:
    """Yield ARN and quantity of each consumable resource; the request overrides the definition."""
    wanted: dict[str, int] = {}
    for source in (
        definition.get("consumableResourceProperties"),
        body.get("consumableResourcePropertiesOverride"),
    ):
        for entry in (source or {}).get("consumableResourceList") or ():
            named = entry.get("consumableResource") or ""
            found = context.configuration.find(CONSUMABLE, context.region, named)
            wanted[found[CONSUMABLE.arn]] = entry.get("quantity") or 0
    yield from wanted.items()


def describe_jobs(context: Context, body: Body) -> Body:
    """Describe jobs and array children by id; unknown ids are left out."""
    if len(body["jobs"]) > limits.DESCRIBE_JOBS:
        raise Refusal(f"Maximum number of jobs supported is {limits.DESCRIBE_JOBS}")
    found = (context.find(job_id) for job_id in dict.fromkeys(body["jobs"]))
    seen = (job for job in found if job is not None and context.sees(job))
    return {"jobs": [context.shown(job, detail) for job in seen]}


def list_jobs(context: Context, body: Body) -> Body:
    """List the jobs of a queue or an array, newest first; by default only RUNNING jobs."""
    chosen = _filter(context, body)
    wanted = body.get("maxResults")
    if wanted is not None and wanted < 1:
        raise Refusal("maxResults must be between 1 and 100")
    last = read_token(body.get("nextToken"))
    jobs = (job for job in _scope(context, body) if last is None or job.number < last)
    size = min(wanted or limits.LIST_JOBS_PAGE, limits.LIST_JOBS_PAGE)
    page = list(islice(filter(chosen, jobs), size + 1))
    answer: Body = {"jobSummaryList": [context.shown(job, summary) for job in page[:size]]}
    if len(page) > size:
        answer["nextToken"] = write_token(page[size - 1].number)
    return answer


def _filter(context: Context, body: Body) -> Callable[[LocalJob], bool]:
    """Return a predicate for jobs in ListJobs; the API ignores the status for some filters."""
    filters = body.get("filters") or []
    if len(filters) > 1:
        raise Refusal("Only one filter can be used at a time.")
    name: str | None = None
    values: list[str] = []
    if filters:
        name, values = filters[0].get("name"), filters[0].get("values") or []
        if name is None or name not in FILTERS:
            raise Refusal(f"Filter {name} is not valid")
        if name.endswith("CREATED_AT") and not all(map(_MILLISECONDS.match, values)):
            raise Refusal(f"Filter {name} takes milliseconds since 1970")
    status = body.get("jobStatus")
    if name is None:
        status = status or JobStatus.RUNNING
    elif name != "SHARE_IDENTIFIER":
        status = None

    def chosen(job: LocalJob) -> bool:
        return (
            context.sees(job)
            and (name is None or any(FILTERS[name](job, value) for value in values))
            and (status is None or job.at(context.moment)[1] == status)
        )

    return chosen


def _scope(context: Context, body: Body) -> Iterator[LocalJob]:
    """Return the jobs of the queue, or of the array, newest first."""
    named = [key for key in ("jobQueue", "arrayJobId", "multiNodeJobId") if body.get(key)]
    if len(named) != 1 or named == ["multiNodeJobId"]:
        raise Refusal("Exactly one of jobQueue and arrayJobId must be specified.")
    if named == ["arrayJobId"]:
        parent = context.find(body["arrayJobId"])
        return reversed(parent.children if parent else [])
    queue = context.configuration.find(QUEUE, context.region, body["jobQueue"])[QUEUE.arn]
    return (job for job in reversed(context.engine.submitted) if job.submission.queue == queue)


def _matches(value: str, pattern: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _uses_definition(job: LocalJob, pattern: str) -> bool:
    if pattern.startswith("arn:"):
        return job.submission.definition == pattern
    return _matches(job.submission.definition_name, pattern)


FILTERS: Final[dict[str, Callable[[LocalJob, str], bool]]] = {
    "JOB_NAME": lambda job, value: _matches(job.submission.name.lower(), value.lower()),
    "JOB_DEFINITION": _uses_definition,
    "BEFORE_CREATED_AT": lambda job, value: job.created_at * 1000 < int(value),
    "AFTER_CREATED_AT": lambda job, value: job.created_at * 1000 > int(value),
    "SHARE_IDENTIFIER": lambda job, value: job.submission.arguments.get("shareIdentifier") == value,
}
"""API, ``ListJobs.filters``."""


def stopping(stop: Stop) -> Run:
    """Stop one job, by TerminateJob or CancelJob; an unknown id is not an error on AWS."""

    def stop_one(context: Context, body: Body) -> Body:
        job = context.find(body["jobId"])
        if job is not None:
            stop(context.engine, job, body["reason"])
        return {}

    return stop_one


def stopping_many(stop: Stop) -> Run:
    """Stop many jobs, by TerminateJobs or CancelJobs.

    API, ``TerminateJobs``: "Jobs that can't be found are treated as successfully processed."
    """

    def stop_each(context: Context, body: Body) -> Body:
        if len(body["jobs"]) > JOBS_A_CALL:
            raise Refusal(f"Maximum number of jobs supported is {JOBS_A_CALL}")
        for job_id in body["jobs"]:
            job = context.find(job_id)
            if job is not None:
                stop(context.engine, job, body["reason"])
        return {"successful": body["jobs"], "errors": []}

    return stop_each
