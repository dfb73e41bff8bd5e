"""What the list of jobs shows, without Airflow's database and AWS."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.urls import job_url
from airflow_fargate_batch.ui import jobs_page
from airflow_fargate_batch.ui.jobs_page import JobsPage
from airflow_fargate_batch.ui.live import Seen
from airflow_fargate_batch.ui.records import JobReference, Overview, TaskKey, TaskRecord

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
REFERENCE = JobReference("job", "eu-west-1", "aws")


def page(*, ago: float = 0, job: Job | None = None, **members: Any) -> JobsPage:
    links = {"job": job_url("job", region="eu-west-1")}
    given: dict[str, Any] = {
        "key": TaskKey("daily", "run", "load"),
        "state": "deferred",
        "operator": None,
        "try_number": 1,
        "xcoms": {"console_links": links},
        "rendered": {"aws_conn_id": "aws"},
    }
    record = TaskRecord(**(given | members))
    found = Overview(counts={"deferred": 1}, records=[record], waiting=[record], failed=[])
    seen = {REFERENCE: Seen(job, NOW - timedelta(seconds=ago))} if job else {}
    return jobs_page.page_of(found, seen, [], number=1, size=50, now=NOW)


def a_job(status: str, **children: int) -> Job:
    entry: dict[str, Any] = {"jobId": "job", "status": status}
    if children:
        entry["arrayProperties"] = {"size": 10, "statusSummary": children}
    return Job.from_api(entry)


@pytest.mark.parametrize(
    ("job", "is_waiting"),
    [
        (a_job("RUNNABLE"), True),
        (a_job("STARTING"), True),
        (a_job("RUNNING"), False),
        (a_job("SUCCEEDED"), False),
        (a_job("PENDING", RUNNABLE=10, RUNNING=0), True),
        (a_job("PENDING", RUNNABLE=9, RUNNING=1), False),
        (None, True),
    ],
)
def test_a_job_waits_until_it_or_a_child_runs(job: Job | None, is_waiting: bool) -> None:
    assert bool(page(job=job).waiting) == is_waiting


@pytest.mark.parametrize(
    ("job", "ago", "has_time"),
    [
        (a_job("RUNNING"), 1, False),
        (a_job("RUNNING"), 60, True),
        (a_job("FAILED"), 60, False),
    ],
)
def test_a_state_that_is_not_fresh_has_its_time(job: Job, ago: float, has_time: bool) -> None:
    [row] = page(job=job, ago=ago).rows
    assert (row.seen_at is not None) == has_time


def test_a_mapped_task_is_linked_to_its_index() -> None:
    [row] = page(key=TaskKey("daily", "manual__1+00:00", "load", 3)).rows
    assert row.path == (
        "dags/daily/runs/manual__1%2B00%3A00/tasks/load/mapped/3/plugin/fargate-job"
    )
