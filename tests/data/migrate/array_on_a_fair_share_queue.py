from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator

SHAPE = {"size": 5}

with DAG("array", schedule=None, start_date=datetime(2024, 1, 1)):
    parts = BatchOperator(
        task_id="parts", job_name="parts", job_queue="fair-share",
        job_definition="awa-batch-dev-fargate-sample",
        array_properties={"size": int("12")}, share_identifier="A1",
        scheduling_priority_override=20,
        container_overrides=dict(command=["bash", "-c", """\
            set -e
            python part.py --index $AWS_BATCH_JOB_ARRAY_INDEX
        """]),
    )
    more = BatchOperator(
        task_id="more", job_name="more", job_queue="fair-share",
        job_definition="awa-batch-dev-fargate-sample", share_identifier="A1", scheduling_priority_override=0,
        array_properties=SHAPE if SHAPE else None, deferrable=False, poll_interval=60)
