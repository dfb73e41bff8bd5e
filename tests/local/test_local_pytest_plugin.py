import boto3

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.local.pytest_plugin import local_batch  # noqa: F401 - a fixture


def test_the_fixture_points_clients_at_a_clock_that_stands_still(
    local_batch: LocalBatch,  # noqa: F811 - the fixture above
) -> None:
    batch = boto3.session.Session().client("batch")
    batch.submit_job(jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)
    assert local_batch.jobs[0]["status"] == "SUBMITTED"
    local_batch.advance(60)
    assert local_batch.jobs[0]["status"] == "SUCCEEDED"
