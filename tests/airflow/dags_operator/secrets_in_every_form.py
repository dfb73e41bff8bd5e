"""Every form in which a job can be given a secret; the secrets come in the run's ``conf``.

None is written here, so that wherever one shows up later, a task has let it out.
"""

import json
from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

try:
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG

QUEUE, DEFINITION = "awa-batch-dev-fargate-high-priority", "awa-batch-dev-fargate-sample"

# The last one's name says nothing: Airflow masks the passwords of connections.
MAPPING = {
    "CITY": "Kyoto",
    "DB_PASSWORD": "{{ dag_run.conf.long }}",
    "API_TOKEN": "{{ dag_run.conf.short }}",
    "AWS_SECRET_ACCESS_KEY": "{{ dag_run.conf.long }}",
    "CONNECTION_STRING": "{{ dag_run.conf.short }}",
    "LINE": "db:{{ conn.vault.password }}@host",
}
LIST = [{"name": name, "value": value} for name, value in MAPPING.items()]
CONTAINER = {"name": "main", "environment": LIST}
FORMS: dict[str, dict[str, Any]] = {
    "environment_mapping": {"environment": MAPPING},
    "environment_list": {"environment": LIST},
    "environment_json": {"environment": json.dumps(MAPPING)},
    "environment_json_list": {"environment": json.dumps(LIST)},
    "overrides": {"container_overrides": {"environment": LIST}},
    "overrides_json": {"container_overrides": json.dumps({"environment": LIST})},
    "parameters": {"parameters": MAPPING},
    "parameters_json": {"parameters": json.dumps(MAPPING)},
    "containers_of_ecs": {
        "extra_submit_args": {
            "ecsPropertiesOverride": {"taskProperties": [{"containers": [CONTAINER]}]}
        }
    },
}

with DAG("secrets_in_every_form", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    for form, arguments in FORMS.items():
        FargateBatchSubmitOperator(
            task_id=form,
            aws_conn_id="aws_operator",
            job_queue=QUEUE,
            job_definition=DEFINITION,
            dry_run="{{ dag_run.conf.dry_run }}",
            **arguments,
        )

    FargateBatchSubmitOperator.partial(
        task_id="mapped",
        aws_conn_id="aws_operator",
        job_queue=QUEUE,
        job_definition=DEFINITION,
        dry_run="{{ dag_run.conf.dry_run }}",
    ).expand(environment=[MAPPING, LIST, json.dumps(MAPPING)])
