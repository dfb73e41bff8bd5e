"""How the tests here call the command line: in this process, and as a shell would."""

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from airflow_fargate_batch.cli import _clients, main
from airflow_fargate_batch.local import LocalBatch
from tests.fakes import LocalTime
from tests.patience import PATIENCE

BIN = Path(sys.executable).parent
Run = Callable[..., "Outcome"]


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make help 100 columns wide everywhere, and take back what a submit does to logging."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")
    yield
    log = logging.getLogger("airflow_fargate_batch")
    log.handlers.clear()
    log.setLevel(logging.NOTSET)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Give what calls ``fargate-batch`` in this process."""

    def call(*words: str) -> Outcome:
        code = main(words)
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def submit(run: Run) -> Run:
    """Give what calls ``fargate-batch submit`` in this process."""
    return lambda *words: run("submit", *words)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Start LocalBatch, its clock at a standstill, and point every AWS client at it."""
    with LocalBatch(manual_clock=True) as batch:
        for name, value in batch.environ.items():
            monkeypatch.setenv(name, value)
        yield batch


@pytest.fixture
def time(aws: LocalBatch, monkeypatch: pytest.MonkeyPatch) -> LocalTime:
    """Let no command wait for real."""
    time = LocalTime(aws)
    monkeypatch.setattr(_clients, "CLOCK", time.clock())
    return time


@pytest.fixture
def job(submit: Run, aws: LocalBatch, time: LocalTime) -> Callable[..., str]:  # noqa: ARG001 - passes
    """Give what submits a job, about which it may tell LocalBatch a script, and returns its id."""

    def call(*words: str, **script: Any) -> str:
        if script:
            aws.script(**script)
        return submit(*words).out.strip()

    return call


def shell(*words: str, env: Mapping[str, str] | None = None) -> Outcome:
    """Run a program of this environment in a process of its own."""
    done = subprocess.run(
        [BIN / words[0], *words[1:]],
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)
