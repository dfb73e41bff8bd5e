"""Two ways to share arguments: a function, and a variable."""

from datetime import datetime

from airflow import DAG

# the jobs
from airflow.providers.amazon.aws.operators.batch import BatchOperator  # Fargate


def arguments_of(name: str, command: list[str]) -> dict:
    return {
        "task_id": name,
        "job_name": name,
        "job_queue": "awa-batch-dev-fargate-high-priority",
        "job_definition": "awa-batch-dev-fargate-sample",
        "overrides": {
            "command": command,
            # the tables grow
            "resourceRequirements": [
                {"type": "VCPU", "value": "2"},
                {"type": "MEMORY", "value": "8192"},
            ],
        },
        "region_name": "ap-northeast-1",  # as everywhere
        "max_retries": 100,  # an hour
    }


def parts(day: str, size: int):
    pars = {
        'job_name': f"parts-{day}",
        'job_queue': 'awa-batch-dev-fargate-high-priority',
        'job_definition': 'awa-batch-dev-fargate-sample',
        'array_properties': {'size': size},
        'submit_job_timeout': 600,
        'wait_for_completion': False,
        'waiters': None
    }
    return pars, BatchOperator(task_id=pars['job_name'], **pars)


with DAG("shared", schedule=None, start_date=datetime(2024, 1, 1)):
    load = BatchOperator(
        **arguments_of(
            name="load",
            command=["python", "-m", "load"],
        )
    )
    check = BatchOperator(**arguments_of("check", ["python", "-m", "check"]), retries=2)
    load >> check
    for day in ("monday", "tuesday"):
        _, task = parts(day, 3)
        check >> task
