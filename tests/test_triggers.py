"""A trigger waits, says how it ended, and ends its jobs exactly when it should."""

import asyncio
import gc
import inspect
import json
import logging
import re
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import pytest
from asgiref.sync import async_to_sync

from airflow_fargate_batch._airflow import compat
from airflow_fargate_batch._airflow.compat import task_state
from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.shared_poller import ConnectedPoller
from airflow_fargate_batch._airflow.trigger_times import LogTimes, TriggerTimes
from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import PollTimes
from airflow_fargate_batch.core.termination import TaskNow
from airflow_fargate_batch.core.waiting import LookTimes
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    AwsError,
    CredentialsMissing,
    Throttled,
)
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from airflow_fargate_batch.watching import conversation
from tests.fakes import WatchedBatch
from tests.operating import FakeTaskInstance
from tests.patience import PATIENCE

STUCK_REASON = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - cannot be met"
THROTTLED = Throttled("AWS refused it: Too Many Requests")
DENIED = AccessDenied("AWS refused it", "batch:DescribeJobs")


class ConnectedBatch(WatchedBatch):
    """What triggers connect to; ``connecting`` is called by each connect, in its thread."""

    def __init__(self) -> None:
        super().__init__()
        self.connects = 0
        self.connecting: Callable[[], object] = lambda: None

    def connect(self, connection: ConnectionSettings) -> "ConnectedBatch":  # noqa: ARG002 - in place of a method
        self.connects += 1
        self.connecting()
        return self


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> ConnectedBatch:
    aws = ConnectedBatch()
    monkeypatch.setattr(ConnectionSettings, "connect", lambda connection: aws.connect(connection))
    return aws


@pytest.fixture(params=["on_kill", "state query"])
def has_on_kill(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Be on Airflow 3.3, and before it."""
    has_on_kill: bool = request.param == "on_kill"
    monkeypatch.setattr(compat, "triggers_have_on_kill", lambda: has_on_kill)
    return has_on_kill


POLL = PollTimes(first_question=0.1, longest_sleep=0.02, look_patience=2.0)
FAST = TriggerTimes(
    settling=0.0,
    terminate_pauses=(0.0, 0.0, 0.0),
    ask_patience=0.3,
    ask_again=0.05,
    poll=POLL,
    log=LogTimes(in_flight=0.0),
)
IMPATIENT = replace(FAST, poll=replace(POLL, refusal_patience=0.0, never_came_after=0.0))


def trigger_for(
    *job_ids: str, times: TriggerTimes = FAST, **arguments: Any
) -> FargateBatchJobTrigger:
    arguments = {"poll_interval": 0.01, **arguments}
    trigger = FargateBatchJobTrigger(job_ids=job_ids or ["job"], **arguments)
    vars(trigger)["times"] = times
    vars(trigger)["_log"] = logging.getLogger("airflow_fargate_batch.test")
    return trigger


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end, after which nothing may be left behind."""

    async def checked() -> Any:
        result = await asyncio.wait_for(main, timeout=PATIENCE)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.all_tasks() != {asyncio.current_task()}:
            assert asyncio.get_running_loop().time() < deadline, asyncio.all_tasks()
            await asyncio.sleep(0.01)
        return result

    return asyncio.run(checked())


async def events(trigger: FargateBatchJobTrigger) -> list[dict[str, Any]]:
    return [event.payload async for event in trigger.run()]


def event_of(trigger: FargateBatchJobTrigger) -> dict[str, Any]:
    [event] = run(events(trigger))
    told: dict[str, Any] = event
    return told


def soon(seconds: float = 0.2) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


# ── What travels ─────────────────────────────────────────────────────────────────────────────


def test_a_trigger_serializes_what_it_takes_and_no_more() -> None:
    trigger = FargateBatchJobTrigger(
        job_ids=["a", "b"],
        poll_interval=7.5,
        wait_until="2026-02-03T04:05:06+00:00",
        wait_limit="wait_timeout is 1 h 0 min",
        runnable_timeout=60.0,
        starting_timeout=30.0,
        terminate_on_kill=False,
        log_interval=15.0,
        log_index=3,
        finish={"do_xcom_push": True, "has_items": False, "console_pages": {}},
        aws_conn_id=None,
        region_name="eu-west-1",
        verify="/ca.pem",
        botocore_config={"read_timeout": 5},
    )
    path, arguments = trigger.serialize()
    assert path == f"{FargateBatchJobTrigger.__module__}.{FargateBatchJobTrigger.__qualname__}"
    assert list(arguments) == list(inspect.signature(FargateBatchJobTrigger).parameters)
    again = FargateBatchJobTrigger(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)


def test_the_event_leaves_the_scheduler_time_to_hear_of_the_deferral(aws: ConnectedBatch) -> None:
    aws.will("job", "SUCCEEDED")
    began = time.monotonic()
    event_of(trigger_for(times=replace(FAST, settling=0.5)))
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED"])
def test_the_event_of_an_end_carries_the_job_as_it_ended(aws: ConnectedBatch, end: str) -> None:
    reason = "Essential container in task exited"
    container = {"exitCode": 3, "logStreamName": "stream"}
    aws.will("job", "RUNNING", end, statusReason=reason, container=container)
    event = event_of(trigger_for())
    assert event.keys() == {"outcome", "jobs", "message", "advice"}
    assert (event["outcome"], event["message"]) == ("ended", None)
    [job] = map(Job.from_api, json.loads(json.dumps(event["jobs"])))
    assert (job.status_text, job.status_reason, job.exit_code) == (end, reason, 3)


def test_the_task_log_tells_each_change_once(
    aws: ConnectedBatch, caplog: pytest.LogCaptureFixture
) -> None:
    aws.will("job", "RUNNABLE", "RUNNING", "RUNNING", "SUCCEEDED")
    with caplog.at_level("INFO", logger="airflow_fargate_batch.test"):
        event_of(trigger_for())
    assert [record.message.split(" after")[0] for record in caplog.records] == [
        "Job job is RUNNABLE",
        "Job job is RUNNING",
        "Job job is SUCCEEDED",
    ]


def test_several_jobs_are_waited_for_until_the_last_has_ended(aws: ConnectedBatch) -> None:
    aws.will("a", "SUCCEEDED")
    aws.will("b", "RUNNING", "RUNNING", "SUCCEEDED")
    event = event_of(trigger_for("a", "b"))
    assert {job["jobId"]: job["status"] for job in event["jobs"]} == {
        "a": "SUCCEEDED",
        "b": "SUCCEEDED",
    }


def test_one_that_has_failed_ends_the_wait_for_all(aws: ConnectedBatch) -> None:
    aws.will("a", "RUNNING")
    aws.will("b", "RUNNING", "FAILED")
    event = event_of(trigger_for("a", "b"))
    assert event["outcome"] == "ended"
    assert {job["jobId"]: job["status"] for job in event["jobs"]} == {
        "a": "RUNNING",
        "b": "FAILED",
    }
    assert aws.terminated == []


# ── Giving up ────────────────────────────────────────────────────────────────────────────────

GIVING_UP = pytest.mark.parametrize(
    ("life", "arguments", "outcome", "why", "state"),
    [
        pytest.param(
            {"states": ["RUNNING"]},
            {
                "wait_until": "2026-02-03T04:05:06+00:00",
                "wait_limit": "wait_timeout is 1 h 0 min",
            },
            "gave_up",
            "Job job did not end by 2026-02-03 04:05:06 UTC: wait_timeout is 1 h 0 min",
            "RUNNING",
            id="deadline",
        ),
        pytest.param(
            {"states": ["RUNNABLE"]},
            {"runnable_timeout": 60.0},
            "gave_up",
            r"Job job was RUNNABLE for 5 min \d+ s: `runnable_timeout` is 1 min 0 s",
            "RUNNABLE",
            id="runnable too long",
        ),
        pytest.param(
            {"states": ["STARTING"]},
            {"starting_timeout": 0.2},
            "gave_up",
            r"Job job was STARTING for \d s: `starting_timeout` is 0 s",
            "STARTING",
            id="starting too long",
        ),
        pytest.param(
            {"states": ["RUNNABLE"], "statusReason": STUCK_REASON},
            {},
            "stuck",
            "Job job can never start: the job asks for more than the queue's compute "
            "environments can ever provide",
            "RUNNABLE",
            id="misconfigured",
        ),
    ],
)


@GIVING_UP
def test_whoever_gives_up_ends_the_job_and_says_how_it_was(
    aws: ConnectedBatch,
    life: dict[str, Any],
    arguments: dict[str, Any],
    outcome: str,
    why: str,
    state: str,
) -> None:
    life = dict(life)
    aws.will("job", *life.pop("states"), **life)
    event = event_of(trigger_for(**arguments))
    assert event["outcome"] == outcome
    said, how, became = event["message"].split("\n")
    assert re.fullmatch(why, said)
    assert how.startswith(f"The job has been {state} since 20")
    assert became == "The job was terminated."
    assert event["advice"]
    assert [job["jobId"] for job in event["jobs"]] == ["job"]
    [(job_id, reason)] = aws.terminated
    assert job_id == "job"
    assert reason.startswith(f"{said.rstrip('.')} (host ")


@pytest.mark.parametrize("now", ["STARTING", "RUNNING", "SUCCEEDED"])
@pytest.mark.parametrize("reason", [None, STUCK_REASON], ids=["runnable", "stuck"])
def test_a_job_that_is_no_longer_runnable_at_the_last_look_is_left_alone(
    aws: ConnectedBatch, now: str, reason: str | None
) -> None:
    aws.will("job", "RUNNABLE", now, "SUCCEEDED")
    first, *later = aws.lives["job"]
    aws.lives["job"] = [replace(first, status_reason=reason), *later]
    event = event_of(trigger_for(poll_interval=1, runnable_timeout=300.3))
    assert (event["outcome"], event["jobs"][0]["status"]) == ("ended", "SUCCEEDED")
    assert aws.terminated == []


def test_a_job_is_not_given_up_for_a_state_that_aws_does_not_confirm(aws: ConnectedBatch) -> None:
    look = LookTimes(look_again=timedelta(seconds=0.1))
    times = replace(FAST, poll=replace(POLL, look_patience=0.3), look=look)

    async def main() -> dict[str, Any]:
        trigger = trigger_for(poll_interval=0.5, runnable_timeout=300.3, times=times)
        task = asyncio.create_task(events(trigger))
        while not aws.asked:
            await asyncio.sleep(0.01)
        aws.fault = AnswerLost("the answer to DescribeJobs was lost")
        await asyncio.sleep(1.5)
        assert not task.done()
        assert aws.terminated == []
        aws.fault = None
        [event] = await task
        return event

    aws.will("job", "RUNNABLE")
    event = run(main())
    assert event["message"].startswith("Job job was RUNNABLE for 5 min ")
    assert len(aws.terminated) == 1


def test_many_last_looks_are_one_call_for_every_hundred(aws: ConnectedBatch) -> None:
    ids = [f"job-{number}" for number in range(250)]
    for job_id in ids:
        aws.will(job_id, "RUNNABLE")

    async def main() -> None:
        each: dict[str, Any] = {"poll_interval": 600, "runnable_timeout": 301.5}
        await asyncio.gather(*(events(trigger_for(job_id, **each)) for job_id in ids))

    run(main())
    assert len(aws.asked) <= 2 * 4
    assert len(aws.terminated) == 250


def test_a_job_is_ended_before_the_rest_of_its_log_is_read(
    aws: ConnectedBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what was true at the last look may no longer be."""

    class Log:
        def observe(self, job: Job) -> None:
            """Take no note."""

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            ended_by_then.extend(aws.terminated)

    ended_by_then: list[tuple[str, str]] = []
    monkeypatch.setattr(FargateBatchJobTrigger, "_log_of_the_job", lambda *_: Log())
    aws.will("job", "RUNNING")
    event_of(trigger_for(wait_until=soon(), log_interval=1.0))
    assert ended_by_then == aws.terminated
    assert len(aws.terminated) == 1


def test_an_array_whose_children_are_misconfigured_is_given_up_at_once(aws: ConnectedBatch) -> None:
    counts = {"size": 2, "statusSummary": {"RUNNABLE": 2}}
    aws.will("job", "PENDING", arrayProperties=counts)
    aws.will("job:0", "RUNNABLE", arrayProperties={"index": 0}, statusReason=STUCK_REASON)
    event = event_of(trigger_for())
    assert event["outcome"] == "stuck"
    assert [job["jobId"] for job in event["jobs"]] == ["job"]
    assert [job_id for job_id, _ in aws.terminated] == ["job"]


@GIVING_UP
def test_a_job_that_is_left_running_is_named_with_its_page_and_how_to_terminate_it(
    aws: ConnectedBatch,
    life: dict[str, Any],
    arguments: dict[str, Any],
    outcome: str,
    why: str,
    state: str,
) -> None:
    life = dict(life)
    aws.will("job", *life.pop("states"), **life)
    event = event_of(trigger_for(**arguments, terminate_on_kill=False))
    said, how, became = event["message"].split("\n")
    assert (event["outcome"], bool(re.fullmatch(why, said)), bool(how)) == (outcome, True, True)
    assert became == (
        f"Job job is still {state}; 'fargate-batch terminate job' terminates it: "
        "https://console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/job"
    )
    assert aws.terminated == []


def test_a_job_that_ended_while_no_triggerer_ran_has_ended_whatever_the_deadline(
    aws: ConnectedBatch,
) -> None:
    aws.will("job", "SUCCEEDED")
    event = event_of(trigger_for(wait_until=soon(-60)))
    assert (event["outcome"], event["jobs"][0]["status"]) == ("ended", "SUCCEEDED")
    assert aws.terminated == []


def test_one_of_several_that_failed_unseen_decides_although_the_time_of_another_is_over(
    aws: ConnectedBatch,
) -> None:
    aws.will("a", "RUNNING")
    aws.will("b", "RUNNING", "RUNNING", "FAILED")
    event = event_of(trigger_for("a", "b", poll_interval=600, wait_until=soon(0.5)))
    assert event["outcome"] == "ended"
    assert {job["jobId"]: job["status"] for job in event["jobs"]} == {"a": "RUNNING", "b": "FAILED"}


def test_of_several_only_those_that_still_run_are_said_to(aws: ConnectedBatch) -> None:
    aws.will("a", "RUNNING")
    aws.will("b", "RUNNING", "RUNNING", "SUCCEEDED")
    trigger = trigger_for(
        "a", "b", poll_interval=600, wait_until=soon(0.5), terminate_on_kill=False
    )
    event = event_of(trigger)
    assert event["outcome"] == "gave_up"
    assert "Job a is still RUNNING" in event["message"]
    assert "Job b is still" not in event["message"]


def test_a_deadline_counts_even_where_aws_does_not_answer(aws: ConnectedBatch) -> None:
    look = LookTimes(look_again=timedelta(seconds=0.1), unanswered=timedelta(seconds=0.2))
    times = replace(FAST, poll=replace(POLL, look_patience=0.3), look=look)
    aws.fault = AnswerLost("the answer to DescribeJobs was lost")
    event = event_of(trigger_for(wait_until=soon(), times=times))
    assert (event["outcome"], event["jobs"]) == ("gave_up", [])
    assert [job_id for job_id, _ in aws.terminated] == ["job"]


def test_a_terminate_that_does_not_go_through_is_tried_again(aws: ConnectedBatch) -> None:
    aws.will("job", "RUNNING")
    aws.faults["TerminateJob"] = [THROTTLED, AnswerLost("the answer to TerminateJob was lost")]
    event = event_of(trigger_for(wait_until=soon()))
    assert event["message"].endswith("The job was terminated.")
    assert len(aws.terminated) == 1


def test_a_terminate_that_never_goes_through_is_told(aws: ConnectedBatch) -> None:
    aws.will("job", "RUNNING")
    aws.faults["TerminateJob"] = [
        AccessDenied("AWS refused TerminateJob", "batch:TerminateJob")
    ] * 3
    event = event_of(trigger_for(wait_until=soon()))
    assert event["outcome"] == "gave_up"
    assert "could not be terminated: AWS refused TerminateJob" in event["message"]
    assert "batch:TerminateJob to the caller." in event["message"]
    assert "'fargate-batch terminate job' terminates it" in event["message"]


# ── What cannot be asked about ───────────────────────────────────────────────────────────────


def test_a_permission_that_stays_denied_ends_the_wait_and_is_named_with_the_job(
    aws: ConnectedBatch,
) -> None:
    aws.fault = DENIED
    event = event_of(trigger_for(times=IMPATIENT))
    assert (event["outcome"], event["jobs"]) == ("refused", [])
    assert event["message"] == (
        f"{DENIED}\n"
        "Job job may still be running; 'fargate-batch terminate job' terminates it: "
        "https://console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/job"
    )


def test_a_permission_that_is_denied_for_a_while_ends_nothing_and_is_in_the_tasks_log(
    aws: ConnectedBatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> dict[str, Any]:
        task = asyncio.create_task(events(trigger_for()))
        while not aws.asked:
            await asyncio.sleep(0.01)
        aws.fault = None
        [event] = await task
        return event

    aws.fault = DENIED
    aws.will("job", "RUNNING", "SUCCEEDED")
    with caplog.at_level("INFO", logger="airflow_fargate_batch.test"):
        assert run(main())["outcome"] == "ended"
    said = [each.message for each in caplog.records if each.name == "airflow_fargate_batch.test"]
    assert said[0].startswith("Could not read the state of job job; will retry for 5 min 0 s: ")
    assert "batch:DescribeJobs" in said[0]
    assert said[1].startswith("The state of job job can be read again after ")


@pytest.mark.usefixtures("aws")
def test_a_job_that_aws_does_not_know_is_lost() -> None:
    event = event_of(trigger_for(times=IMPATIENT))
    assert event["outcome"] == "refused"
    assert event["message"].startswith("AWS Batch does not know job job (never seen)")


def test_a_connection_that_cannot_be_used_ends_the_wait_and_is_named(aws: ConnectedBatch) -> None:
    def fail() -> None:
        raise CredentialsMissing("Could not make a client for connection 'aws_default': gone")

    aws.connecting = fail
    event = event_of(trigger_for(times=IMPATIENT))
    assert event["outcome"] == "refused"
    assert "Could not make a client for connection 'aws_default': gone" in event["message"]


def test_a_connection_that_cannot_be_read_for_a_moment_is_read_again(aws: ConnectedBatch) -> None:
    def fail_once() -> None:
        if aws.connects == 1:
            raise CredentialsMissing("the connection store is busy")

    aws.connecting = fail_once
    aws.will("job", "SUCCEEDED")
    assert event_of(trigger_for())["outcome"] == "ended"
    assert aws.connects == 2


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (RuntimeError("the store is down"), CredentialsMissing),
        (AwsError("Could not make a client for AWS Batch"), CredentialsMissing),
        (CredentialsMissing("none"), CredentialsMissing),
        (AccessDenied("AWS refused AssumeRole", "sts:AssumeRole"), AccessDenied),
    ],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_whatever_is_wrong_with_a_connection_is_an_error_that_waiters_bear_for_a_while_only(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, told: type[Exception]
) -> None:
    def api(hook: FargateBatchHook) -> BatchApi:  # noqa: ARG001 - in place of a property
        raise raised

    monkeypatch.setattr(FargateBatchHook, "api", property(api))
    connection = ConnectionSettings(
        aws_conn_id="mine", region_name=None, verify=None, botocore_config=None
    )
    with pytest.raises(conversation.REFUSALS, match=str(raised.args[0])) as caught:
        connection.connect()
    assert caught.type is told


# ── A person, or a triggerer that ends ───────────────────────────────────────────────────────


async def started(trigger: FargateBatchJobTrigger, aws: ConnectedBatch) -> "asyncio.Task[Any]":
    """Start a trigger and let it ask once."""
    waiting = asyncio.create_task(events(trigger))
    asked = len(aws.asked)
    while len(aws.asked) == asked:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    return waiting


async def cancel_until_done(task: "asyncio.Task[Any]") -> None:
    """Cancel as Airflow does, only much more often."""
    while not task.done():
        task.cancel()
        await asyncio.sleep(0)
    await asyncio.gather(task, return_exceptions=True)


ENDED = TaskNow(state="failed", is_own_try=False)
STILL_DEFERRED = TaskNow(state="deferred", is_own_try=True)
NEXT_TRY = TaskNow(state="running", is_own_try=False)


def airflow_says(
    now: TaskNow | None, monkeypatch: pytest.MonkeyPatch, *, after: float = 0.02
) -> list[object]:
    """Let Airflow answer as told, and note who asks."""
    asked: list[object] = []

    async def ask(task_instance: object, trigger_id: object) -> TaskNow | None:
        asked.append((task_instance, trigger_id))
        await asyncio.sleep(after)
        return now

    monkeypatch.setattr(task_state, "deferred_task_now", ask)
    return asked


async def be_killed(
    trigger: FargateBatchJobTrigger, aws: ConnectedBatch, has_on_kill: bool
) -> list[tuple[str, str]]:
    """Do to a trigger what Airflow does when a person acts on its task.

    Give what has been terminated when Airflow takes the trigger for finished.
    """
    await cancel_until_done(await started(trigger, aws))
    if has_on_kill:
        killing = asyncio.create_task(trigger.on_kill())
        await asyncio.sleep(0)
        await cancel_until_done(killing)
    return list(aws.terminated)


def test_a_person_who_ends_the_task_ends_its_job_once_however_often_the_trigger_is_cancelled(
    aws: ConnectedBatch, has_on_kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_says(ENDED, monkeypatch)
    aws.will("job", "RUNNING")
    aws.faults["TerminateJob"] = [THROTTLED]
    trigger = trigger_for()
    ti: Any = FakeTaskInstance(map_index=3, try_number=2)
    trigger.task_instance = ti
    [(job_id, reason)] = run(be_killed(trigger, aws, has_on_kill))
    assert job_id == "job"
    assert reason.startswith("The task was set to failed (DAG daily, task submit, ")
    assert ", map index 3, try 2, host " in reason
    assert len(aws.terminated) == 1


def test_a_person_ends_the_jobs_that_still_live(aws: ConnectedBatch) -> None:
    async def main() -> None:
        trigger = trigger_for("a", "b", "c")
        waiting = await started(trigger, aws)
        await cancel_until_done(waiting)
        await trigger.on_kill()

    aws.will("a", "RUNNING")
    aws.will("b", "SUCCEEDED")
    aws.will("c", "PENDING")
    run(main())
    assert [job_id for job_id, _ in aws.terminated] == ["a", "c"]


def test_a_person_ends_no_job_that_shall_be_left_alone(
    aws: ConnectedBatch, has_on_kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_says(ENDED, monkeypatch)
    aws.will("job", "RUNNING")
    run(be_killed(trigger_for(terminate_on_kill=False), aws, has_on_kill))
    assert aws.terminated == []


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (STILL_DEFERRED, "the task is still deferred"),
        (NEXT_TRY, "the task is no longer deferred"),
        (None, "Airflow did not answer"),
    ],
    ids=["another triggerer took over", "the next try runs", "no answer"],
)
def test_a_kill_leaves_jobs_running_that_another_may_own_and_says_so(
    aws: ConnectedBatch,
    has_on_kill: bool,
    now: TaskNow | None,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    airflow_says(now, monkeypatch)
    aws.will("job", "RUNNING")
    assert run(be_killed(trigger_for(), aws, has_on_kill)) == []
    assert f"Job job is left running: {why}" in caplog.text


@pytest.mark.parametrize("now", [NEXT_TRY, None], ids=["the next try runs", "no answer"])
def test_a_trigger_that_gives_up_leaves_a_job_running_that_another_may_own(
    aws: ConnectedBatch, now: TaskNow | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_says(now, monkeypatch)
    aws.will("job", "RUNNING")
    trigger = trigger_for(wait_until=soon(0.1), times=replace(FAST, give_up_patience=0.1))
    event = event_of(trigger)
    assert event["outcome"] == "gave_up"
    assert "\nJob job is left running: " in event["message"]
    assert aws.terminated == []


def test_who_gives_up_has_time_for_airflows_answer(
    aws: ConnectedBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A triggerer that was just restarted is busy: a job left running for that costs money."""
    airflow_says(STILL_DEFERRED, monkeypatch, after=0.5)
    aws.will("job", "RUNNING")
    event = event_of(trigger_for(wait_until=soon(0.1), times=replace(FAST, ask_patience=0.05)))
    assert event["message"].endswith("The job was terminated.")
    assert len(aws.terminated) == 1


def test_an_answer_that_does_not_come_is_not_waited_for(
    aws: ConnectedBatch, has_on_kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a triggerer of 3.3 that shuts down, nobody answers any more."""
    airflow_says(ENDED, monkeypatch, after=1.0)
    aws.will("job", "RUNNING")
    trigger = trigger_for(times=replace(FAST, ask_patience=0.05))
    assert run(be_killed(trigger, aws, has_on_kill)) == []


def test_a_triggerer_that_ends_leaves_the_jobs_alone(
    aws: ConnectedBatch, has_on_kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = airflow_says(STILL_DEFERRED, monkeypatch)
    aws.will("job", "RUNNING")

    async def main() -> None:
        await cancel_until_done(await started(trigger_for(), aws))

    run(main())
    assert aws.terminated == []
    # While the triggerer of 3.3 ends, a query would hang.
    assert len(asked) == (0 if has_on_kill else 1)


def test_a_person_who_comes_while_it_gives_up_does_not_end_the_job_twice(
    aws: ConnectedBatch, has_on_kill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_says(ENDED, monkeypatch)

    async def main() -> None:
        times = replace(FAST, terminate_pauses=(0.3,))
        trigger = trigger_for(wait_until=soon(0.1), times=times)
        waiting = asyncio.create_task(events(trigger))
        while not trigger._termination.has_begun:
            await asyncio.sleep(0.01)
        await cancel_until_done(waiting)
        if has_on_kill:
            await trigger.on_kill()

    aws.will("job", "RUNNING")
    run(main())
    assert len(aws.terminated) == 1
    assert "did not end by" in aws.terminated[0][1]


# ── One connection for all ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("works", [True, False], ids=["made", "not made"])
def test_a_client_is_made_without_collecting_garbage_and_what_there_is_by_then_is_frozen(
    works: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    collects = []

    class Hook:
        @property
        def api(self) -> object:
            collects.append(gc.isenabled())
            if not works:
                raise OSError
            return object()

    gc.unfreeze()
    monkeypatch.setattr(ConnectionSettings, "hook", lambda _: Hook())
    connection = ConnectionSettings(
        aws_conn_id=None, region_name=None, verify=None, botocore_config=None
    )
    with nullcontext() if works else pytest.raises(CredentialsMissing):
        connection.connect()
    assert collects == [False]
    assert gc.isenabled()
    assert gc.get_freeze_count()
    gc.freeze()  # as at the start of the tests


def test_many_triggers_share_one_connection_and_its_calls(aws: ConnectedBatch) -> None:
    ids = [f"job-{number}" for number in range(250)]
    for job_id in ids:
        aws.will(job_id, "SUCCEEDED")

    async def main() -> None:
        await asyncio.gather(*(events(trigger_for(job_id, poll_interval=30)) for job_id in ids))

    run(main())
    assert aws.connects == 1
    assert [len(asked) for asked in aws.asked] == [100, 100, 50]


def test_triggers_with_other_settings_have_a_connection_of_their_own(aws: ConnectedBatch) -> None:
    aws.will("a", "SUCCEEDED")
    aws.will("b", "SUCCEEDED")

    async def main() -> None:
        settings: list[dict[str, Any]] = [{"region_name": "eu-west-1"}, {"aws_conn_id": None}]
        trigger_a, trigger_b = (
            trigger_for(job_id, **setting) for job_id, setting in zip("ab", settings, strict=True)
        )
        await asyncio.gather(events(trigger_a), events(trigger_b))

    run(main())
    assert aws.connects == 2


def test_a_connection_is_read_in_a_thread_that_can_call_the_event_loop(aws: ConnectedBatch) -> None:
    """As the supervisor of Airflow 3.0 is called; ``asyncio.to_thread`` would break it."""
    loops = []

    async def ask_supervisor() -> None:
        loops.append(asyncio.get_running_loop())

    def connecting() -> None:
        threads.append(threading.current_thread())
        async_to_sync(ask_supervisor)()

    async def main() -> None:
        await events(trigger_for())
        loops.append(asyncio.get_running_loop())

    threads: list[threading.Thread] = []
    aws.connecting = connecting
    aws.will("job", "SUCCEEDED")
    run(main())
    assert threads != [threading.current_thread()]
    assert loops[0] is loops[1]


def test_a_connection_is_read_to_the_end_when_one_who_waits_for_it_is_cancelled(
    aws: ConnectedBatch,
) -> None:
    may_go_on = threading.Event()
    aws.connecting = may_go_on.wait
    connection = ConnectionSettings(
        aws_conn_id="mine", region_name=None, verify=None, botocore_config=None
    )

    async def main() -> object:
        poller = ConnectedPoller(connection)
        first, second = (asyncio.create_task(poller.api()) for _ in "12")
        while not aws.connects:
            await asyncio.sleep(0.01)
        await cancel_until_done(first)
        may_go_on.set()
        return await second

    assert run(main()) is aws
    assert aws.connects == 1


def test_a_trigger_that_an_earlier_version_stored_is_made_again() -> None:
    _, arguments = FargateBatchJobTrigger(job_ids=["job"]).serialize()
    for later in ("log_index", "wait_limit", "starting_timeout"):
        del arguments[later]
    assert FargateBatchJobTrigger(**arguments).log_index is None
