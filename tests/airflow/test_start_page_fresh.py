"""The page Start, word for word: a fresh environment, two terminals, every command as it stands."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.airflow.harness import LINE, clean_environment
from tests.airflow.test_start_page import blocks
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
NOT_IN_A_CHECKOUT = shutil.ignore_patterns(".*", "build", "dist", "__pycache__")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the repository without anything that was made in it."""
    return Path(shutil.copytree(ROOT, tmp_path / "checkout", ignore=NOT_IN_A_CHECKOUT))


def environment(home: Path) -> dict[str, str]:
    """Return a reader's variables: of programs only Python and the system's are on the path."""
    python = Path(sys.base_prefix) / "bin"
    return clean_environment() | {"HOME": str(home), "PATH": f"{python}:/usr/bin:/bin"}


def type_in(checkout: Path, commands: str) -> str:
    """Run commands in a terminal of their own, and return what it shows."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=checkout,
        env=environment(checkout.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=2 * PATIENCE,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@contextmanager
def second_terminal(checkout: Path, commands: str) -> Iterator[str]:
    """Run commands beside others, and give the export lines that a reader copies from there."""
    with subprocess.Popen(
        ["bash", "-euc", commands.replace("fargate-batch local", "exec fargate-batch local")],
        cwd=checkout,
        env=environment(checkout.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C stops it" in line:
                break
        else:
            pytest.fail("".join(lines))
        try:
            yield "".join(line for line in lines if line.startswith("export "))
        finally:
            process.terminate()
    assert process.returncode == 0, "".join(lines)


@pytest.mark.long
@pytest.mark.skipif(not LINE.is_newest, reason="the page installs the newest Airflow on any line")
def test_a_newcomer_gets_from_a_checkout_to_a_dag(checkout: Path) -> None:
    install, local, run = blocks("sh")
    [submit] = blocks("bash")
    [dag] = blocks("python")
    type_in(checkout, install)
    (checkout / "dags").mkdir()
    (checkout / "dags" / "nightly.py").write_text(dag)
    with second_terminal(checkout, local) as exports:
        first = f". .venv/bin/activate\n{exports}"
        shown = type_in(checkout, first + submit)
        assert "SUCCEEDED" in shown
        shown = type_in(checkout, first + run)
    submitted = re.findall(r"Submitted job (\S+) \(fargate-job-nightly-(\w+)-", shown)
    assert [task for _, task in submitted] == ["load", "report"], shown
