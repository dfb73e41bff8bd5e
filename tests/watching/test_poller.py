"""Everybody who waits hears all of their job and nothing of the others' trouble."""

import asyncio
import contextvars
import logging
import re
from collections import Counter
from collections.abc import Coroutine
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import (
    LOST_AFTER,
    REFUSAL_PATIENCE,
    PollTimes,
)
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    AwsError,
    CredentialsMissing,
    JobLost,
    Throttled,
    Unreachable,
)
from airflow_fargate_batch.watching import conversation
from airflow_fargate_batch.watching import poller as module
from airflow_fargate_batch.watching.conversation import SAY_AFTER, WARN_EVERY
from airflow_fargate_batch.watching.following import follow
from airflow_fargate_batch.watching.poller import JobPoller
from tests import patience
from tests.watching.timed_batch import LIFE, TimedBatch


async def states(poller: JobPoller, job_id: str) -> list[str]:
    with poller.watch(job_id) as watch:
        return [job.status_text async for job in watch]


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, timeout=patience.PATIENCE))


def gathered(aws: TimedBatch, *ids: str) -> list[Any]:
    async def main() -> list[Any]:
        poller = aws.poller()
        waiters = (states(poller, job_id) for job_id in ids)
        return await asyncio.gather(*waiters, return_exceptions=True)

    result: list[Any] = run(main())
    return result


def test_a_waiter_hears_each_change_in_order_up_to_the_end() -> None:
    assert gathered(TimedBatch(a=LIFE), "a") == [["SUBMITTED", "RUNNABLE", "RUNNING", "SUCCEEDED"]]


def test_the_end_is_heard_within_an_interval_and_a_second() -> None:
    aws = TimedBatch(a=LIFE)
    gathered(aws, "a")
    assert 300 < aws.now <= 331


def test_waiters_for_the_same_job_share_one_question_and_hear_the_same() -> None:
    aws = TimedBatch(a=LIFE)
    heard = gathered(aws, "a", "a", "a")
    assert heard == [["SUBMITTED", "RUNNABLE", "RUNNING", "SUCCEEDED"]] * 3
    assert set(map(tuple, aws.calls)) == {("a",)}


def test_who_joins_late_hears_the_present_state_at_once() -> None:
    aws = TimedBatch(a=LIFE)

    async def main() -> tuple[float, str]:
        poller = aws.poller()
        first = asyncio.create_task(states(poller, "a"))
        while aws.now < 150:
            await asyncio.sleep(0)
        with poller.watch("a") as watch:
            job = await anext(watch)
        joined_at = aws.now
        await first
        return joined_at, job.status_text

    joined_at, status = run(main())
    assert (joined_at < 152, status) == (True, "RUNNING")


def test_a_thousand_waiters_cost_ten_calls_an_interval() -> None:
    ids = [f"j{number}" for number in range(1000)]
    aws = TimedBatch(**{job_id: [(0, "RUNNING"), (299, "SUCCEEDED")] for job_id in ids})
    heard = gathered(aws, *ids)
    assert heard == [["RUNNING", "SUCCEEDED"]] * 1000
    assert max(map(len, aws.calls)) == 100
    assert len(aws.calls) <= 1.12 * 10 * 11


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Throttled("Too many requests"), id="429"),
        pytest.param(AnswerLost("HTTP 503"), id="5xx"),
        pytest.param(Unreachable("no connection"), id="unreachable"),
        pytest.param(TimeoutError(), id="timeout"),
        pytest.param(ValueError("the answer has no list of jobs"), id="malformed answer"),
        pytest.param(AwsError("refused (ClientException)"), id="refused"),
        pytest.param(CredentialsMissing("expired"), id="credentials, a hiccup"),
        pytest.param(AccessDenied("no", "batch:DescribeJobs"), id="a policy that settles"),
    ],
)
def test_a_passing_fault_fails_no_waiter(fault: Exception) -> None:
    aws = TimedBatch(a=LIFE, b=LIFE)
    aws.fault, aws.faulty_until = fault, 120
    assert gathered(aws, "a", "b") == [["RUNNING", "SUCCEEDED"]] * 2


REFUSALS = pytest.mark.parametrize(
    "refusal",
    [AccessDenied("no", "batch:DescribeJobs"), CredentialsMissing("none found")],
    ids=lambda error: type(error).__name__,
)


@REFUSALS
def test_a_refusal_that_lasts_fails_everybody_each_with_an_error_of_its_own(
    refusal: AwsError,
) -> None:
    aws = TimedBatch(a=LIFE, b=LIFE)
    aws.fault, aws.faulty_until = refusal, 10_000
    errors = gathered(aws, "a", "b", "b")
    assert [type(error) for error in errors] == [type(refusal)] * 3
    assert len({id(error) for error in errors}) == 3
    assert REFUSAL_PATIENCE <= aws.now < REFUSAL_PATIENCE + 120


@REFUSALS
def test_a_refusal_after_a_long_outage_is_borne_as_long_as_any(refusal: AwsError) -> None:
    aws = TimedBatch(a=[(0, "RUNNING"), (1500, "SUCCEEDED")])
    describe = aws.describe

    def first_gone_then_refused(ids: list[str]) -> list[Job]:
        aws.fault = Unreachable("no connection") if aws.now < 1000 else refusal
        aws.faulty_until = 1200
        return describe(ids)

    aws.describe = first_gone_then_refused  # type: ignore[method-assign]
    assert gathered(aws, "a") == [["RUNNING", "SUCCEEDED"]]


def test_a_job_that_aws_forgot_is_lost_with_its_last_state_and_hurts_no_other() -> None:
    aws = TimedBatch(a=[(0, "RUNNING"), (60, None)], b=[(0, "RUNNING"), (900, "FAILED")])
    lost, other = gathered(aws, "a", "b")
    assert isinstance(lost, JobLost)
    assert (lost.job_id, lost.last_status) == ("a", "RUNNING")
    assert other == ["RUNNING", "FAILED"]


def test_a_job_that_reads_do_not_show_yet_is_waited_for() -> None:
    aws = TimedBatch(a=[(LOST_AFTER + 30, "SUBMITTED"), (500, "SUCCEEDED")])
    assert gathered(aws, "a") == [["SUBMITTED", "SUCCEEDED"]]


def test_an_unknown_state_is_logged_once_and_waited_on(caplog: pytest.LogCaptureFixture) -> None:
    life = [(0, "HIBERNATING"), (100, "RUNNING"), (200, "HIBERNATING"), (300, "SUCCEEDED")]
    heard = gathered(TimedBatch(a=life, b=life), "a", "b")
    assert heard == [["HIBERNATING", "RUNNING", "HIBERNATING", "SUCCEEDED"]] * 2
    assert len([line for line in caplog.messages if "HIBERNATING" in line]) == 1


def test_a_series_of_faults_is_two_lines_of_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    aws = TimedBatch(a=LIFE)
    aws.fault, aws.faulty_until = AnswerLost("HTTP 503"), 200
    gathered(aws, "a")
    assert [(record.levelname, record.name) for record in caplog.records] == [
        ("WARNING", conversation.__name__),
        ("INFO", conversation.__name__),
    ]
    assert caplog.messages[0] == ("DescribeJobs failed for job a; will retry: AnswerLost: HTTP 503")
    assert caplog.messages[1].startswith("DescribeJobs works again after 3 min ")


def test_faults_that_come_and_go_are_not_logged_each_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    aws = TimedBatch(a=LIFE, b=LIFE)

    def every_other_call_fails(ids: list[str]) -> list[Job]:
        jobs = aws.describe(ids)
        if len(aws.calls) % 2:
            raise AnswerLost("HTTP 503")
        return jobs

    list(follow("ab", describe=every_other_call_fails, now=aws.clock, sleep=aws.sleep))
    assert len(aws.calls) > 20
    assert len(caplog.records) == 2


def told(caplog: pytest.LogCaptureFixture, who: str) -> list[str]:
    """Give what a waiter's own log says."""
    return [record.message for record in caplog.records if record.name == who]


async def logging_states(poller: JobPoller, job_id: str) -> list[str]:
    with poller.watch(job_id, log=logging.getLogger(f"log of {job_id}")) as watch:
        return [job.status_text async for job in watch]


def test_every_waiters_own_log_says_when_asking_fails_why_and_when_it_works_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    ids = [f"j{number}" for number in range(130)]
    aws = TimedBatch(**dict.fromkeys(ids, LIFE))
    aws.fault, aws.faulty_until = AnswerLost("HTTP 503"), 200

    async def main() -> None:
        poller = aws.poller()
        await asyncio.gather(*(logging_states(poller, job_id) for job_id in ids))

    run(main())
    for job_id in ids:
        begun, over = told(caplog, f"log of {job_id}")
        assert begun.startswith(f"Could not read the state of job {job_id}")
        assert begun.endswith("; will retry: AnswerLost: HTTP 503")
        assert re.fullmatch(f"The state of job {job_id} can be read again after 3 min .* s", over)


def test_a_waiter_that_comes_in_the_middle_of_trouble_hears_of_it_and_for_how_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    aws = TimedBatch(a=LIFE, b=LIFE)
    aws.fault, aws.faulty_until = AccessDenied("no", "batch:DescribeJobs"), 200

    async def main() -> None:
        poller = aws.poller()
        first = asyncio.create_task(logging_states(poller, "a"))
        while aws.now < 100:
            await asyncio.sleep(0)
        await logging_states(poller, "b")
        await first

    run(main())
    assert told(caplog, "log of b")[0] == (
        "Could not read the state of job b for 1 min 39 s; will retry for 3 min 21 s: "
        "AccessDenied: no\nGrant the IAM action batch:DescribeJobs to the caller."
    )


def failing(aws: TimedBatch, *faults: tuple[float, Exception]) -> Any:
    """Ask, but fail up to each time in the way that belongs to it."""

    def describe(ids: list[str]) -> list[Job]:
        for until, fault in faults:
            if aws.now < until:
                raise fault
        return aws.describe(ids)

    return describe


def warnings_of(aws: TimedBatch, caplog: pytest.LogCaptureFixture, describe: Any) -> list[str]:
    caplog.set_level(logging.INFO)
    list(follow("a", describe=describe, now=aws.clock, sleep=aws.sleep, chance=lambda: 0.5))
    return caplog.messages


def test_a_different_error_is_said_and_the_same_one_is_not_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    aws = TimedBatch(a=LIFE)
    gone = [Unreachable(f"no connection: <Connection at 0x7f{n:04x}>") for n in range(2)]
    lost = AnswerLost("HTTP 503")
    describe = failing(aws, (20, gone[0]), (60, lost), (100, gone[1]))
    said = warnings_of(aws, caplog, describe)
    assert [line.split(": ")[1] for line in said[:-1]] == ["Unreachable", "AnswerLost"]
    assert said[-1].startswith("DescribeJobs works again after 2 min ")


def test_an_error_that_was_said_is_said_again_if_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    """A short one is not, so that faults that come and go do not fill a log."""
    aws = TimedBatch(a=[(0, "RUNNING"), (WARN_EVERY - 10, "SUCCEEDED")])
    lost = AnswerLost("HTTP 503")

    def describe(ids: list[str]) -> list[Job]:
        if aws.now < 5 or 100 < aws.now < 150 or 200 < aws.now < 500:
            raise lost
        return aws.describe(ids)

    said = warnings_of(aws, caplog, describe)
    assert [line.split(";")[0].split(" after")[0] for line in said] == [
        "DescribeJobs failed for job a",
        "DescribeJobs works again",
    ] * 2


@pytest.mark.parametrize(("lasts", "lines"), [(SAY_AFTER / 2, 0), (SAY_AFTER * 3, 2)])
def test_a_throttle_is_said_only_if_nothing_is_answered_for_long(
    caplog: pytest.LogCaptureFixture, lasts: float, lines: int
) -> None:
    aws = TimedBatch(a=LIFE)
    said = warnings_of(aws, caplog, failing(aws, (lasts, Throttled("Too many requests"))))
    assert len(said) == lines


@REFUSALS
def test_what_is_refused_is_retried_for_as_long_as_is_said_and_no_retry_is_said_at_its_end(
    caplog: pytest.LogCaptureFixture, refusal: AwsError
) -> None:
    aws = TimedBatch(a=LIFE)
    with pytest.raises(type(refusal)):
        warnings_of(aws, caplog, failing(aws, (10_000, refusal)))
    [line] = caplog.messages
    assert "; will retry for 5 min 0 s: " in line


def test_a_look_is_answered_by_a_call_made_after_it() -> None:
    aws = TimedBatch(a=[(0, "RUNNABLE"), (3.5, "RUNNING"), (100, "SUCCEEDED")])

    async def main() -> tuple[str, float]:
        poller = aws.poller()
        with poller.watch("a", interval=20) as watch:
            assert (await anext(watch)).status_text == "RUNNABLE"
            while aws.now < 6:
                aws.sleep(0.5)
            job = await watch.look()
        assert job is not None
        return job.status_text, aws.now

    status, now = run(main())
    assert (status, now <= 8) == ("RUNNING", True)


def test_a_look_while_a_call_is_under_way_asks_again() -> None:
    aws = TimedBatch(a=LIFE)
    aws.hanging = {"a"}

    async def main() -> None:
        poller = aws.poller()
        with poller.watch("a") as watch:
            while not aws.now > 5:  # its call is under way
                await asyncio.sleep(0)
            looking = asyncio.create_task(watch.look())
            await asyncio.sleep(0)
            aws.hanging = set()
            assert await looking is not None

    run(main())
    assert len(aws.calls) == 2


def test_a_thousand_looks_are_ten_calls() -> None:
    ids = [f"j{number}" for number in range(1000)]
    aws = TimedBatch(**{job_id: [(0, "RUNNABLE"), (1000, "SUCCEEDED")] for job_id in ids})

    async def look(poller: JobPoller, job_id: str) -> None:
        with poller.watch(job_id, interval=600) as watch:
            await anext(watch)
            before.setdefault("calls", len(aws.calls))
            while aws.now < 100:
                await asyncio.sleep(0)
            job = await watch.look()
            assert (job and job.status_text) == "RUNNABLE"

    async def main() -> None:
        poller = aws.poller()
        await asyncio.gather(*(look(poller, job_id) for job_id in ids))

    before: dict[str, int] = {}
    run(main())
    assert len(aws.calls) == 20


def test_a_look_that_aws_does_not_answer_ends() -> None:
    aws = TimedBatch(a=LIFE)
    aws.fault, aws.faulty_until = AnswerLost("HTTP 503"), 10_000

    async def main() -> Job | None:
        with aws.poller(PollTimes(look_patience=0.01)).watch("a") as watch:
            return await watch.look()

    assert run(main()) is None


def test_a_call_that_hangs_holds_up_nobody_else() -> None:
    aws = TimedBatch(a=LIFE, **{f"j{n}": LIFE for n in range(150)})
    aws.hanging = {"a"}

    async def main() -> list[str]:
        poller = aws.poller()
        hanging = asyncio.create_task(states(poller, "a"))
        while not aws.now > 5:  # its call is under way, alone
            await asyncio.sleep(0)
        heard = await asyncio.gather(*(states(poller, f"j{n}") for n in range(150)))
        assert {tuple(each) for each in heard} == {
            ("SUBMITTED", "RUNNABLE", "RUNNING", "SUCCEEDED")
        }
        assert not hanging.done()
        aws.hanging = set()
        return await hanging

    assert run(main()) == ["SUCCEEDED"]


def test_a_waiter_cancelled_again_and_again_loses_no_news() -> None:
    aws = TimedBatch(a=LIFE)

    async def main() -> tuple[list[str], int]:
        heard: list[str] = []
        cancelled = 0
        with aws.poller().watch("a") as watch:
            while not heard or heard[-1] != "SUCCEEDED":
                waiting = asyncio.ensure_future(anext(watch))
                for _ in range(3):
                    await asyncio.sleep(0)
                waiting.cancel()
                with suppress(asyncio.CancelledError):
                    heard.append((await waiting).status_text)
                    continue
                cancelled += 1
        return heard, cancelled

    heard, cancelled = run(main())
    assert heard == ["SUBMITTED", "RUNNABLE", "RUNNING", "SUCCEEDED"]
    assert cancelled > 10


def test_cancelled_waiters_cancel_neither_the_call_under_way_nor_the_others() -> None:
    aws = TimedBatch(a=LIFE, b=LIFE)
    aws.hanging = {"a"}

    async def main() -> list[str]:
        poller = aws.poller()
        waiters = [asyncio.create_task(states(poller, job_id)) for job_id in "aab"]
        while aws.now < 5:
            await asyncio.sleep(0)
        for waiter in waiters[:2]:
            waiter.cancel()
        while aws.now < 8:
            await asyncio.sleep(0)
        aws.hanging = set()
        assert [waiter.cancelled() for waiter in waiters] == [True, True, False]
        return await waiters[2]

    heard = run(main())
    assert heard[-1] == "SUCCEEDED"
    assert aws.cancelled == 0
    assert Counter(tuple(sorted(ids)) for ids in aws.calls[1:]).keys() == {("b",)}


def test_the_poller_stops_when_the_last_waiter_leaves_and_starts_again_for_the_next() -> None:
    aws = TimedBatch(a=LIFE, b=[(0, "RUNNING"), (2000, "SUCCEEDED")])

    async def main() -> list[str]:
        poller = aws.poller()
        await states(poller, "a")
        assert not poller.is_busy
        for _ in range(50):
            await asyncio.sleep(0)
        stopped_at = aws.now
        for _ in range(50):
            await asyncio.sleep(0)
        assert aws.now == stopped_at
        return await states(poller, "b")

    assert run(main()) == ["RUNNING", "SUCCEEDED"]


def test_the_poller_runs_in_no_waiters_context() -> None:
    whose = contextvars.ContextVar("whose", default="nobody's")
    aws = TimedBatch(a=LIFE)
    seen = set()

    async def describe(ids: list[str]) -> list[Job]:
        seen.add(whose.get())
        return aws.describe(ids)

    async def main() -> None:
        whose.set("the first waiter's")
        poller = JobPoller(describe=describe, now=aws.clock, sleep=aws.sleep_async)
        await states(poller, "a")

    run(main())
    assert seen == {"nobody's"}


def test_waiters_of_a_loop_with_the_same_settings_share_a_poller() -> None:
    aws = TimedBatch(a=LIFE)

    async def main() -> tuple[bool, bool]:
        first = JobPoller.shared("k", aws.poller)
        with first.watch("a"):
            return (
                JobPoller.shared("k", aws.poller) is first,
                JobPoller.shared("other", aws.poller) is first,
            )

    assert run(main()) == (True, False)


def test_a_poller_that_everybody_left_is_not_used_again() -> None:
    aws = TimedBatch(a=LIFE)

    async def main() -> bool:
        first = JobPoller.shared("k", aws.poller)
        with first.watch("a"):
            pass
        return JobPoller.shared("k", aws.poller) is first

    assert run(main()) is False


def test_each_loop_has_pollers_of_its_own_and_takes_them_along() -> None:
    aws = TimedBatch(a=LIFE)

    async def main() -> JobPoller:
        poller = JobPoller.shared("k", aws.poller)
        with poller.watch("a"):
            await asyncio.sleep(0)
            assert len(module._shared) == 1
            return poller

    assert run(main()) is not run(main())


def test_more_jobs_than_can_be_polled_in_time_are_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At ten calls a second of a hundred jobs, an interval of 30 s is enough for 30,000 jobs."""

    async def wait_for_many() -> None:
        poller = TimedBatch().poller()
        with ExitStack() as stack:
            for number in range(30_000):
                stack.enter_context(poller.watch(str(number), interval=30.0))
            assert caplog.text == ""
            for number in range(30_000, 30_200):
                stack.enter_context(poller.watch(str(number), interval=30.0))

    run(wait_for_many())
    assert caplog.text.count("jobs are awaited in this process") == 1
    assert "30001 jobs" in caplog.text
    assert "Start more triggerers, or submit arrays" in caplog.text
