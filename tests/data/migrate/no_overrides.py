from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from datetime import datetime, timedelta

default_args = {"owner": "data", "depends_on_past": False, "retries": 1, "retry_delay": timedelta(minutes=5)}

dag = DAG("plain", default_args=default_args, schedule=None, start_date=datetime(2024, 1, 1))

job = BatchOperator(
    task_id='job',
    job_name='plain-job',
    job_queue='awa-batch-dev-fargate-high-priority',
    job_definition='awa-batch-dev-fargate-sample',
    # aws_conn_id='aws_default',
    dag=dag
)

job
