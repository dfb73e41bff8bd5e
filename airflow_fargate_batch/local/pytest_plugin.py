"""A pytest fixture for tests of one's own DAGs and scripts.

Enable it in ``conftest.py``: ``pytest_plugins = ["airflow_fargate_batch.local.pytest_plugin"]``.
"""

from collections.abc import Iterator

import pytest

from airflow_fargate_batch.local import LocalBatch


@pytest.fixture
def local_batch(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    """Start LocalBatch for one test and point every AWS client at it.

    Its clock stands still: jobs move when the test says ``local_batch.advance(seconds)``.
    """
    with LocalBatch(manual_clock=True, seed=0) as aws:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in aws.environ.items():
            monkeypatch.setenv(name, value)
        yield aws
