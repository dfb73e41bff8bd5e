"""How a call ends, and what becomes of it: real botocore against a server that says anything."""

import json
import logging
import os
import pickle
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader

from airflow_fargate_batch.aws import service
from airflow_fargate_batch.aws.batch import BatchApi, Submitted
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    AwsError,
    CredentialsMissing,
    FairShareMismatch,
    InvalidRequest,
    JobDefinitionNotFound,
    JobQueueNotFound,
    Throttled,
    Unreachable,
)
from airflow_fargate_batch.local import LocalBatch

BODY: Any = {"jobName": "nightly", "jobQueue": "queue", "jobDefinition": "definition"}
SECRET = {"containerOverrides": {"environment": [{"name": "PASSWORD", "value": "hunter2"}]}}
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Stub:
    """A server that gives one answer to everything, and counts what it was asked."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    ends: str = "kept"
    date: str = ""
    paths: list[str] = field(default_factory=list)
    url: str = ""

    def says(self, status: int, body: object, *, code: str | None = None, **more: Any) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.headers = {"x-amzn-ErrorType": code} if code else {}
        for name, value in more.items():
            setattr(self, name, value)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        stub = self.stub
        stub.paths.append(self.path)
        if stub.ends == "RST":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            os.close(self.connection.detach())
        if stub.ends == "silence":
            self.rfile.read(1)  # until the client gives up
        self.close_connection = stub.ends != "kept"
        if stub.ends not in {"kept", "half"}:
            return
        self.send_response(stub.status)
        for name, value in stub.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(stub.body)))
        self.end_headers()
        self.wfile.write(stub.body[: len(stub.body) // 2] if stub.ends == "half" else stub.body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        return self.stub.date or super().date_time_string(timestamp)

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):  # the client has left, or we have
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()
    handler = type("StubHandler", (Handler,), {"stub": stub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        stub.url = f"http://127.0.0.1:{server.server_port}"
        yield stub
        server.shutdown()


@pytest.fixture
def api(stub: Stub) -> BatchApi:
    return api_with(stub.url)


@cache
def session() -> Any:
    return boto3.Session("key", "secret", region_name="eu-west-1")


def api_with(url: str, **options: Any) -> BatchApi:
    config = Config(**options).merge(NO_HIDDEN_RETRIES)
    return BatchApi(session().client("batch", endpoint_url=url, config=config))


CALLS: dict[str, Callable[[BatchApi], object]] = {
    "SubmitJob": lambda api: api.submit_job(BODY),
    "DescribeJobs": lambda api: api.describe_jobs(["job"]),
    "ListJobs": lambda api: api.find_jobs(job_queue="queue", job_name="nightly"),
    "ListJobs of children": lambda api: api.failed_children("job"),
    "TerminateJob": lambda api: api.terminate_job("job", "reason"),
    "DescribeJobDefinitions": lambda api: api.job_definition("definition"),
    "DescribeJobQueues": lambda api: api.job_queues(["queue"]),
    "DescribeComputeEnvironments": lambda api: api.compute_environments(["environment"]),
    "DescribeSchedulingPolicies": lambda api: api.scheduling_policy("arn"),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
ANSWERED = {name: call for name, call in CALLS.items() if name != "TerminateJob"}
each_answered_call = pytest.mark.parametrize("call", ANSWERED.values(), ids=ANSWERED)


# ── answers ──────────────────────────────────────────────────────────────────────────────────


def test_a_submit_is_answered_with_the_job(api: BatchApi, stub: Stub) -> None:
    stub.says(200, {"jobId": "job-1", "jobName": "nightly", "jobArn": "arn:aws:batch:job-1"})
    submitted = api.submit_job(BODY)
    assert not submitted.is_adopted
    assert submitted == Submitted("job-1", "nightly", "arn:aws:batch:job-1")
    assert stub.paths == ["/v1/submitjob"]


def test_jobs_are_described_a_hundred_a_call(api: BatchApi, stub: Stub) -> None:
    stub.says(200, {"jobs": [{"jobId": "7", "status": "RUNNING"}, {"no": "id"}]})
    found = api.describe_jobs(map(str, range(201)))
    assert [(job.id, job.status) for job in found] == [("7", JobStatus.RUNNING)] * 3
    assert len(stub.paths) == 3


def test_a_job_that_nobody_asked_for_is_left_out(api: BatchApi, stub: Stub) -> None:
    stub.says(200, {"jobs": [{"jobId": "other"}, {"jobId": "job-1"}]})
    assert [job.id for job in api.describe_jobs(["job-1"])] == ["job-1"]


ODD_ENTRIES: dict[str, bytes] = {
    "an integer of 5,000 digits": b'{"jobId": "odd", "createdAt": ' + b"9" * 5000 + b"}",
    "no mapping": b'["odd"]',
    "members of other kinds": b'{"jobId": "odd", "container": 7, "arrayProperties": [],'
    b' "attempts": {}, "tags": "no", "status": {}}',
    "5,000 digits where our indexes stand": b'{"jobId": "odd", "container": {"environment":'
    b' [{"name": "FARGATE_BATCH_INDEXES", "value": "' + b"9" * 5000 + b'"}]}}',
    "a memory that int() would take years for": b'{"jobId": "odd", "container":'
    b' {"resourceRequirements": [{"type": "MEMORY", "value": "-1e99999999"}]}}',
    "half a surrogate pair": b'{"jobId": "odd", "statusReason": "\\ud800"}',
}


@pytest.mark.new_boto3
@pytest.mark.parametrize("entry", ODD_ENTRIES.values(), ids=ODD_ENTRIES)
def test_an_odd_entry_does_not_hurt_the_others_of_its_page(
    api: BatchApi, stub: Stub, entry: bytes
) -> None:
    good = b'{"jobId": "good", "status": "RUNNING"}'
    stub.says(200, b'{"jobs": [%b, %b]}' % (entry, good))
    [*_, job] = api.describe_jobs(["odd", "good"])
    assert (job.id, job.status) == ("good", JobStatus.RUNNING)
    stub.says(200, b'{"jobSummaryList": [%b, %b], "nextToken": "more"}' % (entry, good))
    page = api.find_jobs(job_queue="queue", job_name="nightly")
    assert (page.jobs[-1].id, page.next_token) == ("good", "more")
    stub.says(200, b'{"jobSummaryList": [], "nextToken": 7}')
    assert api.find_jobs(job_queue="queue", job_name="nightly").next_token is None


@pytest.mark.new_boto3
def test_an_odd_revision_does_not_hide_the_others(api: BatchApi, stub: Stub) -> None:
    def revision(number: object, **members: object) -> dict[str, object]:
        arn = f"arn:aws:batch:r:1:job-definition/d:{number}"
        return {
            "jobDefinitionArn": arn,
            "jobDefinitionName": "d",
            "revision": number,
            **members,
        }

    odd = revision(4, containerProperties={"fargatePlatformConfiguration": {"platformVersion": ""}})
    stub.says(
        200, {"jobDefinitions": [{"revision": 9}, 7, {"jobDefinitionArn": []}, revision(3), odd]}
    )
    definition = api.job_definition("d")
    assert definition is not None
    assert (definition.revision, definition.platform_version) == (4, "LATEST")


def test_a_job_is_the_same_without_botocores_walk_through_its_model() -> None:
    with LocalBatch(manual_clock=True) as aws:
        aws.create_queue("queue")
        aws.register_job_definition("definition")
        aws.script("nightly", exit_code=1)
        client = aws.client("batch", config=NO_HIDDEN_RETRIES)
        first = client.submit_job(**BODY, tags={"team": "data"}, retryStrategy={"attempts": 2})
        array = client.submit_job(**BODY | SECRET, arrayProperties={"size": 2})
        aws.advance(600)
        last = client.submit_job(**BODY, dependsOn=[{"jobId": first["jobId"]}])
        ids = [first["jobId"], array["jobId"], f"{array['jobId']}:1", last["jobId"]]
        jobs = BatchApi(client).describe_jobs(ids)
        walked = client.describe_jobs(jobs=ids)["jobs"]
    assert jobs == [Job.from_api(entry) for entry in walked]
    assert [len(job.attempts) for job in jobs] == [2, 0, 1, 0]


def test_a_client_that_is_also_used_otherwise_answers_as_ever(api: BatchApi, stub: Stub) -> None:
    stub.says(200, {"jobs": [{"jobId": "job-1", "unknown": 1}]})
    assert [job.id for job in api.describe_jobs(["job-1"])] == ["job-1"]
    answer: Any = api.client.describe_jobs(jobs=["job-1"])
    assert answer["jobs"] == [{"jobId": "job-1"}]


@pytest.mark.new_boto3
def test_an_entry_that_makes_no_sense_spoils_no_other(api: BatchApi, stub: Stub) -> None:
    stub.says(200, {"jobs": [5, {"jobId": "odd", "attempts": 5, "container": []}, {"jobId": "a"}]})
    assert [job.id for job in api.describe_jobs(["odd", "a"])] == ["odd", "a"]


def test_jobs_are_listed_a_page_a_call(api: BatchApi, stub: Stub) -> None:
    stub.says(200, {"jobSummaryList": [{"jobId": "job-1"}], "nextToken": "more"})
    page = api.find_jobs(job_queue="queue", job_name="nightly")
    assert ([job.id for job in page.jobs], page.next_token) == (["job-1"], "more")
    assert len(stub.paths) == 1


def test_all_pages_of_real_answers_are_found() -> None:
    with LocalBatch(manual_clock=True) as aws:
        batch = aws.client("batch")
        queue = aws.create_queue("queue")
        aws.register_job_definition("definition")
        for _ in range(101):
            batch.submit_job(**BODY)
        aws.register_job_definition("definition")
        api = BatchApi(aws.client("batch", config=NO_HIDDEN_RETRIES))
        first = api.find_jobs(job_queue=queue, job_name="NIGHT*")
        second = api.find_jobs(job_queue=queue, job_name="NIGHT*", next_token=first.next_token)
        assert (len(first.jobs), len(second.jobs), second.next_token) == (100, 1, None)
        assert str(api.job_definition("definition")) == "definition:2"
        assert str(api.job_definition("definition:1")) == "definition:1"
        assert api.job_definition("other") is None


@pytest.mark.new_boto3
def test_the_pages_of_names_are_bounded(api: BatchApi, stub: Stub) -> None:
    entry = {"jobQueueArn": "arn", "jobQueueName": "again"}
    stub.says(200, {"jobQueues": [entry, {"no": "name"}, 5], "nextToken": "for ever"})
    assert [queue.name for queue in api.job_queues()] == ["again"] * 10
    assert len(stub.paths) == 10


def test_no_compute_environments_take_no_call(api: BatchApi, stub: Stub) -> None:
    assert api.compute_environments([]) == []
    assert stub.paths == []


NONSENSE = {
    "empty": b"",
    "no object": b"[]",
    "null": b"null",
    "a string": b'"jobId"',
    "truncated": b'{"jobId": "job-1", "jobs": [{"jobId": "job-1", "jobSummaryList": [',
    "HTML": b"<html><body>Welcome to the captive portal</body></html>",
    "no UTF-8": b"\xff\xfe\x00",
    "members of other types": b'{"jobId": 5, "jobs": 5, "jobSummaryList": 5, "jobDefinitions": 5,'
    b' "jobQueues": 5, "computeEnvironments": 5, "schedulingPolicies": 5}',
    "members without values": b'{"jobId": "", "jobs": null, "jobSummaryList": null}',
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
@each_answered_call
def test_an_answer_that_makes_no_sense_is_lost(
    api: BatchApi, stub: Stub, call: Callable[[BatchApi], object], body: bytes
) -> None:
    stub.says(200, body)
    with pytest.raises(AnswerLost):
        call(api)
    assert len(stub.paths) == 1


@each_call
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_failing_server_loses_the_answer(
    api: BatchApi, stub: Stub, call: Callable[[BatchApi], object], status: int
) -> None:
    stub.says(status, {"message": "try again"}, code="ServerException")
    with pytest.raises(AnswerLost, match=f"try again .ServerException, HTTP {status}"):
        call(api)
    assert len(stub.paths) == 1


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]"])
def test_a_failing_proxy_loses_the_answer(api: BatchApi, stub: Stub, body: bytes) -> None:
    stub.says(502, body)
    with pytest.raises(AnswerLost):
        api.submit_job(BODY)


@each_call
@pytest.mark.parametrize("ends", ["FIN", "RST"])
def test_a_cut_connection_loses_the_answer(
    api: BatchApi, stub: Stub, call: Callable[[BatchApi], object], ends: str
) -> None:
    stub.says(200, b"", ends=ends)
    with pytest.raises(AnswerLost):
        call(api)
    assert len(stub.paths) == 1


@pytest.mark.parametrize("ends", ["half", "silence"])
def test_an_answer_that_stops_coming_is_lost(stub: Stub, ends: str) -> None:
    stub.says(200, {"jobId": "job-1"}, ends=ends)
    with pytest.raises(AnswerLost):
        api_with(stub.url, read_timeout=0.2).submit_job(BODY)
    assert len(stub.paths) == 1


@each_call
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "TooManyRequestsException"),
        (429, ""),
        (400, "ThrottlingException"),
        (400, "TooManyRequestsException"),
        (503, "RequestLimitExceeded"),
    ],
)
def test_a_throttle_did_nothing(
    api: BatchApi, stub: Stub, call: Callable[[BatchApi], object], status: int, code: str
) -> None:
    stub.says(status, {"message": "Too Many Requests"}, code=code)
    with pytest.raises(Throttled, match="Too Many Requests"):
        call(api)
    assert len(stub.paths) == 1


# ── refusals ─────────────────────────────────────────────────────────────────────────────────

SAID = [
    (
        "JobDefinition name nightly:3 does not exist or is not in ACTIVE status",
        JobDefinitionNotFound,
        "job_definition",
    ),
    ("JobDefinition for arn:aws:batch:x not in ACTIVE status", JobDefinitionNotFound, "INACTIVE"),
    ("JobQueue arn:aws:batch:eu-west-1:1:job-queue/q not found.", JobQueueNotFound, "job_queue"),
    ("Job queue nightly does not exist", JobQueueNotFound, "region"),
    ("shareIdentifier must be specified.", FairShareMismatch, "give `share_identifier`"),
    (
        "Either schedulingPriority in job definition or schedulingPriorityOverride should be"
        " specified.",
        FairShareMismatch,
        "give `scheduling_priority`",
    ),
    (
        "shareIdentifier can only be specified for a queue with a scheduling policy",
        FairShareMismatch,
        "leave both out",
    ),
    ("Fargate resource requirements (1.00 vCPU, 4000 MiB) not valid.", AwsError, None),
    ("Job size must be less than 30 KiB, got 47 KiB", AwsError, None),
]


@pytest.mark.parametrize(("said", "kind", "advice"), SAID, ids=[said for said, *_ in SAID])
def test_a_refusal_says_what_to_do(
    api: BatchApi, stub: Stub, said: str, kind: type[AwsError], advice: str | None
) -> None:
    stub.says(400, {"message": said}, code="ClientException")
    with pytest.raises(AwsError) as caught:
        api.submit_job(BODY)
    assert type(caught.value) is kind
    assert said in caught.value.message
    assert (advice or "") in (caught.value.advice or "")
    assert len(stub.paths) == 1
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - ours


DENIED = {
    "batch:SubmitJob": "User: arn:aws:iam::1:user/me is not authorized to perform: batch:SubmitJob"
    " on resource: arn:aws:batch:eu-west-1:1:job-queue/q because no identity-based policy allows"
    " the batch:SubmitJob action",
    "batch:TagResource": "User: arn:aws:sts::1:assumed-role/batch/me is not authorized to perform:"
    " batch:TagResource on resource: arn:aws:batch:eu-west-1:1:job/j with an explicit deny",
    "sts:AssumeRole": "User: arn:aws:iam::1:user/me is not authorized to perform: sts:AssumeRole"
    " on resource: arn:aws:iam::1:role/batch",
}


@pytest.mark.parametrize(("action", "said"), DENIED.items(), ids=DENIED)
def test_access_denied_names_the_action_in_the_message(
    api: BatchApi, stub: Stub, action: str, said: str
) -> None:
    stub.says(403, {"message": said}, code="AccessDeniedException")
    with pytest.raises(AccessDenied, match=f"Grant the IAM action {action}") as caught:
        api.submit_job(BODY)
    assert caught.value.action == action


@each_call
def test_access_denied_without_words_names_the_call(
    api: BatchApi, stub: Stub, call: Callable[[BatchApi], object]
) -> None:
    stub.says(403, {}, code="AccessDeniedException")
    with pytest.raises(AccessDenied) as caught:
        call(api)
    name = next(name for name, known in CALLS.items() if known is call).split()[0]
    assert caught.value.action == f"batch:{name}"


@pytest.mark.parametrize(
    "code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"]
)
def test_credentials_that_aws_refuses_are_missing(api: BatchApi, stub: Stub, code: str) -> None:
    stub.says(403, {"message": "The security token included in the request is expired"}, code=code)
    with pytest.raises(CredentialsMissing, match=r"token .* is expired(?s:.)*renew"):
        api.submit_job(BODY)


# ── nothing is sent ──────────────────────────────────────────────────────────────────────────


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


UNREACHABLE: dict[str, Callable[[], BatchApi]] = {
    "nobody listens": lambda: api_with(f"http://127.0.0.1:{closed_port()}"),
    "no such host": lambda: api_with("http://batch.invalid"),
    "the proxy is away": lambda: api_with(
        "http://batch.invalid", proxies={"http": f"http://127.0.0.1:{closed_port()}"}
    ),
}


@pytest.mark.parametrize("connect", UNREACHABLE.values(), ids=UNREACHABLE)
def test_where_no_connection_is_made_nothing_was_done(connect: Callable[[], BatchApi]) -> None:
    with pytest.raises(Unreachable, match="Could not send SubmitJob"):
        connect().submit_job(BODY)


def test_a_proxy_that_was_reached_may_have_sent_it(stub: Stub) -> None:
    stub.says(200, b"", ends="RST")
    with pytest.raises(AnswerLost):
        api_with("http://batch.invalid", proxies={"http": stub.url}).submit_job(BODY)
    assert len(stub.paths) == 1


def test_an_error_of_tls_may_come_after_the_request(stub: Stub) -> None:
    with pytest.raises(AnswerLost):
        api_with(stub.url.replace("http:", "https:")).submit_job(BODY)


def test_no_credentials(stub: Stub) -> None:
    api = BatchApi.connect(region_name="eu-west-1", endpoint_url=stub.url)
    with pytest.raises(CredentialsMissing, match=r"Unable to locate credentials(?s:.)*AWS_PROFILE"):
        api.submit_job(BODY)
    assert stub.paths == []


BROKEN = {
    "no region": ({}, "(?s)specify a region.*`region_name` or AWS_REGION"),
    "a region that is none": ({"region_name": "eu west"}, "eu west"),
    "an endpoint that is no URL": ({"region_name": "eu-west-1", "endpoint_url": "x"}, "endpoint"),
}


@pytest.mark.parametrize(("options", "said"), BROKEN.values(), ids=BROKEN)
def test_a_client_that_cannot_be_made_says_why(options: dict[str, str], said: str) -> None:
    with pytest.raises(AwsError, match=said) as caught:
        BatchApi.connect(**options)
    assert not isinstance(caught.value, AnswerLost)


def test_an_unknown_profile() -> None:
    with pytest.raises(CredentialsMissing, match=r"nobody(?s:.)*~/\.aws/config"):
        BatchApi.connect(profile_name="nobody", region_name="eu-west-1")


def test_a_broken_configuration_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with pytest.raises(AwsError, match="Unable to parse config file"):
        BatchApi.connect(region_name="eu-west-1")


def test_a_client_is_made_without_a_walk_through_all_services(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service._loader.cache_clear()
    asked: list[str] = []
    exists = JSONFileLoader.exists

    def noted(loader: JSONFileLoader, path: str) -> bool:
        asked.append(path)
        return exists(loader, path)

    monkeypatch.setattr(JSONFileLoader, "exists", noted)
    BatchApi.connect(region_name="eu-west-1")
    assert asked
    assert {Path(path).parts[-3] for path in asked} == {"batch"}


def test_a_description_of_the_service_may_stand_in_a_folder_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    description, _ = Loader().load_data_with_path("batch/2016-08-10/service-2")
    description["metadata"]["serviceFullName"] = "The user's own"
    (tmp_path / "batch" / "2016-08-10").mkdir(parents=True)
    (tmp_path / "batch" / "2016-08-10" / "service-2.json").write_text(json.dumps(description))
    client = BatchApi.connect(region_name="eu-west-1").client
    assert client.meta.service_model.metadata["serviceFullName"] == "The user's own"


def test_a_member_that_botocore_does_not_know_is_invalid(api: BatchApi, stub: Stub) -> None:
    with pytest.raises(InvalidRequest, match='Unknown parameter in input: "jobColour"'):
        api.submit_job(BODY | {"jobColour": "blue"})
    assert stub.paths == []


# ── one request a call ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_nothing_talks_botocore_into_trying_again(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str
) -> None:
    (tmp_path / "config").write_text("[default]\nmax_attempts = 5\nretry_mode = standard\n")
    variables = {"AWS_MAX_ATTEMPTS": "4", "AWS_RETRY_MODE": mode, **KEYS}
    for name, value in (variables | {"AWS_CONFIG_FILE": str(tmp_path / "config")}).items():
        monkeypatch.setenv(name, value)
    stub.says(503, {"message": "busy"}, code="ServiceUnavailable")
    with pytest.raises(AnswerLost):
        BatchApi.connect(region_name="eu-west-1", endpoint_url=stub.url).submit_job(BODY)
    retries: Any = {"max_attempts": 5, "total_max_attempts": 6, "mode": mode}
    with pytest.raises(AnswerLost):
        api_with(stub.url, retries=retries).submit_job(BODY)
    assert len(stub.paths) == 2


# ── secrets ──────────────────────────────────────────────────────────────────────────────────


def test_bodies_are_not_logged_even_at_debug(
    api: BatchApi, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stub.says(200, {"jobId": "job-1", "jobs": [{"jobId": "job-1", "container": SECRET}]})
    api.submit_job(BODY | SECRET)
    api.describe_jobs(["job-1"])
    stub.says(500, {})
    with pytest.raises(AnswerLost):
        api.submit_job(BODY | SECRET)
    assert "botocore" in caplog.text
    assert "hunter2" not in caplog.text


def test_botocore_is_changed_when_a_client_is_made_and_once_only() -> None:
    script = (
        "import logging, boto3\n"
        "from airflow_fargate_batch.aws.batch import BatchApi\n"
        "counts = [len(logging.getLogger('botocore.parsers').filters)]\n"
        "for _ in range(2):\n"
        "    BatchApi(boto3.client('batch', region_name='eu-west-1'))\n"
        "    counts.append(len(logging.getLogger('botocore.parsers').filters))\n"
        "print(counts)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[0, 1, 1]\n"


def test_values_that_botocore_refuses_are_not_told(api: BatchApi) -> None:
    value: Any = ["hunter2, type: x"]
    overrides = {"environment": [{"name": "PASSWORD", "value": value}]}
    with pytest.raises(InvalidRequest, match="Invalid type for parameter") as caught:
        api.submit_job(BODY | {"containerOverrides": overrides})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # no traceback shows botocore's own words


# ── AWS's clock ──────────────────────────────────────────────────────────────────────────────

ANSWERS = {
    "success": (200, {"jobId": "1"}),
    "error": (500, {"message": "no"}),
    "nonsense": (200, b"x"),
}


@pytest.mark.parametrize(("status", "body"), ANSWERS.values(), ids=ANSWERS)
def test_every_answer_tells_aws_s_clock(
    stub: Stub, api: BatchApi, status: int, body: object
) -> None:
    before = api.clock_ahead
    assert before is None
    date = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    stub.says(status, body, date=date)
    with suppress(AwsError):
        api.submit_job(BODY)
    assert api.clock_ahead is not None
    assert abs(api.clock_ahead - timedelta(hours=2)) < timedelta(seconds=60)


@pytest.mark.parametrize("date", ["junk", "99999999", "Thu, 26 Nov 2026 10:00:00"])
def test_an_answer_without_a_usable_date_tells_nothing(
    stub: Stub, api: BatchApi, date: str
) -> None:
    stub.says(200, {"jobs": []}, date=date)
    assert api.describe_jobs(["job"]) == []
    assert api.clock_ahead is None


def test_local_batch_tells_the_clock_that_its_jobs_live_by() -> None:
    with LocalBatch(manual_clock=True) as aws:
        api = BatchApi(aws.client("batch", config=NO_HIDDEN_RETRIES))
        aws.advance(3600)
        api.describe_jobs(["job"])
        assert api.clock_ahead is not None
        assert api.clock_ahead > timedelta(minutes=58)
