"""Importing the package costs nothing, and the rules load nothing that could do I/O."""

import importlib.util
import json
import pkgutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import airflow_fargate_batch.core

AIRFLOW = {"airflow"}
AWS = {"boto3", "botocore", "aiobotocore", "s3transfer", "urllib3"}
IO = {"asyncio", "logging", "socket", "subprocess", "ssl", "tempfile", "threading", "http"}
CORE = [
    f"airflow_fargate_batch.core.{module.name}"
    for module in pkgutil.iter_modules(airflow_fargate_batch.core.__path__)
]
ROOT = Path(__file__).parents[1]


IMPORT_EACH = """
import json, sys
before = set(sys.modules)
for module in sys.argv[1:]:
    __import__(module)
    print(json.dumps([module, sorted(set(sys.modules) - before)]))
"""


@cache
def loaded_by_each(*modules: str) -> dict[str, set[str]]:
    """Return the top-level modules that each import adds to a fresh interpreter.

    The interpreter imports one module after the other, so a module's are those of its predecessors
    too. Each module can be the first: ``test_architecture.py`` finds no circle of imports.
    """
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, *modules],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    found = map(json.loads, done.stdout.splitlines())
    return {module: {name.partition(".")[0] for name in names} for module, names in found}


def loaded_by(module: str) -> set[str]:
    """Return the top-level modules that importing *module* adds to a fresh interpreter."""
    return loaded_by_each(module)[module]


def test_what_is_loaded_can_be_seen() -> None:
    assert {"botocore", "logging"} <= loaded_by("botocore.session")


def test_the_package_imports_nothing() -> None:
    assert loaded_by("airflow_fargate_batch") == {"airflow_fargate_batch"}


@pytest.mark.parametrize("module", CORE)
def test_the_core_loads_no_airflow_no_aws_and_no_io(module: str) -> None:
    assert loaded_by_each(*CORE)[module].isdisjoint(AIRFLOW | AWS | IO)


@pytest.mark.parametrize("module", ["exceptions", "provider_info", "cli", "local"], ids=str)
def test_airflow_is_not_loaded_without_need(module: str) -> None:
    name = f"airflow_fargate_batch.{module}"
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"there is no {name}")
    assert loaded_by(name).isdisjoint(AIRFLOW)


def test_the_command_line_starts_without_boto3() -> None:
    assert loaded_by("airflow_fargate_batch.cli").isdisjoint(AWS)


def test_the_import_contracts_hold(capsys: pytest.CaptureFixture[str]) -> None:
    importlinter = pytest.importorskip("importlinter.cli")
    broken = importlinter.lint_imports(
        config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True
    )
    assert not broken, capsys.readouterr().out
