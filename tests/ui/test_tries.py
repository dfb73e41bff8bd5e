"""The tries of a task with their jobs, found at LocalBatch."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.ui.records import TaskKey, TaskRecord, Try
from airflow_fargate_batch.ui.tries import jobs_of_task, views

KEY = TaskKey("daily", "run", "load")
RECORD = TaskRecord(key=KEY, state="running", operator=None, try_number=2)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(speed=1000) as aws:
        yield aws


def submission(*, task: str = "load", generation: int = 0) -> Submission:
    return Submission.of_task(
        dag_id="daily", run_id="run", task_id=task, map_index=-1, generation=generation
    )


def submit(aws: LocalBatch, of: Submission, *, name: str = "", tagged: bool = True) -> str:
    answer = aws.client("batch").submit_job(
        jobName=name or of.job_name("job"),
        jobQueue=READY_QUEUE,
        jobDefinition=READY_DEFINITION,
        tags=of.tags(room=50) if tagged else {},
    )
    return str(answer["jobId"])


def found(aws: LocalBatch, job_id: str) -> list[str]:
    api = BatchApi(aws.client("batch"))
    [job] = api.describe_jobs([job_id])
    jobs = jobs_of_task(job, RECORD, lambda: api)
    assert jobs.trouble is None
    return [each.id for each in jobs.found]


def test_the_jobs_of_all_generations_are_found_by_their_default_name(aws: LocalBatch) -> None:
    first = submit(aws, submission(), tagged=False)
    second = submit(aws, submission(generation=2))
    other = submit(aws, submission(task="other"))
    calls = len(aws.requests)
    assert set(found(aws, second)) == {first, second}
    assert [call.operation for call in aws.requests[calls:]] == ["DescribeJobs", "ListJobs"]
    assert found(aws, other) == [other]


def test_jobs_with_a_given_name_are_found_by_their_tags(aws: LocalBatch) -> None:
    name = "nightly"
    first = submit(aws, submission(), name=name)
    submit(aws, submission(task="other"), name=name)
    second = submit(aws, submission(generation=1), name=name)
    assert set(found(aws, second)) == {first, second}


def test_a_job_without_a_mark_is_said_to_stand_alone(aws: LocalBatch) -> None:
    job = Job(id="j", name="nightly-2", queue=READY_QUEUE)
    jobs = jobs_of_task(job, RECORD, lambda: BatchApi(aws.client("batch")))
    assert [each.id for each in jobs.found] == ["j"]
    assert jobs.trouble is not None
    assert "no mark" in jobs.trouble


def test_a_refusal_is_said_and_the_present_job_is_shown(aws: LocalBatch) -> None:
    job_id = submit(aws, submission())
    api = BatchApi(aws.client("batch"))
    [job] = api.describe_jobs([job_id])
    fault = aws.faults.add("denied", operation="ListJobs")
    jobs = jobs_of_task(job, RECORD, lambda: api)
    aws.faults.remove(fault)
    assert [each.id for each in jobs.found] == [job_id]
    assert jobs.trouble is not None
    assert "ListJobs" in jobs.trouble


def test_a_job_belongs_to_the_try_that_ran_when_it_was_submitted() -> None:
    began = datetime(2026, 11, 1, 12, tzinfo=UTC)
    minute = timedelta(minutes=1)
    tries = [
        Try(
            number=n,
            state="failed",
            started_at=began + n * 10 * minute,
            ended_at=began + (n * 10 + 2) * minute,
        )
        for n in (1, 2, 3)
    ]
    jobs = [
        Job(id=name, status_text="FAILED", created_at=began + minutes * minute)
        for name, minutes in (("early", 9), ("one", 10), ("three", 31))
    ]
    shown = views(tries, jobs, "eu-west-1")
    assert [[job.text for job in each.jobs] for each in shown] == [
        ["job early FAILED", "job one FAILED"],
        [],
        ["job three FAILED"],
    ]
    assert shown[0].text == "failed after 2 min 0 s"
