"""If a wait ends before its job, people read what became of the job and what to do."""

from typing import Any

import pytest

from airflow_fargate_batch.core.giving_up import NAMED, left_running, outcome, report
from airflow_fargate_batch.core.job import Job

REGION = "eu-west-1"
ARN = f"arn:aws:batch:{REGION}:123456789012:job/job"
PAGE = f"https://console.aws.amazon.com/batch/home?region={REGION}#jobs/detail/"


def job(status: str | None = "RUNNING", job_id: str = "job", **members: Any) -> Job:
    return Job.from_api({"jobId": job_id, "status": status, **members})


def test_a_job_that_another_try_may_own_is_named_with_the_reason_to_leave_it() -> None:
    said = left_running([Job(id="4982")], region=REGION, why="Airflow did not answer")
    assert said.startswith("Job 4982 is left running: Airflow did not answer; 'fargate-batch ")
    assert outcome([job("RUNNING")], terminated=False, because="another try") == (
        left_running([job("RUNNING")], why="another try")
    )


def test_a_job_that_goes_on_is_named_with_its_state_its_page_and_how_to_terminate_it() -> None:
    assert left_running([job(jobArn=ARN)]) == (
        f"Job job is still RUNNING; 'fargate-batch terminate job' terminates it: {PAGE}job"
    )


def test_a_job_whose_region_is_not_known_has_no_page() -> None:
    assert left_running([job("PENDING")]).endswith("terminates it")


def test_a_job_about_which_aws_never_answered_may_still_be_running() -> None:
    assert left_running([Job(id="job")], region=REGION) == (
        f"Job job may still be running; 'fargate-batch terminate job' terminates it: {PAGE}job"
    )


def test_jobs_that_have_ended_are_not_named_and_of_many_the_first_are() -> None:
    assert left_running([job("SUCCEEDED"), job("FAILED")]) == ""
    lines = left_running(job(job_id=f"job-{n}") for n in range(NAMED + 5)).splitlines()
    assert len(lines) == NAMED + 1
    assert lines[-1] == "and 5 more jobs"


@pytest.mark.parametrize(
    ("jobs", "said"),
    [([job()], "The job was terminated."), ([job(), job()], "The jobs were terminated.")],
    ids=["one", "two"],
)
def test_jobs_that_were_terminated_are_said_to_be(jobs: list[Job], said: str) -> None:
    assert outcome(jobs, terminated=True) == said


def test_a_job_that_could_not_be_terminated_is_said_to_go_on() -> None:
    assert outcome([job()], terminated=True, failure="AWS refused it") == (
        "The job could not be terminated: AWS refused it\n"
        "Job job is still RUNNING; 'fargate-batch terminate job' terminates it"
    )


def test_a_report_has_the_form_of_that_of_a_failed_job() -> None:
    seen = job(jobArn=ARN, container={"logStreamName": "stream"})
    text = report(
        "Job job was late\nThe job was terminated.",
        task="daily.load",
        job=seen,
        log_lines=["one", "two"],
        advice="Be patient.",
    )
    *lines, log, advice = text.splitlines()
    assert lines == [
        "daily.load: job job was late",
        "The job was terminated.",
        "Last log lines:",
        "  one",
        "  two",
        f"Console: {PAGE}job",
    ]
    assert log.startswith("Log: https://")
    assert advice == "What to do: Be patient."


def test_a_report_without_more_is_the_text() -> None:
    assert report("Job job was late") == "Job job was late"


def test_a_page_that_the_text_has_already_is_not_repeated() -> None:
    seen = job(jobArn=ARN)
    assert report(left_running([seen]), job=seen).count(PAGE) == 1
