"""A dry run at the flick of a parameter: see every request of a DAG before any of them is sent.

Trigger with ``{"dry_run": true}``: no connection, no credentials, no call to AWS. Each task logs
the exact SubmitJob body and pushes it as XCom ``request``. Queue and job definition come from
``AWS_BATCH_JOB_QUEUE`` and ``AWS_BATCH_JOB_DEFINITION`` here: what only a connection says, no dry
run knows.
"""

from datetime import UTC, datetime

from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG(
    "dry_run_by_param",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    params={"dry_run": False},
    default_args={"dry_run": "{{ params.dry_run }}", "vcpu": 0.25, "memory": 512},
):
    load = FargateBatchSubmitOperator(task_id="load", command=["echo", "loaded"])
    FargateBatchSubmitOperator(task_id="check", depends_on=load.output, command=["echo", "checked"])
