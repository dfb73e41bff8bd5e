"""One task for every way in which a submit or a dry run can end."""

from datetime import UTC, datetime, timedelta

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

with DAG(
    "operator_outcomes",
    schedule=None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    default_args={"aws_conn_id": "aws_operator", "retry_delay": timedelta(seconds=1)},
):
    first = FargateBatchSubmitOperator(
        task_id="first", array_size="{{ 2 }}", tags={"run": "{{ run_id }}"}
    )
    many = FargateBatchSubmitOperator.partial(
        task_id="many", array_size=2, depends_on=[{"jobId": first.output, "type": "N_TO_N"}]
    ).expand(command=[["a"], ["b"]])
    FargateBatchSubmitOperator(task_id="join", depends_on=[{"jobId": many.output}, [first.output]])

    FargateBatchSubmitOperator(task_id="invalid", vcpu="{{ 1 }}", memory="{{ 4000 }}", retries=2)
    FargateBatchSubmitOperator(task_id="empty", array_size="{{ 0 }}", retries=2)
    FargateBatchSubmitOperator(task_id="deferred", deferrable=True, poll_interval=1, retries=1)
    dry = FargateBatchSubmitOperator.partial(
        task_id="dry", job_queue="q", job_definition="d", aws_conn_id="nobody"
    ).expand(dry_run=[True, "{{ 'true' }}"])
    FargateBatchSubmitOperator(
        task_id="dry_join",
        job_queue="q",
        job_definition="d",
        aws_conn_id="nobody",
        dry_run="{{ 1 }}",
        depends_on=dry.output,
    )
