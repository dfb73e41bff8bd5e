"""Jobs that tasks wait for; what becomes of their processes is the test's."""

import time
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, NoReturn

from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

START = datetime(2026, 1, 1, tzinfo=UTC)
IN_WORKER: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_waiting",
    "wait_for_completion": True,
    "deferrable": False,
    "poll_interval": 2,
    "retries": 1,
    "retry_delay": timedelta(seconds=1),
}


class SleepingHook(FargateBatchHook):
    """Waits without a look at the clock, so that Airflow's own timeout comes first."""

    def wait(self, *_: Any, **__: Any) -> NoReturn:
        time.sleep(600)
        raise AssertionError


class Asleep(FargateBatchSubmitOperator):
    @cached_property
    def hook(self) -> FargateBatchHook:
        return SleepingHook(aws_conn_id=self.aws_conn_id)


with DAG("late_kill", schedule=None, start_date=START):
    for fate in ("frozen", "stopped", "marked_failed", "marked_success", "cleared"):
        FargateBatchSubmitOperator(task_id=fate, job_name_prefix=fate, **IN_WORKER)
    Asleep(
        task_id="timed_out",
        job_name_prefix="timed_out",
        execution_timeout=timedelta(seconds=20),
        **(IN_WORKER | {"retries": 0}),
    )

with DAG("late_kill_discarded", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="discarded", job_name_prefix="discarded", **IN_WORKER)

with DAG("late_kill_taken_over", schedule=None, start_date=START):
    for fate in ("taken_over", "marked_deferred"):
        FargateBatchSubmitOperator(
            task_id=fate, job_name_prefix=fate, **(IN_WORKER | {"deferrable": True})
        )

with DAG("late_kill_restarted", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="restarted", job_name_prefix="restarted", **IN_WORKER)
