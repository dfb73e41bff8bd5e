"""Tasks in each state that the pages show."""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG("pages", schedule=None, default_args={"aws_conn_id": "aws_pages"}):
    FargateBatchSubmitOperator(
        task_id="running",
        wait_for_completion=True,
        deferrable=True,
        command=["sleep", "60"],
        vcpu=1,
        memory=2048,
    )
    FargateBatchSubmitOperator(
        task_id="failing",
        array_size=120,
        wait_for_completion=True,
        deferrable=True,
        environment={"DB_PASSWORD": "correct-horse"},
        vcpu=1,
        memory=2048,
    )
    FargateBatchSubmitOperator(
        task_id="stuck", wait_for_completion=True, deferrable=True, vcpu=1, memory=2048
    )
    FargateBatchSubmitOperator(
        task_id="retried",
        retries=1,
        retry_delay=timedelta(seconds=1),
        wait_for_completion=True,
        deferrable=True,
        vcpu=1,
        memory=2048,
    )
    FargateBatchSubmitOperator(task_id="rendered", dry_run=True, vcpu=1, memory=2048)
    EmptyOperator(task_id="other")
