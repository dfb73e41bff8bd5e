"""Each LocalBatch begins with nothing of another one, whether that is over or still runs."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import LOG_GROUP, READY_DEFINITION, READY_QUEUE


def run_a_job(aws: LocalBatch, line: str) -> list[str]:
    """Run one job that says *line*, and return what its stream holds."""
    aws.script(log=[line])
    job = aws.client("batch").submit_job(
        jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION
    )
    aws.advance(60)
    [shown] = aws.client("batch").describe_jobs(jobs=[job["jobId"]])["jobs"]
    return read(aws, shown["container"]["logStreamName"])


def read(aws: LocalBatch, stream: str) -> list[str]:
    answer = aws.client("logs").get_log_events(
        logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True
    )
    return [event["message"] for event in answer["events"]]


def buckets(aws: LocalBatch) -> list[str]:
    return [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]


def new() -> LocalBatch:
    return LocalBatch(manual_clock=True, seed=0)


@pytest.mark.parametrize("line", ["one", "two"])
def test_a_job_with_the_id_of_an_earlier_one_has_a_log_of_its_own(line: str) -> None:
    with new() as aws:
        assert run_a_job(aws, line) == [line]


def test_nothing_of_other_services_outlives_its_localbatch() -> None:
    for _ in range(2):
        with new() as aws:
            assert buckets(aws) == []
            place = {"LocationConstraint": aws.region}
            aws.client("s3").create_bucket(Bucket="mine", CreateBucketConfiguration=place)
            assert buckets(aws) == ["mine"]


def test_two_at_once_see_nothing_of_each_other() -> None:
    with new() as one, new() as two:
        assert [run_a_job(aws, line) for aws, line in ((one, "a"), (two, "b"))] == [["a"], ["b"]]
        stream: Any = one.jobs[0]["container"]["logStreamName"]
        assert read(one, stream) == ["a"]
    with new() as three, pytest.raises(ClientError, match="ResourceNotFound"):
        read(three, stream)


def test_one_that_has_stopped_can_be_started_again_empty() -> None:
    aws = new()
    for line in "ab":
        with aws:
            assert run_a_job(aws, line) == [line]
            assert len(aws.client("logs").describe_log_streams(logGroupName=LOG_GROUP)) == 2
    assert len(aws.jobs) == 2


def test_a_key_of_s3_reaches_the_other_services_as_it_was_sent() -> None:
    key = "a b/\u00fc%25//x?y=1&z"
    with new() as aws:
        s3 = aws.client("s3")
        place = {"LocationConstraint": aws.region}
        s3.create_bucket(Bucket="mine", CreateBucketConfiguration=place)
        s3.put_object(Bucket="mine", Key=key, Body=b"\x00\xff")
        [listed] = s3.list_objects_v2(Bucket="mine")["Contents"]
        assert listed["Key"] == key
        assert s3.get_object(Bucket="mine", Key=key)["Body"].read() == b"\x00\xff"
