"""``submit --items-file``: one array for the lines of a file."""

import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Outcome, Run, shell

pytestmark = pytest.mark.usefixtures("time")


@pytest.fixture
def items(submit: Run, tmp_path: Path) -> Any:
    """Give what submits the lines of a file, with some flags."""

    def call(text: str, *words: str, name: str = "list.txt") -> Outcome:
        file = tmp_path / name
        file.write_text(text)
        return submit("--items-file", str(file), *words)

    return call


def variables(aws: LocalBatch) -> dict[str, str]:
    [job] = aws.jobs
    return {each["name"]: each["value"] for each in job["container"]["environment"]}


def make_bucket(aws: LocalBatch) -> Any:
    s3 = aws.client("s3")
    place = {"LocationConstraint": aws.region}
    s3.create_bucket(Bucket="lists", CreateBucketConfiguration=place)
    return s3


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a b\r\n\n 007\ntrue\n", ['"a b"', '" 007"', '"true"']),
        ('"a"\n{"b": 1}\n2\n', ['"a"', '{"b": 1}', "2"]),
        ("[1, 2]\n[3]\n", ["[1, 2]", "[3]"]),
    ],
    ids=["text", "JSON Lines", "lists"],
)
def test_each_line_is_an_item(items: Any, aws: LocalBatch, text: str, lines: list[str]) -> None:
    outcome = items(text)
    assert outcome.code == 0
    assert aws.jobs[0]["arrayProperties"]["size"] == len(lines)
    assert variables(aws)["FARGATE_BATCH_ITEMS"] == "\n".join(lines)
    assert f"items: {len(lines)} in {len(lines)} children" in outcome.err


def test_one_line_is_a_plain_job(items: Any, aws: LocalBatch) -> None:
    items("only")
    assert "arrayProperties" not in aws.jobs[0]


def test_stdin_is_a_file_too(submit: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.write(write, b"a\nb\n")
    os.close(write)
    monkeypatch.setattr(sys, "stdin", io.open(read))  # noqa: SIM115, UP020 - a descriptor
    assert submit("--items-file", "-").code == 0
    assert variables(aws)["FARGATE_BATCH_ITEMS"] == '"a"\n"b"'


def test_a_long_list_goes_to_s3(items: Any, aws: LocalBatch) -> None:
    s3 = make_bucket(aws)
    text = "".join(f"file {number}\n" for number in range(12_000))
    outcome = items(text, "--items-location", "s3://lists/daily", "--items-per-child", "5")
    assert outcome.code == 0, outcome.err
    assert aws.jobs[0]["arrayProperties"]["size"] == 2400
    [key] = [each["Key"] for each in s3.list_objects_v2(Bucket="lists")["Contents"]]
    assert variables(aws)["FARGATE_BATCH_ITEMS_URI"] == f"s3://lists/{key}"
    body = s3.get_object(Bucket="lists", Key=key)["Body"].read().decode()
    assert [json.loads(line) for line in body.splitlines()] == text.splitlines()
    assert "Wrote 12000 items to s3://lists/daily/" in outcome.err


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("x\n" * 9000, [], "--items-file: 9000 items with 27000 characters do not fit"),
        ("x\n" * 9000, [], "set --items-location to a prefix on S3"),
        ("", [], "--items-file: is an empty list: there is nothing to submit"),
        ('{"a": 1}\nb\n', [], "list.txt, line 2, column 1: not valid JSON"),
        ("a\nb\n", ["--array-size", "2"], "--array-size: is set together with --items-file"),
        ("a\nb\n", ["--items-per-child", "0"], "--items-per-child: must be at least 1"),
        ("a\nb\n", ["--items-location", "here"], "--items-location: 'here' is not a prefix on S3"),
        ("a\nb\n", ["--from-file", "x"], "--items-file and --from-file cannot be used together"),
    ],
)
def test_mistakes(items: Any, aws: LocalBatch, text: str, words: list[str], said: str) -> None:
    outcome = items(text, *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert aws.jobs == []


def test_a_file_that_is_not_there(submit: Run) -> None:
    outcome = submit("--items-file", "/nowhere/list.txt")
    assert outcome.code == 2
    assert "/nowhere/list.txt: cannot be read: No such file or directory" in outcome.err


def test_a_bucket_that_is_not_there(items: Any, aws: LocalBatch) -> None:
    outcome = items("x\n" * 9000, "--items-location", "s3://nowhere")
    assert (outcome.code, outcome.out) == (1, "")
    assert "NoSuchBucket" in outcome.err
    assert "--items-location" in outcome.err
    assert aws.jobs == []


def test_the_report_of_a_failed_array_names_the_items(items: Any, aws: LocalBatch) -> None:
    aws.script("*", exit_code=1, indexes=[1])
    outcome = items("a\nb\nc\n", "--wait")
    assert outcome.code == 1
    assert ':1 (item "b"): exit code 1' in outcome.err


def test_the_same_key_and_list_is_the_same_job(items: Any, aws: LocalBatch) -> None:
    make_bucket(aws)
    text = "x\n" * 9000
    words = ("--items-location", "s3://lists", "--idempotency-key", "k")
    first, second = items(text, *words), items(text, *words)
    assert first.out == second.out
    writes = [call for call in aws.requests if call.operation == "s3:PutObject"]
    assert len(writes) == 1


def test_a_line_of_a_file_of_requests_may_have_items(
    submit: Run, aws: LocalBatch, tmp_path: Path
) -> None:
    make_bucket(aws)
    line = {"items": ["x"] * 9000, "items_location": "s3://lists", "job_name": "many"}
    (tmp_path / "jobs.jsonl").write_text(json.dumps(line))
    outcome = submit("--from-file", str(tmp_path / "jobs.jsonl"))
    assert outcome.code == 0, outcome.err
    assert aws.jobs[0]["arrayProperties"]["size"] == 9000


def test_a_dry_run_needs_no_credentials_and_can_be_submitted(
    submit: Run, tmp_path: Path, aws: LocalBatch
) -> None:
    (tmp_path / "list.txt").write_text("a\nb\n")
    dry = shell("submit-fargate-job", "--items-file", str(tmp_path / "list.txt"), "--dry-run")
    assert dry.code == 0, dry.err
    body = json.loads(dry.out)
    assert body["arrayProperties"] == {"size": 2}
    (tmp_path / "job.json").write_text(dry.out)
    assert submit("--from-json", str(tmp_path / "job.json")).code == 0
    assert variables(aws)["FARGATE_BATCH_ITEMS"] == '"a"\n"b"'
