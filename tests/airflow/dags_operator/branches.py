"""Joins of a branch: one that insists on both jobs, and one that takes whichever ran."""

from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined,no-redef]


@task.branch
def choose() -> str:
    return "left"


@task
def commands() -> list[list[str]]:
    return [["part", str(number)] for number in range(21)]


@task
def read_status(job: dict[str, Any]) -> str:
    return str(job["status"])


DEFAULTS = {
    "job_queue": "q",
    "job_definition": "d",
    "dry_run": True,
    "max_retries": 4200,  # of BatchOperator's, and without a meaning here
}

with DAG(
    "branches",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args=DEFAULTS,
):
    no_text: dict[str, Any] = {"A": True}
    left: Any = FargateBatchSubmitOperator(task_id="left", deferrable=True, environment=no_text)
    right = FargateBatchSubmitOperator(task_id="right")
    choose() >> [left, right]
    after: dict[str, Any] = {
        "trigger_rule": "none_failed_min_one_success",
        "depends_on": [left.output, right.output],
    }
    FargateBatchSubmitOperator(task_id="either", ignore_missing_dependencies=True, **after)
    FargateBatchSubmitOperator(task_id="both", **after)
    read_status(left.output["job"])

with DAG(
    "too_many",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args=DEFAULTS,
):
    parts = FargateBatchSubmitOperator.partial(task_id="parts").expand(command=commands())
    FargateBatchSubmitOperator(task_id="join_of_parts", depends_on=parts.output)
