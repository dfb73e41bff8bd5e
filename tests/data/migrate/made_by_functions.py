from datetime import datetime, timedelta
from typing import Dict, List

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator


def build_overrides(command: List[str], **variables: str) -> Dict:
    return {
        "command": command,
        "environment": [{"name": name, "value": value} for name, value in variables.items()],
    }


def make_job(name: str, *command: str, dag: DAG) -> BatchOperator:
    """Make a task."""
    return BatchOperator(
        task_id=name,
        job_name=f"{dag.dag_id}-{name}",
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        container_overrides=build_overrides(list(command), DAY="{{ ds }}"),
        execution_timeout=timedelta(hours=2),
        dag=dag,
    )


dag = DAG("functions", schedule=None, start_date=datetime(2024, 1, 1))
tasks: List[BatchOperator] = [make_job(name, "run", name, dag=dag) for name in ("a", "b")]
tasks[0] >> tasks[1]
