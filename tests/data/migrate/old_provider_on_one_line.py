from airflow.models import DAG
from airflow.providers.amazon.aws.operators.batch import AwsBatchOperator
import datetime

dag = DAG('old', schedule=None, start_date=datetime.datetime(2021, 1, 1))

first = AwsBatchOperator(task_id='first', job_name='first-' + str(2 * 3), job_definition='awa-batch-dev-fargate-sample', job_queue='awa-batch-dev-fargate-high-priority', overrides={}, dag=dag)
second = AwsBatchOperator(task_id='second', job_name='second', job_definition='awa-batch-dev-fargate-sample', job_queue='awa-batch-dev-fargate-high-priority', overrides={'command': ['make -C load all']}, dag=dag)
