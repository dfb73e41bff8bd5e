"""A job's log is followed over HTTP, in a thread and in an event loop, and never fails anybody."""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import FASTEST
from airflow_fargate_batch.core.log_streams import LogEvent, LogPage, LogRequest
from airflow_fargate_batch.exceptions import AccessDenied, AnswerLost, Throttled
from airflow_fargate_batch.local import LocalBatch, Pace
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.watching.log_follower import (
    CALLS_AT_ONCE,
    PAGES_AT_ONCE,
    AsyncLogFollower,
    LogFollower,
    LogsGate,
)
from tests.cloudwatch import CloudWatch, job
from tests.fakes import FakeTime
from tests.patience import PATIENCE

QUICK: dict[str, Any] = {"interval": 0.05, "quiet": 0.6}
"""LocalBatch puts lines into the log at most 0.3 s late."""
AT_ONCE = Pace(submitted=0, runnable=0, starting=0, stopping=0)


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(run_commands=True, pace=AT_ONCE) as aws:
        yield aws


@pytest.fixture(autouse=True)
def _no_faults(aws: LocalBatch) -> Iterator[None]:
    yield
    aws.faults.clear()


@pytest.fixture
def batch(aws: LocalBatch) -> BatchApi:
    return BatchApi(aws.client("batch", config=NO_HIDDEN_RETRIES))


@pytest.fixture
def logs(aws: LocalBatch) -> LogsApi:
    return LogsApi(aws.client("logs", config=NO_HIDDEN_RETRIES))


def run(batch: BatchApi, script: str, **more: Any) -> str:
    body: Any = {
        "jobName": "job",
        "jobQueue": READY_QUEUE,
        "jobDefinition": READY_DEFINITION,
        "containerOverrides": {"command": ["sh", "-c", script]},
    }
    return batch.submit_job(body | more).job_id


def follow(batch: BatchApi, job_id: str, follower: LogFollower) -> Iterator[tuple[str, str]]:
    """Yield each line, and the state in which the job was when it came."""
    while True:
        [job] = batch.describe_jobs([job_id])
        follower.observe(job)
        if job.status.is_final:
            break
        for line in follower.read():
            yield job.status.value, str(line)
        time.sleep(0.02)
    for line in follower.rest():
        yield job.status.value, str(line)


def until(sign: Path) -> str:
    """Return the script that waits until a file is there."""
    return f"while [ ! -e '{sign}' ]; do sleep 0.05; done"


def test_lines_come_while_the_job_runs_and_to_the_last_one(
    batch: BatchApi, logs: LogsApi, tmp_path: Path
) -> None:
    sign = tmp_path / "go on"
    job_id = run(batch, f"echo first; {until(sign)}; echo; printf last")
    told = []
    for state, line in follow(batch, job_id, LogFollower(logs, **QUICK)):
        told.append(line)
        assert line != "first" or state == "RUNNING"
        sign.touch()
    assert told == ["first", " ", "last"]


def test_no_line_is_lost_or_doubled_under_faults(
    aws: LocalBatch, batch: BatchApi, logs: LogsApi
) -> None:
    aws.faults.add("empty_page", every=2)
    aws.faults.add("throttle", operation="logs:GetLogEvents", every=5)
    aws.faults.add("cut_after", operation="logs:GetLogEvents", every=7)
    job_id = run(batch, "for i in 1 2 3 4 5 6; do seq 200; sleep 0.1; done")
    lines = [line for _, line in follow(batch, job_id, LogFollower(logs, **QUICK))]
    assert lines == [str(number) for number in range(1, 201)] * 6


def test_each_attempt_is_read(batch: BatchApi, logs: LogsApi) -> None:
    job_id = run(batch, "echo hello; exit 1", retryStrategy={"attempts": 2})
    lines = [line for _, line in follow(batch, job_id, LogFollower(logs, **QUICK))]
    assert lines[-1] == "[attempt 2] hello"
    assert [line.removeprefix("[attempt 1] ") for line in lines[:-1]] == ["hello"]


def test_another_follower_goes_on_where_one_stopped(
    batch: BatchApi, logs: LogsApi, tmp_path: Path
) -> None:
    sign = tmp_path / "go on"
    job_id = run(batch, f"seq 3; {until(sign)}; seq 4 6")
    first = LogFollower(logs, **QUICK)
    lines: list[str] = []
    while len(lines) < 3:
        first.observe(*batch.describe_jobs([job_id]))
        lines += map(str, first.read())
        time.sleep(0.02)
    sign.touch()
    second = LogFollower(logs, **QUICK, position=first.position)
    lines += [line for _, line in follow(batch, job_id, second)]
    assert lines == list("123456")


def test_a_page_that_was_not_handed_out_to_its_end_is_read_again() -> None:
    cloud = CloudWatch()
    cloud.write("one", "1", "2", "3", "4")
    first = LogFollower(cloud, quiet=0)  # type: ignore[arg-type]
    first.observe(job("SUCCEEDED", "one"))
    before = [next(lines).text for lines in [first.rest()] for _ in range(2)]
    second = LogFollower(cloud, quiet=0, position=first.position)  # type: ignore[arg-type]
    second.observe(job("SUCCEEDED", "one"))
    assert before == ["1", "2"]
    assert [line.text for line in second.rest()] == ["1", "2", "3", "4"]


def test_a_line_can_say_when_it_was_written(batch: BatchApi, logs: LogsApi) -> None:
    job_id = run(batch, "echo hello")
    follower = LogFollower(logs, **QUICK)
    while not (job := batch.describe_jobs([job_id])[0]).status.is_final:
        time.sleep(0.02)
    follower.observe(job)
    [line] = follower.rest()
    assert abs(time.time() - line.at.timestamp()) < 30
    assert line.stamped == f"[{line.at:%Y-%m-%d %H:%M:%S} UTC] hello"


def test_a_permission_that_is_missing_is_one_warning(
    aws: LocalBatch, batch: BatchApi, logs: LogsApi, caplog: pytest.LogCaptureFixture
) -> None:
    aws.faults.add("denied", operation="logs:GetLogEvents")
    job_id = run(batch, "echo hello")
    assert list(follow(batch, job_id, LogFollower(logs, **QUICK))) == []
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "Grant the IAM action logs:GetLogEvents to the caller." in record.getMessage()


def test_a_refusal_that_names_no_action_still_leads_to_it() -> None:
    class Client:
        def get_log_events(self, **_: object) -> object:
            denied: Any = {"Error": {"Code": "AccessDeniedException", "Message": "explicit deny"}}
            raise ClientError(denied, "GetLogEvents")

    with pytest.raises(AccessDenied) as caught:
        LogsApi(Client()).get(LogRequest(group="group", stream="one"))
    assert caught.value.action == "logs:GetLogEvents"


def test_pages_can_be_read_from_the_end(batch: BatchApi, logs: LogsApi) -> None:
    job_id = run(batch, "seq 3")
    while not (job := batch.describe_jobs([job_id])[0]).status.is_final:
        time.sleep(0.02)
    request = LogRequest(
        group="/aws/batch/job", stream=job.log_streams[0], from_head=False, limit=2
    )
    page = logs.get(request)
    before = logs.get(replace(request, next_token=page.next_token))
    assert [event.text for event in [*before.events, *page.events]] == ["1", "2", "3"]


def test_a_log_that_is_not_in_cloudwatch_is_told_once(
    logs: LogsApi, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    follower = LogFollower(logs, **QUICK)
    elsewhere = {"container": {"logConfiguration": {"logDriver": "splunk"}, "logStreamName": "x"}}
    for status in ("RUNNING", "RUNNING", "SUCCEEDED"):
        follower.observe(Job.from_api({"jobId": "job", "status": status} | elsewhere))
    assert list(follower.rest()) == []
    assert [record.getMessage() for record in caplog.records] == [
        "Job job does not log to CloudWatch: no log to stream"
    ]


def test_a_chatty_job_does_not_keep_the_caller_from_looking_at_it() -> None:
    cloud, clock = CloudWatch(page=1), FakeTime()
    follower = LogFollower(cloud, now=clock.now, sleep=clock.sleep)  # type: ignore[arg-type]
    cloud.write("one", *("line" * 100))
    follower.observe(job("RUNNING", "one"))
    assert len(list(follower.read())) == PAGES_AT_ONCE
    assert clock.seconds == pytest.approx((PAGES_AT_ONCE - 1) / FASTEST)


def test_a_shell_needs_no_client_of_its_own(
    aws: LocalBatch, batch: BatchApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.environ.items():
        monkeypatch.setenv(name, value)
    job_id = run(batch, "echo hello")
    follower = LogFollower(LogsApi.connect(region_name=aws.region), **QUICK)
    assert [line for _, line in follow(batch, job_id, follower)] == ["hello"]


# ── in an event loop ─────────────────────────────────────────────────────────────────────────


def gate(logs: object) -> LogsGate:
    async def connect() -> Any:
        return logs

    return LogsGate(connect)


async def collect(follower: AsyncLogFollower) -> list[str]:
    return [str(line) async for line in follower]


def test_an_event_loop_follows_many_jobs_side_by_side(
    aws: LocalBatch, batch: BatchApi, logs: LogsApi
) -> None:
    async def watch(job_id: str, follower: AsyncLogFollower) -> None:
        while not follower.is_complete:
            [job] = await asyncio.to_thread(batch.describe_jobs, [job_id])
            follower.observe(job)
            if job.status.is_final:
                return
            await asyncio.sleep(0.05)

    async def main() -> list[object]:
        ids = [run(batch, f"echo {number}; sleep 0.5; echo end") for number in range(6)]
        aws.faults.add("throttle", operation="logs:GetLogEvents", every=10)
        way = gate(logs)
        followers = [AsyncLogFollower(way, **QUICK) for _ in ids]
        watching = [watch(*pair) for pair in zip(ids, followers, strict=True)]
        *texts, _ = await asyncio.gather(*map(collect, followers), asyncio.gather(*watching))
        return texts

    assert asyncio.run(main()) == [[str(number), "end"] for number in range(6)]


class Slow:
    """A CloudWatch that takes its time and counts how many ask at once."""

    def __init__(self) -> None:
        self.cloud = CloudWatch()
        self.lock = threading.Lock()
        self.asking = self.most = 0

    def get(self, request: LogRequest) -> LogPage:
        with self.lock:
            self.asking += 1
            self.most = max(self.most, self.asking)
        time.sleep(0.02)
        with self.lock:
            self.asking -= 1
            return self.cloud.get(request)


def test_followers_share_few_threads() -> None:
    slow = Slow()

    async def main() -> list[list[str]]:
        way = gate(slow)
        way.rate.value = 1000
        followers = [AsyncLogFollower(way, quiet=0) for _ in range(10)]
        for number, follower in enumerate(followers):
            slow.cloud.write(f"{number}", "line")
            follower.observe(job("SUCCEEDED", f"{number}"))
        return await asyncio.gather(*map(collect, followers))

    assert asyncio.run(main()) == [["line"]] * 10
    assert slow.most == CALLS_AT_ONCE


def test_calls_are_made_at_the_shared_pace() -> None:
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    async def main() -> None:
        cloud = CloudWatch()
        cloud.write("one", "line")

        async def connect() -> Any:
            return cloud

        way = LogsGate(connect, now=lambda: 0.0, sleep=nap)
        way.rate.value = 10.0
        for _ in range(2):
            await way.get(LogRequest(group="group", stream="one"))

    asyncio.run(main())
    assert naps == [0, pytest.approx(0.1)]


async def passing(clock: FakeTime, follower: AsyncLogFollower, job: Job) -> list[str]:
    """Let the time of the clock pass until all is read."""
    follower.observe(job)
    reading = asyncio.create_task(collect(follower))
    while not reading.done():
        clock.seconds += 0.5
        follower.observe(job)
        await asyncio.sleep(0)
    return await reading


def test_a_throttle_slows_the_shared_pace_down() -> None:
    cloud, clock = CloudWatch(), FakeTime()
    cloud.write("one", "line")
    cloud.errors.append(Throttled("slow down"))

    async def main() -> tuple[list[str], float]:
        way = gate(cloud)
        follower = AsyncLogFollower(way, quiet=0, now=clock.now)
        return await passing(clock, follower, job("SUCCEEDED", "one")), way.rate.value

    lines, rate = asyncio.run(main())
    assert lines == ["line"]
    assert rate == pytest.approx(FASTEST / 2, abs=1)


def test_to_be_cancelled_during_a_call_loses_no_line() -> None:
    slow = Slow()
    slow.cloud.write("one", "1", "2")

    async def main() -> list[str]:
        follower = AsyncLogFollower(gate(slow), quiet=0)
        follower.observe(job("SUCCEEDED", "one"))
        reading = asyncio.create_task(collect(follower))
        await asyncio.sleep(0.01)
        reading.cancel()
        await asyncio.wait([reading])
        return await collect(follower)

    assert asyncio.run(main()) == ["1", "2"]


def test_the_end_of_a_job_is_heeded_at_once() -> None:
    cloud = CloudWatch()
    cloud.write("one", "early")

    async def main() -> list[str]:
        follower = AsyncLogFollower(gate(cloud), interval=3600, quiet=0)
        follower.observe(job("RUNNING", "one"))
        reading = asyncio.create_task(collect(follower))
        while len(cloud.calls) < 2:
            await asyncio.sleep(0.005)
        cloud.write("one", "last")
        follower.observe(job("SUCCEEDED", "one"))
        return await asyncio.wait_for(reading, PATIENCE)

    assert asyncio.run(main()) == ["early", "last"]


def test_a_running_job_is_looked_at_every_interval() -> None:
    cloud = CloudWatch()

    async def main() -> list[str]:
        follower = AsyncLogFollower(gate(cloud), interval=0.02, quiet=0)
        follower.observe(job("RUNNING", "one"))
        lines = []
        asyncio.get_running_loop().call_later(0.1, cloud.write, "one", "late")
        async for line in follower:
            lines.append(str(line))
            follower.finish()
        return lines

    assert asyncio.run(main()) == ["late"]
    assert len(cloud.calls) > 2


def test_thousands_of_lines_do_not_hold_up_the_loop() -> None:
    cloud = CloudWatch(page=10_000)
    cloud.write("one", *(str(number) for number in range(10_000)))
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main() -> int:
        follower = AsyncLogFollower(gate(cloud), quiet=0)
        follower.observe(job("SUCCEEDED", "one"))
        asyncio.create_task(others())  # noqa: RUF006 - ends with the loop
        counts = [turns async for _ in follower]
        return counts[-1] - counts[0]

    assert asyncio.run(main()) >= 100


@pytest.mark.parametrize(
    "error",
    [AnswerLost("cut"), RuntimeError("no such connection")],
    ids=["AWS", "the connection"],
)
def test_whatever_fails_is_a_warning(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeTime()

    async def connect() -> LogsApi:
        clock.seconds += 30
        raise error

    async def main() -> list[str]:
        way = LogsGate(connect, now=clock.now, sleep=lambda _: asyncio.sleep(0))
        follower = AsyncLogFollower(way, now=clock.now, chance=lambda: 0.0)
        return await passing(clock, follower, job("SUCCEEDED", "one"))

    assert asyncio.run(main()) == []
    trying, unread = (record.getMessage() for record in caplog.records)
    assert trying == f"Could not read log stream one; will retry: {error}"
    assert unread == f"Gave up reading log stream one before the end: {error}"


def test_lines_lose_nothing_but_their_line_ends() -> None:
    cloud = CloudWatch()
    cloud.streams["one"] = [LogEvent(1, "a\r\n"), LogEvent(1, "  b\nc ")]
    follower = LogFollower(cloud, quiet=0)  # type: ignore[arg-type]
    follower.observe(job("SUCCEEDED", "one"))
    assert [line.text for line in follower.rest()] == ["a", "  b\nc "]
