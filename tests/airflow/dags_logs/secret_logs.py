"""Jobs that print every secret they are given: in the triggerer, in the worker, and failing.

The secrets come from connections, so that whatever shows one has been told it by a task.
"""

import json
from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

PRINT = (
    'sleep 3; echo "all of it:"; printenv SSH_KEY; echo "leaf: $LEAF"; echo "whole: $DB"; '
    'echo "parameter: $HINT"; echo "it is $TOKENIZERS_PARALLELISM at db.internal"; exit $CODE'
)
GIVEN: dict[str, Any] = {
    "job_queue": "awa-batch-dev-fargate-high-priority",
    "job_definition": "awa-batch-dev-fargate-sample",
    "aws_conn_id": "aws_logs",
    "command": ["sh", "-c", PRINT],
    "environment": {
        "SSH_KEY": "{{ conn.vault_key.password }}",
        "DB": json.dumps({"host": "db.internal", "password": "{{ conn.vault_leaf.password }}"}),
        "LEAF": "{{ conn.vault_leaf.password }}",
        "HINT": "{{ conn.vault_token.password }}",  # only the parameter's name says that it is one
        "TOKENIZERS_PARALLELISM": "false",
        "CODE": "{{ 3 if 'fails' in task.task_id else 0 }}",
    },
    "parameters_file": "secret_parameters.json",
    "tags": {"note": "{{ conn.vault_tag.password }}"},
    "poll_interval": 2,
    "awslogs_enabled": True,
    "awslogs_fetch_interval": 2,
}

with DAG("secret_logs", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    ways: dict[str, dict[str, Any]] = {
        "deferred": {"deferrable": True},
        "deferred_fails": {"deferrable": True},
        "worker": {"wait_for_completion": True, "deferrable": False},
        "worker_fails": {"wait_for_completion": True, "deferrable": False},
    }
    for task_id, options in ways.items():
        FargateBatchSubmitOperator(task_id=task_id, **options, **GIVEN)
