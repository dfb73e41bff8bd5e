"""Tasks whose retries learn, in every way of waiting."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_fargate_batch.exceptions import JobFailed
from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

log = logging.getLogger("airflow.task")
SYNC: dict[str, Any] = {"wait_for_completion": True, "deferrable": False}
DEFERRED: dict[str, Any] = {"deferrable": True}


def tell(context: Any) -> None:
    """Write what a callback can tell of a failure: its class, and whether it is one of ours."""
    failure = context["exception"]
    kind, task_id = type(failure).__name__, context["ti"].task_id
    log.info("callback: %s of %s, %s", kind, task_id, isinstance(failure, JobFailed))


with DAG(
    "learning",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args={
        "aws_conn_id": "aws_learning",
        "retries": 2,
        "retry_delay": timedelta(seconds=1),
        "poll_interval": 1,
        "on_failure_callback": tell,
        "on_retry_callback": tell,
    },
):
    for mode, waiting in (("sync", SYNC), ("deferred", DEFERRED)):
        FargateBatchSubmitOperator(
            task_id=f"grow_{mode}", vcpu=1, memory=2048, out_of_memory="grow", **waiting
        )
        FargateBatchSubmitOperator(
            task_id=f"fall_{mode}", fallback_job_queue="on-demand", **waiting
        )
    FargateBatchSubmitOperator(
        task_id="children",
        vcpu=1,
        memory=2048,
        array_size=4,
        rerun_failed_only=True,
        out_of_memory="grow",
        **SYNC,
    )
    FargateBatchSubmitOperator(
        task_id="pair",
        job_definition="pair",
        container="main",
        command=["run"],
        out_of_memory="grow",
        **SYNC,
    )
    FargateBatchSubmitOperator(task_id="hopeless", **SYNC)
    FargateBatchSubmitOperator(
        task_id="wrong_kind", job_definition="pair", command=["run"], retries=0
    )
