"""``fargate-batch terminate``: jobs are told to stop, each whatever becomes of the others."""

from collections.abc import Callable

from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Run, Time

Submit = Callable[..., str]


def test_stdout_has_the_ids_and_the_jobs_end_with_the_reason(
    run: Run, job: Submit, aws: LocalBatch, time: Time
) -> None:
    waiting, running = job(), job("--job-name", "slow", name="slow", runtime=600)
    outcome = run("terminate", waiting, running, "--reason", "wrong input")
    assert outcome == (0, f"{waiting}\n{running}\n", "Termination requested for 2 jobs.\n")
    time.sleep(60)
    assert [(job["status"], job["statusReason"]) for job in aws.jobs] == [
        ("FAILED", "wrong input")
    ] * 2


def test_a_job_that_has_ended_stays_as_it_is(
    run: Run, job: Submit, aws: LocalBatch, time: Time
) -> None:
    ended = job()
    time.sleep(60)
    assert run("terminate", ended).code == 0
    assert aws.jobs[0]["status"] == "SUCCEEDED"


def test_a_job_that_could_not_be_told_is_1_and_the_others_are_told(
    run: Run, job: Submit, aws: LocalBatch
) -> None:
    first, second = job(), job()
    aws.faults.add("denied", operation="TerminateJob", times=1)
    outcome = run("terminate", first, second)
    assert (outcome.code, outcome.out) == (1, f"{second}\n")
    assert f"error: job {first}: AWS refused TerminateJob" in outcome.err
    assert "Allow batch:TerminateJob" in outcome.err
    assert "Termination requested for 1 of 2 jobs." in outcome.err


def test_without_credentials_it_is_said_once(run: Run, job: Submit, aws: LocalBatch) -> None:
    first, second = job(), job()
    aws.faults.add("expired", operation="TerminateJob")
    outcome = run("terminate", first, second)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.count("error: ") == 1
