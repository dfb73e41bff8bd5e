"""Cost of a task's job, for the log and XCom ``job``. An unknown cost never fails a task."""

import logging
import os
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch._airflow.compat import conf
from airflow_fargate_batch._airflow.deployment import SECTION
from airflow_fargate_batch._airflow.end_times import COST_PATIENCE
from airflow_fargate_batch._machine.prices import read_prices
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost import Cost, cost_of
from airflow_fargate_batch.core.estimate import estimate_request
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.pricing import BUILT_IN, Prices
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import InvalidRequest
from airflow_fargate_batch.watching.costs import read_capacity, read_children
from airflow_fargate_batch.watching.in_time import in_time

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi

log = logging.getLogger(__name__)

_REGION_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")


def configured_prices() -> Prices:
    """Return the built-in prices, with those of ``[fargate_batch] prices_file`` in their place.

    A file that cannot be read is logged, and the built-in prices count.
    """
    path = (conf.get(SECTION, "prices_file", fallback="") or "").strip()
    if not path:
        return BUILT_IN
    try:
        return BUILT_IN.updated(read_prices(path))
    except InvalidRequest as error:
        log.warning("[%s] %s. The cost is computed with the built-in prices.", SECTION, error)
        return BUILT_IN


def estimate_lines(request: JobRequest, region_name: str | None) -> list[str]:
    """Return the lines of a dry run about the price of a request.

    :param region_name: the operator's argument; if ``None``, AWS's variables count, because a dry
        run reads no connection.
    """
    variables = (os.environ.get(name) for name in _REGION_VARIABLES)
    region = region_name or next(filter(None, variables), None)
    return estimate_request(request, configured_prices(), region=region).describe()


def cost_so_far(job: Job) -> dict[str, Any]:
    """Return ``cost`` of XCom ``job`` for a job that may still run, without a call to AWS."""
    return cost_of(job, configured_prices(), now=datetime.now(UTC)).to_summary()


def cost_of_ended(
    job: Job,
    *,
    capacity: Capacity | None,
    api: "Callable[[], BatchApi]",
    connection: Hashable,
    patience: float = COST_PATIENCE,
) -> Cost:
    """Return the cost of an ended job.

    :param capacity: ``None`` if nobody has asked AWS yet.
    :param api: called only if AWS must be asked about the queue, or the children of an array.
    :param connection: distinguishes the accounts of one process, because answers are kept.
    :param patience: seconds to wait for each answer.
    """
    children: list[Job] = []
    try:
        if capacity is None:
            from airflow_fargate_batch.aws.surroundings import SurroundingsReader  # loads botocore

            scope = connection, api().client.meta.endpoint_url
            reader = SurroundingsReader(api(), scope=scope)
            capacity = in_time(partial(read_capacity, reader, job.queue), patience)
        if job.is_array:
            describe = api().describe_jobs
            children = in_time(partial(read_children, job, describe), patience)
    except Exception as error:  # noqa: BLE001 - whatever a connection raises; the cost is an extra
        log.info("Could not read what the cost of job %s depends on: %s", job.id, error)
    return cost_of(
        job, configured_prices(), capacity=capacity or Capacity.UNKNOWN, children=children
    )
