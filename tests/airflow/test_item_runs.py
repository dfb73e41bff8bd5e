"""Arrays of items in a real Airflow: lists arrive from every source, and failures name items."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import RealAirflow, Run

DAGS = Path(__file__).parent / "dags_items" / "item_runs.py"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(speed=20) as local:
        s3 = local.client("s3")
        place = {"LocationConstraint": local.region}
        s3.create_bucket(Bucket="lists", CreateBucketConfiguration=place)
        s3.put_object(Bucket="lists", Key="given.jsonl", Body=b'"p"\n"q"\n')
        local.script("again", exit_code=1, indexes=[3, 4])  # a rerun of two has no such index
        local.script("in-worker", exit_code=1, indexes=[0])
        yield local


@pytest.fixture(scope="module")
def airflow(real_airflow: RealAirflow, aws: LocalBatch) -> RealAirflow:
    connect(real_airflow, aws, "aws_items")
    real_airflow.add_dags(DAGS, dag_ids=("item_sources", "item_failures"))
    return real_airflow


@pytest.fixture(scope="module")
def sources(airflow: RealAirflow) -> Run:
    run = airflow.trigger("item_sources")
    states = airflow.wait(run, timeout=240)
    skipped = {name for name, state in states.items() if state == "skipped"}
    assert skipped == {"empty"}, airflow.log(run, "empty")
    assert set(states.values()) == {"success", "skipped"}, states
    return run


def items_of(airflow: RealAirflow, aws: LocalBatch, run: Run, task: str) -> list[Any]:
    """Return the items that the children of a task's job share."""
    job_id = airflow.xcom(run, task)
    [job] = [job for job in aws.jobs if job["jobId"] == job_id]
    variables = {each["name"]: each["value"] for each in job["container"]["environment"]}
    text = variables.get("FARGATE_BATCH_ITEMS")
    if text is None:
        key = variables["FARGATE_BATCH_ITEMS_URI"].removeprefix("s3://lists/")
        s3 = aws.client("s3")
        text = s3.get_object(Bucket="lists", Key=key)["Body"].read().decode()
    found = [json.loads(line) for line in text.split("\n") if line]
    assert job.get("arrayProperties", {}).get("size", 1) == len(found)
    return found


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("mapped", ["item 1", "item 2", "item 3"]),
        ("s3", ["p", "q"]),
        ("template", ["x", "y"]),
        ("several[0]", ["a", "b"]),
        ("several[1]", ["c", "d", "e"]),
        ("xcom", [{"n": n, "text": 'line\nbreak "𝄞"'} for n in range(3)]),
        ("single", [{"n": 0, "text": 'line\nbreak "𝄞"'}]),
        ("long", [{"n": n, "text": 'line\nbreak "𝄞"'} for n in range(3000)]),
    ],
)
def test_a_list_arrives(
    airflow: RealAirflow, aws: LocalBatch, sources: Run, task: str, expected: list[Any]
) -> None:
    assert items_of(airflow, aws, sources, task) == expected


def test_a_literal_list_is_rendered(airflow: RealAirflow, aws: LocalBatch, sources: Run) -> None:
    assert items_of(airflow, aws, sources, "literal") == ["a", f"b {sources.run_id}"]


def test_the_rendered_fields_show_the_first_items(airflow: RealAirflow, sources: Run) -> None:
    shown = str(airflow.rendered(sources, "long")["items"])
    assert "and 2990 more items" in shown
    assert len(shown) < 4000


@pytest.fixture(scope="module")
def failures(airflow: RealAirflow) -> Run:
    run = airflow.trigger("item_failures")
    airflow.wait(run, timeout=240)
    return run


def test_a_retry_runs_the_failed_children_with_their_items(
    airflow: RealAirflow, aws: LocalBatch, failures: Run
) -> None:
    log = airflow.log(failures, "again")
    assert airflow.states(failures)["again"] == "success", log
    assert "Submitting only the children that are left: indexes 3, 4" in log
    last = [job for job in aws.jobs if job["jobName"] == "again"][-1]
    variables = {each["name"]: each["value"] for each in last["container"]["environment"]}
    left = [json.loads(line)["n"] for line in variables["FARGATE_BATCH_ITEMS"].split("\n")]
    assert (left, variables["FARGATE_BATCH_INDEXES"]) == ([6, 7, 8], "3,4")
    assert airflow.xcom(failures, "again", "job")["failed_items"] == []


def test_failed_items_are_pushed_and_named(airflow: RealAirflow, failures: Run) -> None:
    job = airflow.xcom(failures, "in_worker", "job")
    assert job["array"]["failed_indexes"] == [0]
    assert job["failed_items"] == [{"n": 0, "text": 'line\nbreak "𝄞"'}]
    assert ':0 (item {"n": 0,' in airflow.log(failures, "in_worker").replace('\\"', '"')


def test_a_secret_in_an_item_is_nowhere(airflow: RealAirflow, failures: Run) -> None:
    assert airflow.xcom(failures, "secret", "job")["failed_items"] == [{"password": "***"}]
    seen = [
        airflow.log(failures, "secret"),
        str(airflow.rendered(failures, "secret")),
        str(airflow.xcom(failures, "secret", "job")),
    ]
    assert "correct-horse-battery" not in "".join(seen)
