"""A trigger logs its job's lines, and the next one goes on where it had read."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_fargate_batch._airflow.compat import task_state
from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.trigger_times import LogTimes, TriggerTimes
from airflow_fargate_batch._airflow.xcom import LOG_POSITION
from airflow_fargate_batch.core.call_rate import CallRate
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import PollTimes
from airflow_fargate_batch.exceptions import AnswerLost
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from tests.cloudwatch import CloudWatch, job
from tests.fakes import WatchedBatch

TASK: Any = SimpleNamespace(task_id="submit")
LINES = [f"line {number}" for number in range(10)]


class BatchAndLogs(WatchedBatch):
    """Jobs that are as they are told to be, and their logs."""

    def __init__(self) -> None:
        super().__init__()
        self.cloud = CloudWatch()

    def is_array(self, status: str, *, child: str | None = None) -> None:
        """Have an array, and where its state is given, its child 1, which logs to ``one``."""
        self.becomes(job(status, arrayProperties={"size": 3}))
        if child:
            name: dict[str, Any] = {"jobId": "job:1", "arrayProperties": {"index": 1}}
            self.becomes(job(child, "one", **name))


class Xcom:
    """XCom ``log_position`` of the task; ``None`` where there is none.

    Attributes:
        calling: Awaited by each call.
    """

    def __init__(self, position: Any) -> None:
        self.position = position
        self.written: list[Any] = []
        self.calling: Callable[[], Coroutine[Any, Any, Any]] = lambda: asyncio.sleep(0)

    async def get(self, task_instance: object, key: str) -> Any:
        assert (task_instance, key) == (TASK, LOG_POSITION)
        await self.calling()
        return self.position

    async def set(self, task_instance: object, key: str, value: Any) -> None:
        assert (task_instance, key) == (TASK, LOG_POSITION)
        await self.calling()
        self.position = value
        self.written.append(value)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> BatchAndLogs:
    aws = BatchAndLogs()
    monkeypatch.setattr(ConnectionSettings, "connect", lambda _: aws)
    monkeypatch.setattr(ConnectionSettings, "connect_logs", lambda _: aws.cloud)
    return aws


@pytest.fixture(autouse=True)
def xcom(monkeypatch: pytest.MonkeyPatch) -> Xcom:
    xcom = Xcom({})
    monkeypatch.setattr(task_state, "own_xcom", xcom.get)
    monkeypatch.setattr(task_state, "set_own_xcom", xcom.set)
    return xcom


@pytest.fixture(autouse=True)
def _log_of_the_task(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="airflow_fargate_batch.test")


LOG = LogTimes(
    quiet=0.05,
    keep_every=0.05,
    in_flight=0.02,
    write_rate=CallRate(fastest=1000, slowest=1000, gain=0),
)
POLL = PollTimes(first_question=0.02, longest_sleep=0.02)


def trigger(
    *, log: LogTimes = LOG, poll: PollTimes = POLL, **arguments: Any
) -> FargateBatchJobTrigger:
    arguments = {"job_ids": ["job"], "poll_interval": 0.02, "log_interval": 0.02, **arguments}
    trigger = FargateBatchJobTrigger(**arguments)
    vars(trigger)["times"] = TriggerTimes(settling=0.0, poll=poll, log=log)
    vars(trigger)["_log"] = logging.getLogger("airflow_fargate_batch.test")
    trigger.task_instance = TASK
    return trigger


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    messages = (record.getMessage() for record in caplog.records)
    return [text.split("] ")[-1] for text in messages if "UTC]" in text]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


async def outcome(trigger: FargateBatchJobTrigger) -> str:
    return str((await event_of(trigger))["outcome"])


async def event_of(trigger: FargateBatchJobTrigger) -> Any:
    [event] = [event.payload async for event in trigger.run()]
    return event


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.005)


async def die(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_secrets_that_the_container_writes_are_struck_out(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture
) -> None:
    aws.becomes(replace(job("SUCCEEDED", "one"), secrets=("correct-horse",)))
    aws.cloud.write("one", "password=correct-horse!")
    assert asyncio.run(outcome(trigger())) == "ended"
    assert lines(caplog) == ["password=***!"]


KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nBgkqhkiG9w0B\n-----END PRIVATE KEY-----"


def test_the_log_strikes_out_parameters_leaves_of_json_lines_and_words_of_commands(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture
) -> None:
    members = job("SUCCEEDED", "one").to_api()
    [task] = members["ecsProperties"]["taskProperties"]
    task["containers"][0] |= {
        "environment": [
            {"name": "SSH_KEY", "value": KEY},
            {"name": "DB", "value": json.dumps({"host": "db.internal", "password": "a-leaf"})},
            {"name": "TOKENIZERS_PARALLELISM", "value": "false"},
        ],
        "command": ["run", "--password", "a-word"],
    }
    aws.becomes(Job.from_api({**members, "parameters": {"api-token": "a-parameter"}}))
    aws.cloud.write(
        "one", *KEY.split("\n"), "a-leaf at db.internal", "a-word", "a-parameter", "false"
    )
    event = asyncio.run(event_of(trigger()))
    assert lines(caplog) == [
        "-----BEGIN PRIVATE KEY-----",
        *("***", "***"),
        "-----END PRIVATE KEY-----",
        "*** at db.internal",
        *("***", "***"),
        "false",
    ]
    stored = json.dumps(event) + json.dumps(trigger().serialize())
    assert not [secret for secret in aws.lives["job"][0].secrets if secret in stored]


def test_the_event_carries_no_tags_of_others(aws: BatchAndLogs) -> None:
    own = {"airflow-fargate-batch:submission": "token-0"}
    aws.becomes(replace(job("SUCCEEDED"), tags={**own, "note": "correct-horse"}))
    [told] = asyncio.run(event_of(trigger(log_interval=None)))["jobs"]
    assert told["tags"] == own


# ── Where the next one goes on ───────────────────────────────────────────────────────────────


def test_the_next_trigger_goes_on_where_one_that_died_had_read(
    aws: BatchAndLogs, xcom: Xcom, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        aws.becomes(job("RUNNING", "one"))
        aws.cloud.write("one", *LINES[:4])
        first = asyncio.create_task(outcome(trigger()))
        await until(lambda: xcom.position == {"one": [1, 4]})
        await die(first)
        aws.cloud.write("one", *LINES[4:], at=2)
        aws.becomes(job("SUCCEEDED", "one"))
        assert await outcome(trigger()) == "ended"

    asyncio.run(main())
    assert lines(caplog) == LINES


def test_the_place_is_kept_soon_then_at_most_now_and_then_and_after_the_last_line(
    aws: BatchAndLogs, xcom: Xcom
) -> None:
    async def main() -> None:
        aws.becomes(job("RUNNING", "one"))
        waiting = asyncio.create_task(outcome(trigger(log=replace(LOG, keep_every=0.3))))
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(10):
            aws.cloud.write("one", LINES[number])
            await asyncio.sleep(0.02)
        await until(lambda: xcom.position == {"one": [1, 10]})
        assert len(xcom.written) <= 1 + (loop.time() - began) / 0.3
        written = len(xcom.written)
        await asyncio.sleep(0.7)
        assert len(xcom.written) == written
        await die(waiting)

    asyncio.run(main())


def test_all_triggers_together_write_at_one_pace(aws: BatchAndLogs, xcom: Xcom) -> None:
    log = replace(LOG, write_rate=CallRate(fastest=5, slowest=5, gain=0))

    async def main() -> None:
        loop = asyncio.get_running_loop()
        for number in range(8):
            aws.becomes(job("RUNNING", f"{number}", jobId=f"job-{number}"))
            aws.cloud.write(f"{number}", "line")
        began = loop.time()
        waiting = [
            asyncio.create_task(outcome(trigger(job_ids=[each], log=log))) for each in aws.lives
        ]
        await until(lambda: len(xcom.written) == 8)
        assert loop.time() - began >= 7 / 5
        for task in waiting:
            await die(task)

    asyncio.run(main())


def test_a_line_counts_as_read_only_when_it_can_have_reached_the_tasks_log(
    aws: BatchAndLogs, xcom: Xcom, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        aws.becomes(job("RUNNING", "one"))
        aws.cloud.write("one", LINES[0])
        waiting = asyncio.create_task(outcome(trigger(log=replace(LOG, in_flight=0.2))))
        await until(lambda: lines(caplog))
        await asyncio.sleep(0.1)
        assert xcom.written == []
        await until(lambda: xcom.written)
        await die(waiting)

    asyncio.run(main())


@pytest.mark.parametrize("task_instance", [TASK, None], ids=["told not to", "no task at hand"])
def test_where_the_task_has_pushed_none_no_place_is_kept(
    aws: BatchAndLogs, xcom: Xcom, caplog: pytest.LogCaptureFixture, task_instance: Any
) -> None:
    xcom.position = None
    aws.becomes(job("SUCCEEDED", "one"))
    aws.cloud.write("one", *LINES)
    waiting = trigger()
    waiting.task_instance = task_instance
    assert asyncio.run(outcome(waiting)) == "ended"
    assert (lines(caplog), xcom.written, warnings(caplog)) == (LINES, [], [])


@pytest.mark.parametrize("kept", [{"another": [9, 9]}, ["odd"], {"one": "odd"}, 7], ids=repr)
def test_an_odd_place_and_that_of_another_job_do_no_harm(
    aws: BatchAndLogs, xcom: Xcom, caplog: pytest.LogCaptureFixture, kept: Any
) -> None:
    xcom.position = kept
    aws.becomes(job("SUCCEEDED", "one"))
    aws.cloud.write("one", *LINES)
    assert asyncio.run(outcome(trigger())) == "ended"
    assert lines(caplog) == LINES


def test_where_logs_are_off_xcom_is_left_alone(aws: BatchAndLogs, xcom: Xcom) -> None:
    async def fail() -> None:
        raise AssertionError

    xcom.calling = fail
    aws.becomes(job("SUCCEEDED", "one"))
    waiting = trigger(log_interval=None)
    assert asyncio.run(outcome(waiting)) == "ended"
    assert "_place_in_the_log" not in vars(waiting)


# ── What goes wrong with it ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("works_until", ["reading", "writing"])
def test_an_xcom_that_fails_is_one_warning(
    aws: BatchAndLogs, xcom: Xcom, caplog: pytest.LogCaptureFixture, works_until: str
) -> None:
    calls = 0

    async def fail() -> None:
        nonlocal calls
        calls += 1
        if works_until == "reading" or calls > 1:
            raise RuntimeError("409 conflict")

    async def main() -> None:
        xcom.calling = fail
        aws.becomes(job("RUNNING", "one"))
        waiting = asyncio.create_task(outcome(trigger()))
        for number in range(10):
            aws.cloud.write("one", LINES[number])
            await asyncio.sleep(0.05)
        aws.becomes(job("SUCCEEDED", "one"))
        assert await waiting == "ended"

    asyncio.run(main())
    assert lines(caplog) == LINES
    [warning] = warnings(caplog)
    assert "Could not read or write XCom log_position" in warning
    assert "409 conflict" in warning
    assert (calls == 1) == (works_until == "reading")


def test_an_xcom_that_does_not_answer_stalls_nobody_and_is_not_cancelled(
    aws: BatchAndLogs,
    xcom: Xcom,
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = replace(LOG, position_patience=0.05)
    answers: list[str] = []

    async def main() -> None:
        may_answer = asyncio.Event()

        async def hang() -> None:
            await may_answer.wait()
            answers.append("at last")

        xcom.calling = hang
        aws.becomes(job("SUCCEEDED", "one"))
        aws.cloud.write("one", *LINES)
        assert await outcome(trigger(log=log)) == "ended"
        dying = asyncio.create_task(outcome(trigger(log=log)))
        await asyncio.sleep(0.02)
        await die(dying)
        may_answer.set()
        await until(lambda: len(answers) == 2)

    asyncio.run(main())
    assert lines(caplog) == LINES
    assert "TimeoutError" in warnings(caplog)[0]


# ── One child of an array ────────────────────────────────────────────────────────────────────


def test_the_chosen_childs_lines_are_logged_while_its_array_goes_on(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        aws.is_array("PENDING")
        waiting = asyncio.create_task(outcome(trigger(log_index=1)))
        await until(lambda: "job:1" in aws.asked_ids)
        aws.is_array("PENDING", child="RUNNING")
        aws.cloud.write("one", *LINES[:5])
        await until(lambda: len(lines(caplog)) == 5)
        aws.cloud.write("one", *LINES[5:], at=2)
        aws.is_array("PENDING", child="FAILED")
        await until(lambda: len(lines(caplog)) == 10)
        await asyncio.sleep(0.1)
        assert not waiting.done()
        aws.is_array("SUCCEEDED", child="FAILED")
        assert await waiting == "ended"

    asyncio.run(main())
    assert lines(caplog) == LINES


def test_the_chosen_child_of_an_array_that_ended_meanwhile_is_read_as_well(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture
) -> None:
    aws.is_array("SUCCEEDED", child="SUCCEEDED")
    aws.cloud.write("one", *LINES)
    assert asyncio.run(outcome(trigger(log_index=1))) == "ended"
    assert lines(caplog) == LINES


@pytest.mark.parametrize("fault", [None, AnswerLost("cut")], ids=["unknown", "not told"])
def test_a_child_that_cannot_be_found_is_not_waited_for(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture, fault: Exception | None
) -> None:
    async def main() -> None:
        aws.is_array("PENDING")
        waiting = asyncio.create_task(outcome(trigger(log_index=1)))
        await until(lambda: "job:1" in aws.asked_ids)
        aws.is_array("SUCCEEDED")
        describe = aws.describe_jobs

        def fails_at_last(job_ids: Iterable[str]) -> list[Job]:
            aws.fault = fault if list(job_ids) == ["job:1"] else None
            return describe(job_ids)

        aws.describe_jobs = fails_at_last  # type: ignore[method-assign]
        assert await waiting == "ended"

    asyncio.run(main())
    assert len(warnings(caplog)) == (0 if fault is None else 1)


def test_a_child_that_does_not_come_into_being_for_long_is_asked_for_again(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture
) -> None:
    poll = replace(POLL, never_came_after=0.0)

    async def main() -> None:
        aws.is_array("PENDING")
        waiting = asyncio.create_task(outcome(trigger(log_index=1, poll=poll)))
        await until(lambda: aws.asked_ids.count("job:1") > 8)
        aws.is_array("PENDING", child="RUNNING")
        aws.cloud.write("one", *LINES)
        await until(lambda: lines(caplog) == LINES)
        await die(waiting)

    asyncio.run(main())


def test_a_wait_that_is_over_does_not_go_on_for_the_childs_log(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture
) -> None:
    aws.is_array("PENDING", child="RUNNING")
    aws.cloud.write("one", *LINES)
    over = (datetime.now(UTC) + timedelta(seconds=0.5)).isoformat()
    waiting = trigger(log_index=1, wait_until=over, terminate_on_kill=False)
    assert asyncio.run(outcome(waiting)) == "gave_up"
    assert lines(caplog) == LINES


def test_an_array_without_a_chosen_child_says_once_how_to_choose_one(
    aws: BatchAndLogs, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    aws.is_array("SUCCEEDED")
    assert asyncio.run(outcome(trigger())) == "ended"
    said = [record.getMessage() for record in caplog.records if "awslogs_index" in record.message]
    assert len(said) == 1
