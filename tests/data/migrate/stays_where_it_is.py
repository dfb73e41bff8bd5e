from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator

QUEUE = {"job_queue": "awa-batch-dev-fargate-high-priority", "job_definition": "awa-batch-dev-fargate-sample"}


class LoggedBatchOperator(BatchOperator):
    pass


with DAG("elsewhere", schedule=None, start_date=datetime(2024, 1, 1)):
    BatchOperator(task_id="eks", job_name="eks", job_queue="q", job_definition="d", eks_properties_override={"podProperties": {}})
    BatchOperator(task_id="nodes", job_name="nodes", job_queue="q", job_definition="d", node_overrides={"numNodes": 2})
    BatchOperator(
        task_id="gpu",
        job_name="gpu",
        job_queue="q",
        job_definition="d",
        container_overrides={"resourceRequirements": [{"type": "GPU", "value": "1"}]},
    )
    BatchOperator.partial(task_id="arrays", job_name="a", job_queue="q", job_definition="d").expand(
        array_properties=[{"size": 2}, {"size": 3}]
    )
    LoggedBatchOperator(task_id="own", job_name="own", job_queue="q", job_definition="d")
    moved = BatchOperator(
        task_id="moved",
        job_name="moved",
        # the size of the instance
        container_overrides={"vcpus": 2, "memory": 4096, "instanceType": "m5.large"},
        waiters=None,
        job_id="gone",
        **QUEUE,
    )
    moved.array_properties = None
