from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator


def get_pars(plan):
    name, command, vcpus, memory = plan
    return {
        "job_name": name,
        "job_queue": "awa-batch-dev-fargate-high-priority",
        "job_definition": "awa-batch-dev-fargate-sample",
        "container_overrides": {
            "command": command.split(),
            "resourceRequirements": [
                {"type": "VCPU", "value": str(vcpus)},
                {"type": "MEMORY", "value": str(memory)},
            ],
        },
    }


pars = get_pars(("process-1", "process one", 1, 4096))
dag = DAG(pars["job_name"], schedule=None, start_date=datetime(2024, 1, 1))
operator = BatchOperator(**pars, dag=dag, task_id=pars["job_name"])
