"""A dry run shows the request, and asks nobody for anything."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from airflow_fargate_batch._airflow.compat import AirflowFailException
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import WHERE, FakeTaskInstance, dag, operator, rendered, submitted

ALL_OF_IT: dict[str, Any] = {
    "vcpu": "{{ 1 }}",
    "memory": "2 GB",
    "command": ["echo", "{{ ds }}", "京都"],
    "environment": {"A": "1"},
    "parameters": {"day": "{{ ds }}"},
    "share_identifier": "A1",
    "scheduling_priority": 0,
    "depends_on": ["a", {"jobId": "b", "type": "N_TO_N"}],
    "array_size": 3,
    "spot_retries": 2,
    "job_timeout": 60,
    "tags": {"team": "data"},
    "propagate_tags": True,
}


@pytest.fixture(autouse=True)
def _no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever builds a hook, and so looks for a connection, fail."""

    def refuse(task: FargateBatchSubmitOperator) -> None:
        raise AssertionError(f"{task} built a hook")

    monkeypatch.setattr(FargateBatchSubmitOperator, "hook", property(refuse))


def run(task: FargateBatchSubmitOperator, **names: Any) -> tuple[str, Mapping[str, Any]]:
    """Run a task; return what it returns, and what it pushed."""
    ti = FakeTaskInstance()
    returned = task.execute(rendered(task, ti, **names))
    keys = [key for key, _ in ti.pushed]
    assert len(keys) == len(set(keys)), "Airflow 3 refuses a key that is pushed twice"
    return returned, dict(ti.pushed)


def accepted(body: Mapping[str, Any]) -> bool:
    model = botocore.session.get_session().get_service_model("batch")
    shape: Any = model.operation_model("SubmitJob").input_shape
    return not ParamValidator().validate(body, shape).has_errors()


@pytest.mark.parametrize("native", [False, True], ids=["as text", "as native objects"])
def test_the_whole_body_is_logged_and_pushed_and_botocore_accepts_it(
    native: bool, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.INFO):
        _, pushed = run(operator(native=native, dry_run=True, **ALL_OF_IT))
    body = pushed["request"]
    assert accepted(body)
    assert not accepted({**body, "arrayProperties": 3})
    assert body["containerOverrides"]["command"] == ["echo", "2026-02-03", "京都"]
    assert body["dependsOn"] == [{"jobId": "a"}, {"jobId": "b", "type": "N_TO_N"}]
    logged = caplog.text + capsys.readouterr().out  # Airflow 3.3 writes its logs itself
    assert json.dumps(body, indent=2, ensure_ascii=False) in logged


def test_nothing_else_is_pushed() -> None:
    assert run(operator(dry_run=True))[1].keys() == {"request"}


@pytest.mark.parametrize("size", [None, 3], ids=["plain job", "array"])
@pytest.mark.parametrize("how", [{"deferrable": True}, {"wait_for_completion": True}], ids=str)
def test_where_a_real_run_waits_its_readers_find_a_job_of_the_same_shape(
    how: dict[str, bool], size: int | None
) -> None:
    waiting = operator(dry_run=True, vcpu=1, memory=2048, array_size=size, **how)
    returned, pushed = run(waiting)
    assert pushed.keys() == {"request", "job"}
    job = pushed["job"]
    array = {"arrayProperties": {"size": 3, "statusSummary": {}}} if size else {}
    real = Job.from_api({"jobId": "a", "status": "SUCCEEDED", **array}).to_summary()
    assert job.keys() == real.keys()
    assert (job["job_id"], job["status"]) == (returned, "DRY_RUN")
    assert job["status_reason"] == "dry run: nothing was submitted"
    assert (job["vcpu"], job["memory"], job["exit_code"]) == (1.0, 2048, None)
    assert job.get("array") == real.get("array")
    assert "DRY_RUN" not in set(JobStatus)
    json.dumps(job)


def test_nothing_is_pushed_where_nothing_may_be() -> None:
    assert run(operator(dry_run=True, do_xcom_push=False))[1] == {}


def test_the_placeholder_names_the_job() -> None:
    returned, pushed = run(operator(dry_run=True))
    assert returned == f"dry-run:{pushed['request']['jobName']}"


def test_a_connection_that_does_not_exist_does_no_harm() -> None:
    assert run(operator(dry_run=True, aws_conn_id="nobody", region_name="nowhere"))[0]


def test_the_queue_still_has_to_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "(?s)job_queue: is missing.* in AWS_BATCH_JOB_QUEUE: a dry run reads no connection"
    with pytest.raises(AirflowFailException, match=said):
        run(operator(dry_run=True, job_queue=None))
    monkeypatch.setenv("AWS_BATCH_JOB_QUEUE", "queue-of-variable")
    assert run(operator(dry_run=True, job_queue=None))[1]["request"]["jobQueue"] == (
        "queue-of-variable"
    )


TRUE = [True, "true", "True", 1, "1", "{{ params.dry }}", "{{ 1 }}", "{{ params.dry | string }}"]
FALSE = [False, "false", "False", 0, "0", "{{ not params.dry }}", "{{ 0 }}"]


@pytest.mark.parametrize("native", [False, True], ids=["as text", "as native objects"])
@pytest.mark.parametrize("value", TRUE, ids=repr)
def test_dry_run_is_templated_and_may_be_written_in_many_ways(value: Any, native: bool) -> None:
    returned, _ = run(operator(native=native, dry_run=value), params={"dry": True})
    assert returned.startswith("dry-run:")


@pytest.mark.parametrize("native", [False, True], ids=["as text", "as native objects"])
@pytest.mark.parametrize("value", FALSE, ids=repr)
def test_so_may_its_opposite(value: Any, native: bool) -> None:
    with pytest.raises(AssertionError, match="built a hook"):
        run(operator(native=native, dry_run=value), params={"dry": True})


@pytest.mark.parametrize("value", ["maybe", "{{ 'maybe' }}", "{{ none }}", 2, ""], ids=repr)
def test_a_dry_run_that_says_neither_fails_without_retries(value: Any) -> None:
    with pytest.raises(AirflowFailException, match=r"dry_run: .* is not a truth value"):
        run(operator(dry_run=value))


@pytest.mark.parametrize(
    ("shared", "of_each"),
    [
        ({"dry_run": True}, {"command": [["a"]]}),
        ({"dry_run": "{{ params.dry }}"}, {"command": [["a"]]}),
        ({}, {"dry_run": [True]}),
        ({}, {"dry_run": ["{{ params.dry }}"]}),
    ],
    ids=["shared", "shared template", "of each", "template of each"],
)
def test_mapped_tasks_run_dry_too(shared: dict[str, Any], of_each: dict[str, Any]) -> None:
    with dag():
        mapped = FargateBatchSubmitOperator.partial(task_id="submit", **WHERE, **shared).expand(
            **of_each
        )
    task = mapped.unmap({name: values[0] for name, values in of_each.items()})
    assert run(task, params={"dry": True})[0].startswith("dry-run:")


def test_a_dry_run_may_depend_on_dry_runs_but_a_submit_may_not() -> None:
    earlier, _ = run(operator(dry_run=True))
    _, pushed = run(operator(dry_run=True, depends_on=earlier))
    assert pushed["request"]["dependsOn"] == [{"jobId": earlier}]
    with pytest.raises(AirflowFailException, match="comes from a dry run"):
        submitted(operator(depends_on=earlier))


def test_dry_run_is_also_the_method_that_airflow_calls(capsys: pytest.CaptureFixture[str]) -> None:
    task = operator(vcpu=1, memory=2048, environment={"DB_PASSWORD": "hunter2"})
    rendered(task)
    task.dry_run()
    printed = capsys.readouterr().out
    body = json.loads(printed[printed.index("{\n") :])
    assert accepted(body)
    assert body["jobName"] == "fargate-job"
    assert body["containerOverrides"]["environment"] == [{"name": "DB_PASSWORD", "value": "***"}]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"region_name": "us-east-1"}, "Cost: 0.0494 USD an hour for 1 vCPU with 2048 MiB"),
        ({"region_name": "us-east-1", "job_timeout": 3600}, "Cost: at most 0.0494 USD"),
        ({"job_queue": "arn:aws:batch:us-east-1:123456789012:job-queue/q"}, "(Linux x86 in us-eas"),
        ({}, "Cost: no estimate, because the region is not known"),
        ({"region_name": "eu-west-9"}, "no price of Linux x86 in eu-west-9 is known"),
        ({"vcpu": None}, "Cost: no estimate, because vCPU and memory are not both given"),
    ],
    ids=["hour", "timeout", "ARN", "no region", "no price", "no size"],
)
def test_the_price_is_logged(
    arguments: dict[str, Any],
    said: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.INFO):
        run(operator(**{"dry_run": True, "vcpu": 1, "memory": 2048} | arguments))
    assert said in caplog.text + capsys.readouterr().out


def test_the_region_of_the_environment_counts(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "sa-east-1")
    with caplog.at_level(logging.INFO):
        run(operator(dry_run=True, vcpu=1, memory=2048))
    assert "in sa-east-1, on demand" in caplog.text + capsys.readouterr().out
