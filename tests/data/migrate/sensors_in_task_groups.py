"""Load a few tables."""
from __future__ import annotations

import os
from datetime import datetime

from airflow.sdk import dag, task_group
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.sensors.batch import BatchSensor

TABLES = {"cities": "https://example.org/c?x=1", "counties": "https://example.org/d"}


@dag(start_date=datetime(2023, 5, 23), schedule="@monthly", catchup=False)
def tables():
    """Tables."""

    # a closure, since loops bind late
    def _make(url, name):
        @task_group(group_id=name)
        def _group():
            submit = BatchOperator(
                task_id=f"load_{name}",
                job_name=f"tables_{name}",
                job_queue=os.environ.get("QUEUE", "awa-batch-dev-fargate-high-priority"),
                job_definition=os.environ.get("DEFINITION", "awa-batch-dev-fargate-sample"),
                overrides={
                    "command": ["python", "-m", "load", url, name],
                },
                region_name="ap-northeast-1",  # do we need this?
            )
            _ = BatchSensor(
                task_id=f"wait_for_{name}",
                job_id=submit.output,
                region_name="ap-northeast-1",  # do we need this?
            )

        return _group

    for name, url in TABLES.items():
        _make(url, name)()


run = tables()
