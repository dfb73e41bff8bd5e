"""Who sees which page: signed-in users of a real Airflow, one of whom may not see one DAG."""

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import requests

from tests.airflow.conftest import QUICK
from tests.airflow.harness import RealAirflow
from tests.airflow.page_users.names import PRIVATE, RESTRICTED
from tests.airflow.recorded import Recorded, links, write
from tests.patience import PATIENCE

LINE = tuple(map(int, version("apache-airflow").split(".")[:2]))
pytestmark = pytest.mark.skipif(LINE < (3, 1), reason="this Airflow has no pages of plugins")
ROOT = Path(__file__).parents[2]
PASSWORD = "a-password"
USERS = {"chief": "admin", RESTRICTED: "viewer"}
SEEN, HIDDEN = "the-seen-job", "the-hidden-job"


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    """Give an API server with sign-in, over the records of two DAGs."""
    home = tmp_path_factory.mktemp("airflow")
    passwords = home / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)))
    environment = {
        "AIRFLOW__CORE__AUTH_MANAGER": "tests.airflow.page_users.per_dag.PerDagAuthManager",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(map(":".join, USERS.items())),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "PYTHONPATH": os.pathsep.join([str(ROOT), QUICK["PYTHONPATH"]]),
    }
    with RealAirflow(home=home, environment=environment, only="api-server") as airflow:
        tasks = [("open", SEEN), (PRIVATE, HIDDEN)]
        write(
            airflow.environment,
            [
                Recorded(
                    dag_id=dag,
                    task_id="load",
                    state="failed",
                    xcoms=links(job, "eu-west-1", f"arn:aws:batch:eu-west-1:1:job-queue/{dag}"),
                )
                for dag, job in tasks
            ],
        )
        yield airflow


@pytest.fixture(scope="module")
def users(airflow: RealAirflow) -> dict[str, requests.Session]:
    """Give a session for each user, signed in by the cookie that a browser has."""
    return {name: _signed_in(airflow, name) for name in USERS}


def _signed_in(airflow: RealAirflow, name: str) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    body = {"username": name, "password": PASSWORD}
    answer = session.post(f"{airflow.url}/auth/token", json=body, timeout=PATIENCE)
    session.cookies.set("_token", answer.json()["access_token"], domain="127.0.0.1")
    return session


def get(airflow: RealAirflow, session: requests.Session, path: str) -> requests.Response:
    return session.get(f"{airflow.url}/fargate-batch/{path}", timeout=PATIENCE)


@pytest.mark.parametrize("page", ["task", "state", "log"])
def test_a_user_sees_the_pages_of_a_dag_only_with_its_permission(
    airflow: RealAirflow, users: dict[str, requests.Session], page: str
) -> None:
    statuses = {
        (name, dag): get(airflow, users[name], f"{page}/{dag}/load/none/manual__1").status_code
        for name in USERS
        for dag in ("open", PRIVATE)
    }
    denied = {place for place, status in statuses.items() if status != 200}
    assert denied == {(RESTRICTED, PRIVATE)}
    assert statuses[RESTRICTED, PRIVATE] == 403


@pytest.mark.parametrize(
    "path",
    [
        f"task/{PRIVATE}/load/none/manual__1?dag_id=open",
        f"task/{PRIVATE}/load/none/manual__1?child=1&dag_id=open",
        f"log/open/../{PRIVATE}/load/none/manual__1",
        f"log/{PRIVATE}/load/none/manual__1?child=0",
    ],
)
def test_no_other_address_shows_the_job_of_such_a_dag(
    airflow: RealAirflow, users: dict[str, requests.Session], path: str
) -> None:
    answer = get(airflow, users[RESTRICTED], path)
    assert answer.status_code in {403, 404}
    assert HIDDEN not in answer.text


@pytest.mark.parametrize(
    "query", ["", f"?dag={PRIVATE}", f"?text={HIDDEN}", f"?queue={PRIVATE}", "?state=failed&page=2"]
)
def test_the_list_leaves_out_what_a_user_may_not_see(
    airflow: RealAirflow, users: dict[str, requests.Session], query: str
) -> None:
    """Not in the rows, the numbers, the choices of DAGs, or the queues."""
    typed = query.partition("=")[2]  # stands in the form again
    text = get(airflow, users[RESTRICTED], f"jobs{query}").text.replace(f'value="{typed}"', "")
    assert "Fargate jobs" in text
    assert HIDDEN not in text
    assert f"<td>{PRIVATE}</td>" not in text
    assert f'value="{PRIVATE}">' not in text
    assert f"dags/{PRIVATE}/" not in text


def test_the_list_has_both_dags_for_a_user_who_may_see_both(
    airflow: RealAirflow, users: dict[str, requests.Session]
) -> None:
    text = get(airflow, users["chief"], "jobs").text
    assert "dags/open/" in text
    assert f"dags/{PRIVATE}/" in text
    assert "<strong>2</strong> failed" in text


def test_a_refusal_is_a_page_that_says_what_to_do(
    airflow: RealAirflow, users: dict[str, requests.Session]
) -> None:
    answer = get(airflow, users[RESTRICTED], f"task/{PRIVATE}/load/none/manual__1")
    assert "You may not see the tasks of this DAG" in answer.text
