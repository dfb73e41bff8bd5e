"""Pytest fixtures for tests of your DAGs and scripts.

Enable them in ``conftest.py``: ``pytest_plugins = ["airflow_fargate_batch.local.pytest_plugin"]``.

============================ ================================ =====================
fixture                      jobs                             for
============================ ================================ =====================
``local_batch``              stand still until the test says  unit tests of a hook,
                             ``local_batch.advance(seconds)`` an operator, a script
``local_batch_running``      last a fraction of a second; no  ``dag.test()``
                             command is run
``local_batch_commands``     run their commands as processes  ``dag.test()``, with
                             on this machine                  the jobs' commands
============================ ================================ =====================

Each test gets a new, empty LocalBatch. Code that waits for a job, such as ``dag.test()``, never
ends with ``local_batch``, because the clock stands still.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest

from airflow_fargate_batch.local import LocalBatch

SPEED: Final = 50.0
"""Speed of the running fixtures: a job takes 0.2 s instead of 8.5 s."""
_ELSEWHERE: Final = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
"""Variables that could make a client bypass LocalBatch, as endpoints for single services can."""


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

    The clock stands still: jobs move when the test calls ``local_batch.advance(seconds)``.
    """
    with _started(monkeypatch, manual_clock=True) as aws:
        yield aws


@pytest.fixture
def local_batch_running(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Start LocalBatch with a running clock for one test, and point every AWS client at it.

    Jobs last a fraction of a second and succeed, unless ``local_batch_running.script(...)`` sets
    another behaviour.
    """
    with _started(monkeypatch, speed=SPEED) as aws:
        yield aws


@pytest.fixture
def local_batch_commands(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Start LocalBatch with a running clock for one test, and run the jobs' commands.

    A command runs as a process on this machine, with your permissions; its output is in CloudWatch
    Logs. Needs moto: ``pip install 'airflow-fargate-batch[local]'``.
    """
    with _started(monkeypatch, speed=SPEED, run_commands=True) as aws:
        yield aws
