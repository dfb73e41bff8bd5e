"""Jobs that tasks wait for in the triggerer; what becomes of each is the test's."""

from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.sensors import FargateBatchJobSensor

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined,no-redef]

START = datetime(2026, 1, 1, tzinfo=UTC)
WHERE: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_waiting",
}
WAITING: dict[str, Any] = WHERE | {"deferrable": True, "poll_interval": 5}

with DAG("waiting", schedule=None, start_date=START):

    @task
    def plan(dag_run: Any = None) -> list[str]:
        return [f"steady-{number}" for number in range(dag_run.conf["steady"])]

    FargateBatchSubmitOperator.partial(task_id="steady", **WAITING).expand(job_name_prefix=plan())
    for fate in ("cleared", "marked_failed", "marked_success", "failing"):
        FargateBatchSubmitOperator(task_id=fate, job_name_prefix=fate, **WAITING)

with DAG("late", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="late", job_name_prefix="late", wait_timeout=30, **WAITING)

with DAG("deleted", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="deleted", job_name_prefix="deleted", **WAITING)

with DAG("watched", schedule=None, start_date=START):
    FargateBatchSubmitOperator(
        task_id="hopeless", job_name_prefix="hopeless", array_size=3, retries=2, **WAITING
    )
    several = FargateBatchSubmitOperator.partial(task_id="several", **WHERE).expand(
        job_name_prefix=["watched-0", "watched-1", "watched-2"]
    )
    ways: dict[str, dict[str, Any]] = {
        "deferred": {"deferrable": True, "poke_interval": 5},
        "rescheduled": {"mode": "reschedule", "poke_interval": 20},
    }
    for name, how in ways.items():
        FargateBatchJobSensor(
            task_id=name,
            job_ids=several.output,
            aws_conn_id="aws_waiting",
            **how,
        )
