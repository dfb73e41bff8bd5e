"""In a real Airflow, the task's log explains a job that failed, took too long or never starts.

The log of a job that has ended ends with its cost, which XCom ``job`` has too.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_QUEUE
from tests.airflow.dag_tester import DagTester, TestedDag

DAG = Path(__file__).parent / "dags_explanation" / "explanation.py"
ENVIRONMENT = f"{READY_QUEUE}-environment"
PLACES = ("in_worker", "in_triggerer")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
BOX = frozenset("│╭╰")
PULL = "CannotPullContainerError: failed to resolve ref: dial tcp 1.2.3.4:443: i/o timeout"
NEVER = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - the job is too big"


@pytest.fixture(scope="module")
def tested(dag_tester: DagTester) -> Iterator[TestedDag]:
    """Run the DAG once: its queue's only compute environment is INVALID."""
    with LocalBatch() as aws:
        aws.script("failed*", starts=False, status_reason="Task failed to start", reason=PULL)
        aws.script("given_up*", stuck_in="RUNNABLE")
        aws.script("stuck*", stuck_in="RUNNABLE", status_reason=NEVER)
        aws.alter(f"compute-environment/{ENVIRONMENT}", status="INVALID", statusReason="no role")
        credentials = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        environment = credentials | {"AWS_ENDPOINT_URL": aws.url}
        yield dag_tester.run(DAG, "explanation", environment=environment)


def report_of(tested: TestedDag, task: str) -> str:
    """Return the report in a task's log, from its first line to the advice, as one line.

    Airflow 3.0 paints an exception, breaks its lines at 100 characters, and draws boxes with the
    local variables before it.
    """
    lines = COLOURS.sub("", tested.output).splitlines()
    text = " ".join(" ".join(line for line in lines if line[:1] not in BOX).split())
    _, found, rest = text.partition(f"explanation.{task}: ")
    assert found, tested.output
    report, _, advice = rest.partition("What to do: ")
    return f"{report}What to do: {advice[:80]}"


@pytest.mark.parametrize("place", PLACES)
def test_a_failed_job_is_explained_by_its_queue_and_a_timeline(
    tested: TestedDag, place: str
) -> None:
    report = report_of(tested, f"failed_{place}")
    assert "failed: the task did not reach AWS or its image registry" in report
    assert report.count(f"AWS says: {PULL}") == 1
    assert "Timeline (UTC): " in report
    assert f"Compute environment {ENVIRONMENT}: ENABLED, INVALID, Fargate" in report
    assert "What to do: Connect the task to AWS" in report


@pytest.mark.parametrize("place", PLACES)
def test_a_job_given_up_is_explained_by_the_state_of_its_queue(
    tested: TestedDag, place: str
) -> None:
    report = report_of(tested, f"given_up_{place}")
    assert "was RUNNABLE for " in report
    assert "`runnable_timeout` is 2 s" in report
    assert "The job was terminated." in report
    cause = f"Cause: no compute environment of queue {READY_QUEUE} can start jobs: {ENVIRONMENT}"
    assert report.count(f"{cause} is INVALID (no role)") == 1
    assert "What to do: Repair what the reason names" in report


@pytest.mark.parametrize("place", PLACES)
def test_a_stuck_job_has_its_cause_once(tested: TestedDag, place: str) -> None:
    report = report_of(tested, f"stuck_{place}")
    assert report.count("can never start: the job asks for more than") == 1
    assert "Cause: " not in report
    assert f"Queue {READY_QUEUE}: ENABLED, VALID" in report
    assert "What to do: Set less `vcpu` and `memory`" in report


@pytest.mark.parametrize("place", PLACES)
def test_the_cost_of_a_job_is_logged_and_pushed(tested: TestedDag, place: str) -> None:
    cost = tested.xcom(f"done_{place}", "job")["cost"]
    assert (cost["capacity"], cost["currency"], cost["attempts"]) == ("FARGATE", "USD", 1)
    assert cost["billed_seconds"] == 60  # the minute that AWS bills at least
    assert 0 < cost["low"] == cost["high"]
    assert tested.output.count(f"Cost: at least {cost['low']:.4f} USD") >= len(PLACES)


def test_only_the_tasks_whose_jobs_succeed_do(tested: TestedDag) -> None:
    succeeded = {f"done_{place}" for place in PLACES}
    assert {task for task, state in tested.states.items() if state == "success"} == succeeded
    assert {tested.states[task] for task in tested.states.keys() - succeeded} == {"failed"}
