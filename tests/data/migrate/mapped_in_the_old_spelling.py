from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator

with DAG("weeks", schedule=None, start_date=datetime(2024, 1, 1)):
	load = BatchOperator.partial(
		task_id="load",
		job_name="load-week",
		job_queue="awa-batch-dev-fargate-high-priority",
		job_definition="awa-batch-dev-fargate-sample",
		wait_for_completion=False
	).expand(overrides=[
		{"command": ["load", f"2024-W{week:02}"]}
		for week in range(1, 4)
	])
