"""Tasks whose jobs succeed, fail, take too long or can never start, in both ways to wait."""

from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

ARGUMENTS: dict[str, dict[str, Any]] = {
    "done": {},
    "failed": {},
    "given_up": {"runnable_timeout": 2},
    "stuck": {},
}

with DAG(
    "explanation",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args={
        "job_queue": "awa-batch-dev-fargate-high-priority",
        "job_definition": "awa-batch-dev-fargate-sample",
        "aws_conn_id": None,
        "region_name": "ap-northeast-1",
        "wait_for_completion": True,
        "poll_interval": 1,
    },
):
    for name, arguments in ARGUMENTS.items():
        for place, deferrable in {"in_worker": False, "in_triggerer": True}.items():
            FargateBatchSubmitOperator(
                task_id=f"{name}_{place}",
                job_name_prefix=name,
                deferrable=deferrable,
                **arguments,
            )
