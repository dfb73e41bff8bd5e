"""Tasks that end in the triggerer, in a real Airflow, beside tasks that end in a worker."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import LINE, RealAirflow, Run
from tests.patience import PATIENCE

pytestmark = pytest.mark.skipif(
    not LINE.ends_in_triggerer, reason="a worker ends every task: test_examples.py runs one"
)

DAGS = Path(__file__).parent / "dags_finish"
LINKS = ("Job", "JobDefinition", "JobQueue", "JobLog")
KEYS = (
    "return_value",
    "job",
    "console_links",
    "console_log",
    *(f"_link_Batch{name}Link" for name in LINKS),
)
ENDS_HERE = "ending the task in the triggerer"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(speed=100) as aws:
        aws.script("*-red-*", exit_code=3)
        aws.script("*-skipped-*", exit_code=99)
        aws.script("recovers-1-*", exit_code=3)
        aws.script("long-*", runtime=2000)
        yield aws


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, aws: LocalBatch) -> Iterator[RealAirflow]:
    """Give an Airflow of its own, whose triggerer is killed."""
    with RealAirflow(home=tmp_path_factory.mktemp("finish")) as airflow:
        connect(airflow, aws, "aws_default")
        airflow.add_dags(DAGS / "finish.py", dag_ids=("finish", "killed"))
        yield airflow


@pytest.fixture(scope="module")
def killed(airflow: RealAirflow) -> Run:
    """Kill the triggerer while a job runs."""
    run = airflow.trigger("killed")
    airflow.wait_for(run, "long", "deferred")
    airflow.kill("triggerer")
    airflow.restart("triggerer")
    airflow.wait(run)
    return run


@pytest.fixture(scope="module")
def ran(airflow: RealAirflow, killed: Run) -> Run:  # noqa: ARG001 - the order
    run = airflow.trigger("finish")
    airflow.wait(run)
    return run


def worker_starts(airflow: RealAirflow, run: Run, task: str) -> int:
    return airflow.log(run, task).count("a worker starts")


def shape(value: Any) -> Any:
    """Replace ids and times, which differ from job to job."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    if isinstance(value, str):
        value = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", "ID", value)
        value = re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]*", "TIME", value)
        return re.sub(r"(finish-)(here|worker)(-[0-9a-z-]*)", r"\1TASK", value)
    return type(value).__name__ if isinstance(value, float) else value


def test_every_task_has_the_state_that_its_job_decides(airflow: RealAirflow, ran: Run) -> None:
    states = airflow.states(ran)
    assert states.pop("red") == "failed", airflow.log(ran, "red")
    assert states.pop("skipped") == "skipped", airflow.log(ran, "skipped")
    assert set(states.values()) == {"success"}, states


@pytest.mark.parametrize("task", ["here", "silent", "mapped[0]", "mapped[1]"])
def test_a_worker_starts_once(airflow: RealAirflow, ran: Run, task: str) -> None:
    log = airflow.log(ran, task)
    assert log.count("a worker starts") == 1, log
    assert log.count(ENDS_HERE) == 1
    instance = airflow.task_instances(ran)[task]
    assert instance["state"] == "success"
    assert instance["end_date"] > instance["start_date"]
    assert instance["duration"] >= 10


def test_without_the_argument_a_worker_starts_twice(airflow: RealAirflow, ran: Run) -> None:
    assert worker_starts(airflow, ran, "worker") == 2
    assert ENDS_HERE not in airflow.log(ran, "worker")


def test_the_xcoms_are_those_of_a_task_that_a_worker_ends(airflow: RealAirflow, ran: Run) -> None:
    here = {key: airflow.xcom(ran, "here", key) for key in KEYS}
    worker = {key: airflow.xcom(ran, "worker", key) for key in KEYS}
    for each in (here, worker):
        seconds = each["job"]["cost"].pop("billed_seconds")
        assert seconds >= 0
    assert shape(here) == shape(worker)
    assert here["job"]["status"] == "SUCCEEDED"


def test_a_later_task_reads_equal_xcoms(airflow: RealAirflow, ran: Run, aws: LocalBatch) -> None:
    [[here, job], [worker, _]] = airflow.xcom(ran, "read")
    ids = {job["jobName"].split("-")[3]: job["jobId"] for job in aws.jobs if "finish" in str(job)}
    assert (here, worker) == (ids["here"], ids["worker"])
    assert job["job_id"] == here


def test_a_task_without_xcoms_pushes_none(airflow: RealAirflow, ran: Run) -> None:
    assert [airflow.xcom(ran, "silent", key) for key in ("return_value", "job")] == [None, None]


def test_the_log_ends_with_the_cost_and_has_the_lines_of_the_job(
    airflow: RealAirflow, ran: Run
) -> None:
    log = airflow.log(ran, "here")
    assert log.index(ENDS_HERE) < log.index("Cost: ")
    assert len(re.findall("Cost: ", log)) == 1


def test_a_failed_job_is_tried_again_by_a_worker(airflow: RealAirflow, ran: Run) -> None:
    assert airflow.task_instances(ran)["red"]["try_number"] == 2
    assert worker_starts(airflow, ran, "red") == 4, "two for each try"
    assert ENDS_HERE not in airflow.log(ran, "red")
    assert airflow.xcom(ran, "red", "job")["exit_code"] == 3


def test_a_retry_that_succeeds_ends_in_the_triggerer(airflow: RealAirflow, ran: Run) -> None:
    instance = airflow.task_instances(ran)["recovers"]
    assert instance["try_number"] == 2
    assert instance["end_date"] > instance["start_date"], "not the end of the first try"
    assert worker_starts(airflow, ran, "recovers") == 3


def test_a_worker_ends_an_array_and_the_log_says_why(airflow: RealAirflow, ran: Run) -> None:
    assert worker_starts(airflow, ran, "array") == 2
    reason = "a worker ends the task: the cost of an array needs the times of its children"
    assert airflow.log(ran, "array").count(reason) == 1


def test_a_triggerer_that_is_killed_ends_the_task_after_its_restart(
    airflow: RealAirflow, killed: Run, aws: LocalBatch
) -> None:
    log = airflow.log(killed, "long")
    assert airflow.states(killed) == {"long": "success"}, log
    assert log.count("a worker starts") == 1, log
    [job] = [job for job in aws.jobs if job["jobName"].startswith("long-")]
    assert airflow.xcom(killed, "long") == job["jobId"]


def test_a_cleared_task_begins_anew_and_ends_in_the_triggerer(
    airflow: RealAirflow, killed: Run, aws: LocalBatch
) -> None:
    """Airflow keeps ``execute_complete`` as the next method of a task that the event ended."""
    aws.script("long-*", runtime=1)
    airflow.clear(killed, "long")
    airflow.wait_for(killed, "long", "deferred")
    airflow.wait(killed, timeout=PATIENCE)
    jobs = [job["jobId"] for job in aws.jobs if job["jobName"].startswith("long-")]
    assert len(jobs) == 2
    assert airflow.xcom(killed, "long") == jobs[-1]
    assert worker_starts(airflow, killed, "long") == 2
