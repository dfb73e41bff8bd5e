from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from datetime import datetime as dt

dag = DAG(dag_id="ingest", default_args={"owner": "data"}, schedule="@daily", start_date=dt(2023, 11, 25))

table = "points"

with dag:
    ingest = BatchOperator(
        task_id="ingest",
        job_name="ingest",
        job_definition="awa-batch-dev-fargate-sample",
        job_queue="awa-batch-dev-fargate-high-priority",
        region_name="ap-northeast-1",
        container_overrides={
            "environment": [
                {
                    "name": "APP_TABLE",
                    "value": table,
                },
                {
                    "name": "APP_DATE",
                    "value": "{{ds}}",
                },
            ],
        },
    )
