"""Tasks whose jobs end too late, each in one of the two ways to wait."""

from datetime import UTC, datetime

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG


with DAG(
    "giving_up",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args={
        "job_queue": "awa-batch-dev-fargate-high-priority",
        "job_definition": "awa-batch-dev-fargate-sample",
        "aws_conn_id": "aws_giving_up",
        "wait_for_completion": True,
        "poll_interval": 1,
    },
):
    for name, deferrable in {"in_worker": False, "in_triggerer": True}.items():
        FargateBatchSubmitOperator(
            task_id=name, job_name_prefix=name, deferrable=deferrable, wait_timeout=3
        )
