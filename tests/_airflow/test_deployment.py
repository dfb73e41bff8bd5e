"""An installation's name is its setting, or comes from what its workers share and no other has."""

import pytest

from airflow_fargate_batch._airflow import deployment as module
from airflow_fargate_batch._airflow.deployment import deployment

HOMES = "AIRFLOW__WEBSERVER__BASE_URL", "AIRFLOW__API__BASE_URL"
KEY, EXECUTION_API = "AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"
ELSEWHERE = "http://airflow-api-server:8080/execution/"


def named(monkeypatch: pytest.MonkeyPatch, **settings: str) -> str:
    """Give the name of an installation with some settings, in the environment as containers do."""
    with monkeypatch.context() as environment:
        for variable in (*HOMES, KEY, EXECUTION_API):
            environment.delenv(variable, raising=False)
        for variable, value in settings.items():
            environment.setenv(variable, value)
        return deployment()


def at(url: str) -> dict[str, str]:
    return dict.fromkeys(HOMES, url)


def test_the_setting_is_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    setting = {"AIRFLOW__FARGATE_BATCH__DEPLOYMENT": " prod-eu "}
    assert named(monkeypatch, **setting, **at("https://airflow.example.com")) == "prod-eu"


def test_two_addresses_are_two_installations(monkeypatch: pytest.MonkeyPatch) -> None:
    prod = named(monkeypatch, **at("https://airflow.example.com"))
    assert named(monkeypatch, **at("https://airflow.example.com/")) == prod
    assert named(monkeypatch, **at("https://dev.example.com")) != prod


def test_an_address_of_its_own_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers need not agree on the key, which a worker of Airflow 3 never uses."""
    one, other = (
        named(monkeypatch, **at("https://airflow.example.com"), **{KEY: key}) for key in ("a", "b")
    )
    assert one == other


@pytest.mark.parametrize(
    "url", ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:80", "0.0.0.0:1", ""]
)
def test_the_key_tells_installations_with_a_loopback_address_apart(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    one, other = (named(monkeypatch, **at(url), **{KEY: key}) for key in ("key-a", "key-b"))
    assert one != other
    assert not any("key" in name for name in (one, other))


def test_loopback_addresses_with_other_ports_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (
        named(monkeypatch, **at(f"http://127.0.0.1:{port}"), **{KEY: "key"}) for port in (1, 2)
    )
    assert one != other


def test_a_key_that_a_worker_elsewhere_made_up_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each worker of Airflow 3 may have an airflow.cfg of its own, with a key of its own."""
    keys = iter(["made up here", "made up there"])
    setting = module._setting

    def with_key(section: str, option: str) -> str:
        return next(keys) if option == "fernet_key" else setting(section, option)

    monkeypatch.setattr(module, "_setting", with_key)
    settings = {EXECUTION_API: ELSEWHERE}
    assert named(monkeypatch, **settings) == named(monkeypatch, **settings)


def test_a_key_that_all_workers_are_given_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (
        named(monkeypatch, **{EXECUTION_API: ELSEWHERE, KEY: key}) for key in ("key-a", "key-b")
    )
    assert one != other
