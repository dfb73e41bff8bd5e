"""Tasks that a preflight lets pass, refuses for good, or refuses for now."""

from datetime import UTC, datetime, timedelta

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

with DAG(
    "preflight",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args={
        "aws_conn_id": "preflight",
        "preflight": True,
        "retries": 1,
        "retry_delay": timedelta(seconds=1),
    },
):
    FargateBatchSubmitOperator(task_id="passed", vcpu="{{ 1 }}", memory="2 GB")
    FargateBatchSubmitOperator(task_id="refused", job_queue="fair-share", memory="{{ 4096 }}")
    FargateBatchSubmitOperator(task_id="not_now", job_queue="closed")
    FargateBatchSubmitOperator(task_id="by_default", memory="{{ 4096 }}", preflight=False)
