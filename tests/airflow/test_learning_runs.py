"""Retries that learn, and the classes of failures, in a real Airflow against LocalBatch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import RealAirflow, Run
from tests.submitting.test_learned_retries import several, size_of

DAGS = Path(__file__).parent / "dags_learning"
GONE = "CannotPullContainerError: manifest unknown: the tag does not exist"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(speed=100) as aws:
        several(aws)
        aws.create_queue("on-demand")
        aws.script("*-grow_*", needs_memory=8192)
        aws.script("*-children-*", needs_memory=4096, indexes=[1, 3])
        aws.script("*-pair-*", needs_memory=8000)
        aws.script("*-hopeless-*", starts=False, reason=GONE, status_reason="Task failed to start")
        aws.script(
            "*-fall_*",
            exit_code=None,
            status_reason="Your Spot Task was interrupted.",
            queue="awa-*",
        )
        yield aws


@pytest.fixture(scope="module")
def ran(real_airflow: RealAirflow, aws: LocalBatch) -> Run:
    connect(real_airflow, aws, "aws_learning")
    real_airflow.add_dags(DAGS / "learning.py")
    run = real_airflow.trigger("learning")
    real_airflow.wait(run)
    return run


def jobs_of(aws: LocalBatch, task: str) -> list[dict[str, Any]]:
    return [job for job in aws.jobs if f"-{task}-" in job["jobName"]]


@pytest.mark.parametrize("mode", ["sync", "deferred"])
def test_a_job_that_runs_out_of_memory_grows(
    real_airflow: RealAirflow, ran: Run, aws: LocalBatch, mode: str
) -> None:
    task = f"grow_{mode}"
    assert real_airflow.states(ran)[task] == "success", real_airflow.log(ran, task)
    assert [size_of(job["container"]) for job in jobs_of(aws, task)] == [
        ("1", 2048),
        ("1", 4096),
        ("1", 8192),
    ]
    log = real_airflow.log(ran, task)
    assert "try 2: 4096 MiB, because try 1 ran out of 2048" in log
    assert "try 3: 8192 MiB, because try 2 ran out of 4096" in log
    assert real_airflow.xcom(ran, task, "job")["memory"] == 8192


@pytest.mark.parametrize("mode", ["sync", "deferred"])
def test_a_reclaimed_job_is_tried_again_in_the_fallback_queue(
    real_airflow: RealAirflow, ran: Run, aws: LocalBatch, mode: str
) -> None:
    task = f"fall_{mode}"
    assert real_airflow.states(ran)[task] == "success", real_airflow.log(ran, task)
    queues = [job["jobQueue"].rpartition("/")[2] for job in jobs_of(aws, task)]
    assert queues == ["awa-batch-dev-fargate-high-priority", "on-demand"]
    log = real_airflow.log(ran, task)
    assert "because Fargate Spot reclaimed the capacity of try 1" in log
    assert "to on-demand, job definition" in log


def test_the_children_that_are_rerun_grow(
    real_airflow: RealAirflow, ran: Run, aws: LocalBatch
) -> None:
    assert real_airflow.states(ran)["children"] == "success", real_airflow.log(ran, "children")
    first, second = jobs_of(aws, "children")
    assert second["arrayProperties"]["size"] == 2
    assert [size_of(job["container"]) for job in (first, second)] == [("1", 2048), ("1", 4096)]


def test_the_named_container_of_a_task_grows(
    real_airflow: RealAirflow, ran: Run, aws: LocalBatch
) -> None:
    assert real_airflow.states(ran)["pair"] == "success", real_airflow.log(ran, "pair")
    [task] = jobs_of(aws, "pair")[-1]["ecsProperties"]["taskProperties"]
    assert {each["name"]: each["command"] for each in task["containers"]} == {
        "side": ["true"],
        "main": ["run"],
    }
    assert real_airflow.xcom(ran, "pair", "job")["memory"] == 8192


def test_callbacks_are_told_the_class_of_a_failure(real_airflow: RealAirflow, ran: Run) -> None:
    told = {
        "grow_sync": "callback: OutOfMemory of grow_sync, True",
        "grow_deferred": "callback: OutOfMemory of grow_deferred, True",
        "fall_sync": "callback: SpotReclaimed of fall_sync, True",
        "hopeless": "callback: ImageNotPulled of hopeless, True",
    }
    for task, line in told.items():
        assert line in real_airflow.log(ran, task), task


def test_what_no_retry_can_help_is_not_tried_again(real_airflow: RealAirflow, ran: Run) -> None:
    instance = real_airflow.task_instances(ran)["hopeless"]
    assert (instance["state"], instance["try_number"]) == ("failed", 1)


def test_the_wrong_kind_of_overrides_is_answered_with_the_containers(
    real_airflow: RealAirflow, ran: Run
) -> None:
    assert real_airflow.states(ran)["wrong_kind"] == "failed"
    assert "give `container`, 'side' or 'main'" in real_airflow.log(ran, "wrong_kind")
