"""One job that a deferred task waits for."""

from datetime import UTC, datetime

from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG("measured", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    FargateBatchSubmitOperator(task_id="deferred", deferrable=True, poll_interval=1)
