"""A real Airflow, started once for all tests here: starting takes longer than most tests."""

import os
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow._postgres import find_postgres
from tests.airflow.dag_tester import DagTester
from tests.airflow.harness import LINE, RealAirflow

QUEUE, DEFINITION = "awa-batch-dev-fargate-high-priority", "awa-batch-dev-fargate-sample"
collect_ignore = ["users_project"]  # run by test_users_dag_test.py, as a project of its own
_HERE = Path(__file__).parent
QUICK = {"PYTHONPATH": str(_HERE / "site")}
"""Variables of an Airflow whose processes collect little garbage."""
_LONG = frozenset(
    {"test_waiting_runs.py", "test_chaos_short.py", "test_log_runs.py"}
    | {"test_on_call_runs.py", "test_late_kill.py", "test_secret_log_runs.py"}
    | {"test_items_benchmark.py", "test_metrics_runs.py", "test_item_runs.py"}
    | {"test_explanation_runs.py", "test_learning_runs.py", "test_taskflow_runs.py"}
    | {"test_preflight_runs.py", "test_finish_runs.py", "test_finishing_benchmark.py"}
    | {"test_pages_in_browser.py", "test_celery_runs.py"}
)
# Shown on the newest line in every run, and elsewhere by `make test-all`.
_LONG_ON_OLDER_LINES = frozenset({"test_its_dag_runs"})

_AIRFLOW = pytest.StashKey[RealAirflow]()


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
    if find_postgres():  # SQLite locks the scheduler out while so many tasks write
        early = {item.path for item in items if item.get_closest_marker("triggers")}
        items.sort(key=partial(_turn, early=early))


def _group(item: pytest.Item) -> str:
    """Name a test's process: those with the running Airflow share one, to start it once."""
    return "the running Airflow" if _needs_airflow(item) else "airflow dags test"


def _needs_airflow(item: pytest.Item) -> bool:
    return "real_airflow" in getattr(item, "fixturenames", ())


def _turn(item: pytest.Item, early: Collection[Path]) -> int:
    """Return when a test's turn is: runs mostly wait, so they are triggered first and read last."""
    if item.path not in early:
        return 1
    return 0 if item.get_closest_marker("triggers") else 2


@pytest.fixture(scope="session")
def real_airflow(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealAirflow]:
    """Give a running Airflow with a DAGs folder of its own: put files there with ``add_dags``.

    Tests of several files use it at a time, so each file has its own DAGs and connection.
    """
    if LINE.needs_postgres and find_postgres() is None:
        reason = "LocalExecutor of this Airflow needs PostgreSQL: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    environment = QUICK | {
        "AWS_BATCH_JOB_QUEUE": QUEUE,
        "AWS_BATCH_JOB_DEFINITION": DEFINITION,
    }
    home = tmp_path_factory.mktemp("airflow")
    on_postgres = find_postgres() is not None
    with RealAirflow(home=home, environment=environment, on_postgres=on_postgres) as airflow:
        request.config.stash[_AIRFLOW] = airflow
        yield airflow


def pytest_runtest_teardown(item: pytest.Item) -> None:
    """End the running Airflow after its last test, while other tests still run.

    To end it takes ten seconds, and idle it takes a thirtieth of a core.
    """
    with_airflow = [each for each in item.session.items if _needs_airflow(each)]
    if _AIRFLOW in item.config.stash and item is with_airflow[-1]:
        item.config.stash[_AIRFLOW].__exit__(None, None, None)


@pytest.fixture(scope="session")
def dag_tester(tmp_path_factory: pytest.TempPathFactory) -> DagTester:
    """Give what runs `airflow dags test`: seconds a DAG, and no scheduler."""
    return DagTester(home=tmp_path_factory.mktemp("dags-test"), environment=QUICK)


def connect(airflow: RealAirflow, aws: LocalBatch, conn_id: str) -> None:
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
