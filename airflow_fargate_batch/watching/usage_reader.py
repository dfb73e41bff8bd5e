"""Lookup of what a job used: metrics of its task, or else the events that they are made of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.aws.logs import error_code
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import MISSING
from airflow_fargate_batch.core.usage import TaskPlace, Usage, usage_of_events, usage_of_metrics
from airflow_fargate_batch.exceptions import AwsError

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.logs import LogsApi
    from airflow_fargate_batch.aws.metrics import MetricsApi

MARGIN: Final = timedelta(minutes=3)
"""Time around an attempt: values carry the minute, and arrive late."""
PAGES: Final = 10
"""Most pages of performance events: a busy cluster has many events of other tasks."""


def read_usage(
    job: Job,
    *,
    metrics: "Callable[[], MetricsApi]",
    logs: "Callable[[], LogsApi]",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Usage | None:
    """Return what the current or last attempt used; ``None`` if nothing was recorded.

    :raises AwsError: AWS refused both lookups.
    """
    place = TaskPlace.of(job)
    begin = (job.attempts[-1].started_at if job.attempts else None) or job.started_at
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
    return usage_of_events(found, place.task_id)
