from airflow import DAG
from airflow.contrib.operators.awsbatch_operator import AWSBatchOperator
from datetime import datetime

dag = DAG(dag_id='hourly', schedule='20 2-20 * * *', start_date=datetime(2020, 6, 20))

try:
    t0 = AWSBatchOperator(
                task_id='stock',
                job_name='stock_hourly',
                job_queue='awa-batch-dev-fargate-high-priority',
                job_definition='arn:aws:batch:ap-northeast-1:123456789012:job-definition/awa-batch-dev-fargate-sample:1',
                max_retries=4200,
                overrides={'command': ['make -C stock all']},
                aws_conn_id=None,
                array_properties={},
                parameters={},
                status_retries=10,
                region_name='ap-northeast-1',
                dag=(dag))
except ValueError:
    raise
