"""The operator against LocalBatch: which job is whose, over tries, lives and deployments."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_fargate_batch.core.naming import DEPLOYMENT_TAG, LIFE_TAG, TAG_PREFIX
from airflow_fargate_batch.exceptions import AccessDenied, SubmissionUncertain
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.submitting.retrying import Timing
from tests.operating import FakeTaskInstance, dag, rendered

BEGAN = datetime.now(UTC) - timedelta(minutes=1)
RETRIES = 2


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    monkeypatch.setattr(FargateBatchHook, "clock", Timing(sleep=lambda _: None))
    monkeypatch.setenv("AIRFLOW__FARGATE_BATCH__DEPLOYMENT", "here")
    with LocalBatch() as aws:
        connection = {
            "conn_type": "aws",
            "login": "key",
            "password": "secret",
            "extra": {"region_name": aws.region, "endpoint_url": aws.url},
        }
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        yield aws


def make(task_id: str = "submit", **arguments: Any) -> FargateBatchSubmitOperator:
    where = {"job_queue": READY_QUEUE, "job_definition": READY_DEFINITION}
    with dag():
        return FargateBatchSubmitOperator(task_id=task_id, retries=RETRIES, **(where | arguments))


def attempt(number: int = 1, generation: int = 0) -> FakeTaskInstance:
    return FakeTaskInstance(try_number=number, max_tries=RETRIES + generation)


def run(ti: FakeTaskInstance | None = None, *, began: Any = BEGAN, **arguments: Any) -> str:
    """Run a try of the task."""
    task = make(**arguments)
    context = rendered(task, ti or attempt(), dag_run=SimpleNamespace(start_date=began))
    return task.execute(context)


def test_a_job_s_tags_say_whose_it_is(aws: LocalBatch) -> None:
    run()
    [job] = aws.jobs
    assert job["tags"][LIFE_TAG] == BEGAN.isoformat()
    assert job["tags"][DEPLOYMENT_TAG] == "here"
    assert f"{TAG_PREFIX}operator" not in job["tags"]


def test_a_retry_adopts(aws: LocalBatch) -> None:
    assert run(attempt(2)) == aws.jobs[0]["jobId"]
    assert run(attempt(3)) == aws.jobs[0]["jobId"]


def test_a_run_that_was_made_again_has_a_job_of_its_own_after_a_lost_answer(
    aws: LocalBatch,
) -> None:
    first = run()
    aws.faults.add("error_before", operation="SubmitJob", times=1)
    assert run(began=BEGAN + timedelta(seconds=30)) != first
    assert len(aws.jobs) == 2


def test_a_run_that_was_made_again_has_a_job_of_its_own_after_a_denied_submit(
    aws: LocalBatch,
) -> None:
    first = run()
    began = BEGAN + timedelta(seconds=30)
    aws.faults.add("denied", operation="SubmitJob", times=1)
    with pytest.raises(AccessDenied):
        run(began=began)
    assert run(attempt(2), began=began) != first


@pytest.mark.parametrize("began", [None, "soon", SimpleNamespace()], ids=["None", "text", "mock"])
def test_a_run_that_does_not_say_when_it_began_still_retries(aws: LocalBatch, began: Any) -> None:
    assert run(attempt(1), began=began) == run(attempt(2), began=began)
    assert len(aws.jobs) == 1


def test_two_deployments_share_nothing(aws: LocalBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = run()
    monkeypatch.setenv("AIRFLOW__FARGATE_BATCH__DEPLOYMENT", "there")
    aws.faults.add("error_before", operation="SubmitJob", times=1)
    theirs = run()
    cleared = run(attempt(2, generation=1))
    states = {job["jobId"]: bool(job.get("isTerminated")) for job in aws.jobs}
    assert states == {ours: False, theirs: True, cleared: False}


def test_a_name_that_each_try_changes_still_finds_the_job(aws: LocalBatch) -> None:
    name = "n-{{ ti.try_number }}"
    assert run(attempt(1), job_name=name) == run(attempt(2), job_name=name)
    assert len(aws.jobs) == 1


# ── several operators in one task ────────────────────────────────────────────────────────────


class WorkerDied(BaseException):
    pass


def in_a_callable(ti: FakeTaskInstance, *names: str, dies_after: int | None = None) -> list[str]:
    """Execute operators in a Python task; they know nothing of its retries."""
    outer = make("outer")
    ti.task_id = "outer"
    context = rendered(outer, ti, dag_run=SimpleNamespace(start_date=BEGAN))
    ids = []
    for name in names:
        with dag():
            inner = FargateBatchSubmitOperator(
                task_id=name, job_queue=READY_QUEUE, job_definition=READY_DEFINITION
            )
        ids.append(inner.execute(context))
        if len(ids) == dies_after:
            raise WorkerDied
    return ids


@pytest.mark.parametrize(
    "names", [("a", "b", "c"), ("a", "a", "a"), ("a", "outer", "outer")], ids=str
)
def test_each_operator_in_a_task_has_its_job_after_the_worker_died(
    aws: LocalBatch, names: tuple[str, ...]
) -> None:
    with pytest.raises(WorkerDied):
        in_a_callable(attempt(1), *names, dies_after=1)
    [first] = [job["jobId"] for job in aws.jobs]
    ids = in_a_callable(attempt(2), *names)
    assert ids[0] == first
    assert sorted(ids) == sorted(job["jobId"] for job in aws.jobs)
    assert len(set(ids)) == 3
    assert in_a_callable(attempt(3), *names) == ids


def test_a_submit_that_a_callable_repeats_finds_the_job_of_the_first(aws: LocalBatch) -> None:
    ti = attempt(1)
    aws.faults.add("cut_after", operation="SubmitJob", times=1)
    aws.faults.add("denied", operation="ListJobs", times=1)
    with pytest.raises(SubmissionUncertain):
        in_a_callable(ti, "a")
    assert in_a_callable(ti, "a") == [job["jobId"] for job in aws.jobs]


def test_a_clear_ends_the_jobs_of_each_operator(aws: LocalBatch) -> None:
    old = in_a_callable(attempt(1), "a", "b", "a")
    new = in_a_callable(attempt(2, generation=1), "a", "b", "a")
    ended = [job["jobId"] for job in aws.jobs if job.get("isTerminated")]
    assert sorted(ended) == sorted(old)
    assert not set(old) & set(new)
