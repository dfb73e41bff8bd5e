"""Items from the submit to the containers: the list on S3, retries, and the documented snippets."""

import json
import logging
import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.items import ItemsApi
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AccessDenied, AwsError
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.submitting.lists import last_start_of
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.submitting.submitter import Submitter
from tests.test_readme import BLOCKS

EXAMPLE = Path(__file__).parents[2] / "dags_examples" / "items"
SHELL = (EXAMPLE / "child.sh").read_text()
PYTHON = (EXAMPLE / "child.py").read_text()
HOSTILE = [
    "line\nbreak\r\n\ttab",
    "quotes \" ' ` and $(touch hacked) ; \\ \\n",
    "𝄞 日本 é \u2028 \u2029 \x85 \x1b \x7f",
    " spaces at both ends ",
    "",
    "x" * 100_000,
    {"key": ["nested", 1, True]},
    -1.5,
]
LONG = [f"item {number}" for number in range(3000)]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        furnish(local, monkeypatch)
        yield local


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(run_commands=True, speed=50) as local:
        furnish(local, monkeypatch)
        yield local


def furnish(local: LocalBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in local.environ.items():
        monkeypatch.setenv(name, value)
    place = {"LocationConstraint": local.region}
    local.client("s3").create_bucket(Bucket="lists", CreateBucketConfiguration=place)


def request(items: Any, **arguments: Any) -> JobRequest:
    return JobRequest.from_arguments(
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        submission=Submission(token="0123456789abcdef"),
        items=items,
        **({"items_location": "s3://lists/daily"} | arguments),
    )


def submit(aws: LocalBatch, wanted: JobRequest, *, tries_before: int = 0) -> dict[str, Any]:
    """Submit as a try of a task does; return the job."""
    submitter = Submitter(
        BatchApi.connect(region_name=aws.region),
        lists=lambda: ItemsApi.connect(region_name=aws.region),
        clock=Timing(sleep=lambda _: None),
        patience=5.0,
    )
    job_id = submitter.submit(
        wanted, look_first=tries_before > 0, tries_before=tries_before, rerun_failed_only=True
    ).job_id
    return next(job for job in aws.jobs if job["jobId"] == job_id)


def variables(job: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in job["container"]["environment"]}


def objects(aws: LocalBatch) -> dict[str, str]:
    s3 = aws.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="lists").get("Contents", [])]
    return {key: s3.get_object(Bucket="lists", Key=key)["Body"].read().decode() for key in keys}


def operations(aws: LocalBatch) -> list[str]:
    return [call.operation for call in aws.requests if call.operation != "s3:CreateBucket"]


def test_a_long_list_is_written_and_then_one_job_submitted(aws: LocalBatch) -> None:
    job = submit(aws, request(LONG))
    assert operations(aws) == ["s3:PutObject", "SubmitJob"]
    [(key, text)] = objects(aws).items()
    assert variables(job)["FARGATE_BATCH_ITEMS_URI"] == f"s3://lists/{key}"
    assert [json.loads(line) for line in text.splitlines()] == LONG


def test_a_short_list_needs_no_call_of_s3(aws: LocalBatch) -> None:
    submit(aws, request(["a", "b"]))
    assert operations(aws) == ["SubmitJob"]


def test_a_retry_that_adopts_the_job_writes_nothing(aws: LocalBatch) -> None:
    """The children of the running job read the list that they were given."""
    submit(aws, request(LONG))
    before = objects(aws)
    submit(aws, request([*LONG, "new"]), tries_before=1)
    assert objects(aws) == before
    assert len(aws.jobs) == 1


def test_a_retry_writes_the_same_object(aws: LocalBatch) -> None:
    aws.script("*", exit_code=1)
    submit(aws, request(["x" * 9000]))
    aws.advance(60)
    submit(aws, request(["x" * 9000]), tries_before=1)
    assert len(aws.jobs) == 2
    assert len(objects(aws)) == 1


def test_if_the_list_cannot_be_written_nothing_is_submitted(aws: LocalBatch) -> None:
    aws.faults.add("denied", operation="s3:PutObject", times=1)
    with pytest.raises(AccessDenied, match="s3:PutObject"):
        submit(aws, request(LONG))
    with pytest.raises(AwsError, match="NoSuchBucket"):
        submit(aws, request(LONG, items_location="s3://elsewhere"))
    assert aws.jobs == []


@pytest.mark.parametrize("fault", ["throttle", "cut_after", "error_after", "cut_before"])
def test_a_write_is_retried(aws: LocalBatch, fault: str) -> None:
    aws.faults.add(fault, operation="s3:PutObject", times=2)
    submit(aws, request(LONG))
    assert (len(objects(aws)), len(aws.jobs)) == (1, 1)


def test_a_retry_runs_only_the_failed_children_with_their_items(aws: LocalBatch) -> None:
    aws.script("*", exit_code=1, indexes=[1, 2, 4])
    wanted = request(list("abcdefghi"), items_per_child=2)
    submit(aws, wanted)
    aws.advance(60)
    aws.script("*", exit_code=0)
    aws.script("*", exit_code=1, indexes=[1])
    second = submit(aws, wanted, tries_before=1)
    assert second["arrayProperties"]["size"] == 3
    assert variables(second)["FARGATE_BATCH_ITEMS"] == '"c"\n"d"\n"e"\n"f"\n"i"'
    aws.advance(60)
    third = submit(aws, wanted, tries_before=2)
    assert variables(third)["FARGATE_BATCH_ITEMS"] == '"e"\n"f"'
    assert variables(third)["FARGATE_BATCH_INDEXES"] == "2"


def test_more_failed_children_than_a_variable_has_room_for_are_rerun_alone(
    aws: LocalBatch,
) -> None:
    aws.script("*", exit_code=1, indexes=range(0, 3000, 2))
    submit(aws, request(LONG))
    aws.advance(60)
    second = submit(aws, request(LONG), tries_before=1)
    assert second["arrayProperties"]["size"] == 1500
    text = objects(aws)[variables(second)["FARGATE_BATCH_ITEMS_URI"].removeprefix("s3://lists/")]
    assert [json.loads(line) for line in text.splitlines()] == LONG[::2]


@pytest.mark.parametrize("changed", [{"items": list("abX")}, {"items_per_child": 2}])
def test_if_the_list_has_changed_all_items_are_submitted_again(
    aws: LocalBatch, changed: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    aws.script("*", exit_code=1, indexes=[1])
    first: dict[str, Any] = {"items": list("abc")}
    submit(aws, request(**first))
    aws.advance(60)
    second = submit(aws, request(**(first | changed)), tries_before=1)
    assert "FARGATE_BATCH_INDEXES" not in variables(second)
    assert "Submitting all items again" in caplog.text


def test_the_log_tells_when_the_presigned_address_expires(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    job = submit(aws, request(LONG))
    assert "X-Amz-Signature=" in variables(job)["FARGATE_BATCH_ITEMS_URL"]
    assert "The presigned address of the list expires on 20" in caplog.text
    assert "X-Amz-Signature" not in caplog.text
    slow = request(LONG, retry_strategy=5, job_timeout=timedelta(days=2))
    assert last_start_of(slow) == timedelta(days=8, seconds=150)
    submit(aws, slow)
    assert "perhaps before the last child or retry starts" in caplog.text
    monkeypatch.setenv("AWS_SESSION_TOKEN", "temporary")
    submit(aws, request(LONG))
    assert "expires with the temporary credentials" in caplog.text


def test_without_room_for_the_presigned_address_the_job_is_submitted(
    aws: LocalBatch, caplog: pytest.LogCaptureFixture
) -> None:
    job = submit(aws, request(LONG, command=["echo", "x" * 6900]))
    assert "FARGATE_BATCH_ITEMS_URL" not in variables(job)
    assert "has no room for a presigned address" in caplog.text


def test_the_documentation_quotes_the_snippets_that_run_here() -> None:
    assert ("sh", SHELL) in BLOCKS
    assert any(text in PYTHON for language, text in BLOCKS if language == "python")


# --- In the container ---------------------------------------------------------------------------


def run(aws: LocalBatch, items: list[Any], out: Path, command: list[str], **arguments: Any) -> None:
    """Submit, and wait until every child has ended well."""
    environment = {"OUT": str(out), "PATH": os.environ["PATH"], **aws.environ}
    wanted = request(items, command=command, environment=environment, **arguments)
    assert ended(aws, submit(aws, wanted)) == "SUCCEEDED", aws.jobs


def ended(aws: LocalBatch, submitted: dict[str, Any]) -> str:
    """Wait for a job's end; return its state."""
    deadline = time.monotonic() + 60
    while True:
        [job] = [job for job in aws.jobs if job["jobId"] == submitted["jobId"]]
        if job["status"] in {"SUCCEEDED", "FAILED"}:
            return str(job["status"])
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lines_by_child(out: Path) -> dict[int, list[str]]:
    return {int(file.name): file.read_text().split("\n")[:-1] for file in out.iterdir()}


COPY = 'cp items.jsonl "$OUT/${AWS_BATCH_JOB_ARRAY_INDEX:-0}"'
SHELL_COMMAND = ["sh", "-eu", "-c", f"{SHELL}\n{COPY}"]
PYTHON_COMMAND = [
    sys.executable,
    "-c",
    f"{PYTHON}\nimport sys\nwith open(os.environ['OUT'] + '/' + os.environ.get("
    "'AWS_BATCH_JOB_ARRAY_INDEX', '0'), 'w') as file:\n"
    "    file.writelines(json.dumps(item) + '\\n' for item in items)",
]
CURL_COMMAND = [
    part.replace(
        'aws s3 cp --only-show-errors "$FARGATE_BATCH_ITEMS_URI" "$list"',
        'curl -sSf --retry 5 -o "$list" "$FARGATE_BATCH_ITEMS_URL"',
    )
    for part in SHELL_COMMAND
]


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"{program} is not installed")


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(SHELL_COMMAND, id="aws s3 cp", marks=needs("aws")),
        pytest.param(CURL_COMMAND, id="curl", marks=needs("curl")),
        pytest.param(PYTHON_COMMAND, id="python"),
    ],
)
def test_hostile_items_arrive_byte_for_byte_from_s3(
    command: list[str], running: LocalBatch, tmp_path: Path
) -> None:
    run(running, HOSTILE, tmp_path, command, items_per_child=3)
    found = lines_by_child(tmp_path)
    assert sorted(found) == [0, 1, 2]
    arrived = [json.loads(line) for index in range(3) for line in found[index]]
    assert arrived == HOSTILE


@pytest.mark.parametrize("command", [SHELL_COMMAND, PYTHON_COMMAND], ids=["shell", "python"])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_items_arrive_in_a_variable(
    command: list[str], count: int, running: LocalBatch, tmp_path: Path
) -> None:
    short = [item for item in HOSTILE if item != "x" * 100_000][:count]
    run(running, short, tmp_path, command, items_per_child=2)
    found = lines_by_child(tmp_path)
    assert [json.loads(line) for index in sorted(found) for line in found[index]] == short


def test_a_list_that_cannot_be_read_fails_the_child(running: LocalBatch, tmp_path: Path) -> None:
    """A child without its items must not end well."""
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "aws").write_text("#!/bin/sh\nexit 1\n")
    (broken / "aws").chmod(0o755)
    environment = {"PATH": f"{broken}:/usr/bin:/bin"}
    command = ["sh", "-c", f"{SHELL}\ntrue"]
    wanted = request(["x" * 9000], command=command, environment=environment)
    assert ended(running, submit(running, wanted)) == "FAILED"


@needs("jq")
@needs("curl")
def test_jq_decodes_an_item_for_a_shell(running: LocalBatch, tmp_path: Path) -> None:
    texts = [item for item in HOSTILE if isinstance(item, str)]
    *shell, script = CURL_COMMAND
    script = script.replace("cp items.jsonl", "jq -j . items.jsonl >")
    run(running, texts, tmp_path, [*shell, script])
    found = [(tmp_path / str(index)).read_bytes() for index in range(len(texts))]
    assert found == [text.encode() for text in texts]
