from __future__ import annotations

from datetime import datetime

from airflow.sdk import (  # type: ignore
    dag,
)

# the provider is heavy
from airflow.providers.amazon.aws.sensors.batch import (  # type: ignore
    BatchSensor,  # waits
)

import os


def job(name: str, **more):
    # imported here, since it takes a second
    from airflow.providers.amazon.aws.operators.batch import BatchOperator  # noqa: PLC0415

    return BatchOperator(task_id=name, job_name=name,
                         job_queue=os.environ.get("QUEUE", "awa-batch-dev-fargate-high-priority"),
                         job_definition="awa-batch-dev-fargate-sample",
                         overrides={'command': ["run", name]},
                         **more);


@dag(schedule=None, start_date=datetime(2024, 1, 1))
def in_functions():
    BatchSensor(task_id="wait", job_id=job("one", wait_for_completion=False).output)
    job("two", parameters={})


in_functions()
