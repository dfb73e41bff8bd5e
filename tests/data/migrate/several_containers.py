from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator

LANES = "4"

with DAG("containers", schedule=None, start_date=datetime(2024, 1, 1)):
    BatchOperator(
        task_id="both",
        job_name="both",
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="several",
        ecs_properties_override={
            "taskProperties": [
                {
                    "containers": [
                        {"name": "main", "command": ["work", "--lanes", LANES]},
                        {
                            "name": "side",
                            "resourceRequirements": [
                                {"type": "VCPU", "value": "1"},
                                {"type": "MEMORY", "value": "2048"},
                            ],
                        },
                    ]
                }
            ]
        },
        deferrable=True,
    )
