"""``submit --from-json``: a body as AWS's own client takes it, with every rule of a submit."""

import json
import os
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch._machine.files import read_json_file
from airflow_fargate_batch.cli import _requests
from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import BIN, Outcome, Run
from tests.patience import PATIENCE

FromJson = Callable[..., Outcome]
BODY: dict[str, Any] = {
    "jobName": "report",
    "jobQueue": "body-queue",
    "jobDefinition": "body-definition",
    "shareIdentifier": "A1",
    "parameters": {"day": "1", "table": "t"},
    "containerOverrides": {
        "command": ["run"],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    },
    "retryStrategy": {"attempts": 2, "evaluateOnExit": [{"onReason": "*", "action": "EXIT"}]},
    "timeout": {"attemptDurationSeconds": 600},
    "tags": {"team": "data"},
}


@pytest.fixture
def from_json(submit: Run, tmp_path: Path) -> FromJson:
    """Give what submits the body in a file, with some flags."""

    def call(body: object, *words: str) -> Outcome:
        file = tmp_path / "job.json"
        file.write_text(body if isinstance(body, str) else json.dumps(body))
        return submit("--from-json", str(file), *words)

    return call


def shown(outcome: Outcome) -> dict[str, Any]:
    """Return the body of a dry run, without the tag that each submission has of its own."""
    assert outcome.code == 0, outcome.err
    body: dict[str, Any] = json.loads(outcome.out)
    body["tags"] = {key: value for key, value in body["tags"].items() if ":" not in key}
    return body


def test_the_body_of_the_file_goes_out(from_json: FromJson) -> None:
    assert shown(from_json(BODY, "--dry-run")) == BODY


def test_variables_and_defaults_do_not_win_over_the_file(
    from_json: FromJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("JOB_QUEUE", "JOB_DEFINITION", "SHARE_IDENTIFIER", "JOB_NAME_PREFIX"):
        monkeypatch.setenv(f"AWS_BATCH_{variable}", "fromvariable")
    assert shown(from_json(BODY, "--dry-run")) == BODY


def test_they_count_for_what_the_file_leaves_out(
    from_json: FromJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BATCH_JOB_QUEUE", "fromvariable")
    body = shown(from_json({"parameters": {"a": "1"}}, "--dry-run"))
    assert body["jobQueue"] == "fromvariable"
    assert body["jobDefinition"] == "awa-batch-dev-fargate-sample"
    assert body["jobName"].startswith("fargate-job-")


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        (["--job-queue", "q", "--job-name", "n"], {"jobQueue": "q", "jobName": "n"}),
        (["--job-timeout", "60"], {"timeout": {"attemptDurationSeconds": 60}}),
        (["--retry-attempts", "5"], {"retryStrategy": BODY["retryStrategy"] | {"attempts": 5}}),
        (["--tags", '{"cost": "7"}'], {"tags": {"team": "data", "cost": "7"}}),
        (["--scheduling-priority", "3"], {"schedulingPriorityOverride": 3}),
        (["--share-identifier", "B"], {"shareIdentifier": "B", "schedulingPriorityOverride": 0}),
        (
            ["--environment", '{"B": true}', "--vcpu", "1", "--memory", "2048"],
            {
                "containerOverrides": {
                    "command": ["run"],
                    "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "true"}],
                    "resourceRequirements": [
                        {"type": "VCPU", "value": "1"},
                        {"type": "MEMORY", "value": "2048"},
                    ],
                }
            },
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_flag_wins_and_nothing_else_is_lost(
    from_json: FromJson, words: list[str], changed: dict[str, Any]
) -> None:
    assert shown(from_json(BODY, *words, "--dry-run")) == BODY | changed


def test_a_prefix_replaces_the_bodys_name(from_json: FromJson) -> None:
    for given in (BODY, {"jobName": "report"}):
        body = shown(from_json(given, "--job-name-prefix", "nightly", "--dry-run"))
        assert body["jobName"].startswith("nightly-")


def test_a_dry_run_may_be_submitted(from_json: FromJson, aws: LocalBatch) -> None:
    dry = from_json({"jobName": "twice"}, "--dry-run").out
    outcome = from_json(dry)
    assert outcome.code == 0, outcome.err
    [job] = aws.jobs
    assert (job["jobId"], job["jobName"]) == (outcome.out.strip(), "twice")
    assert "were removed: they identify an earlier submission" in outcome.err


def test_problems_are_named_by_the_file_or_the_flag(from_json: FromJson) -> None:
    body = BODY | {"timeout": {"attemptDurationSeconds": 5}, "quotaShareName": "x"}
    outcome = from_json(body, "--vcpu", "3")
    assert (outcome.code, outcome.out) == (2, "")
    assert (
        "job.json: timeout.attemptDurationSeconds: 5 s is less than the minimum of AWS Batch"
        in outcome.err
    )
    assert "job.json: quotaShareName: belongs to SubmitServiceJob" in outcome.err
    assert "\n  --vcpu: 3 vCPU is not part of any Fargate size" in outcome.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": }', "job.json, line 1, column 7: not valid JSON"),
        ("[]", "job.json must contain a JSON object, not a list"),
        ("", "job.json, line 1, column 1: not valid JSON"),
    ],
)
def test_what_is_no_body_is_the_only_problem(from_json: FromJson, text: str, said: str) -> None:
    outcome = from_json(text)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_file_of_one_request_and_one_of_many_exclude_each_other(from_json: FromJson) -> None:
    outcome = from_json(BODY, "--from-file", "jobs.jsonl")
    assert outcome.code == 2
    assert "--from-json and --from-file cannot be used together: remove one of them" in outcome.err


# --- Where it comes from -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "echo '{}' | PROGRAM --from-json -",
        "PROGRAM --from-json - < FILE",
        "PROGRAM --from-json <(echo '{}')",
        "PROGRAM --parameters-file <(echo '{}')",
        "PROGRAM --from-file <(echo '{}')",
        "echo '{}' | PROGRAM --from-file -",
        "echo '{}' | PROGRAM --from-json /dev/stdin",
    ],
)
def test_it_may_come_through_a_pipe(command: str, tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text("{}")
    program = f"{BIN / 'fargate-batch'} submit --dry-run"
    done = subprocess.run(
        ["bash", "-c", command.replace("PROGRAM", program).replace("FILE", str(file))],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["jobQueue"] == "awa-batch-dev-fargate-high-priority"


@pytest.mark.parametrize(
    "flag", ["--from-json", "--from-file", "--parameters-file", "--container-overrides-file"]
)
def test_what_never_ends_is_refused(flag: str, submit: Run) -> None:
    outcome = submit(flag, "/dev/zero", "--dry-run")
    assert outcome.code == 2
    assert "/dev/zero: is a device, not a file" in outcome.err


def test_a_pipe_that_nobody_fills_is_given_up(
    submit: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_requests, "read_json_file", partial(read_json_file, patience=0.2))
    os.mkfifo(tmp_path / "fifo")
    outcome = submit("--parameters-file", str(tmp_path / "fifo"), "--dry-run")
    assert outcome.code == 2
    assert "is a pipe without data" in outcome.err


def test_a_line_of_more_than_any_request_needs_is_refused(submit: Run, tmp_path: Path) -> None:
    file = tmp_path / "jobs.jsonl"
    file.write_text("{}\n" + " " * 1_000_000 + "{}\n")
    outcome = submit("--from-file", str(file), "--dry-run")
    assert outcome.code == 2
    assert "line 2: must not be longer than 960 KiB" in outcome.err
