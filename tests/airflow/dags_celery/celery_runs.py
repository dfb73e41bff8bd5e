"""A chain through XCom, and tasks that wait in their workers, where the test ends them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

START = datetime(2026, 1, 1, tzinfo=UTC)
BATCH: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_waiting",
    "poll_interval": 2,
    "retries": 1,
    "retry_delay": timedelta(seconds=1),
}
IN_WORKER: dict[str, Any] = {"wait_for_completion": True, "deferrable": False}

with DAG("celery_chain", schedule=None, start_date=START, default_args=BATCH):
    extract = FargateBatchSubmitOperator(task_id="extract", job_name_prefix="extract", array_size=2)
    transform = FargateBatchSubmitOperator(
        task_id="transform",
        job_name_prefix="transform",
        array_size=2,
        depends_on=[{"jobId": extract.output, "type": "N_TO_N"}],
        deferrable=True,
    )
    FargateBatchSubmitOperator(
        task_id="report",
        job_name_prefix="report",
        depends_on=[extract.output, transform.output],
        **IN_WORKER,
    )

for fate in ("killed", "cleared", "frozen"):
    with DAG(f"celery_{fate}", schedule=None, start_date=START, default_args=BATCH):
        FargateBatchSubmitOperator(task_id=fate, job_name_prefix=fate, **IN_WORKER)
