"""A nightly export."""

from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator

with DAG("export", start_date=datetime(2024, 1, 1), schedule="@daily", catchup=False) as dag:
    export = BatchOperator(
        task_id="export",  # one job a day
        job_name="export-{{ ds }}",
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        container_overrides={
            # the end of the month needs more
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "2048"},
            ],
            "command": [
                "python",
                "export.py",
                "--day",
                "{{ ds }}",
            ],
        },
        dag=dag,  # the with block would do
    )
