"""The JSON of every command has one schema: the same members, and ``null`` for what is unknown."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.cli._jobs import JSON_HELP
from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Run

Submit = Callable[..., str]

JOB = {
    "jobId": str,
    "jobName": str,
    "jobArn": str,
    "status": str,
    "statusReason": str,
    "exitCode": int,
    "reason": str,
    "attempts": int,
    "createdAt": str,
    "startedAt": str,
    "stoppedAt": str,
    "vcpu": float,
    "memory": int,
    "logStreams": list,
    "array": dict,
}
ARRAY = {"size": int, "counts": dict, "failedIndexes": list}


def check(job: dict[str, Any]) -> None:
    """Hold a job against the schema."""
    assert job.keys() == JOB.keys()
    for member, value in job.items():
        assert value is None or isinstance(value, JOB[member]), member
    if job["array"] is not None:
        assert job["array"].keys() == ARRAY.keys()


def of(run: Run, *words: str) -> list[dict[str, Any]]:
    """Return the jobs that a command writes as JSON."""
    written = json.loads(run(*words, "--output", "json").out)
    jobs = written if isinstance(written, list) else [written]
    for job in jobs:
        check(job)
    return jobs


@pytest.fixture
def array(job: Submit) -> str:
    """Return an array of five, one of which fails."""
    return job("--job-name", "array", "--array-size", "5", name="array", exit_code=2, indexes=[3])


def test_a_job_has_the_same_members_in_every_command(run: Run, job: Submit, array: str) -> None:
    [submitted] = of(run, "submit", "--job-name", "plain")
    waited = of(run, "wait", submitted["jobId"], array, job())
    seen = of(run, "status", *(each["jobId"] for each in waited))
    assert seen == waited
    assert submitted["status"] is None
    assert {member: submitted[member] for member in ("jobId", "jobName", "jobArn")} == {
        member: seen[0][member] for member in ("jobId", "jobName", "jobArn")
    }


@pytest.mark.usefixtures("time")
def test_a_line_of_a_file_has_them_too(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "jobs.jsonl"
    file.write_text("{}\n{}\n")
    lines = run("submit", "--from-file", str(file), "--output", "json").out.splitlines()
    assert len(lines) == 2
    for line in lines:
        check(json.loads(line))


class TestFailedIndexes:
    def test_are_known_to_status_as_they_are_to_wait(self, run: Run, array: str) -> None:
        run("wait", array)
        [seen] = of(run, "status", array)
        assert seen["array"] == {
            "size": 5,
            "counts": {"SUCCEEDED": 4, "FAILED": 1},
            "failedIndexes": [3],
        }

    def test_are_none_while_no_child_has_failed_and_nobody_is_asked(
        self, run: Run, array: str, aws: LocalBatch
    ) -> None:
        [seen] = of(run, "status", array)
        assert seen["array"]["failedIndexes"] == []
        assert [call.operation for call in aws.requests][1:] == ["DescribeJobs"]

    @pytest.mark.parametrize("command", ["status", "wait"])
    def test_are_null_if_they_cannot_be_listed(
        self, run: Run, array: str, aws: LocalBatch, command: str
    ) -> None:
        run("wait", array)
        aws.faults.add("denied", operation="ListJobs")
        [seen] = of(run, command, array)
        assert seen["array"]["failedIndexes"] is None
        assert seen["array"]["counts"] == {"SUCCEEDED": 4, "FAILED": 1}


@pytest.mark.usefixtures("time")
def test_a_job_that_was_never_seen_is_an_id_and_nulls(run: Run) -> None:
    [lost] = of(run, "wait", "typo")
    assert {member: value for member, value in lost.items() if value is not None} == {
        "jobId": "typo"
    }


def test_the_sizes_are_spelt_alike(run: Run) -> None:
    answer = json.loads(run("sizes", "--vcpu", "3", "--output", "json").out)
    assert answer.keys() == {"legal", "sizes", "roundUp"}
    assert answer["sizes"][0].keys() == {"vcpu", "memory", "windows", "platformVersion"}


def test_the_help_names_every_member() -> None:
    for member in (*JOB, *ARRAY):
        assert member in JSON_HELP


@pytest.mark.parametrize(
    "words", [["submit", "--help-all"], ["wait", "--help"], ["status", "--help"]]
)
def test_the_help_of_each_command_has_the_schema(run: Run, words: list[str]) -> None:
    assert JSON_HELP in run(*words).out
