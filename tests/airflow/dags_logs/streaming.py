"""A job that writes a line each second, and an array, whose logs deferred tasks stream."""

from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

START = datetime(2026, 1, 1, tzinfo=UTC)
STREAMED: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_logs",
    "deferrable": True,
    "poll_interval": 5,
    "awslogs_enabled": True,
    "awslogs_fetch_interval": 2,
}
SLOW = ["sh", "-c", 'for i in $(seq 70); do echo "line $i of $(date +%s)"; sleep 1; done']

with DAG("streaming", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="plain", command=SLOW, **STREAMED)
    FargateBatchSubmitOperator.partial(task_id="mapped", command=SLOW, **STREAMED).expand(
        job_name_prefix=["mapped"]
    )
    FargateBatchSubmitOperator(task_id="keepsnone", command=SLOW, do_xcom_push=False, **STREAMED)
    FargateBatchSubmitOperator(
        task_id="telling",
        command=["sh", "-c", 'sleep 3; echo "of $CITY: $IBAN."'],
        environment={"CITY": "Berlin", "IBAN": "DE-1234-5678"},
        **STREAMED,
    )
    FargateBatchSubmitOperator(
        task_id="child", command=SLOW, array_size=3, awslogs_index=1, **STREAMED
    )
