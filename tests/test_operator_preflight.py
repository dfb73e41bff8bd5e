"""The operator's preflight against LocalBatch: when it asks, and how the task fails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_fargate_batch._airflow.compat import AirflowFailException
from airflow_fargate_batch.exceptions import QueueNotReady
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.submitting.retrying import Timing
from tests.operating import FakeTaskInstance, operator, rendered

QUEUE = f"job-queue/{READY_QUEUE}"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    monkeypatch.setattr(FargateBatchHook, "clock", Timing(sleep=lambda _: None))
    with LocalBatch() as aws:
        connection = {
            "conn_type": "aws",
            "login": "key",
            "password": "secret",
            "extra": {"region_name": aws.region, "endpoint_url": aws.url},
        }
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        yield aws


def run(try_number: int = 1, **arguments: Any) -> str:
    task = operator(job_queue=READY_QUEUE, job_definition=READY_DEFINITION, retries=2, **arguments)
    return task.execute(rendered(task, FakeTaskInstance(try_number=try_number, max_tries=2)))


def calls(aws: LocalBatch) -> list[str]:
    return [call.operation for call in aws.requests]


def test_a_submit_is_one_call(aws: LocalBatch) -> None:
    run(vcpu=1, memory=2048)
    assert calls(aws) == ["SubmitJob"]


def test_a_preflight_adds_three(aws: LocalBatch) -> None:
    run(preflight=True)
    assert len(calls(aws)) == 4
    assert calls(aws)[-1] == "SubmitJob"


def test_a_request_that_cannot_work_is_not_tried_again(aws: LocalBatch) -> None:
    with pytest.raises(AirflowFailException, match=r"share identifier a is given, but queue"):
        run(preflight=True, share_identifier="a")
    assert "SubmitJob" not in calls(aws)


def test_a_queue_that_is_closed_now_may_be_tried_again(aws: LocalBatch) -> None:
    aws.alter(QUEUE, state="DISABLED")
    with pytest.raises(QueueNotReady, match="is DISABLED and accepts no jobs"):
        run(preflight=True)
    assert "SubmitJob" not in calls(aws)


def test_a_retry_adopts_its_job_although_the_queue_is_closed_now(aws: LocalBatch) -> None:
    job = run(preflight=True)
    aws.alter(QUEUE, state="DISABLED")
    assert run(2, preflight=True) == job


def test_a_dry_run_asks_nobody(aws: LocalBatch) -> None:
    run(preflight=True, dry_run=True, memory=1024)
    assert calls(aws) == []
