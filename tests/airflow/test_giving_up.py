"""In a real Airflow, a task whose time is over terminates its job, and AWS is told why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import RealAirflow, Run

DAG = Path(__file__).parent / "dags_giving_up" / "giving_up.py"
TASKS = ("in_worker", "in_triggerer")


@pytest.fixture(scope="session")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch() as aws:
        aws.script(stuck_in="RUNNING")
        yield aws


@pytest.fixture(scope="session")
def run(real_airflow: RealAirflow, aws: LocalBatch) -> Run:
    connect(real_airflow, aws, "aws_giving_up")
    real_airflow.add_dags(DAG)
    return real_airflow.trigger("giving_up")


@pytest.mark.triggers
def test_tasks_with_little_time_are_triggered(real_airflow: RealAirflow, run: Run) -> None:
    assert real_airflow.states(run)


def test_a_task_whose_time_is_over_terminates_its_job(
    real_airflow: RealAirflow, run: Run, aws: LocalBatch
) -> None:
    states = real_airflow.wait(run)
    asked = [call.parameters for call in aws.requests if call.operation == "TerminateJob"]
    names = {job["jobId"]: job["jobName"].partition("-")[0] for job in aws.jobs}
    assert states == dict.fromkeys(TASKS, "failed"), [real_airflow.log(run, t) for t in TASKS]
    reasons = {names[call["jobId"]]: call["reason"] for call in asked}
    assert reasons.keys() == set(TASKS)
    assert all(" did not end by " in reason for reason in reasons.values())
    assert "(DAG giving_up, task in_worker, run " in reasons["in_worker"]
