"""Real Airflows, each started once for all tests here: starting takes longer than most tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow._postgres import find_postgres
from tests.airflow.dag_tester import DagTester
from tests.airflow.harness import LINE, RealAirflow

QUEUE, DEFINITION = "awa-batch-dev-fargate-high-priority", "awa-batch-dev-fargate-sample"
collect_ignore = ["users_project"]  # run by test_users_dag_test.py, as a project of its own
_HERE = Path(__file__).parent
_LONG = frozenset(
    {"test_waiting_runs.py", "test_chaos_short.py", "test_log_runs.py"}
    | {"test_on_call_runs.py", "test_late_kill.py", "test_secret_log_runs.py"}
    | {"test_items_benchmark.py", "test_metrics_runs.py", "test_item_runs.py"}
    | {"test_explanation_runs.py", "test_learning_runs.py", "test_taskflow_runs.py"}
    | {"test_preflight_runs.py", "test_finish_runs.py", "test_finishing_benchmark.py"}
    | {"test_pages_in_browser.py", "test_celery_runs.py"}
)
# Shown on the newest line in every run, and elsewhere by `make test-all`.
_LONG_ON_OLDER_LINES = frozenset(
    {"test_an_example_runs_when_it_is_triggered_by_hand", "test_its_dag_runs"}
    | {"test_two_containers_share_a_job", "test_mapped_tasks_end_in_the_triggerer"}
)


# Before pytest-xdist's own, which reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker("airflow")
            item.add_marker(pytest.mark.xdist_group(_group(item)))
        name = getattr(item, "originalname", item.name)
        if item.path.name in _LONG or (name in _LONG_ON_OLDER_LINES and not LINE.is_newest):
            item.add_marker("long")


def _group(item: pytest.Item) -> str:
    """Name a test's process: those with the running Airflow share one, to start it seldom.

    The examples take about as long as all others together, so they have an Airflow of their own.
    """
    if "real_airflow" not in getattr(item, "fixturenames", ()):
        return "airflow dags test"
    is_example = item.path.name == "test_examples.py" and LINE.is_newest
    return "the examples' Airflow" if is_example else "the running Airflow"


@pytest.fixture(scope="package")
def real_airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    """Give a running Airflow with a DAGs folder of its own: put files there with ``add_dags``.

    It ends with the tests of this folder: an idle Airflow takes a fifth of a core.
    """
    if LINE.needs_postgres and find_postgres() is None:
        reason = "LocalExecutor of this Airflow needs PostgreSQL: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    environment = {
        "AWS_BATCH_JOB_QUEUE": QUEUE,
        "AWS_BATCH_JOB_DEFINITION": DEFINITION,
    }
    home = tmp_path_factory.mktemp("airflow")
    with RealAirflow(home=home, environment=environment) as airflow:
        yield airflow


@pytest.fixture(scope="session")
def dag_tester(tmp_path_factory: pytest.TempPathFactory) -> DagTester:
    """Give what runs `airflow dags test`: seconds a DAG, and no scheduler."""
    return DagTester(home=tmp_path_factory.mktemp("dags-test"))


def connect(airflow: RealAirflow, aws: LocalBatch, conn_id: str = "aws_default") -> None:
    """Make a connection that says where Batch is, and which queue and definition."""
    airflow.add_connection(
        conn_id,
        login=aws.environ["AWS_ACCESS_KEY_ID"],
        password=aws.environ["AWS_SECRET_ACCESS_KEY"],
        extra={
            "region_name": aws.region,
            "endpoint_url": aws.url,
            "service_config": {"batch": {"job_queue": QUEUE, "job_definition": DEFINITION}},
        },
    )
