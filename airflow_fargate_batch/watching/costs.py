"""Calls for the cost of jobs: capacity of the queue, children of arrays, jobs of a queue."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost import Cost, children_to_read, cost_of
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.pricing import Prices
from airflow_fargate_batch.core.surroundings import Surroundings
from airflow_fargate_batch.exceptions import AwsError

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.aws.surroundings import Caller, SurroundingsReader
    from airflow_fargate_batch.watching.following import Describe

log = logging.getLogger(__name__)

MOST_JOBS: Final = 10_000
"""Jobs of a queue to read, newest first."""
CHILD_CALLS: Final = 500
"""DescribeJobs calls for the children of all arrays of a queue; an array has ten at most."""


def read_capacity(reader: "SurroundingsReader", queue: str | None) -> Capacity:
    """Return whether a queue runs jobs on Fargate Spot; unknown if AWS does not say."""
    return Capacity.of(read_queue(reader, queue))


def read_queue(reader: "SurroundingsReader", queue: str | None) -> Surroundings:
    """Return a queue with its compute environments, as far as AWS says."""
    if queue is None:
        return Surroundings()
    surroundings = reader.read(queue=queue, policy=False)
    for each in surroundings.unread:
        log.info("Could not read whether the queue uses Fargate Spot: %s", each.error)
    return surroundings


def read_children(job: Job, describe: "Describe", *, calls: int | None = None) -> list[Job]:
    """Describe children of an array for its cost; no children if AWS refuses.

    :param calls: most calls to make; ``None`` means ten.
    """
    ids = children_to_read(job)
    if calls is not None and len(ids) > calls * limits.DESCRIBE_JOBS:
        step = len(ids) / (calls * limits.DESCRIBE_JOBS) if calls else 0
        ids = [ids[int(place * step)] for place in range(calls * limits.DESCRIBE_JOBS)]
    try:
        return list(describe(ids)) if ids else []
    except AwsError as error:
        log.info("Could not read the children of array %s for its cost: %s", job.id, error)
        return []


@dataclass(frozen=True, slots=True)
class QueueCosts:
    """Costs of a queue's jobs.

    Attributes:
        costs: Each job with its cost, newest first.
        is_complete: Whether all jobs were read; if not, the oldest are missing.
    """

    costs: list[tuple[Job, Cost]]
    is_complete: bool


def costs_of_queue(
    api: "BatchApi",
    queue: str,
    prices: Prices,
    *,
    since: datetime,
    now: datetime,
    capacity: Capacity,
    call: "Caller",
) -> QueueCosts:
    """Read the jobs of a queue that were created after a moment, and their costs.

    :param call: makes each call, with retries.
    :raises AwsError: AWS refuses, although retried.
    """
    ids, is_complete = _ids(api, queue, since, call)
    jobs = list(_described(api, ids, call))
    arrays = sum(job.is_array for job in jobs)
    left, costs = CHILD_CALLS, []
    for job in jobs:
        most = min(left, max(1, CHILD_CALLS // max(1, arrays)))
        children = read_children(job, lambda ids: list(_described(api, ids, call)), calls=most)
        left -= -(-len(children) // limits.DESCRIBE_JOBS)
        cost = cost_of(job, prices, capacity=capacity, children=children, now=now)
        costs.append((job, cost))
    return QueueCosts(costs, is_complete)


def _ids(api: "BatchApi", queue: str, since: datetime, call: "Caller") -> tuple[list[str], bool]:
    """List the ids of jobs, newest first, and whether these are all."""
    ids: list[str] = []
    next_token: str | None = None
    while True:
        ask = partial(api.jobs_since, job_queue=queue, since=since, next_token=next_token)
        page = call(ask)
        ids += [job.id for job in page.jobs]
        next_token = page.next_token
        if next_token is None:
            return ids, True
        if len(ids) >= MOST_JOBS:
            return ids[:MOST_JOBS], False


def _described(api: "BatchApi", ids: Iterable[str], call: "Caller") -> Iterator[Job]:
    """Describe jobs in calls of a hundred, each with its own retries."""
    listed = list(ids)
    for start in range(0, len(listed), limits.DESCRIBE_JOBS):
        some = listed[start : start + limits.DESCRIBE_JOBS]
        yield from call(partial(api.describe_jobs, some))
