"""No secret that a job is given gets into a task's log or into Airflow's database.

The database holds rendered fields, XComs, the arguments of triggers and their events.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.harness import RealAirflow, Run

DAGS = Path(__file__).with_name("dags_logs")
FILES = (DAGS / "secret_logs.py", DAGS / "secret_parameters.json")
KEY_LINES = ("MIIEvQIBADANBgkq", "hkiG9w0BAQEFAASC")
KEY = "\n".join(["-----BEGIN PRIVATE KEY-----", *KEY_LINES, "-----END PRIVATE KEY-----"])
VAULT = {"key": KEY, "leaf": "correct-horse-leaf", "token": "battery-staple-token", "tag": "x-9f31"}
SECRETS = (*KEY_LINES, VAULT["leaf"], VAULT["token"])
TASKS = ("deferred", "deferred_fails", "worker", "worker_fails")


@dataclass(kw_only=True)
class Story:
    """What happened.

    Attributes:
        rows: All rows of Airflow's database, while tasks wait in the triggerer and at the end.
    """

    airflow: RealAirflow
    run: Run
    states: dict[str, str]
    rows: str


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with (
        LocalBatch(run_commands=True) as aws,
        RealAirflow(home=tmp_path_factory.mktemp("secret-logs")) as airflow,
    ):
        airflow.add_connection(
            "aws_logs",
            login=aws.environ["AWS_ACCESS_KEY_ID"],
            password=aws.environ["AWS_SECRET_ACCESS_KEY"],
            extra={"region_name": aws.region, "endpoint_url": aws.url},
        )
        for name, secret in VAULT.items():
            airflow.add_connection(f"vault_{name}", conn_type="generic", password=secret)
        airflow.add_dags(*FILES)
        run = airflow.trigger("secret_logs")
        airflow.wait_for(run, "deferred", "deferred")
        rows = rows_of_the_database(airflow)
        states = airflow.wait(run)
        rows += rows_of_the_database(airflow)
        yield Story(airflow=airflow, run=run, states=states, rows=rows)


def rows_of_the_database(airflow: RealAirflow) -> str:
    engine = sqlalchemy.create_engine(airflow.environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    every_column = sqlalchemy.select(sqlalchemy.text("*"))
    tables = sqlalchemy.inspect(engine).get_table_names()
    with engine.connect() as connection:
        return "\n".join(
            repr(row)
            for table in tables
            for row in connection.execute(every_column.select_from(sqlalchemy.table(table)))
        )


def test_the_tasks_end_as_their_jobs_do(story: Story) -> None:
    assert story.states == {
        task: "failed" if task.endswith("fails") else "success" for task in TASKS
    }


@pytest.mark.parametrize("task", TASKS)
def test_a_log_has_the_lines_of_the_job_without_its_secrets(story: Story, task: str) -> None:
    log = story.airflow.log(story.run, task)
    assert "all of it:" in log
    assert "leaf: ***" in log
    assert "parameter: ***" in log
    assert not [secret for secret in SECRETS if secret in log]


@pytest.mark.parametrize("task", TASKS)
def test_what_is_common_stays_in_the_log(story: Story, task: str) -> None:
    assert "it is false at db.internal" in story.airflow.log(story.run, task)


def test_no_secret_is_in_the_database(story: Story) -> None:
    assert "secret_logs" in story.rows
    known = [*SECRETS, VAULT["tag"]]
    assert not [secret for secret in known if secret in story.rows]
