"""A call travels in the request if it fits, else on S3; long results come back through S3."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_fargate_batch.aws.items import ItemsApi
from airflow_fargate_batch.core.call_text import CALL_VARIABLE, PREFIX
from airflow_fargate_batch.core.items import Address
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.remote_call import ROOM, RemoteCall, read_location
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AwsError,
    InvalidRequest,
    ResultMissing,
    UnusableResult,
)
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.submitting.remote_calls import with_call
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.watching.result_reader import ObjectReader

LOCATION = Address("payloads", "of/dags")
SHORT = RemoteCall(name="f", source="def f():\n    return 1\n", file="dag.py")
LONG = RemoteCall(
    name="f",
    source="def f(*, x):\n    return len(x)\n",
    file="dag.py",
    kwargs={"x": [str(number * 7919) for number in range(5000)]},
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as aws:
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        where = {"LocationConstraint": aws.region}
        aws.client("s3").create_bucket(Bucket="payloads", CreateBucketConfiguration=where)
        yield aws


def request(**arguments: Any) -> JobRequest:
    return JobRequest.from_arguments(
        job_queue="queue",
        job_definition="definition",
        submission=Submission(token="0123456789abcdef", generation=2),
        **arguments,
    )


def placed(call: RemoteCall, location: Address | None = LOCATION, **options: Any) -> JobRequest:
    store = options.pop("store", ItemsApi.connect)
    clock = Timing(sleep=lambda _: None)
    return with_call(
        request(), call, python="python", location=location, store=store, clock=clock, **options
    )


def keys(aws: LocalBatch) -> list[str]:
    listed = aws.client("s3").list_objects_v2(Bucket="payloads")
    return [entry["Key"] for entry in listed.get("Contents", [])]


def forbidden() -> ItemsApi:
    raise AssertionError("no call to AWS is allowed")


def test_a_short_call_without_a_location_calls_nobody() -> None:
    made = placed(SHORT, None, store=forbidden)
    assert made.environment[CALL_VARIABLE].startswith(PREFIX)
    assert made.overrides_length <= ROOM


def test_a_short_call_stays_in_the_request_and_nothing_is_written(aws: LocalBatch) -> None:
    made = placed(SHORT)
    assert made.environment[CALL_VARIABLE].startswith(PREFIX)
    assert keys(aws) == []


def test_a_long_call_is_written_to_s3_under_the_submission(aws: LocalBatch) -> None:
    made = placed(LONG)
    [key] = keys(aws)
    assert re.fullmatch(r"of/dags/0123456789abcdef-2/[0-9a-f]{16}-call\.json", key)
    written = json.loads(ItemsApi.connect().read(Address("payloads", key)))
    assert written["kwargs"] == LONG.kwargs
    assert written["put_name"].startswith("0123456789abcdef-2/")
    assert made.environment[CALL_VARIABLE].startswith("http")
    assert "X-Amz-Signature" in made.environment[CALL_VARIABLE]
    assert made.overrides_length <= ROOM


def test_each_submit_has_objects_of_its_own(aws: LocalBatch) -> None:
    placed(LONG)
    placed(LONG)
    assert len(keys(aws)) == 2


def test_a_long_call_without_a_location_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"payload_location: f\(\) and its arguments have"):
        placed(LONG, None, store=forbidden)


def test_a_dry_run_shows_the_place_and_writes_nothing(aws: LocalBatch) -> None:
    made = placed(LONG, store=None)
    assert made.environment[CALL_VARIABLE].startswith("s3://payloads/of/dags/0123456789abcdef-2/")
    assert placed(SHORT, store=None).environment[CALL_VARIABLE].startswith(PREFIX)
    assert keys(aws) == []


def test_passing_troubles_of_s3_are_borne(aws: LocalBatch) -> None:
    aws.faults.add("throttle", operation="s3:PutObject", times=2)
    placed(LONG)
    assert len(keys(aws)) == 1


def test_a_refusal_of_s3_names_permission_and_place(aws: LocalBatch) -> None:
    aws.faults.add("denied", operation="s3:PutObject", times=1)
    with pytest.raises(AccessDenied, match="s3:PutObject") as caught:
        placed(LONG)
    assert "s3://payloads/of/dags" in str(caught.value)
    with pytest.raises(AwsError, match="payload_location"):
        placed(LONG, Address("no-such-bucket"))


def read(aws: LocalBatch, text: str | None, location: Address | None = LOCATION) -> Any:
    if text is not None:
        aws.client("s3").put_object(Bucket="payloads", Key="of/dags/m/r.json", Body=text.encode())
    return ObjectReader(ItemsApi.connect, sleep=lambda _: None).read("id", "m/r.json", location)


def test_a_result_on_s3_is_read_in_spite_of_passing_troubles(aws: LocalBatch) -> None:
    aws.faults.add("throttle", operation="s3:GetObject", times=2)
    assert read(aws, '{"rows": [1]}') == {"rows": [1]}


def test_a_result_that_is_not_there_is_missing_and_a_malformed_one_unusable(
    aws: LocalBatch,
) -> None:
    with pytest.raises(ResultMissing, match=r"s3://payloads/of/dags/m/r\.json cannot be read"):
        read(aws, None)
    with pytest.raises(UnusableResult, match="is not valid JSON"):
        read(aws, "{")
    with pytest.raises(UnusableResult, match="no `payload_location`"):
        read(aws, "1", None)


@pytest.mark.parametrize("text", ["/x", "https://b/x", "s3://", "s3://B/x"])
def test_a_location_is_a_prefix_on_s3(text: str) -> None:
    with pytest.raises(InvalidRequest, match="use s3://bucket/prefix"):
        read_location(text)


def test_a_location_may_be_a_whole_bucket_or_missing() -> None:
    assert read_location("s3://bucket") == Address("bucket")
    assert read_location(None) is None
