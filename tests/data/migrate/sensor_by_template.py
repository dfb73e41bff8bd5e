from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.sensors.batch import BatchSensor

dag = DAG("stack", schedule=None, start_date=datetime(2024, 1, 1), params={"year": 2024})

submit = BatchOperator(
    task_id='submit',
    job_name='job-{{ ds_nodash }}-{{ ts_nodash | lower }}',
    job_queue='awa-batch-dev-fargate-high-priority',
    job_definition='awa-batch-dev-fargate-sample',
    container_overrides={
        "environment": [
            {"name": "RUN_ID", "value": "{{ run_id }}"},
            {"name": "YEAR",   "value": "{{ params.year if params.year else '' }}"},
        ]
    },
    wait_for_completion=False,     # the sensor waits
    dag=dag
)

wait = BatchSensor(
    task_id='wait',
    job_id="{{ task_instance.xcom_pull(task_ids='submit') }}",
    poke_interval=60,
    timeout=60 * 60 * 4,          # 4 hours
    mode="reschedule",            # frees the slot
    max_retries=10,
    dag=dag
)

submit >> wait
