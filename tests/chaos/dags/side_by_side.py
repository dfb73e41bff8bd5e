"""The same submits by this package and by BatchOperator; variables say how many, and how."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.operators.batch import BatchOperator

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

COMMANDS = [["echo", str(number)] for number in range(int(os.environ["CHAOS_SUBMITS"]))]
WAITING = {
    "submit": {"wait_for_completion": False, "deferrable": False},
    "worker": {"wait_for_completion": True, "deferrable": False},
    "deferred": {"wait_for_completion": True, "deferrable": True},
}[os.environ["CHAOS_MODE"]]
ALIKE: dict[str, Any] = {
    "task_id": "submit",
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": None,
    "poll_interval": 1,
    "retries": 3,
    "retry_delay": timedelta(seconds=1),
    **WAITING,
}
WHEN: dict[str, Any] = {"schedule": None, "start_date": datetime(2026, 1, 1, tzinfo=UTC)}

with DAG("ours", **WHEN):
    FargateBatchSubmitOperator.partial(**ALIKE).expand(command=COMMANDS)

with DAG("batch_operator", **WHEN):
    BatchOperator.partial(job_name="side-by-side", **ALIKE).expand(
        container_overrides=[{"command": command} for command in COMMANDS]
    )
