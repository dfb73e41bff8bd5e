import datetime as dt

import airflow.providers.amazon.aws.sensors.batch
from airflow import DAG
from airflow.providers.amazon.aws.operators import batch as aws_batch

with DAG("by_module", schedule=None, start_date=dt.datetime(2024, 1, 1)):
    job = aws_batch.BatchOperator(
        task_id="job",
        job_name="job",
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        container_overrides={**{"command": ["a"]}, "environment": []},
    )
    airflow.providers.amazon.aws.sensors.batch.BatchSensor(task_id="wait", job_id=job.output)
