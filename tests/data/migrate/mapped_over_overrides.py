from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator


def overrides_of(zone):
    return {"environment": [{"name": "ZONE", "value": zone}], "command": ["load", zone]}


with DAG("zones", schedule=None, start_date=datetime(2024, 1, 1)):
    load = BatchOperator.partial(
        task_id='load',
        job_name='load-zone',
        job_queue='awa-batch-dev-fargate-high-priority',
        job_definition='awa-batch-dev-fargate-sample',
        region_name='ap-northeast-1',
        submit_job_timeout= 1200,
        # loads are heavy

    ).expand(container_overrides=[overrides_of(zone) for zone in ("north", "south")])
