"""Tasks whose jobs are in the states that the pages show: see scripts/demo_ui.py."""

from airflow.sdk import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG("fargate_pages", schedule=None, tags=["demo"]):
    FargateBatchSubmitOperator(
        task_id="running", vcpu=1, memory=2048, command=["python", "train.py"], deferrable=True
    )
    FargateBatchSubmitOperator(
        task_id="failed_array", vcpu=1, memory=2048, array_size=500, deferrable=True
    )
    FargateBatchSubmitOperator(task_id="stuck", vcpu=4, memory=8192, deferrable=True)
    FargateBatchSubmitOperator(
        task_id="dry_run", vcpu=1, memory=2048, environment={"DB_PASSWORD": "hidden"}, dry_run=True
    )
