"""A mapped fan-out with a join: one job a city, and one that starts when all of them succeeded.

Queue and job definition come from the connection or from ``AWS_BATCH_JOB_QUEUE`` and
``AWS_BATCH_JOB_DEFINITION``.
"""

from datetime import UTC, datetime

from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

CITIES = ["Kyoto", "Lisbon", "Quito"]

with DAG(
    "mapped_fan_out",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args={"vcpu": 0.25, "memory": "1 GB"},
):
    count = FargateBatchSubmitOperator.partial(
        task_id="count",
        command=["sh", "-c", 'echo "counting in $CITY"'],
    ).expand(environment=[{"CITY": city} for city in CITIES])

    FargateBatchSubmitOperator(
        task_id="join",
        depends_on=count.output,
        command=["echo", f"{len(CITIES)} cities joined"],
    )
