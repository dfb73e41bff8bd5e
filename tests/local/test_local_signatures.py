"""Whoever has the credentials may run commands; nobody else, and no web page."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import LOG_GROUP, READY_DEFINITION, READY_QUEUE
from tests.local.test_local_server import SIGNED, post

JOB = {"jobName": "x", "jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True, check_credentials=True) as aws:
        yield aws


def client(aws: LocalBatch, service: str, key: str, secret: str, **more: Any) -> Any:
    session: Any = boto3.session.Session()
    return session.client(
        service,
        region_name="us-east-1",
        endpoint_url=aws.url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        **more,
    )


def keys(aws: LocalBatch) -> tuple[str, str]:
    return aws.environ["AWS_ACCESS_KEY_ID"], aws.environ["AWS_SECRET_ACCESS_KEY"]


def test_they_are_checked_if_commands_are_run_and_new_for_each() -> None:
    commands, other = LocalBatch(run_commands=True), LocalBatch(run_commands=True)
    assert len({*keys(commands), *keys(other)}) == 4
    assert keys(LocalBatch()) == keys(LocalBatch(run_commands=True, check_credentials=False))


@pytest.mark.parametrize("service", ["batch", "logs", "sts", "s3", "iam"])
def test_who_does_not_have_them_is_refused_in_awss_words(aws: LocalBatch, service: str) -> None:
    asks: dict[str, Callable[[Any], object]] = {
        "batch": lambda batch: batch.submit_job(**JOB),
        "logs": lambda logs: logs.describe_log_groups(),
        "sts": lambda sts: sts.get_caller_identity(),
        "s3": lambda s3: s3.list_buckets(),
        "iam": lambda iam: iam.list_users(),
    }
    ask = asks[service]
    right = keys(aws)
    ask(client(aws, service, *right))
    for wrong, code in (
        (("local", "local"), "UnrecognizedClientException"),
        ((right[0], "local"), "InvalidSignatureException"),
    ):
        with pytest.raises(ClientError) as caught:
            ask(client(aws, service, *wrong))
        assert caught.value.response["Error"]["Code"] == code
    assert len(aws.jobs) == (service == "batch")


@pytest.mark.parametrize("name", ["plain", "käse mit + und %", "a//b/../c"])
def test_odd_paths_and_queries_are_signed_as_aws_signs_them(aws: LocalBatch, name: str) -> None:
    s3 = client(aws, "s3", *keys(aws), config=Config(signature_version="s3v4"))
    batch = client(aws, "batch", *keys(aws))
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key=name, Body=b"x")
    assert s3.list_objects_v2(Bucket="bucket", Prefix=name)["KeyCount"] == 1
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": name})
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - loopback
        assert answer.read() == b"x"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(url[:-1] + ("0" if url[-1] != "0" else "1"))  # noqa: S310
    job = batch.submit_job(**JOB, tags={"a b": "c/d"})
    batch.untag_resource(resourceArn=job["jobArn"], tagKeys=["a b", "ü&="])
    assert batch.list_tags_for_resource(resourceArn=job["jobArn"])["tags"] == {}


def signed(aws: LocalBatch, body: bytes, when: datetime) -> dict[str, str]:
    """Return the headers of a SubmitJob that was signed at *when*."""
    request = AWSRequest("POST", f"{aws.url}/v1/submitjob", data=body)
    request.context["timestamp"] = stamp = when.strftime("%Y%m%dT%H%M%SZ")
    auth = SigV4Auth(Credentials(*keys(aws)), "batch", "us-east-1")
    request.headers["X-Amz-Date"] = stamp
    text = auth.string_to_sign(request, auth.canonical_request(request))
    listed = auth.signed_headers(auth.headers_to_sign(request))
    signature = auth.signature(text, request)
    request.headers["Authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={listed},"
        f" Signature={signature}"
    )
    return dict(request.headers.items())


def test_a_signature_holds_for_five_minutes_and_for_its_body_only(aws: LocalBatch) -> None:
    now, body = datetime.now(UTC), json.dumps(JOB).encode()
    url = f"{aws.url}/v1/submitjob"
    assert post(url, signed(aws, body, now), body)[0] == 200
    wrong = (403, "InvalidSignatureException")
    assert post(url, signed(aws, body, now), body + b" ") == wrong
    for off in (timedelta(minutes=6), -timedelta(minutes=6)):
        assert post(url, signed(aws, body, now + off), body) == wrong
    for header in (SIGNED, "Bearer x", "AWS4-HMAC-SHA256 Credential=a/b/c", ""):
        assert post(url, {"Authorization": header}, body)[0] == 403
    assert len(aws.jobs) == 1


def test_what_its_own_sts_gives_out_counts_too(aws: LocalBatch) -> None:
    sts = client(aws, "sts", *keys(aws))
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/x", RoleSessionName="me")
    given = role["Credentials"]
    batch = client(
        aws,
        "batch",
        given["AccessKeyId"],
        given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    assert batch.submit_job(**JOB)["jobId"] == aws.jobs[0]["jobId"]


def test_the_control_endpoint_wants_the_secret(aws: LocalBatch) -> None:
    url, as_json = f"{aws.url}/_local/advance", {"Content-Type": "application/json"}
    bearer = {"Authorization": f"Bearer {keys(aws)[1]}"}
    assert post(url, as_json, b'{"seconds": 1}')[0] == 403
    assert post(url, as_json | bearer, b'{"seconds": 1}')[0] == 200


@pytest.mark.parametrize("checked", [True, False])
def test_no_web_page_and_no_way_into_moto(checked: bool) -> None:
    with LocalBatch(manual_clock=True, check_credentials=checked) as aws:
        batch = aws.client("batch", config=Config(retries={"total_max_attempts": 1}))
        batch.meta.events.register(
            "before-send.batch", lambda request, **_: request.headers.update({"Origin": "x"})
        )
        with pytest.raises(ClientError, match="Origin"):
            batch.submit_job(**JOB)
        for path in ("/moto-api/reset", "/%6doto-api/reset", "/moto-api"):
            assert post(aws.url + path, {})[0] == 403
        groups = aws.client("logs").describe_log_groups()["logGroups"]
        assert [group["logGroupName"] for group in groups] == [LOG_GROUP]
