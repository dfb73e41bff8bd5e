"""Arrays of items in a real Airflow: every source of a list, long and short, failing and empty."""

from datetime import UTC, datetime, timedelta
from typing import Any

try:
    from airflow.sdk import DAG, task
except ImportError:  # 2.11
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined,no-redef]

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

DEFAULTS = {"aws_conn_id": "aws_items"}
START = datetime(2026, 1, 1, tzinfo=UTC)
IN_WORKER: dict[str, Any] = {"wait_for_completion": True, "deferrable": False, "poll_interval": 1}
DEFERRED: dict[str, Any] = {"deferrable": True, "poll_interval": 1}
COMMAND = ["sh", "-c", "exit 0"]


@task
def listed(count: int) -> list[dict[str, Any]]:
    return [{"n": number, "text": 'line\nbreak "𝄞"'} for number in range(count)]


@task
def one(number: int) -> str:
    return f"item {number}"


with DAG("item_sources", schedule=None, start_date=START, default_args=DEFAULTS):
    FargateBatchSubmitOperator(task_id="literal", items=["a", "b {{ run_id }}"], command=COMMAND)
    FargateBatchSubmitOperator(task_id="xcom", items=listed(3), command=COMMAND)
    FargateBatchSubmitOperator(
        task_id="long", items=listed(3000), items_location="s3://lists/long", command=COMMAND
    )
    FargateBatchSubmitOperator(
        task_id="mapped", items=one.expand(number=[1, 2, 3]), command=COMMAND
    )
    FargateBatchSubmitOperator(task_id="s3", items="s3://lists/given.jsonl", command=COMMAND)
    FargateBatchSubmitOperator(
        task_id="template",
        items="{{ dag_run.conf.get('files', ['x', 'y']) | tojson }}",
        command=COMMAND,
    )
    FargateBatchSubmitOperator(task_id="single", items=listed(1), command=COMMAND)
    FargateBatchSubmitOperator(task_id="empty", items=listed(0), command=COMMAND)
    FargateBatchSubmitOperator.partial(task_id="several", command=COMMAND).expand(
        items=[["a", "b"], ["c", "d", "e"]]
    )


with DAG("item_failures", schedule=None, start_date=START, default_args=DEFAULTS):
    again = FargateBatchSubmitOperator(
        task_id="again",
        items=listed(9),
        items_per_child=2,
        command=COMMAND,
        job_name="again",
        retries=1,
        retry_delay=timedelta(seconds=1),
        rerun_failed_only=True,
        **DEFERRED,
    )
    FargateBatchSubmitOperator(
        task_id="in_worker", items=listed(4), command=COMMAND, job_name="in-worker", **IN_WORKER
    )
    FargateBatchSubmitOperator(
        task_id="secret",
        items=[{"password": "correct-horse-battery"}, "b"],  # made up
        command=COMMAND,
        job_name="in-worker",
        **IN_WORKER,
    )
