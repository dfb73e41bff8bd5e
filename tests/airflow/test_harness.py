"""The harness itself: what other tests here take for granted."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.airflow.dag_tester import DagTester
from tests.airflow.harness import RealAirflow, Run

SMOKE = Path(__file__).with_name("dags") / "smoke.py"


@pytest.fixture(scope="session")
def run(real_airflow: RealAirflow) -> Run:
    real_airflow.add_dags(SMOKE, dag_ids=("smoke",))
    return real_airflow.trigger(
        "smoke", conf={"word": "hello"}, logical_date=datetime(2026, 2, 3, tzinfo=UTC)
    )


@pytest.mark.triggers
def test_the_smoke_dag_is_triggered(real_airflow: RealAirflow, run: Run) -> None:
    assert real_airflow.states(run)


@pytest.fixture(scope="session")
def smoke(real_airflow: RealAirflow, run: Run) -> Run:
    """Wait for the end of the smoke DAG."""
    real_airflow.wait(run)
    return run


def test_every_task_runs_also_the_mapped_and_the_deferred(
    real_airflow: RealAirflow, smoke: Run
) -> None:
    assert real_airflow.states(smoke) == {
        "render": "success",
        "double[0]": "success",
        "double[1]": "success",
        "double[2]": "success",
        "total": "success",
        "defer": "success",
    }


def test_xcoms_rendered_fields_and_logs_can_be_read(real_airflow: RealAirflow, smoke: Run) -> None:
    assert real_airflow.xcom(smoke, "total") == 12
    assert real_airflow.xcom(smoke, "double[2]") == 6
    assert real_airflow.xcom(smoke, "total", "absent") is None
    assert real_airflow.rendered(smoke, "render") == {"text": "2026-02-03 hello"}
    assert "doubling 3" in real_airflow.log(smoke, "double[2]")
    assert "resumed after the trigger" in real_airflow.log(smoke, "defer")


def test_a_cleared_task_runs_again(real_airflow: RealAirflow, smoke: Run) -> None:
    real_airflow.clear(smoke, "render")
    real_airflow.wait(smoke)
    assert real_airflow.task_instances(smoke)["render"]["try_number"] == 2


def test_a_deferred_task_can_be_marked_failed(real_airflow: RealAirflow) -> None:
    real_airflow.add_dags(SMOKE, dag_ids=("patient",))
    run = real_airflow.trigger("patient")
    real_airflow.wait_for(run, "defer", "deferred")
    real_airflow.mark(run, "defer", "failed")
    assert real_airflow.wait(run) == {"defer": "failed"}


def test_a_killed_triggerer_can_be_restarted(real_airflow: RealAirflow) -> None:
    before = real_airflow.pid("triggerer")
    real_airflow.kill("triggerer")
    real_airflow.restart("triggerer")
    assert real_airflow.pid("triggerer") != before


def test_a_connection_can_be_added_twice(real_airflow: RealAirflow) -> None:
    for region in ("eu-west-1", "ap-northeast-1"):
        real_airflow.add_connection("aws_test", extra={"region_name": region})


@pytest.mark.long  # others fail as well if `airflow dags test` cannot be run or read
def test_a_whole_dag_can_be_tested_without_a_scheduler(dag_tester: DagTester) -> None:
    tested = dag_tester.run(SMOKE, "smoke", conf={"word": "hello"})
    assert tested.ok, tested.output
    assert set(tested.states.values()) == {"success"}
    assert tested.xcom("total") == 12
    assert tested.xcom("render") == "2026-02-03 hello"


def test_a_running_task_can_lose_its_process(real_airflow: RealAirflow) -> None:
    real_airflow.add_dags(SMOKE, dag_ids=("sleeper",))
    run = real_airflow.trigger("sleeper")
    real_airflow.task_process(run, "sleep").kill()
    assert real_airflow.wait(run) == {"sleep": "failed"}


@pytest.mark.usefixtures("real_airflow")
def test_in_several_processes_an_airflow_has_its_tests_in_one(
    request: pytest.FixtureRequest,
) -> None:
    """Otherwise each process would start an Airflow of its own, which takes half a minute."""
    if request.config.getoption("loadgroup", default=False):
        assert request.node.nodeid.endswith("@the running Airflow")
