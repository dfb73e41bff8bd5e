from datetime import datetime

from airflow import DAG
from airflow.providers.amazon.aws.operators.batch import BatchOperator

accounts = {"shop": {"id": 12, "name": "Shop"}, "store": {"id": 13, "name": "Store"}}
dag = DAG("reports", schedule="@daily", start_date=datetime(2024, 1, 1), catchup=False)

for kind, account in accounts.items():
    account_id = account["id"]
    report = BatchOperator(
        dag=dag,
        task_id=f"report-{kind}",
        job_name="report-{}-{}".format(kind, "{{ ds }}"),
        job_definition="awa-batch-dev-fargate-sample",
        job_queue="awa-batch-dev-fargate-high-priority",
        parameters={
            "day": "day={{ ds }}",
            "account": f"account={account_id}",
        },
        overrides={},
        aws_conn_id="aws_default",
        retry_strategy={"attempts": 2},
    )
