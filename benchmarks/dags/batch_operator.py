"""BatchOperator, deferred; for an Airflow without this package."""

import os
from datetime import UTC, datetime

from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.sdk import DAG

COUNT = int(os.environ["BENCHMARK_JOBS"])

with DAG("batch_operator", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    BatchOperator.partial(
        task_id="job",
        job_name="job",
        job_queue=os.environ["AWS_BATCH_JOB_QUEUE"],
        job_definition=os.environ["AWS_BATCH_JOB_DEFINITION"],
        deferrable=True,
        poll_interval=5,
    ).expand(container_overrides=[{"command": ["echo", str(number)]} for number in range(COUNT)])
