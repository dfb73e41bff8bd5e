"""Every mode of the operator beside every fate of a job; a task's id says both: ``mode_fate``."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

MODES: dict[str, dict[str, Any]] = {
    "submit": {},
    "worker": {"wait_for_completion": True, "deferrable": False},
    "deferred": {"deferrable": True},
}
FATES: dict[str, dict[str, Any]] = {
    "plain": {},
    "array": {"array_size": 3},
    "once": {},  # its first job fails
    "always": {"retries": 1},  # all its jobs fail
}

with DAG(
    "chaos",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    max_active_runs=4,
    max_active_tasks=6,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=1),
        "job_queue": "awa-batch-dev-fargate-high-priority",
        "job_definition": "awa-batch-dev-fargate-sample",
        "aws_conn_id": "aws_chaos",
        "poll_interval": 2,
    },
):
    for mode, how in MODES.items():
        for fate, what in FATES.items():
            FargateBatchSubmitOperator(task_id=f"{mode}_{fate}", **how, **what)
        FargateBatchSubmitOperator.partial(task_id=f"{mode}_mapped", **how).expand(
            command=[["echo", "one"], ["echo", "two"]]
        )
