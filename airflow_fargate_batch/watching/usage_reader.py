"""Lookup of what a job used: metrics of its task, or else the events that they are made of."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.aws.logs import error_code
from airflow_fargate_batch.core.evidence import USAGE, Evidence
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import MISSING
from airflow_fargate_batch.core.pricing import BUILT_IN, Prices
from airflow_fargate_batch.core.right_size import (
    compute_environment_of,
    records_use,
    right_size,
    why_missing,
)
from airflow_fargate_batch.core.surroundings import Unread
from airflow_fargate_batch.core.usage import TaskPlace, Usage, usage_of_events, usage_of_metrics
from airflow_fargate_batch.exceptions import AwsError

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.logs import LogsApi
    from airflow_fargate_batch.aws.metrics import MetricsApi

MARGIN: Final = timedelta(minutes=3)
"""Time around an attempt: values carry the minute, and arrive late."""
PAGES: Final = 10
"""Most pages of performance events: a busy cluster has many events of other tasks."""


def _now() -> datetime:
    return datetime.now(UTC)


def read_usage(
    job: Job,
    *,
    metrics: "Callable[[], MetricsApi]",
    logs: "Callable[[], LogsApi]",
    now: Callable[[], datetime] = _now,
) -> Usage | None:
    """Return what the current or last attempt used; ``None`` if nothing was recorded.

    :raises AwsError: AWS refused both lookups.
    """
    place = TaskPlace.of(job)
    begin = _began(job)
    if place is None or begin is None:
        return None
    start, end = begin - MARGIN, (job.stopped_at or now()) + MARGIN
    refused: AwsError | None = None
    try:
        usage = usage_of_metrics(metrics().of_task(place, start=start, end=end), job)
    except AwsError as error:
        usage, refused = None, error
    if usage is not None:
        return usage
    try:
        words = place.task_id
        found = logs().filter_events(place.log_group, words, start=start, end=end, most_pages=PAGES)
    except AwsError as error:
        if error_code(error) != MISSING:
            raise
        if refused is not None:
            raise refused from None
        return None
    usage = usage_of_events(found, place.task_id)
    if usage is None and refused is not None:
        raise refused
    return usage


def _began(job: Job) -> datetime | None:
    """Return the start of the current or last attempt; ``None`` if it never started."""
    return job.started_at or (job.attempts[-1].started_at if job.attempts else None)


def with_use(
    job: Job,
    evidence: Evidence,
    *,
    metrics: "Callable[[], MetricsApi]",
    logs: "Callable[[], LogsApi]",
    prices: Prices = BUILT_IN,
    now: Callable[[], datetime] = _now,
) -> Evidence:
    """Add what the job used, or why there are no figures; a refusal is listed as unread."""
    if TaskPlace.of(job) is None or _began(job) is None:
        return evidence
    environment = compute_environment_of(job, evidence.environments)
    usage: Usage | None = None
    if records_use(environment):
        try:
            usage = read_usage(job, metrics=metrics, logs=logs, now=now)
        except AwsError as error:
            return replace(evidence, unread=(*evidence.unread, Unread(what=USAGE, error=error)))
    missing = None if usage else why_missing(environment)
    size = right_size(job, usage, prices=prices, missing=missing)
    return replace(evidence, right_size=size)
