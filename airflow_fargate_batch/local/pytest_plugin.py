"""Pytest fixtures for tests of one's own DAGs and scripts.

Enable them in ``conftest.py``: ``pytest_plugins = ["airflow_fargate_batch.local.pytest_plugin"]``.

============================ ================================ =====================
fixture                      its jobs                         for
============================ ================================ =====================
``local_batch``              stand still until the test says  unit tests of a hook,
                             ``local_batch.advance(seconds)`` an operator, a script
``local_batch_running``      live a fraction of a second; no  ``dag.test()``
                             command is run
``local_batch_commands``     the same, and each command runs  ``dag.test()``, with
                             as a process on this machine     what the jobs do
============================ ================================ =====================

Each test gets a LocalBatch of its own, which is empty. What waits for a job, as ``dag.test()``
does, would wait for ever under ``local_batch``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from airflow_fargate_batch.local import LocalBatch

SPEED: Final = 50.0
"""How much faster than at AWS the jobs of a running LocalBatch live: 0.2 s instead of 8.5."""
_ELSEWHERE: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
"""Variables that could lead a client past LocalBatch, as could an endpoint for one service."""


@contextmanager
def _started(monkeypatch: pytest.MonkeyPatch, **options: Any) -> Iterator[LocalBatch]:
    with LocalBatch(seed=0, **options) as aws:
        for name in list(os.environ):
            if name in _ELSEWHERE or name.startswith("AWS_ENDPOINT_URL_"):
                monkeypatch.delenv(name)
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        # Airflow's own connection may hold a real account's keys; this one holds nothing
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
        yield aws


@pytest.fixture
def local_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Start LocalBatch for one test and point every AWS client at it.

    Its clock stands still: jobs move when the test says ``local_batch.advance(seconds)``.
    """
    with _started(monkeypatch, manual_clock=True) as aws:
        yield aws


@pytest.fixture
def local_batch_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Start LocalBatch for one test, with a clock that runs, and point every AWS client at it.

    Jobs live a fraction of a second and succeed, unless ``local_batch_running.script(...)`` says
    otherwise.
    """
    with _started(monkeypatch, speed=SPEED) as aws:
        yield aws


@pytest.fixture
def local_batch_commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Start LocalBatch for one test, with a clock that runs and commands that really run.

    A command runs as a process on this machine, with your rights, and what it says is in
    CloudWatch Logs. Needs moto: ``pip install 'airflow-fargate-batch[local]'``.
    """
    with _started(monkeypatch, speed=SPEED, run_commands=True) as aws:
        yield aws
