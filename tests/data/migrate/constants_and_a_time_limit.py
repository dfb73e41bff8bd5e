from datetime import datetime

from airflow.sdk import dag
from airflow.providers.amazon.aws.operators.batch import BatchOperator

VCPU, MEMORY = "2", "8192"
TIME_LIMIT = 3600
TAGS = {"team": "data"}


@dag(schedule=None, start_date=datetime(2024, 1, 1), params={"bucket": "lake"})
def publish():
    enrich = BatchOperator(
        task_id="enrich",
        job_name="{{ 'enrich-' ~ ds }}",
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="{{ 'awa-batch-dev-fargate-sample' }}",
        tags=TAGS,
        container_overrides={
            "resourceRequirements": [
                {"type": "VCPU", "value": VCPU},
                {"type": "MEMORY", "value": MEMORY},
            ],
            "command": [
                "lake",
                "enrich",
                "--output",
                "s3://{{ params.bucket }}/" + "out" + "/{{ run_id }}/",
            ],
        },
        submit_job_timeout=TIME_LIMIT,
        awslogs_enabled=True,
        deferrable=True,
    )
    enrich


the_dag = publish()
