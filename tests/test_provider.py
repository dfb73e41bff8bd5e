"""Airflow finds the package by its entry point, and registers what it brings."""

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

import pytest
from airflow.providers_manager import ProvidersManager

from airflow_fargate_batch.links import LINKS
from airflow_fargate_batch.provider_info import get_provider_info

PACKAGE = "airflow-fargate-batch"


def named(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def test_the_entry_point_leads_to_the_provider_s_info() -> None:
    [entry] = [
        each
        for each in entry_points(group="apache_airflow_provider")
        if each.value.startswith("airflow_fargate_batch.")
    ]
    assert entry.load() is get_provider_info
    assert get_provider_info()["package-name"] == PACKAGE


def test_airflow_accepts_the_provider() -> None:
    assert PACKAGE in ProvidersManager().providers


def test_airflow_registers_every_link() -> None:
    paths = {f"{type(link).__module__}.{type(link).__qualname__}" for link in LINKS}
    assert paths <= set(ProvidersManager().extra_links_class_names)
    assert set(get_provider_info()["extra-links"]) == paths


@pytest.mark.parametrize(
    "path",
    [
        *get_provider_info().get("extra-links", []),
        *(each["class-name"] for each in get_provider_info().get("task-decorators", [])),
    ],
)
def test_what_the_info_names_is_there(path: str) -> None:
    assert callable(named(path))


def test_airflow_documents_the_settings() -> None:
    registered = dict(ProvidersManager().provider_configs)[PACKAGE]
    assert registered == get_provider_info()["config"]
    assert list(registered["fargate_batch"]["options"]) == ["deployment", "prices_file"]
