"""The sensor tells the same whichever way it waits: in its worker, between looks, or deferred."""

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch._airflow.compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import LOST_AFTER, NEVER_CAME_AFTER
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    CredentialsMissing,
    FargateBatchError,
    JobCannotStart,
    JobLost,
    Throttled,
    Unreachable,
)
from airflow_fargate_batch.sensors import FargateBatchJobSensor
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from tests.fakes import WatchedBatch
from tests.operating import FakeTaskInstance

STUCK_REASON = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - cannot be met"
A, B, C = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")
STUCK = {"jobId": A, "status": "RUNNABLE", "statusReason": STUCK_REASON}


class Deferred(Exception):
    """Stands for Airflow's own; carries the trigger."""


class SensorHook(WatchedBatch):
    """What a hook is to a sensor."""

    describe = WatchedBatch.describe_jobs

    def live(self, lives: Mapping[str, Sequence[str]]) -> None:
        """Have these jobs and no others."""
        self.lives = {
            job_id: [job(job_id, state) for state in states] for job_id, states in lives.items()
        }

    @property
    def logs(self) -> object:
        raise AnswerLost("there are no logs")


def job(job_id: str, state: str) -> Job:
    return Job.from_api({"jobId": job_id, "status": state, "container": {"exitCode": 3}})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> SensorHook:
    aws = SensorHook()
    monkeypatch.setattr(FargateBatchJobSensor, "hook", aws)
    return aws


def sensor(**arguments: Any) -> FargateBatchJobSensor:
    arguments = {"job_ids": [A, B], "poke_interval": 0.01, "deferrable": False, **arguments}
    return FargateBatchJobSensor(task_id="sensor", **arguments)


def event(outcome: str, *jobs: Job, message: str | None = None) -> dict[str, Any]:
    return {"outcome": outcome, "jobs": [job.to_api() for job in jobs], "message": message}


def trigger_of(waiting: FargateBatchJobSensor, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give what the trigger of a sensor is made of that has to wait."""

    def defer(*, trigger: FargateBatchJobTrigger, method_name: str, kwargs: dict[str, int]) -> None:
        assert (method_name, kwargs) == ("execute_complete", {"try_number": 1})
        raise Deferred(trigger)

    monkeypatch.setattr(waiting, "defer", defer)
    context: Any = {"ti": FakeTaskInstance()}
    with pytest.raises(Deferred) as caught:
        waiting.execute(context)
    arguments: dict[str, Any] = caught.value.args[0].serialize()[1]
    return arguments


# ── A look ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("states", "is_over"),
    [
        ({A: "SUCCEEDED", B: "SUCCEEDED"}, True),
        ({A: "SUCCEEDED", B: "RUNNING"}, False),
        ({A: "SUCCEEDED"}, False),
        ({A: "SUCCEEDED", B: "REBALANCING"}, False),
    ],
    ids=["all succeeded", "one runs", "one is not known", "one is in a state of tomorrow"],
)
def test_the_wait_is_over_when_all_have_succeeded(
    aws: SensorHook, states: dict[str, str], is_over: bool
) -> None:
    aws.live({job_id: [state] for job_id, state in states.items()})
    assert sensor().poke({}) is is_over


@pytest.mark.parametrize(
    "job_ids",
    [[A, B, C], f"{A}, {B},{C}", [A, [B, (C,)]], {A: 0, B: 0, C: 0}.keys()],
    ids=["list", "text", "nested", "lazy"],
)
def test_a_look_is_one_question_for_all_jobs_in_whatever_form_they_come(
    aws: SensorHook, job_ids: object
) -> None:
    sensor(job_ids=job_ids).poke({})
    assert aws.asked == [[A, B, C]]


@pytest.mark.parametrize(
    ("mode", "lines"),
    [
        ("poke", [f"Job {A} is SUCCEEDED", f"Job {B} is RUNNING"]),
        ("reschedule", ["1 of 2 jobs ended (1 RUNNING)"]),
    ],
)
def test_a_look_says_what_is_new_or_in_a_process_of_its_own_how_far_they_are(
    aws: SensorHook,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    mode: str,
    lines: list[str],
) -> None:
    aws.live({A: ["SUCCEEDED"], B: ["RUNNING"]})
    monkeypatch.setattr(FargateBatchJobSensor, "log", logging.getLogger(__name__))
    with caplog.at_level(logging.INFO, logger=__name__):
        sensor(mode=mode).poke({})
    assert caplog.messages == lines


@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_a_job_that_can_never_start_is_not_waited_for(
    aws: SensorHook, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(aws, "describe", lambda _: [Job.from_api(STUCK), job(B, "RUNNING")])
    with pytest.raises(
        JobCannotStart, match=f"^Job {A} can never start: the job asks for more"
    ) as caught:
        sensor(mode=mode).poke({})
    assert f"Job {A} is still RUNNABLE; 'fargate-batch terminate {A}'" in str(caught.value)


@pytest.mark.parametrize("fault", [Throttled("slow"), Unreachable("gone"), AnswerLost("lost")])
def test_a_call_that_may_pass_another_time_is_no_end(aws: SensorHook, fault: Exception) -> None:
    aws.faults["DescribeJobs"] = [fault]
    assert sensor().poke({}) is False


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let no sensor sleep for real; give the time that has passed."""
    now = [0.0]
    clock = Timing(now=lambda: now[0], sleep=lambda seconds: now.append(now.pop() + seconds))
    monkeypatch.setattr(FargateBatchJobSensor, "clock", clock)
    return now


REFUSED = pytest.mark.parametrize(
    "refusal",
    [AccessDenied("AWS refused it", "batch:DescribeJobs"), CredentialsMissing("none")],
    ids=lambda error: type(error).__name__,
)


@REFUSED
@pytest.mark.parametrize("mode", ["poke", "reschedule"])
def test_a_refusal_that_settles_is_no_end_and_is_in_the_log(
    aws: SensorHook,
    time: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    refusal: Exception,
    mode: str,
) -> None:
    monkeypatch.setattr(FargateBatchJobSensor, "log", logging.getLogger(__name__))
    aws.faults["DescribeJobs"] = [refusal] * 12
    aws.live({A: ["SUCCEEDED"], B: ["SUCCEEDED"]})
    with caplog.at_level(logging.INFO, logger=__name__):
        assert sensor(mode=mode, poke_interval=60).poke({}) is True
    assert time == [180.0]
    assert caplog.messages[:2] == [
        f"Could not read the state of the jobs; will retry for 5 min 0 s: {refusal}",
        "The state of the jobs can be read again",
    ]


@REFUSED
def test_a_refusal_that_lasts_is_an_end_and_the_jobs_that_may_still_run_are_named(
    aws: SensorHook,
    time: list[float],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    refusal: Exception,
) -> None:
    monkeypatch.setattr(FargateBatchJobSensor, "log", logging.getLogger(__name__))
    aws.faults["DescribeJobs"] = [refusal] * 99
    with pytest.raises(type(refusal)):
        sensor(poke_interval=60, region_name="eu-west-1").poke({})
    assert time == [300.0]
    for job_id, line in zip((A, B), caplog.messages[-1].splitlines(), strict=True):
        assert line.startswith(f"Job {job_id} may still be running; 'fargate-batch terminate ")
        assert line.endswith(f"region=eu-west-1#jobs/detail/{job_id}")


@REFUSED
def test_a_deferred_sensor_leaves_a_refusal_to_its_trigger(
    aws: SensorHook, time: list[float], monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    aws.faults["DescribeJobs"] = [refusal]
    assert trigger_of(sensor(deferrable=True), monkeypatch)["job_ids"] == [A, B]
    assert (len(aws.asked), time) == (1, [0.0])


@pytest.mark.parametrize(
    ("was_there", "bound"), [(False, NEVER_CAME_AFTER), (True, LOST_AFTER)], ids=["never", "gone"]
)
def test_a_job_that_aws_does_not_know_is_not_waited_for_for_ever(
    aws: SensorHook, time: list[float], was_there: bool, bound: float
) -> None:
    waiting = sensor(poke_interval=60)
    aws.live({A: ["SUCCEEDED"], **({B: ["RUNNING"]} if was_there else {})})
    assert waiting.poke({}) is False
    aws.live({A: ["SUCCEEDED"]})
    assert waiting.poke({}) is False
    time[0] = bound - 1
    assert waiting.poke({}) is False
    time[0] = bound + 1
    with pytest.raises(JobLost, match=B):
        waiting.poke({})


def test_an_id_that_is_none_fails_at_once(aws: SensorHook) -> None:
    with pytest.raises(AirflowFailException, match="job_ids"):
        sensor(job_ids=[17]).poke({})
    assert aws.asked == []


DRY = "dry-run:load"


def test_what_dry_runs_returned_needs_no_wait_and_no_connection(aws: SensorHook) -> None:
    assert sensor(job_ids=[DRY, {"jobId": DRY}]).poke({}) is True
    assert aws.asked == []


@pytest.mark.parametrize(("state", "is_over"), [("RUNNING", False), ("SUCCEEDED", True)])
def test_real_jobs_beside_dry_runs_are_waited_for(
    aws: SensorHook, state: str, is_over: bool
) -> None:
    aws.live({A: [state]})
    assert sensor(job_ids=[DRY, A]).poke({}) is is_over
    assert aws.asked == [[A]]


# ── How it ends ──────────────────────────────────────────────────────────────────────────────


def ends(waiting: FargateBatchJobSensor, aws: SensorHook, how: str) -> Any:
    """Bring a sensor to the end that its jobs have come to."""
    jobs = [life[-1] for life in aws.lives.values()]
    return (
        waiting.execute_complete({}, event("ended", *jobs))
        if how == "deferred"
        else waiting.execute({})
    )


HOW = pytest.mark.parametrize("how", ["poke", "deferred"])


@HOW
def test_it_succeeds_when_all_jobs_have(aws: SensorHook, how: str) -> None:
    aws.live({A: ["RUNNING", "SUCCEEDED"], B: ["SUCCEEDED"]})
    assert ends(sensor(), aws, how) is None


@HOW
@pytest.mark.parametrize(
    ("arguments", "raised"),
    [
        ({}, AirflowFailException),
        ({"soft_fail": True}, AirflowSkipException),
        ({"never_fail": True}, AirflowSkipException),
    ],
    ids=["fails", "soft_fail", "never_fail"],
)
def test_one_that_has_failed_is_the_end_for_all_without_retries(
    aws: SensorHook, how: str, arguments: dict[str, Any], raised: type[Exception]
) -> None:
    aws.live({A: ["RUNNING"], B: ["RUNNING", "FAILED"]})
    with pytest.raises(raised):
        ends(sensor(**arguments), aws, how)


@HOW
def test_the_others_that_still_run_when_one_has_failed_are_named_in_the_log(
    aws: SensorHook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    monkeypatch.setattr(FargateBatchJobSensor, "log", logging.getLogger(__name__))
    aws.live({A: ["RUNNING"], B: ["FAILED"]})
    with pytest.raises(AirflowFailException):
        ends(sensor(), aws, how)
    [line] = [text for text in caplog.messages if "fargate-batch terminate" in text]
    assert line == f"Job {A} is still RUNNING; 'fargate-batch terminate {A}' terminates it"


@pytest.mark.usefixtures("aws")
def test_a_failure_names_task_job_exit_code_and_cause() -> None:
    with pytest.raises(AirflowFailException) as caught:
        sensor().execute_complete({}, event("ended", job(A, "RUNNING"), job(B, "FAILED")))
    assert str(caught.value).startswith(
        f"adhoc_airflow.sensor: job {B} failed with exit code 3: the program ended with an error\n"
    )


@pytest.mark.parametrize(
    ("outcome", "arguments", "raised"),
    [
        ("gave_up", {}, AirflowSensorTimeout),
        ("gave_up", {"soft_fail": True}, AirflowSkipException),
        ("gave_up", {"never_fail": True}, AirflowSkipException),
        ("refused", {}, FargateBatchError),
        ("refused", {"soft_fail": True}, FargateBatchError),
        ("refused", {"never_fail": True}, AirflowSkipException),
        ("stuck", {}, FargateBatchError),
    ],
)
def test_an_end_without_an_answer_is_told_in_the_triggers_words(
    outcome: str, arguments: dict[str, Any], raised: type[Exception]
) -> None:
    with pytest.raises(raised, match=r"^in its words$"):
        sensor(**arguments).execute_complete({}, event(outcome, message="in its words"))


@pytest.mark.parametrize(
    ("arguments", "raised"),
    [({}, JobCannotStart), ({"never_fail": True}, AirflowSkipException)],
    ids=["fails", "never_fail"],
)
@pytest.mark.parametrize("deferrable", [False, True], ids=["poke", "first look of a deferred one"])
def test_a_look_that_is_an_end_heeds_never_fail(
    aws: SensorHook,
    monkeypatch: pytest.MonkeyPatch,
    deferrable: bool,
    arguments: dict[str, Any],
    raised: type[Exception],
) -> None:
    monkeypatch.setattr(aws, "describe", lambda _: [Job.from_api(STUCK)])
    with pytest.raises(raised):
        sensor(deferrable=deferrable, **arguments).execute({})


# ── Deferred ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", ["SUCCEEDED", "FAILED"])
def test_what_is_over_is_not_waited_for(aws: SensorHook, end: str) -> None:
    aws.live({A: ["SUCCEEDED"], B: [end]})
    waiting = sensor(deferrable=True)
    if end == "SUCCEEDED":
        assert waiting.execute({}) is None
    else:
        with pytest.raises(AirflowFailException):
            waiting.execute({})


def test_a_deferred_sensor_hands_everything_to_its_trigger(
    aws: SensorHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.live({A: ["RUNNING"]})
    waiting = sensor(
        job_ids=f"{A},{B}",
        deferrable=True,
        poke_interval=45,
        timeout=600,
        aws_conn_id="mine",
        region_name="eu-west-1",
        verify=False,
        botocore_config={"read_timeout": 5},
    )
    arguments = trigger_of(waiting, monkeypatch)
    left = datetime.fromisoformat(arguments.pop("wait_until")) - datetime.now(UTC)
    assert timedelta(seconds=590) < left <= timedelta(seconds=600)
    expected = {
        "job_ids": [A, B],
        "poll_interval": 45,
        "runnable_timeout": None,
        "terminate_on_kill": False,
        "aws_conn_id": "mine",
        "region_name": "eu-west-1",
        "verify": False,
        "botocore_config": {"read_timeout": 5},
    }
    assert {name: arguments[name] for name in expected} == expected


def test_airflows_default_decides_where_nothing_is_said(
    aws: SensorHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.live({A: ["SUCCEEDED"], B: ["SUCCEEDED"]})
    assert sensor(deferrable=None).execute({}) is None
    aws.live({A: ["RUNNING"]})
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert trigger_of(sensor(deferrable=None), monkeypatch)["job_ids"] == [A, B]


def test_a_later_try_that_gets_an_earlier_ones_event_looks_anew(
    aws: SensorHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Airflow 3.0 starts a retry."""
    waiting = sensor(deferrable=True)
    trigger_of(waiting, monkeypatch)
    aws.live({A: ["SUCCEEDED"], B: ["SUCCEEDED"]})
    stale = event("refused", message="no credentials")
    context: Any = {"ti": FakeTaskInstance(try_number=2)}
    waiting.execute_complete(context, stale, try_number=1)
