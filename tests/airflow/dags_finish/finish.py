"""Deferred tasks that end in the triggerer, and the same tasks that end in a worker."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined,no-redef]

START = datetime(2026, 1, 1, tzinfo=UTC)
log = logging.getLogger("airflow.task")


def worker_starts(context: Any) -> None:  # noqa: ARG001 - Airflow's signature
    """Log a line for each start of a worker."""
    log.info("a worker starts")


WAITS: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "deferrable": True,
    "poll_interval": 2,
    "retries": 1,  # on a busy machine Airflow 3.0 may start a worker too early, and fail the try
    "retry_delay": timedelta(seconds=1),
    "pre_execute": worker_starts,
}
ENDS_HERE = WAITS | {"finish_in_triggerer": True}

with DAG("finish", schedule=None, start_date=START):
    here = FargateBatchSubmitOperator(task_id="here", awslogs_enabled=True, **ENDS_HERE)
    worker = FargateBatchSubmitOperator(task_id="worker", awslogs_enabled=True, **WAITS)

    @task
    def read(ti: Any = None) -> list[list[Any]]:
        """Read the XComs as any later task does."""
        tasks = ("here", "worker")
        return [
            [ti.xcom_pull(task_ids=each), ti.xcom_pull(task_ids=each, key="job")] for each in tasks
        ]

    [here, worker] >> read()

    FargateBatchSubmitOperator(task_id="silent", do_xcom_push=False, **ENDS_HERE)
    FargateBatchSubmitOperator(task_id="array", array_size=2, **ENDS_HERE)
    FargateBatchSubmitOperator(task_id="red", **ENDS_HERE)
    FargateBatchSubmitOperator(task_id="skipped", skip_on_exit_code=99, **ENDS_HERE)
    FargateBatchSubmitOperator(
        task_id="recovers",
        job_name_prefix="recovers-{{ ti.try_number }}",
        **ENDS_HERE,
    )
    FargateBatchSubmitOperator.partial(task_id="mapped", **ENDS_HERE).expand(
        command=[["echo", "a"], ["echo", "b"]]
    )

with DAG("killed", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="long", job_name_prefix="long", **ENDS_HERE)
