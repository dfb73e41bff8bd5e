from datetime import datetime

from airflow.models.baseoperator import chain
from airflow.models.dag import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator, BatchCreateComputeEnvironmentOperator
from airflow.providers.amazon.aws.sensors.batch import BatchComputeEnvironmentSensor, BatchJobQueueSensor, BatchSensor

OVERRIDES: dict = {}

with DAG(dag_id="system", schedule=None, start_date=datetime(2021, 1, 1)) as dag:
    ready = BatchComputeEnvironmentSensor(task_id="ready", compute_environment="fargate")
    # [START submit]
    submit = BatchOperator(
        task_id="submit",
        job_name="system-job",
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        container_overrides=OVERRIDES,
    )
    # [END submit]
    submit.wait_for_completion = False
    wait = BatchSensor(task_id="wait", job_id=submit.output)
    wait.poke_interval = 10
    chain(ready, submit, wait)
