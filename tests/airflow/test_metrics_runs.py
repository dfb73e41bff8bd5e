"""Metrics leave workers and triggerers of a real Airflow by its own statsd client."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.conftest import connect
from tests.airflow.harness import LINE, RealAirflow

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Give the metrics of a run, one a line."""
    if LINE.needs_postgres:
        pytest.skip("the test needs an Airflow of its own, and here that needs PostgreSQL")
    file = tmp_path_factory.mktemp("metrics") / "sent"
    environment = {
        "AIRFLOW__METRICS__STATSD_ON": "True",
        "AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED": "True",
        "PYTHONPATH": str(HERE / "statsd_stand_in"),
        "STATSD_FILE": str(file),
    }
    home = tmp_path_factory.mktemp("airflow")
    with (
        LocalBatch(speed=100) as aws,
        RealAirflow(home=home, environment=environment) as airflow,
    ):
        connect(airflow, aws, "aws_default")
        airflow.add_dags(HERE / "dags_taskflow" / "measured.py")
        run = airflow.trigger("measured")
        assert airflow.wait(run) == {"deferred": "success"}
        yield file.read_text().splitlines()


TAGS = ",dag_id=measured,task_id=deferred"


@pytest.mark.parametrize(
    "metric",
    [
        f"fargate_batch.jobs_submitted{TAGS} 1",
        "dag.measured.deferred.fargate_batch.jobs_submitted 1",
        f"fargate_batch.jobs_ended{TAGS},outcome=succeeded 1",
        f"fargate_batch.queue_duration{TAGS} ",
        f"fargate_batch.run_duration{TAGS} ",
        "fargate_batch.api_calls,operation=batch.SubmitJob 1",
        "fargate_batch.api_calls,operation=batch.DescribeJobs 1",
    ],
    ids=lambda metric: metric.split()[0],
)
def test_a_metric_is_sent(metric: str, metrics: list[str]) -> None:
    """A deferred task's DescribeJobs calls are the triggerer's."""
    ours = [line for line in metrics if "fargate_batch" in line]
    assert any(line.startswith(metric) for line in ours), ours
