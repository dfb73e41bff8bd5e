"""A task ends in the triggerer with all that a worker would leave behind, or not at all."""

import inspect
import json
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from airflow.callbacks import callback_requests
from airflow.triggers import base
from airflow.triggers.base import TaskSuccessEvent

from airflow_fargate_batch._airflow import compat, finish_check
from airflow_fargate_batch._airflow.compat import task_state
from airflow_fargate_batch._airflow.finishing import Finish, xcoms
from airflow_fargate_batch._airflow.shared_poller import ConnectedPoller
from airflow_fargate_batch._airflow.trigger_times import LogTimes
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost import cost_of
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.pricing import BUILT_IN
from airflow_fargate_batch.exceptions import InvalidRequest
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from tests.operating import (
    ACCOUNT,
    JOB_ID,
    WHERE,
    FakeTaskInstance,
    RecordingHook,
    dag,
    operator,
    rendered,
)
from tests.test_triggers import FAST, ConnectedBatch, aws, run, trigger_for

try:
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:  # 2.11 and 3.0
    from airflow.exceptions import TaskDeferred  # type: ignore[no-redef]

__all__ = ["aws"]  # a fixture

QUEUE = f"{ACCOUNT}:job-queue/queue"
FINISHED: dict[str, Any] = {
    "jobArn": f"{ACCOUNT}:job/{JOB_ID}",
    "jobName": "load",
    "jobQueue": QUEUE,
    "jobDefinition": f"{ACCOUNT}:job-definition/definition:7",
    "startedAt": 1_700_000_000_000,
    "stoppedAt": 1_700_003_600_000,
    "container": {
        "exitCode": 0,
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "2048"},
        ],
    },
    "attempts": [{"container": {"logStreamName": "stream"}}],
}
ENDS_HERE: dict[str, Any] = {"deferrable": True, "finish_in_triggerer": True}
HOW = Finish().argument()


class Pushed(dict[str, Any]):
    """XComs that a trigger pushed, by key.

    Attributes:
        fails_at: Key of the XCom that cannot be pushed.
    """

    fails_at: str | None = None

    async def set_own_xcom(self, task_instance: Any, key: str, value: Any) -> None:  # noqa: ARG002
        if key == self.fails_at:
            raise OSError("the bucket is gone")
        self[key] = json.loads(json.dumps(value, allow_nan=False))


@pytest.fixture
def pushed(monkeypatch: pytest.MonkeyPatch) -> Pushed:
    pushed = Pushed()
    monkeypatch.setattr(task_state, "set_own_xcom", pushed.set_own_xcom)
    return pushed


@pytest.fixture
def free_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in an Airflow that lets a task end in the triggerer."""
    monkeypatch.setattr(compat, "has_success_listener", lambda: False)
    monkeypatch.setattr(compat, "callbacks_hide_dags", lambda: False)


def in_triggerer(*job_ids: str, **arguments: Any) -> FargateBatchJobTrigger:
    trigger = trigger_for(*(job_ids or (JOB_ID,)), **({"finish": HOW} | arguments))
    trigger.task_instance = FakeTaskInstance()  # type: ignore[assignment]
    trigger.trigger_id = 7
    return trigger


def event_of(trigger: FargateBatchJobTrigger) -> Any:
    async def events() -> list[Any]:
        return [event async for event in trigger.run()]

    [event] = run(events())
    return event


def records_use(monkeypatch: pytest.MonkeyPatch, *, answer: bool) -> None:
    """Answer what the trigger asks about the queue."""

    class Facts:
        capacity = Capacity.ON_DEMAND
        records_use = answer

    class Capacities:
        async def of(self, queue: str) -> Any:  # noqa: ARG002
            return Facts

    class Poller:
        capacities = Capacities()

        def __init__(self, poller: ConnectedPoller) -> None:
            self._poller = poller

        def __getattr__(self, name: str) -> Any:
            return getattr(self._poller, name)

    original = ConnectedPoller.of
    monkeypatch.setattr(ConnectedPoller, "of", lambda *args: Poller(original(*args)))


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    records_use(monkeypatch, answer=False)
    return lambda *, answer: records_use(monkeypatch, answer=answer)


# ── What a worker would leave ────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("queue")
def test_a_succeeded_job_ends_the_task(
    aws: ConnectedBatch, pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    aws.will(JOB_ID, "RUNNING", "SUCCEEDED", **FINISHED)
    event = event_of(in_triggerer())
    assert type(event) is TaskSuccessEvent
    assert not event.xcoms
    assert (next(iter(pushed)), list(pushed)[-1]) == ("job", "return_value")
    assert pushed["return_value"] == JOB_ID
    assert pushed["console_log"]["job_log"].endswith("/stream")
    assert "Cost: at least 0.0494 USD" in caplog.messages[-1]


@pytest.mark.usefixtures("queue")
def test_the_last_line_is_logged_before_an_xcom_is_pushed(
    aws: ConnectedBatch, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Airflow 3 loses lines logged just before the event; an answer to a push comes after them."""
    lines: list[int] = []

    async def push(*args: object) -> None:  # noqa: ARG001
        lines.append(len(caplog.messages))

    monkeypatch.setattr(task_state, "set_own_xcom", push)
    caplog.set_level("INFO")
    aws.will(JOB_ID, "SUCCEEDED", **FINISHED)
    assert type(event_of(in_triggerer())) is TaskSuccessEvent
    assert lines
    assert set(lines) == {len(caplog.messages)}


@pytest.mark.parametrize(
    ("pushes", "members"),
    [(False, {}), (True, {"jobQueue": None})],
    ids=["no XComs", "a worker ends the task"],
)
@pytest.mark.usefixtures("queue")
def test_if_no_xcom_is_pushed_the_last_line_has_time_to_arrive(
    pushes: bool,
    members: dict[str, Any],
    aws: ConnectedBatch,
    pushed: Pushed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    aws.will(JOB_ID, "SUCCEEDED", **(FINISHED | members))
    times = replace(FAST, log=LogTimes(in_flight=0.3))
    event_of(in_triggerer(finish=Finish(do_xcom_push=pushes).argument(), times=times))
    assert time.time() - caplog.records[-1].created > 0.25
    assert pushed == {}


@pytest.mark.parametrize("mapped", [-1, 3], ids=["plain", "mapped"])
@pytest.mark.parametrize("pushes", [True, False], ids=["xcoms", "do_xcom_push=False"])
@pytest.mark.usefixtures("free_to_end")
def test_the_xcoms_equal_those_of_a_worker(pushes: bool, mapped: int) -> None:
    """A worker overwrites the pages that it pushed at the submit; the rest is equal as well."""
    task, ti = operator(do_xcom_push=pushes, **ENDS_HERE), FakeTaskInstance(map_index=mapped)
    vars(task)["hook"] = RecordingHook()
    context = rendered(task, ti)
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(context)
    before = dict(ti.pushed)
    job = Job.from_api({"jobId": JOB_ID, "status": "SUCCEEDED", **FINISHED})
    payload = {
        "outcome": "ended",
        "jobs": [job.to_api()],
        "message": None,
        "capacity": "FARGATE",
        "records_use": False,
    }

    resumed = operator(do_xcom_push=pushes, **ENDS_HERE)
    vars(resumed)["hook"] = RecordingHook()
    returned = resumed.execute_complete(rendered(resumed, ti), payload, try_number=1)
    by_worker = dict(ti.pushed) | ({"return_value": returned} if pushes else {})

    finish = Finish.read(json.loads(json.dumps(deferred.value.trigger.finish)))
    cost = cost_of(job, BUILT_IN, capacity=Capacity.ON_DEMAND)
    assert before | xcoms(Job.from_api(job.to_api()), cost, finish) == by_worker
    assert bool(by_worker) == pushes


def test_a_job_of_items_has_no_failed_items() -> None:
    job = Job.from_api({"jobId": JOB_ID, "status": "SUCCEEDED"})
    cost = cost_of(job, BUILT_IN, capacity=Capacity.UNKNOWN)
    assert xcoms(job, cost, Finish(has_items=True))["job"]["failed_items"] == []
    assert "failed_items" not in xcoms(job, cost, Finish())["job"]


def test_members_of_a_later_version_are_ignored() -> None:
    assert Finish.read({"do_xcom_push": False, "later": 1}) == Finish(do_xcom_push=False)


# ── What a worker still ends ─────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("queue")
def test_a_failed_job_goes_through_a_worker(aws: ConnectedBatch, pushed: Pushed) -> None:
    aws.will(JOB_ID, "FAILED", **FINISHED)
    event = event_of(in_triggerer())
    assert event.payload["outcome"] == "ended"
    assert pushed == {}


def test_a_wait_that_is_over_goes_through_a_worker(aws: ConnectedBatch, pushed: Pushed) -> None:
    aws.will(JOB_ID, "RUNNING", **FINISHED)
    past = "2026-02-03T04:05:06+00:00"
    event = event_of(in_triggerer(wait_until=past, terminate_on_kill=False))
    assert event.payload["outcome"] == "gave_up"
    assert pushed == {}


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"arrayProperties": {"size": 2}}, "the cost of an array needs the times of its children"),
        ({"jobQueue": None}, "the queue of the job is not known"),
    ],
    ids=["array", "no queue"],
)
@pytest.mark.usefixtures("queue")
def test_what_needs_a_lookup_goes_through_a_worker(
    members: dict[str, Any],
    reason: str,
    aws: ConnectedBatch,
    pushed: Pushed,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    aws.will(JOB_ID, "SUCCEEDED", **(FINISHED | members))
    assert event_of(in_triggerer()).payload["outcome"] == "ended"
    assert pushed == {}
    assert caplog.text.count(f"a worker ends the task: {reason}") == 1


def test_a_job_whose_use_is_recorded_goes_through_a_worker(
    aws: ConnectedBatch,
    pushed: Pushed,
    queue: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    queue(answer=True)
    arn = "arn:aws:ecs:eu-west-1:123456789012:task/cluster/0123456789abcdef"
    container = FINISHED["container"] | {"taskArn": arn}
    aws.will(JOB_ID, "SUCCEEDED", **(FINISHED | {"container": container}))
    assert event_of(in_triggerer()).payload["records_use"] is True
    assert pushed == {}
    assert "Container Insights records the job's CPU and memory" in caplog.text


@pytest.mark.parametrize("key", ["job", "console_log", "return_value"])
@pytest.mark.usefixtures("queue")
def test_if_an_xcom_cannot_be_pushed_a_worker_ends_the_task(
    key: str, aws: ConnectedBatch, pushed: Pushed, caplog: pytest.LogCaptureFixture
) -> None:
    pushed.fails_at = key
    aws.will(JOB_ID, "SUCCEEDED", **FINISHED)
    event = event_of(in_triggerer())
    assert event.payload["outcome"] == "ended"
    assert f"could not push XCom {key}: OSError: the bucket is gone" in caplog.text


@pytest.mark.parametrize("missing", ["trigger_id", "task_instance"])
@pytest.mark.usefixtures("queue")
def test_airflow_dags_test_passes_the_event_to_the_task(
    missing: str, aws: ConnectedBatch, pushed: Pushed
) -> None:
    """``airflow dags test`` resumes the task with the payload of any event."""
    aws.will(JOB_ID, "SUCCEEDED", **FINISHED)
    trigger = in_triggerer()
    setattr(trigger, missing, None)
    assert event_of(trigger).payload["outcome"] == "ended"
    assert pushed == {}


@pytest.mark.usefixtures("queue")
def test_without_the_argument_nothing_changes(aws: ConnectedBatch, pushed: Pushed) -> None:
    aws.will(JOB_ID, "SUCCEEDED", **FINISHED)
    assert event_of(in_triggerer(finish=None)).payload["outcome"] == "ended"
    assert pushed == {}


# ── Who asks for it ──────────────────────────────────────────────────────────────────────────


def deferred_with(task: FargateBatchSubmitOperator) -> Any:
    """Execute a task until it defers, and return the trigger's argument."""
    vars(task)["hook"] = RecordingHook()
    with pytest.raises(TaskDeferred) as deferred:
        task.execute(rendered(task))
    return deferred.value.trigger.finish


@pytest.mark.usefixtures("free_to_end")
def test_the_trigger_knows_the_pages_that_the_worker_has_pushed() -> None:
    finish = deferred_with(operator(**ENDS_HERE))
    assert finish["console_pages"].keys() == {"job", "job_queue", "job_definition"}
    assert deferred_with(operator(deferrable=True)) is None


@pytest.mark.parametrize(
    ("cause", "reason"),
    [
        ("has_success_listener", "a plugin listens for tasks that succeed"),
        ("callbacks_hide_dags", "Airflow 3.0 may stop scheduling a DAG"),
    ],
)
@pytest.mark.usefixtures("free_to_end")
def test_what_airflow_does_not_do_in_a_triggerer_needs_a_worker(
    cause: str, reason: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(compat, cause, lambda: True)
    monkeypatch.setattr(
        FargateBatchSubmitOperator, "log", logging.getLogger("airflow_fargate_batch.test")
    )
    caplog.set_level("INFO")
    assert deferred_with(operator(**ENDS_HERE)) is None
    assert f"a worker ends the task: {reason}" in caplog.text


@pytest.mark.usefixtures("free_to_end")
def test_a_callback_that_a_cluster_policy_adds_needs_a_worker() -> None:
    task = operator(**ENDS_HERE)
    task.on_success_callback = [print]
    assert deferred_with(task) is None


def post_execute(context: Any, result: Any = None) -> None:
    """Run after the task."""


REFUSED: dict[str, Any] = {
    "outlets": ["s3://bucket/day"],
    "on_success_callback": print,
    "post_execute": post_execute,
    "map_index_template": "{{ task.job_name }}",
}


def plain(**arguments: Any) -> None:
    FargateBatchSubmitOperator(task_id="load", **(WHERE | ENDS_HERE | arguments))


def mapped(**arguments: Any) -> None:
    FargateBatchSubmitOperator.partial(task_id="load", **(WHERE | ENDS_HERE | arguments)).expand(
        command=[["a"], ["b"]]
    )


def by_default(**arguments: Any) -> None:
    with dag(default_args=arguments):
        FargateBatchSubmitOperator(task_id="load", **(WHERE | ENDS_HERE))


@pytest.mark.parametrize("name", list(REFUSED))
@pytest.mark.parametrize("make", [plain, mapped, by_default])
def test_what_needs_a_worker_is_refused_at_import(make: Callable[..., None], name: str) -> None:
    with pytest.raises(InvalidRequest) as caught, dag():
        make(**{name: REFUSED[name]})
    [problem] = caught.value.problems
    assert problem.suggestion == f"remove {name}, or set finish_in_triggerer=False"
    assert finish_check.NEEDS_A_WORKER[name] in problem.message


def test_a_method_post_execute_is_refused_too() -> None:
    class Checked(FargateBatchSubmitOperator):
        def post_execute(self, context: Any, result: Any = None) -> None: ...

    with dag(), pytest.raises(InvalidRequest, match="post_execute"):
        Checked(task_id="load", **(WHERE | ENDS_HERE))
    with dag(), pytest.raises(InvalidRequest, match="post_execute"):
        Checked.partial(task_id="load", **(WHERE | ENDS_HERE)).expand(command=[["a"]])


@pytest.mark.parametrize("make", [plain, mapped, by_default])
@pytest.mark.parametrize("name", ["on_failure_callback", "on_execute_callback", "pre_execute"])
def test_what_the_first_worker_or_a_failure_does_is_not(
    make: Callable[..., None], name: str
) -> None:
    with dag():
        make(**{name: print})


# ── What Airflow does ────────────────────────────────────────────────────────────────────────


def test_airflows_event_has_the_members_that_are_known() -> None:
    """A further member may be what the event lacks today: callbacks, outlets."""
    event = TaskSuccessEvent()
    assert str(event.task_instance_state) == "success"
    known = {"payload", "task_instance_state", "xcoms"}
    fields = getattr(TaskSuccessEvent, "model_fields", None)  # 2.11: not a model
    assert {*(fields or vars(event)), "task_instance_state"} == known
    assert list(inspect.signature(base.BaseTaskEndEvent.__init__).parameters) == [
        "self",
        "xcoms",
        "kwargs",
    ]


def test_airflow_3_calls_no_success_callback_for_the_event() -> None:
    """If it does one day, *on_success_callback* need not be refused."""
    if not hasattr(TaskSuccessEvent, "model_fields"):
        return  # 2.11 calls it, with a standalone DAG processor only
    request = callback_requests.TaskCallbackRequest.model_construct(task_callback_type="success")
    assert request.is_failure_callback is False


def test_airflow_3_encodes_the_xcoms_of_the_event_twice() -> None:
    """If it no longer does, the event may carry the XComs: fewer questions to the supervisor."""
    if not hasattr(TaskSuccessEvent, "model_fields"):
        return
    from airflow.models.xcom import XComModel

    assert XComModel.serialize_value("id") == '"id"'
    assert compat.XCom.serialize_value("id") == "id"
