"""The list of an array's items, put on S3 just before the submit."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.submitting.retrying import Timing

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.items import ItemsApi
    from airflow_fargate_batch.core.request import JobRequest

log = logging.getLogger(__name__)

Lists = Callable[[], "ItemsApi"]
"""Returns the client for S3, made at the first call: most jobs need none."""
MARGIN: Final = timedelta(hours=1)
"""Time in the queue to allow for, beyond the launches and the retries of the children."""


def place(request: "JobRequest", lists: Lists, clock: Timing, until: float) -> "JobRequest":
    """Write the list of a request, if it does not travel in a variable, and add its address.

    The key of the object has a hash of the list. So writing may be repeated, and never changes the
    list of an earlier job.

    :raises AwsError: the list cannot be written, and nothing is submitted.
    """
    address = request.items_address
    if address is None:
        return request
    api = lists()
    if items := request.items_to_write:
        clock.persist(partial(api.write, address, items.text), until)
        log.info("Wrote %d items to %s", len(items.lines), address)
    presigned = api.presigned(address)
    placed = request.with_items_url(presigned.url)
    if placed is None:
        log.warning("The environment has no room for a presigned address of %s", address)
        return request
    lasts = presigned.expires_at - clock.date()
    ends = presigned.expires_at.isoformat(timespec="seconds")
    if not presigned.is_certain:
        log.warning(
            "The presigned address of the list expires with the temporary credentials that signed "
            "it, and on %s at the latest. A child that starts later can read only %s.",
            ends,
            address,
        )
    elif lasts < last_start_of(request) + MARGIN:
        log.warning(
            "The presigned address of the list expires on %s, perhaps before the last child or "
            "retry starts. A child that starts later can read only %s.",
            ends,
            address,
        )
    else:
        log.info("The presigned address of the list expires on %s", ends)
    return placed


def last_start_of(request: "JobRequest") -> timedelta:
    """Return how long after the submit the last attempt may start, if no child waits in the queue.

    Fargate launches children at a limited rate, and each attempt but the last may use up its
    timeout.
    """
    attempts = request.retry_strategy.attempts if request.retry_strategy else 1
    launches = (request.array_size or 1) / limits.FARGATE_LAUNCHES
    return timedelta(seconds=launches + (attempts - 1) * (request.job_timeout or 0))
