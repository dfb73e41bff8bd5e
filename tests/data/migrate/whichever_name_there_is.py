from datetime import datetime

from airflow import DAG

try:
    from airflow.providers.amazon.aws.operators.batch import BatchOperator as Job
except ImportError:
    from airflow.providers.amazon.aws.operators.batch import AwsBatchOperator as Job

with DAG("either", schedule=None, start_date=datetime(2024, 1, 1)):
    [
        Job(task_id="a", job_name="a", job_queue="awa-batch-dev-fargate-high-priority",
            job_definition="awa-batch-dev-fargate-sample", container_overrides={'resourceRequirements': [
                {'value': '0.5', 'type': 'VCPU'}, {'value': '1024', 'type': 'MEMORY'}], 'command': []
            })
    ]
