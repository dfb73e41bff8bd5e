"""One list, processed by an array of items and by BatchOperator mapped over it; both wait."""

import os
from datetime import UTC, datetime

from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.sdk import DAG, task

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

QUEUE, DEFINITION = os.environ["AWS_BATCH_JOB_QUEUE"], os.environ["AWS_BATCH_JOB_DEFINITION"]
START = datetime(2026, 1, 1, tzinfo=UTC)
COMMAND = ["echo", "done"]


@task
def listed(count: int) -> list[str]:
    """Return the list for the array."""
    return [f"s3://bucket/day/{number:06d}.parquet" for number in range(count)]


@task
def overrides(count: int) -> list[dict[str, object]]:
    """Return what BatchOperator is mapped over."""
    return [
        {"command": COMMAND, "environment": [{"name": "FILE", "value": f"{number:06d}.parquet"}]}
        for number in range(count)
    ]


COUNT = int(os.environ["BENCHMARK_ITEMS"])

with DAG("ours", schedule=None, start_date=START):
    FargateBatchSubmitOperator(
        task_id="array",
        items=listed(COUNT),
        items_location="s3://lists/bench",
        command=COMMAND,
        deferrable=True,
        poll_interval=5,
    )

with DAG("theirs", schedule=None, start_date=START):
    BatchOperator.partial(
        task_id="mapped",
        job_name="mapped",
        job_queue=QUEUE,
        job_definition=DEFINITION,
        deferrable=False,
    ).expand(container_overrides=overrides(COUNT))
