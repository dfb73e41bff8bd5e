"""The web application behind the pages: who gets in, and with which headers."""

from collections.abc import Iterator

import pytest
from airflow.api_fastapi.app import create_auth_manager, init_auth_manager
from fastapi import FastAPI
from fastapi.testclient import TestClient

from airflow_fargate_batch.ui.application import application
from airflow_fargate_batch.ui.plugin import PREFIX, FargateBatchPlugin
from airflow_fargate_batch.ui.records import TaskKey


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """Give a client of the application, mounted as Airflow mounts plugins, with sign-in."""
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "False")
    root = FastAPI()
    create_auth_manager()
    init_auth_manager(root)
    root.mount(f"/{PREFIX}", application())
    with TestClient(root, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["jobs", "task/d/t/none/r", "state/d/t/none/r", "log/d/t/none/r", "log/d/t/1/r?child=2"]
)
@pytest.mark.parametrize("token", [None, "garbage"])
def test_nobody_sees_a_page_without_signing_in(
    client: TestClient, path: str, token: str | None
) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = client.get(f"/{PREFIX}/{path}", headers=headers)
    assert answer.status_code in {401, 403}
    assert "sign" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["page.js", "page.css", "htmx.min.js", "pico.classless.min.css"])
def test_the_page_s_own_files_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/{PREFIX}/static/{name}").status_code == 200


@pytest.mark.parametrize("name", ["plugin.py", "..%2Fplugin.py", "%2e%2e/plugin.py"])
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    assert client.get(f"/{PREFIX}/static/{name}").status_code == 404


@pytest.mark.parametrize("path", ["jobs", "task/d/t/none/r"])
def test_pages_only_read(client: TestClient, path: str) -> None:
    assert client.post(f"/{PREFIX}/{path}").status_code == 405


def test_the_plugin_names_the_pages_that_the_application_has() -> None:
    plugin = FargateBatchPlugin()
    [app] = plugin.fastapi_apps
    assert app["url_prefix"] == f"/{PREFIX}"
    task, jobs = plugin.external_views
    assert task["href"].startswith(f"{PREFIX}/task/")
    assert jobs["href"] == f"{PREFIX}/jobs"


def test_a_task_that_is_not_mapped_has_no_index() -> None:
    from airflow_fargate_batch.ui import application as module

    assert module._key("d", "r", "t", "{MAP_INDEX}") == TaskKey("d", "r", "t", -1)
    assert module._key("d", "r", "t", "7").map_index == 7
