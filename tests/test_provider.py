"""Airflow finds the package by its entry point, and registers what it brings."""

import json
import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from airflow.providers_manager import ProvidersManager

from airflow_fargate_batch.links import LINKS
from airflow_fargate_batch.provider_info import get_provider_info
from tests.short_lived import COLLECT_NOTHING

try:
    from airflow.sdk import task
except ImportError:  # 2.11
    from airflow.decorators import task  # type: ignore[no-redef,attr-defined]

PACKAGE = "airflow-fargate-batch"


LOADED_PLUGINS = """
from airflow import plugins_manager as manager
manager.ensure_plugins_loaded()
if hasattr(manager, "_get_plugins"):
    plugins, errors = manager._get_plugins()
else:  # 3.1 and before
    plugins, errors = manager.plugins, manager.import_errors
print([each.name for each in plugins if "fargate" in (each.name or "")], dict(errors))
"""


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


@pytest.mark.parametrize("name", ["operators", "sensors", "triggers", "hooks", "decorators"])
def test_a_module_for_users_lists_its_public_classes(name: str) -> None:
    module = import_module(f"airflow_fargate_batch.{name}")
    classes = {
        each
        for each, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and each[0] != "_"
    }
    assert classes
    assert classes <= set(module.__all__)


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


def test_the_schema_of_this_airflow_accepts_the_info() -> None:
    schema = json.loads((Path(airflow.__path__[0]) / "provider_info.schema.json").read_text())
    jsonschema.validate(get_provider_info(), schema)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("operators", "FargateBatchSubmitOperator"),
        ("sensors", "FargateBatchJobSensor"),
        ("hooks", "FargateBatchHook"),
        ("triggers", "FargateBatchJobTrigger"),
    ],
)
def test_the_info_names_the_modules_of_every_kind(kind: str, name: str) -> None:
    [entry] = get_provider_info()[kind]
    [module] = entry["python-modules"]
    assert hasattr(import_module(module), name)
    [integration] = get_provider_info()["integrations"]
    assert entry["integration-name"] == integration["integration-name"]


def test_airflow_finds_the_decorators_as_attributes_of_task() -> None:
    for entry in get_provider_info()["task-decorators"]:
        assert getattr(task, entry["name"]) is named(entry["class-name"])


def test_the_info_names_the_plugin() -> None:
    [entry] = get_provider_info()["plugins"]
    assert named(entry["plugin-class"]).name == entry["name"]


@pytest.mark.parametrize("lazy", ["True", "False"])
def test_airflow_loads_the_plugin_once_whether_it_discovers_providers_or_not(lazy: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLLECT_NOTHING + LOADED_PLUGINS],
        env=os.environ | {"AIRFLOW__CORE__LAZY_DISCOVER_PROVIDERS": lazy},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "['airflow_fargate_batch'] {}"


def test_airflow_documents_the_settings() -> None:
    registered = dict(ProvidersManager().provider_configs)[PACKAGE]
    assert registered == get_provider_info()["config"]
    assert list(registered["fargate_batch"]["options"]) == ["deployment", "prices_file"]
