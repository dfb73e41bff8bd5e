from airflow import DAG

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

with DAG("nightly", schedule=None) as dag:
    load = FargateBatchSubmitOperator(
        task_id="load",
        job_queue="nightly",
        job_definition="etl",
        command=["python", "-c", "print('loaded', 3, 'rows')"],
    )
    report = FargateBatchSubmitOperator(
        task_id="report",
        job_queue="nightly",
        job_definition="etl",
        depends_on=load.output,
        command=["sh", "-c", "echo reported on $AWS_BATCH_JQ_NAME"],
        wait_for_completion=True,
        deferrable=False,
        poll_interval=1,
    )
