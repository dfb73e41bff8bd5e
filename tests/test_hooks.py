"""The hook against LocalBatch, through an Airflow connection."""

import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.config import Config

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import (
    AnswerLost,
    CredentialsMissing,
    InvalidRequest,
    JobCannotStart,
    JobTimedOut,
)
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.local import LocalBatch, Pace
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.submitting.retrying import Timing
from tests.fakes import TOKEN, request_of
from tests.short_lived import COLLECT_NOTHING

AT_ONCE = Pace(submitted=0, runnable=0, starting=0, stopping=0)
RETRIES: Any = {"max_attempts": 5, "mode": "standard"}


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as aws:
        yield aws


def hurried(times: float) -> Timing:
    """Make a clock that runs faster."""
    return Timing(
        now=lambda: time.monotonic() * times, sleep=lambda seconds: time.sleep(seconds / times)
    )


@pytest.fixture
def hook(aws: LocalBatch, monkeypatch: pytest.MonkeyPatch) -> FargateBatchHook:
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", connection_to(aws))
    return FargateBatchHook(aws_conn_id="local")


def connection_to(aws: LocalBatch, **extra: Any) -> str:
    return json.dumps(
        {
            "conn_type": "aws",
            "login": aws.environ["AWS_ACCESS_KEY_ID"],
            "password": aws.environ["AWS_SECRET_ACCESS_KEY"],
            "extra": {"region_name": aws.region, "endpoint_url": aws.url, **extra},
        }
    )


def request(generation: int = 0, **arguments: Any) -> JobRequest:
    where = {"job_queue": READY_QUEUE, "job_definition": READY_DEFINITION}
    return request_of(generation, **(where | arguments))


def operations(aws: LocalBatch) -> list[str]:
    return [call.operation for call in aws.requests]


def test_clients_name_the_running_operator_and_no_source_file_is_read_for_it(
    hook: FargateBatchHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("inspect.stack reads the source files of all functions on the stack")

    class Operator:
        def execute(self) -> list[Any]:
            return [hook.api.client, hook.logs.client, hook.lists.client]

    monkeypatch.setattr("inspect.stack", refuse)
    for client in Operator().execute():
        assert " Caller/Operator " in client.meta.config.user_agent_extra


def test_outside_a_task_the_caller_is_unknown(hook: FargateBatchHook) -> None:
    client: Any = hook.api.client
    assert " Caller/Unknown " in client.meta.config.user_agent_extra


def test_a_submit_is_one_call_and_returns_the_id(aws: LocalBatch, hook: FargateBatchHook) -> None:
    job_id = hook.submit(request())
    assert [job["jobId"] for job in aws.jobs] == [job_id]
    assert operations(aws) == ["SubmitJob"]


SHOW_SECRETS = """
import sys
import time
from airflow_fargate_batch.hooks import FargateBatchHook
print(FargateBatchHook(aws_conn_id="local").describe(sys.argv[1:])[0].secrets)
"""


def test_names_that_airflow_is_told_to_mask_are_secret_in_a_job_too(
    hook: FargateBatchHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {"IBAN": "DE-1234", "CITY": "Berlin", "TOKEN": "abcdef"}
    job_id = hook.submit(request(environment=variables))
    monkeypatch.setenv("AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES", "iban")
    # Airflow reads its configuration once in a process.
    done = subprocess.run(
        [sys.executable, "-c", COLLECT_NOTHING + SHOW_SECRETS, job_id],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "('DE-1234', 'abcdef')"


def test_a_lost_answer_is_looked_up(aws: LocalBatch, hook: FargateBatchHook) -> None:
    vars(hook)["clock"] = hurried(100)
    aws.faults.add("cut_after", operation="SubmitJob", times=1)
    assert hook.submit(request()) == aws.jobs[0]["jobId"]
    assert operations(aws) == ["SubmitJob", "ListJobs", "DescribeJobs"]


def test_a_later_try_adopts_the_job_of_an_earlier_one(
    aws: LocalBatch, hook: FargateBatchHook
) -> None:
    job_id = hook.submit(request())
    assert hook.submit(request(), look_first=True, tries_before=1) == job_id
    assert len(aws.jobs) == 1


def test_a_cleared_task_ends_its_old_job(aws: LocalBatch, hook: FargateBatchHook) -> None:
    old = hook.submit(request())
    assert hook.terminate_older_generations(request(1), "cleared") == [old]
    new = hook.submit(request(1))
    assert [(job["jobId"], job.get("isTerminated")) for job in aws.jobs] == [
        (old, True),
        (new, False),
    ]


def test_jobs_are_described_and_terminated(aws: LocalBatch, hook: FargateBatchHook) -> None:
    job_id = hook.submit(request())
    hook.terminate(job_id, "enough")
    aws.advance(3600)
    [job] = hook.describe([job_id, "unknown"])
    assert (job.status, job.status_reason, job.is_terminated) == (JobStatus.FAILED, "enough", True)
    assert job.tags["airflow-fargate-batch:submission"] == f"{TOKEN}-0"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        (
            {"DAG_ID": "nightly", "TASK_ID": "stop", "DAG_RUN_ID": "manual__1", "TRY_NUMBER": "2"},
            "(DAG nightly, task stop, run manual__1, try 2, host ",
        ),
        ({}, "(host "),
    ],
    ids=["in a task", "elsewhere"],
)
def test_a_job_that_is_terminated_without_a_reason_says_by_whom(
    aws: LocalBatch,
    hook: FargateBatchHook,
    variables: dict[str, str],
    named: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"AIRFLOW_CTX_{name}", value)
    hook.terminate(hook.submit(request()))
    aws.advance(3600)
    expected = f"Terminated with FargateBatchHook.terminate {named}"
    assert aws.jobs[0]["statusReason"].startswith(expected)


def test_the_platform_version_is_compared(aws: LocalBatch, hook: FargateBatchHook) -> None:
    assert str(hook.job_definition(READY_DEFINITION)) == f"{READY_DEFINITION}:1"
    with pytest.raises(InvalidRequest, match=r"LATEST, not on 1\.3\.0"):
        hook.check(request(platform_version="1.3.0"))
    assert "SubmitJob" not in operations(aws)


@pytest.mark.parametrize(
    ("extra", "options"),
    [
        pytest.param({}, {}, id="variables"),
        pytest.param({"config_kwargs": {"retries": RETRIES}}, {}, id="connection"),
        pytest.param({}, {"config": Config(retries=RETRIES)}, id="argument"),
        pytest.param({}, {"config": {"retries": RETRIES}}, id="argument, a mapping"),
    ],
)
def test_no_setting_brings_hidden_retries_back(
    aws: LocalBatch,
    monkeypatch: pytest.MonkeyPatch,
    extra: dict[str, Any],
    options: dict[str, Any],
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", connection_to(aws, **extra))
    aws.faults.add("error_after")
    hook = FargateBatchHook(aws_conn_id="local", **options)
    with pytest.raises(AnswerLost):
        hook.describe(["job"])
    assert operations(aws) == ["DescribeJobs"]


def test_other_settings_are_kept(aws: LocalBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"config_kwargs": {"read_timeout": 7}}
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", connection_to(aws, **extra))
    client: Any = FargateBatchHook(aws_conn_id="local", region_name="eu-west-1").conn
    assert client.meta.config.read_timeout == 7
    assert client.meta.region_name == "eu-west-1"
    assert client.meta.endpoint_url == aws.url


def test_an_unknown_profile_is_said_without_a_call(
    aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", connection_to(aws, profile_name="nobody"))
    with pytest.raises(CredentialsMissing, match="nobody"):
        FargateBatchHook(aws_conn_id="local").submit(request())
    assert operations(aws) == []


@pytest.mark.parametrize("limit", ["until", "runnable_timeout"])
def test_a_job_that_ended_since_the_last_look_has_not_timed_out(
    aws: LocalBatch, hook: FargateBatchHook, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    job_id = hook.submit(request())
    aws.advance(1)
    [runnable] = hook.describe([job_id])
    aws.advance(3600)
    changes = partial(iter, [runnable, None])
    monkeypatch.setattr(
        "airflow_fargate_batch._airflow.worker_wait.follow", lambda *_, **__: changes()
    )
    now: Any = {"until": datetime.now(UTC), "runnable_timeout": timedelta(0)}[limit]
    assert hook.wait(job_id, **{limit: now}).status is JobStatus.SUCCEEDED


def test_a_job_that_has_left_runnable_since_the_last_poll_is_waited_for(
    aws: LocalBatch, hook: FargateBatchHook
) -> None:
    """Its poll was at RUNNABLE, the next is far away, and the limit is in between."""
    seen: list[str] = []

    def pass_time(job: Job) -> None:
        seen.append(job.status_text)
        aws.advance(3600 if job.status is JobStatus.RUNNING else 2.5)

    job_id = hook.submit(request())
    aws.advance(1)
    created_at = hook.describe([job_id])[0].created_at
    assert created_at is not None
    limit = datetime.now(UTC) - created_at + timedelta(seconds=2)
    job = hook.wait(
        job_id,
        poll_interval=6,
        runnable_timeout=limit,
        until=datetime.now(UTC) + timedelta(seconds=60),
        on_change=pass_time,
    )
    assert (seen[0], job.status) == ("RUNNABLE", JobStatus.SUCCEEDED)
    assert "TerminateJob" not in operations(aws)


def test_a_job_that_runs_on_has_timed_out_and_is_left_alone(
    aws: LocalBatch, hook: FargateBatchHook
) -> None:
    job_id = hook.submit(request())
    with pytest.raises(JobTimedOut) as caught:
        hook.wait(job_id, until=datetime.now(UTC), limit="a test has little time")
    assert caught.value.message.endswith(" UTC: a test has little time")
    assert (caught.value.state or "").startswith("The job has been SUBMITTED since ")
    assert "TerminateJob" not in operations(aws)


def test_a_permission_that_settles_fails_no_wait(
    aws: LocalBatch, hook: FargateBatchHook, caplog: pytest.LogCaptureFixture
) -> None:
    vars(hook)["clock"] = hurried(100)
    job_id = hook.submit(request())
    aws.advance(3600)
    aws.faults.add("denied", operation="DescribeJobs", times=2)
    with caplog.at_level(logging.INFO):
        assert hook.wait(job_id, poll_interval=0.2).status is JobStatus.SUCCEEDED
    said = [text for text in caplog.messages if "DescribeJobs" in text]
    assert said[0].startswith(f"DescribeJobs failed for job {job_id}; will retry for 5 min 0 s: ")
    assert said[-1].startswith("DescribeJobs works again after ")


@pytest.fixture
def running() -> Iterator[LocalBatch]:
    with LocalBatch(run_commands=True, pace=AT_ONCE) as aws:
        yield aws


def test_a_stuck_array_is_given_up_and_no_child_is_asked_about_twice_a_call(
    running: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", connection_to(running))
    reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - cannot be met"
    running.script(stuck_in="RUNNABLE", status_reason=reason)
    hook = FargateBatchHook(aws_conn_id="local")
    job_id = hook.submit(request(array_size=2))
    with pytest.raises(JobCannotStart, match="asks for more"):
        hook.wait(job_id, poll_interval=0.5, log_interval=0.5, log_index=0)
    asked = [call.parameters["jobs"] for call in running.requests if "jobs" in call.parameters]
    assert any(f"{job_id}:0" in ids for ids in asked)
    assert all(len(ids) == len(set(ids)) for ids in asked)


@pytest.mark.parametrize("script", ["exit $AWS_BATCH_JOB_ARRAY_INDEX", "sleep 2"], ids=str)
def test_the_chosen_child_of_an_array_is_logged_to_its_last_line(
    running: LocalBatch,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    script: str,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", connection_to(running))
    hook = FargateBatchHook(aws_conn_id="local")
    vars(hook)["clock"] = hurried(10)
    vars(hook)["_log"] = logging.getLogger("airflow_fargate_batch.test")
    command = ["sh", "-c", f"seq $AWS_BATCH_JOB_ARRAY_INDEX; {script}"]
    job_id = hook.submit(request(array_size=3, command=command))
    with caplog.at_level(logging.INFO, logger="airflow_fargate_batch.test"):
        job = hook.wait(job_id, poll_interval=0.5, log_interval=0.5, log_index=2)
    lines = [text.split("] ")[1] for text in caplog.messages if "UTC]" in text]
    assert (job.id, lines) == (job_id, ["1", "2"])
    assert f"Job {job_id} has ended; reading its log until no new line arrives for 10 s" in (
        caplog.messages
    )


def test_secrets_that_the_job_prints_are_struck_out_of_a_workers_log(
    running: LocalBatch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_LOCAL", connection_to(running))
    hook = FargateBatchHook(aws_conn_id="local")
    vars(hook)["clock"] = hurried(10)
    vars(hook)["_log"] = logging.getLogger("airflow_fargate_batch.test")
    given: dict[str, Any] = {
        "command": ["sh", "-c", "printenv SSH_KEY; echo it is a-parameter, not $FLAG"],
        "environment": {"SSH_KEY": "first-line\nsecond-line", "FLAG": "false"},
        "parameters": {"api-token": "a-parameter"},
    }
    with caplog.at_level(logging.INFO, logger="airflow_fargate_batch.test"):
        hook.wait(hook.submit(request(**given)), poll_interval=0.5, log_interval=0.5)
    lines = [text.split("] ")[1] for text in caplog.messages if "UTC]" in text]
    assert lines == ["***", "***", "it is ***, not false"]
