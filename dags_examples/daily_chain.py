"""A daily chain: extract in parts, transform each part as soon as it is there, report at the end.

AWS Batch holds the jobs back until what they depend on has succeeded, so no worker waits. Queue and
job definition come from the connection (``service_config.batch``) or from ``AWS_BATCH_JOB_QUEUE``
and ``AWS_BATCH_JOB_DEFINITION``.
"""

import os
from datetime import UTC, datetime

from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

PARTS = 3
DAY = "{{ (dag_run.logical_date or dag_run.run_after) | ds }}"
"""The day of the run. A run that is triggered by hand has no ``ds`` on Airflow 3."""

with DAG(
    "daily_chain",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args={
        "vcpu": 0.25,
        "memory": 512,
        "environment": {"DAY": DAY},
        "tags": {"team": "data", "day": DAY},
        # A fair-share queue needs both, any other takes neither.
        "share_identifier": os.environ.get("AWS_BATCH_SHARE_IDENTIFIER"),
        "scheduling_priority": os.environ.get("AWS_BATCH_SCHEDULING_PRIORITY"),
    },
):
    extract = FargateBatchSubmitOperator(
        task_id="extract",
        array_size=PARTS,
        command=["sh", "-c", 'echo "$DAY part $AWS_BATCH_JOB_ARRAY_INDEX: extracted"'],
    )
    transform = FargateBatchSubmitOperator(
        task_id="transform",
        array_size=PARTS,
        depends_on=[{"jobId": extract.output, "type": "N_TO_N"}],
        command=["sh", "-c", 'echo "$DAY part $AWS_BATCH_JOB_ARRAY_INDEX: transformed"'],
    )
    FargateBatchSubmitOperator(
        task_id="report",
        depends_on=[extract.output, transform.output],
        command=["sh", "-c", f'echo "$DAY: {PARTS} parts are done"'],
    )
