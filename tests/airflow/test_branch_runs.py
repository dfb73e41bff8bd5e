"""A join after a branch, and one of too many jobs, in Airflow's own hands."""

import re
from pathlib import Path

import pytest

from tests.airflow.dag_tester import DagTester
from tests.airflow.harness import RealAirflow, Run
from tests.patience import PATIENCE

DAG_FILE = Path(__file__).parent / "dags_operator" / "branches.py"


@pytest.fixture(scope="session")
def run(real_airflow: RealAirflow) -> Run:
    real_airflow.add_dags(DAG_FILE)
    return real_airflow.trigger("branches")


@pytest.mark.triggers
def test_a_branch_is_triggered(real_airflow: RealAirflow, run: Run) -> None:
    assert real_airflow.states(run)


def test_a_join_after_a_branch_names_what_was_skipped_or_takes_what_ran(
    real_airflow: RealAirflow, run: Run
) -> None:
    states = real_airflow.wait(run)
    assert states["either"] == "success", real_airflow.log(run, "either")
    left = real_airflow.xcom(run, "left")
    assert real_airflow.xcom(run, "either", "request")["dependsOn"] == [{"jobId": left}]
    assert (states["right"], states["both"]) == ("skipped", "failed")
    said = "depends_on[1] (task right): is None: the upstream task was skipped"
    assert said.replace(" ", "") in _letters(real_airflow.log(run, "both"))
    status = real_airflow.xcom(run, "left", "job")["status"]
    assert status == real_airflow.xcom(run, "read_status") == "DRY_RUN"


def _letters(output: str) -> str:
    """Return an output without spaces, and without the colours and the frame that 3.0 adds."""
    return re.sub(r"\x1b\[[0-9;]*m|[│\s]", "", output)


@pytest.mark.long
def test_a_mapped_task_warns_of_the_join_that_will_fail(dag_tester: DagTester) -> None:
    done = dag_tester.run(DAG_FILE, "too_many", timeout=2 * PATIENCE)
    assert done.states["join_of_parts"] == "failed"
    assert "task join_of_parts depends on every job of this mapped task" in done.output
