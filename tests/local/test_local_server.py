import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import LOG_GROUP, READY_DEFINITION, READY_QUEUE
from tests.patience import PATIENCE

Submit = Callable[..., str]
SIGNED = "AWS4-HMAC-SHA256 Credential=x/20260101/ap-northeast-1/batch/aws4_request, Signature=x"


def post(url: str, headers: dict[str, str], body: bytes = b"{}") -> tuple[int, str]:
    """Return the status and the error code of a POST."""
    request = urllib.request.Request(  # noqa: S310 - loopback
        url, data=body, headers=headers, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - loopback
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["__type"]


def test_it_listens_on_loopback_only(aws: LocalBatch) -> None:
    listener = aws._server._server
    assert listener is not None
    assert listener.socket.getsockname()[0] == "127.0.0.1"
    with socket.socket() as other:
        other.settimeout(1)
        # 127.0.0.2 is this machine too: who bound 0.0.0.0 would answer there
        with pytest.raises(OSError):  # noqa: PT011 - refused or unreachable, by platform
            other.connect(("127.0.0.2", int(aws.url.rpartition(":")[2])))


def test_nothing_is_executed_unless_told(
    tmp_path: Path, submit: Submit, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    target = tmp_path / "touched"
    submit(containerOverrides={"command": ["touch", str(target)]})
    aws.advance(100)
    assert aws.jobs[0]["status"] == "SUCCEEDED"
    assert not target.exists()


def test_a_batch_call_it_does_not_know_is_refused_and_never_reaches_moto(aws: LocalBatch) -> None:
    for path in ("/v1/submitservicejob", "/v1/nonsense", "/v2/submitjob"):
        assert post(aws.url + path, {"Authorization": SIGNED}) == (
            404,
            "UnknownOperationException",
        )
    assert not aws._application.others.loaded


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        pytest.param({}, (403, "MissingAuthenticationTokenException"), id="unsigned"),
        pytest.param(
            {"Authorization": SIGNED, "Host": "evil.example"}, (403, "AccessDenied"), id="rebound"
        ),
    ],
)
def test_a_web_page_cannot_submit_jobs(
    aws: LocalBatch, headers: dict[str, str], answer: tuple[int, str]
) -> None:
    body = json.dumps({"jobName": "x", "jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION})
    assert post(f"{aws.url}/v1/submitjob", headers, body.encode()) == answer
    assert aws.jobs == []


def test_the_control_endpoint_takes_json_only(aws: LocalBatch) -> None:
    url = f"{aws.url}/_local/faults"
    body = b'{"kind": "throttle"}'
    assert post(url, {"Content-Type": "text/plain"}, body)[0] == 415
    assert post(url, {"Content-Type": "application/json"}, b'{"kind": "x"}') == (400, "BadRequest")
    assert aws.faults.listed() == []


def test_a_body_that_is_not_json_is_refused(aws: LocalBatch) -> None:
    answer = post(f"{aws.url}/v1/submitjob", {"Authorization": SIGNED}, b"nonsense")
    assert answer == (400, "SerializationException")


def test_a_member_that_is_missing_is_named(aws: LocalBatch) -> None:
    answer = post(f"{aws.url}/v1/submitjob", {"Authorization": SIGNED}, b'{"jobName": "x"}')
    assert answer == (400, "ClientException")


def test_other_services_are_motos(aws: LocalBatch) -> None:
    assert aws.client("sts").get_caller_identity()["Account"] == "123456789012"
    groups = aws.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == [LOG_GROUP]
    s3 = aws.client("s3")
    s3.create_bucket(
        Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    s3.put_object(Bucket="bucket", Key="käse/1", Body=b"x" * 100_000)
    assert s3.get_object(Bucket="bucket", Key="käse/1")["Body"].read() == b"x" * 100_000


def test_every_call_is_recorded_with_what_iam_would_check(aws: LocalBatch, batch: Any) -> None:
    arn = "arn:aws:batch:ap-northeast-1:123456789012:"
    batch.submit_job(
        jobName="x", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION, tags={"a": "b"}
    )
    aws.client("sts").get_caller_identity()
    submitted, identity = aws.requests
    assert submitted.actions == ("batch:SubmitJob", "batch:TagResource")
    assert submitted.resources == (
        f"{arn}job-definition/{READY_DEFINITION}",
        f"{arn}job-queue/{READY_QUEUE}",
        f"{arn}job/*",
    )
    assert submitted.parameters["jobName"] == "x"
    assert identity.actions == ("sts:GetCallerIdentity",)


def test_many_clients_at_once_make_exactly_their_jobs(aws: LocalBatch) -> None:
    job = {"jobName": "x", "jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
    batch = aws.client("batch")

    def submit_some(_: int) -> list[str]:
        return [batch.submit_job(**job)["jobId"] for _ in range(25)]

    with ThreadPoolExecutor(8) as pool:
        made = [job_id for some in pool.map(submit_some, range(8)) for job_id in some]
    assert len(set(made)) == 200
    assert {job["jobId"] for job in aws.jobs} == set(made)


def test_neither_airflow_nor_boto3_nor_moto_is_loaded_to_serve_batch() -> None:
    script = """
import sys, urllib.request
from airflow_fargate_batch.local import LocalBatch
with LocalBatch() as aws:
    signed = {"Authorization": %r, "Content-Type": "application/json"}
    request = urllib.request.Request(aws.url + "/v1/describejobqueues", b"{}", signed)
    assert b"high-priority" in urllib.request.urlopen(request).read()
print([name for name in ("airflow", "boto3", "botocore", "moto", "flask") if name in sys.modules])
"""
    code = script % SIGNED
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_environment_points_any_client_at_it(
    aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3

    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    queues: list[Any] = boto3.session.Session().client("batch").describe_job_queues()["jobQueues"]
    assert [queue["jobQueueName"] for queue in queues] == [READY_QUEUE, "fair-share"]
