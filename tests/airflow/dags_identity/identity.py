"""Tasks whose jobs others could take for theirs: a run made again, two Airflows, one callable."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.submitting import submitter

try:
    from airflow.sdk import DAG, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined,no-redef]

vars(submitter)["LOOKS"] = (0.5, 0.5)  # LocalBatch's reads do not lag, and the test is not to wait
START = datetime(2026, 1, 1, tzinfo=UTC)
WHERE: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_identity",
}
RETRIES: dict[str, Any] = {"retries": 2, "retry_delay": timedelta(seconds=1)}

with DAG("identity", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="remade", **WHERE, **RETRIES)

with DAG("shared", schedule=None, start_date=START):
    FargateBatchSubmitOperator(task_id="shared", job_name_prefix="shared", **WHERE, **RETRIES)

with DAG("several", schedule=None, start_date=START):

    @task(retries=2, retry_delay=timedelta(seconds=1))
    def three(**context: Any) -> list[str]:
        ids = []
        for name in ("one", "two", "two"):
            operator = FargateBatchSubmitOperator(
                task_id=name, job_name_prefix=f"several-{name}", **WHERE
            )
            ids.append(operator.execute(cast("Any", context)))
            if context["ti"].try_number == 1:
                if context["dag_run"].conf.get("raises"):
                    raise RuntimeError("The worker ends before the second job")
                time.sleep(600)  # until the test kills the worker
        return ids

    three()
