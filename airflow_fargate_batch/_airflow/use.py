"""CPU and memory that a task's job used, for the log and XCom ``job``.

Unknown use fails no task.
"""

import logging
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_fargate_batch._airflow.costs import configured_prices
from airflow_fargate_batch._airflow.end_times import USE_PATIENCE
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.right_size import any_records_use, right_size
from airflow_fargate_batch.core.usage import TaskPlace
from airflow_fargate_batch.watching.costs import read_queue
from airflow_fargate_batch.watching.in_time import in_time

if TYPE_CHECKING:
    from airflow_fargate_batch.hooks import FargateBatchHook

log = logging.getLogger(__name__)


def use_of_ended(
    job: Job,
    *,
    records_use: bool | None,
    hook: "Callable[[], FargateBatchHook]",
    connection: Hashable,
    patience: float = USE_PATIENCE,
) -> dict[str, Any] | None:
    """Return ``use`` of XCom ``job``, and log it; ``None`` without figures.

    :param records_use: whether the queue records the use; ``None`` if nobody has asked AWS yet.
    :param hook: called only if AWS must be asked.
    :param connection: distinguishes the accounts of one process, because answers are kept.
    :param patience: seconds to wait for each answer.
    """
    if not may_be_known(job, records_use):
        return None
    try:
        if records_use is None and not _records_use(job, hook(), connection, patience):
            return None
        from airflow_fargate_batch.watching.usage_reader import read_usage  # loads botocore

        metrics, logs = hook().metrics, hook().logs  # here: only this thread may ask Airflow
        read = partial(read_usage, job, metrics=lambda: metrics, logs=lambda: logs)
        usage = in_time(read, patience)
    except Exception as error:  # noqa: BLE001 - whatever a connection raises; the figures are an extra
        log.info("Could not read the CPU and memory use of job %s: %s", job.id, error)
        return None
    if usage is None:
        return None
    found = right_size(job, usage, prices=configured_prices())
    for line in found.to_lines():
        log.info("%s", line)
    return found.to_json()


def may_be_known(job: Job, records_use: bool | None) -> bool:
    """Report whether there may be figures; *records_use* as in ``use_of_ended``."""
    return not (records_use is False or job.started_at is None or TaskPlace.of(job) is None)


def _records_use(job: Job, hook: "FargateBatchHook", connection: Hashable, patience: float) -> bool:
    """Ask for the queue's compute environments; the cost has asked, so the answer is kept."""
    from airflow_fargate_batch.aws.surroundings import SurroundingsReader  # loads botocore

    scope = connection, hook.api.client.meta.endpoint_url
    reader = SurroundingsReader(hook.api, scope=scope)
    found = in_time(partial(read_queue, reader, job.queue), patience)
    return any_records_use(found.environments)
