"""Deferred tasks that end in the triggerer, and the same tasks that end in a worker."""

import os
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

COUNT = int(os.environ["BENCHMARK_JOBS"])
DEFERRED: dict[str, Any] = {"task_id": "job", "deferrable": True, "poll_interval": 5}

for dag_id, here in {"in_triggerer": True, "in_worker": False}.items():
    with DAG(dag_id, schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
        FargateBatchSubmitOperator.partial(finish_in_triggerer=here, **DEFERRED).expand(
            command=[["echo", str(number)] for number in range(COUNT)]
        )
