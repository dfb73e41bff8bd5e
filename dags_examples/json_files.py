"""A submit with JSON files: what is long or shared lives beside the DAG, with Jinja inside.

Paths are relative to this file. Arguments win over the files, key by key. Queue and job definition
come from the connection or from ``AWS_BATCH_JOB_QUEUE`` and ``AWS_BATCH_JOB_DEFINITION``.
"""

from datetime import UTC, datetime

from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG("json_files", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    FargateBatchSubmitOperator(
        task_id="submit",
        parameters_file="json_files/parameters.json",
        container_overrides_file="json_files/container_overrides.json",
        memory=1024,
    )
