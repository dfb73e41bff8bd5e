"""LocalBatch: AWS Batch on this machine, for demos and tests, without Docker.

::

    with LocalBatch() as aws:
        job = aws.client("batch").submit_job(
            jobName="hello",
            jobQueue="awa-batch-dev-fargate-high-priority",
            jobDefinition="awa-batch-dev-fargate-sample",
        )
"""

from airflow_fargate_batch.local.application import Call
from airflow_fargate_batch.local.faults import Fault
from airflow_fargate_batch.local.local_batch import LocalBatch
from airflow_fargate_batch.local.script import Pace, Script

__all__ = ["Call", "Fault", "LocalBatch", "Pace", "Script"]
