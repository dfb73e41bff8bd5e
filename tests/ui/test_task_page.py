"""What the page of a task instance shows, without Airflow's database and AWS."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.explanation import explain
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.urls import job_url
from airflow_fargate_batch.ui import array_view, task_page
from airflow_fargate_batch.ui.records import JobReference, TaskKey, TaskRecord

BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
ID = "77b793e9-21c6-4cde-a640-08659375ba0a"


def record(**members: Any) -> TaskRecord:
    given: dict[str, Any] = {
        "key": TaskKey("daily", "run", "load"),
        "state": "running",
        "operator": "FargateBatchSubmitOperator",
        "try_number": 1,
    }
    return TaskRecord(**(given | members))


def a_job(**members: Any) -> Job:
    entry = {
        "jobId": ID,
        "status": "RUNNING",
        "createdAt": int(BEGAN.timestamp() * 1000),
        "startedAt": int((BEGAN + timedelta(minutes=1)).timestamp() * 1000),
    }
    return Job.from_api(entry | members)


def page(
    job: Job, *, minutes: float = 5, children: tuple[Job, ...] | None = (), **members: Any
) -> task_page.TaskPage:
    now = BEGAN + timedelta(minutes=minutes)
    explanation = explain(job, Evidence(failed_children=children or ()), now)
    return task_page.page_of_job(record(**members), explanation, seen_at=now, children=children)


def test_the_job_is_found_by_the_address_that_the_task_pushed() -> None:
    links = {"job": job_url(ID, region="eu-west-1")}
    found = record(xcoms={"console_links": links}, rendered={"aws_conn_id": "prod"}).job
    assert found == JobReference(ID, "eu-west-1", "prod")


@pytest.mark.parametrize("url", [None, 5, "", "https://example.com/", "javascript:alert(1)"])
def test_any_other_address_is_no_job(url: object) -> None:
    assert record(xcoms={"console_links": {"job": url}}).job is None


def test_a_running_job_is_live_and_has_bars_for_its_steps() -> None:
    shown = page(a_job())
    assert shown.is_live
    assert [bar.name for bar in shown.bars][-1] == "running"
    assert all(0 <= bar.left <= array_view.WIDTH for bar in shown.bars)
    assert shown.bars[-1].width == pytest.approx(array_view.WIDTH * 4 / 5, rel=0.01)


@pytest.mark.parametrize(
    ("recorded", "failed_cells"),
    [
        pytest.param((), ["0 to 24", "9975 to 9999"], id="as AWS listed them"),
        pytest.param((7, 500), ["0 to 24", "500 to 524", "9975 to 9999"], id="and as recorded"),
    ],
)
def test_an_array_of_ten_thousand_has_a_bounded_grid_with_its_failed_children(
    recorded: tuple[int, ...], failed_cells: list[str]
) -> None:
    failed = tuple(
        Job.from_api(
            {
                "jobId": f"{ID}:{index}",
                "status": "FAILED",
                "arrayProperties": {"index": index},
                "container": {"exitCode": 3},
            }
        )
        for index in (7, 9_999)
    )
    parent = a_job(
        status="FAILED",
        arrayProperties={"size": 10_000, "statusSummary": {"FAILED": 500, "SUCCEEDED": 9_500}},
    )
    summary = {"array": {"size": 10_000, "failed_indexes": list(recorded)}}
    array = page(parent, children=failed, xcoms={"job": summary}).array
    assert array is not None
    assert len(array.cells) <= array_view.CELLS
    assert [cell.name for cell in array.cells if cell.failed is not None] == failed_cells
    assert all(cell.is_listed for cell in array.cells if cell.failed is not None)
    assert (array.cells[0].first, array.cells[-1].last) == (0, 9_999)
    outcomes = dict(array.failed)
    assert (outcomes[7], outcomes[9_999]) == ("exit code 3", "exit code 3")
    assert len(array.failed) + array.more_failed == 500
    assert sum(count.width for count in array.counts) == pytest.approx(array_view.WIDTH, abs=1)


def test_without_an_answer_the_page_shows_what_airflow_recorded() -> None:
    summary = {
        "status": "FAILED",
        "exit_code": 3,
        "array": {"size": 4, "counts": {"FAILED": 1, "SUCCEEDED": 3}, "failed_indexes": [2]},
        "cost": {"low": "0.01", "high": "0.02", "currency": "USD"},
    }
    shown = task_page.page_from_records(
        record(state="failed", xcoms={"job": summary}), ID, "eu-west-1", "AWS does not answer"
    )
    assert shown.stale == "AWS does not answer"
    assert (shown.status, shown.is_live) == ("FAILED", False)
    facts = {fact.name: fact.value for fact in shown.facts}
    assert facts["Exit code"] == "3"
    assert facts["Cost, at least"] == "0.01 to 0.02 USD"
    assert shown.array is not None
    assert [cell.failed for cell in shown.array.cells] == [None, None, 2, None]


@pytest.mark.parametrize(
    ("members", "said", "is_live"),
    [
        pytest.param({}, "This task has submitted no job yet.", True, id="before the submit"),
        pytest.param({"state": "failed"}, "This task has submitted no job.", False, id="failed"),
        pytest.param(
            {"operator": "EmptyOperator"},
            "This task runs no Fargate job of AWS Batch.",
            False,
            id="another operator",
        ),
        pytest.param(
            {"operator": "@task.fargate_batch"},
            "This task has submitted no job yet.",
            True,
            id="decorator",
        ),
    ],
)
def test_a_task_without_a_job_gets_one_sentence(
    members: dict[str, Any], said: str, is_live: bool
) -> None:
    shown = task_page.page_without_job(record(**members), None)
    assert (shown.notice, shown.is_live) == (said, is_live)


def test_children_that_aws_did_not_list_are_said_to_be_missing() -> None:
    parent = a_job(arrayProperties={"size": 4, "statusSummary": {"FAILED": 1}})
    shown = page(parent, children=None)
    assert shown.unread == ["AWS did not list the failed children (batch:ListJobs)."]


def test_the_arguments_of_the_request_are_shown_as_airflow_recorded_them() -> None:
    rendered = {
        "vcpu": "1",
        "command": ["run"],
        "environment": {"DB_PASSWORD": "***"},
        "tags": None,
        "deferrable": True,
    }
    shown = page(a_job(), rendered=rendered).request
    assert shown is not None
    assert json.loads(shown) == {
        "vcpu": "1",
        "command": ["run"],
        "environment": {"DB_PASSWORD": "***"},
    }
