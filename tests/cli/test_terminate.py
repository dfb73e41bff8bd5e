"""``fargate-batch terminate``: jobs are told to stop, each whatever becomes of the others."""

import pwd
import socket
from collections.abc import Callable
from functools import partial

import pytest

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from tests.cli.conftest import Run
from tests.fakes import LocalTime

Submit = Callable[..., str]


def test_stdout_has_the_ids_and_the_jobs_end_with_the_reason(
    run: Run, job: Submit, aws: LocalBatch, time: LocalTime
) -> None:
    waiting, running = job(), job("--job-name", "slow", name="slow", runtime=600)
    outcome = run("terminate", waiting, running, "--reason", "wrong input")
    assert outcome == (0, f"{waiting}\n{running}\n", "Termination requested for 2 jobs.\n")
    time.sleep(60)
    assert [(job["status"], job["statusReason"]) for job in aws.jobs] == [
        ("FAILED", "wrong input")
    ] * 2


@pytest.mark.parametrize(
    ("user", "named"),
    [
        (lambda: "ada", " by ada (host "),
        (lambda: pwd.getpwuid(2**31 - 2).pw_name, "terminate (host "),
    ],
    ids=["with a name", "a uid without a name"],
)
def test_without_a_reason_the_job_says_who_ended_it_and_where(
    user: Callable[[], str],
    named: str,
    run: Run,
    job: Submit,
    aws: LocalBatch,
    time: LocalTime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("getpass.getuser", user)
    assert run("terminate", job()).code == 0
    time.sleep(60)
    reason = aws.jobs[0]["statusReason"]
    assert reason.startswith("Terminated with fargate-batch terminate")
    assert named in reason
    assert socket.gethostname() in reason


def test_a_reason_that_aws_would_refuse_is_cut_to_one_line(
    run: Run, job: Submit, aws: LocalBatch, time: LocalTime
) -> None:
    assert run("terminate", job(), "--reason", "wrong\ninput " + "x" * 2000).code == 0
    time.sleep(60)
    reason = aws.jobs[0]["statusReason"]
    assert reason.startswith("wrong input xxx")
    assert len(reason) == limits.REASON_LENGTH


def test_a_job_that_has_ended_stays_as_it_is(
    run: Run, job: Submit, aws: LocalBatch, time: LocalTime
) -> None:
    ended = job()
    time.sleep(60)
    assert run("terminate", ended).code == 0
    assert aws.jobs[0]["status"] == "SUCCEEDED"


@pytest.mark.new_boto3
def test_a_job_that_could_not_be_told_is_1_and_the_others_are_told(
    run: Run, job: Submit, aws: LocalBatch
) -> None:
    first, second = job(), job()
    aws.faults.add("denied", operation="TerminateJob", times=2)  # the bulk call, and the first job
    outcome = run("terminate", first, second)
    assert (outcome.code, outcome.out) == (1, f"{second}\n")
    assert f"error: job {first}: AWS refused TerminateJob" in outcome.err
    assert "Grant the IAM action batch:TerminateJob" in outcome.err
    assert "Termination requested for 1 of 2 jobs." in outcome.err


def test_without_credentials_it_is_said_once(run: Run, job: Submit, aws: LocalBatch) -> None:
    first, second = job(), job()
    aws.faults.add("expired", operation="TerminateJob")
    outcome = run("terminate", first, second)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("error: ") == 1


@pytest.mark.new_boto3
def test_fifty_jobs_are_terminated_in_a_call(run: Run, aws: LocalBatch, time: LocalTime) -> None:
    submit = partial(aws.client("batch").submit_job, jobName="job")
    where = {"jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
    ids = [submit(**where)["jobId"] for _ in range(53)]
    before = len(aws.requests)
    outcome = run("terminate", *ids)
    assert (outcome.code, outcome.out.split()) == (0, ids)
    operations = [call.operation for call in aws.requests[before:]]
    assert operations == ["TerminateJobs", "TerminateJobs"]
    time.sleep(60)
    assert {job["status"] for job in aws.jobs} == {"FAILED"}


def test_one_job_is_terminated_by_the_old_call(run: Run, job: Submit, aws: LocalBatch) -> None:
    assert run("terminate", job()).code == 0
    assert aws.requests[-1].operation == "TerminateJob"
