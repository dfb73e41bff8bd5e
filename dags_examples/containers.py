"""A job of two containers: training, and the metrics beside it.

The job definition ``train-with-metrics`` uses ``ecsProperties`` and has the containers ``main`` and
``metrics``. ``container="main"`` says whose command, vCPU and memory the task sets; the sum of both
containers is a size of Fargate, 2 vCPU with 8192 MiB. The job waits until two of the consumable
resource ``licence`` are free. The queue comes from the connection or from ``AWS_BATCH_JOB_QUEUE``.
"""

from datetime import UTC, datetime

from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG("containers", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    FargateBatchSubmitOperator(
        task_id="train",
        job_definition="train-with-metrics",
        container="main",
        vcpu=1.5,
        memory=7680,
        command=["echo", "trained"],
        ecs_properties_override={
            "taskProperties": [
                {
                    "containers": [
                        {
                            "name": "metrics",
                            "environment": [{"name": "STAGE", "value": "dev"}],
                            "resourceRequirements": [
                                {"type": "VCPU", "value": "0.5"},
                                {"type": "MEMORY", "value": "512"},
                            ],
                        }
                    ]
                }
            ]
        },
        consumable_resources={"licence": 2},
        deferrable=True,
        poll_interval=2,
    )
