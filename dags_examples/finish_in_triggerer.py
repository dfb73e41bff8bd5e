"""Many short waits: tasks that end in the triggerer, without a second start of a worker.

A worker submits the job of each city; the triggerer waits, and ends the task when its job has
succeeded. A job that fails is reported and retried by a worker, as ever. Queue and job definition
come from the connection or from ``AWS_BATCH_JOB_QUEUE`` and ``AWS_BATCH_JOB_DEFINITION``.
"""

from datetime import UTC, datetime

from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG("finish_in_triggerer", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    load = FargateBatchSubmitOperator.partial(
        task_id="load",
        deferrable=True,
        finish_in_triggerer=True,
        poll_interval=2,
        retries=2,
    ).expand(command=[["echo", f"loading {city}"] for city in ("Kyoto", "Lisbon", "Quito")])
