"""Importing the package costs nothing, and the rules load nothing that could do I/O."""

import importlib.util
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pytest

import airflow_fargate_batch.core
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from tests.short_lived import COLLECT_NOTHING

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
    found = map(json.loads, run_apart(IMPORT_EACH, *modules).splitlines())
    return {module: {name.partition(".")[0] for name in names} for module, names in found}


def loaded_by(module: str) -> set[str]:
    """Return the top-level modules that importing *module* adds to a fresh interpreter."""
    return loaded_by_each(module)[module]


def run_apart(code: str, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run code in a fresh interpreter, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
        env=env and dict(env),
    )
    return done.stdout


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


OF_A_JOB = {"cost", "definition", "failure", "job", "pricing", "surroundings", "termination"}
"""Modules of the core that nobody needs before a job runs, and that take a while to load."""


def of_the_core(modules: Iterable[str]) -> set[str]:
    prefix = "airflow_fargate_batch.core."
    return {name.removeprefix(prefix) for name in modules if name.startswith(prefix)}


def test_a_dag_file_loads_nothing_that_only_a_run_needs() -> None:
    code = (
        "import json, sys; from airflow_fargate_batch import operators; "
        "print(json.dumps([*sys.modules]))"
    )
    loaded = of_the_core(json.loads(run_apart(COLLECT_NOTHING + code)))
    assert "request" in loaded
    needless = loaded & (OF_A_JOB | {"secrets", "secret_texts", "urls"})
    assert not needless


def test_a_submit_loads_nothing_that_only_a_wait_needs() -> None:
    code = (
        "import json, sys; from airflow_fargate_batch.cli import submit_fargate_job; "
        "assert submit_fargate_job() == 0; print(json.dumps([*sys.modules]))"
    )
    flags = ["--vcpu", "1", "--memory", "2048"]
    flags += ["--job-queue", READY_QUEUE, "--job-definition", READY_DEFINITION]
    with LocalBatch() as aws:
        job_id, modules = run_apart(code, *flags, env={**os.environ, **aws.environ}).splitlines()
        assert job_id == aws.jobs[0]["jobId"]
    needless = of_the_core(json.loads(modules)) & OF_A_JOB
    assert not needless
