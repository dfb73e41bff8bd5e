"""Explanation of one job in a shell, with everything that AWS shows."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.metrics import MetricsApi
from airflow_fargate_batch.cli import _clients
from airflow_fargate_batch.cli._log import connect_logs, connect_tail
from airflow_fargate_batch.cli._shared_options import ConnectionOptions
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost import Cost, cost_of
from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.explanation import Explanation, Question, explain
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.pricing import Prices
from airflow_fargate_batch.watching.conclusion import failed_children_of, log_lines_of
from airflow_fargate_batch.watching.costs import read_children
from airflow_fargate_batch.watching.evidence_reader import EvidenceReader
from airflow_fargate_batch.watching.usage_reader import with_use

Answer = TypeVar("Answer")

RETRIES: Final = 10.0
"""Seconds to retry a lookup that AWS throttles; an explanation without it is still useful."""


def fully_explained(
    job: Job, api: BatchApi, options: ConnectionOptions, prices: Prices
) -> Explanation:
    """Look up everything around a job, and explain the job."""
    tail = partial(connect_tail, options, api.region)
    children = failed_children_of(job, lambda: api) if job.has_failed_children else None
    evidence = EvidenceReader(api, call=_with_retries, patience=_clients.LOOKUP_PATIENCE).read(
        job,
        _questions(job),
        failed_children=children or (),
        log_lines=log_lines_of(job, children or [], lambda: api, tail),
    )
    evidence = _with_use(job, evidence, api, options, prices)
    if job.status.is_final:
        evidence = replace(evidence, cost=_cost(job, evidence, api, prices))
    return explain(job, evidence, _clients.CLOCK.date())


def _questions(job: Job) -> frozenset[Question]:
    """Return all questions but those without an answer."""
    asked = frozenset(Question)
    if not job.dependencies:
        asked -= {Question.DEPENDENCIES}
    return asked if job.waits_for_room else asked - {Question.LINE}


def _with_use(
    job: Job, evidence: Evidence, api: BatchApi, options: ConnectionOptions, prices: Prices
) -> Evidence:
    metrics = partial(
        MetricsApi.connect,
        region_name=api.region,
        profile_name=options.profile,
        endpoint_url=options.endpoint_url,
    )
    logs = partial(connect_logs, options, api.region)
    return with_use(
        job, evidence, metrics=metrics, logs=logs, prices=prices, now=_clients.CLOCK.date
    )


def _cost(job: Job, evidence: Evidence, api: BatchApi, prices: Prices) -> Cost:
    capacity = Capacity.of(evidence.surroundings)
    children = read_children(job, api.describe_jobs) if job.is_array else []
    return cost_of(job, prices, capacity=capacity, children=children)


def _with_retries(call: Callable[[], Answer], /) -> Answer:
    clock = _clients.CLOCK
    return clock.persist(call, clock.now() + RETRIES)
