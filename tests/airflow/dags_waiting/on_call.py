"""Tasks whose logs and links a person on call reads while their jobs run, and after."""

from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

WAYS: dict[str, dict[str, Any]] = {
    "in_worker": {"wait_for_completion": True, "deferrable": False},
    "deferred": {"deferrable": True},
}
READ: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_on_call",
}

with DAG("on_call", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    for way, how in WAYS.items():
        waits = READ | how
        FargateBatchSubmitOperator(
            task_id=f"long_{way}", job_name_prefix="long", poll_interval=2, **waits
        )
        FargateBatchSubmitOperator(
            task_id=f"unseen_{way}",
            job_name_prefix="unseen",
            poll_interval=20,
            runnable_timeout=6,
            **waits,
        )
        FargateBatchSubmitOperator(
            task_id=f"late_{way}",
            job_name_prefix="late",
            poll_interval=2,
            wait_timeout=15,
            **waits,
        )
    FargateBatchSubmitOperator(task_id="dry", dry_run=True, **READ)
