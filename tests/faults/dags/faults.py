"""The same submits in each mode, and by BatchOperator; a variable says how many.

One after the other: so every mode meets a fault of every third call.
"""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.amazon.aws.operators.batch import BatchOperator

from airflow_fargate_batch._airflow.trigger_times import TriggerTimes
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.triggers import FargateBatchJobTrigger

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

# `airflow dags test` has no scheduler that a trigger could outrun.
FargateBatchJobTrigger.times = TriggerTimes(settling=0.0)

ALIKE: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_faults",
    "poll_interval": 1,
    "retries": 3,
    "retry_delay": timedelta(seconds=1),
    "trigger_rule": "all_done",
}


def commands(mode: str) -> list[list[str]]:
    """Name the jobs of a mode: by its command a job is known, whoever submitted it."""
    return [[mode, str(number)] for number in range(int(os.environ["FAULTS_SUBMITS"]))]


with DAG("faults", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    submit = FargateBatchSubmitOperator.partial(
        task_id="submit", wait_for_completion=False, deferrable=False, **ALIKE
    ).expand(command=commands("submit"))
    worker = FargateBatchSubmitOperator.partial(
        task_id="worker", wait_for_completion=True, deferrable=False, **ALIKE
    ).expand(command=commands("worker"))
    deferred = FargateBatchSubmitOperator.partial(
        task_id="deferred", wait_for_completion=True, deferrable=True, **ALIKE
    ).expand(command=commands("deferred"))
    theirs = BatchOperator.partial(
        task_id="batch_operator",
        job_name="faults",
        wait_for_completion=False,
        deferrable=False,
        **ALIKE,
    ).expand(container_overrides=[{"command": command} for command in commands("batch_operator")])
    submit >> worker >> deferred >> theirs
