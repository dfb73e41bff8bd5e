"""The demo is the first thing that people run, on a machine that knows their AWS account."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

from airflow_fargate_batch.local import LocalBatch

SCRIPT = Path(__file__).parents[1] / "scripts" / "demo.py"
THEIRS = {
    "AWS_PROFILE": "prod",
    "AWS_SESSION_TOKEN": "theirs",
    "AWS_BATCH_SHARE_IDENTIFIER": "theirs",
    "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Load the script on a machine of somebody who works with AWS and Airflow every day."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    os.environ.update(THEIRS)
    spec = importlib.util.spec_from_file_location("demo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_takes_nothing_from_a_persons_account_or_airflow(demo: ModuleType) -> None:
    demo.leave_home()
    assert not [name for name in os.environ if name.startswith(("AWS_", "AIRFLOW_"))]


def test_its_own_clients_reach_the_local_batch_past_profiles_and_proxies(demo: ModuleType) -> None:
    demo.leave_home()
    with LocalBatch() as aws:
        assert aws.client("batch").describe_job_queues()["jobQueues"]
