"""Processes of their own for what is measured: nothing of one side lingers in the other's."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
HOME: Final = ROOT / ".airflow" / "bench"
_CALL: Final = """
import importlib, json, os, sys
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # Airflow may write to stdout
module, name, arguments = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
json.dump(getattr(importlib.import_module(module), name)(*arguments), answer)
"""


class Skipped(Exception):
    """A benchmark cannot run here; the text says why."""


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return variables for a process that knows no AWS account and nobody's Airflow.

    It may keep its bytecode, as that of an installed package is kept: where only one side had it,
    the other's compiling is what would be measured.
    """
    HOME.mkdir(parents=True, exist_ok=True)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return {
        **inherited,
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME}/airflow.db",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(ROOT),
        **(more or {}),
    }


def call_apart(function: Callable[..., Any], *arguments: Any, env: Mapping[str, str]) -> Any:
    """Call a function of a module in a process of its own; what goes in and out is JSON."""
    command = [sys.executable, "-c", _CALL, function.__module__, function.__name__]
    done = subprocess.run(
        [*command, json.dumps(arguments)], env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{function.__name__} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


@cache
def made_venv(name: str, *requirements: str) -> Path:
    """Return the bin directory of a virtual environment in the checkout, made when first needed.

    For what cannot live beside the package: it pins another botocore.

    :raises Skipped: it cannot be made, for instance without a network.
    """
    venv = ROOT / name
    ready = venv / ".benchmarks"
    wanted = "\n".join(requirements)
    if ready.is_file() and ready.read_text() == wanted:
        return venv / "bin"
    uv = Path(sys.executable).with_name("uv")
    python = str(venv / "bin" / "python")
    try:
        for words in (
            ["venv", "--clear", "--python", sys.executable, str(venv)],
            ["pip", "install", "--python", python, *requirements],
        ):
            subprocess.run([str(uv), *words], check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise Skipped(f"{uv} is missing: make setup installs it") from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()[-1:]
        raise Skipped(f"{name} could not be made: {' '.join(last)}") from error
    ready.write_text(wanted)
    return venv / "bin"


def with_aiobotocore() -> Path:
    """Return the bin directory of this Airflow and Amazon provider with aiobotocore.

    BatchOperator needs aiobotocore to wait in the triggerer, which pins an older botocore.

    :raises Skipped: it cannot be made, for instance without a network.
    """
    amazon = "apache-airflow-providers-amazon"
    same = ("apache-airflow", "psycopg2-binary", "asyncpg")
    return made_venv(
        ".venv-aiobotocore",
        f"{amazon}[aiobotocore]=={version(amazon)}",
        *(f"{name}=={version(name)}" for name in same),
    )


def version_in(binaries: Path, distribution: str) -> str:
    """Return the version of a distribution that is installed in another environment."""
    code = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    return subprocess.run(
        [binaries / "python", "-c", code, distribution], check=True, capture_output=True, text=True
    ).stdout.strip()
