"""A task that waits: who ends its job and when, and what becomes of the task when the job ends."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch import _waiting, operators
from airflow_fargate_batch._compat import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
)
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.termination import TaskNow
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AwsError,
    FargateBatchError,
    JobCannotStart,
    JobFailed,
    JobTimedOut,
)
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from tests.operating import JOB_ID, REGION, FakeTaskInstance, RecordingHook, operator, rendered

try:
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:  # 2.11 and 3.0
    from airflow.exceptions import TaskDeferred

IN_WORKER = {"wait_for_completion": True, "deferrable": False}
EXITED = {"statusReason": "Essential container in task exited"}


def job(status: str = "SUCCEEDED", exit_code: int = 0, **members: Any) -> Job:
    container = {"exitCode": exit_code}
    return Job.from_api({"jobId": JOB_ID, "status": status, "container": container, **members})


class WaitingHook(RecordingHook):
    """Waits as it is told to, and notes which jobs are ended."""

    def __init__(self, wait: Callable[[], Job] = job) -> None:
        super().__init__()
        self._wait = wait
        self.waits: list[dict[str, Any]] = []
        self.terminated: list[str] = []
        self.searched: list[JobRequest] = []
        self.reasons: list[str] = []

    def wait(self, job_id: str, **how: Any) -> Job:
        self.waits.append({"job_id": job_id, **how})
        return self._wait()

    def describe(self, job_ids: list[str]) -> list[Job]:
        return [job("RUNNING")] if job_ids == [JOB_ID] else []

    def terminate(self, job_id: str, reason: str) -> None:
        self.reasons.append(reason)
        self.terminated.append(job_id)

    def terminate_submission(self, request: JobRequest, reason: str) -> None:
        self.reasons.append(reason)
        self.searched.append(request)

    @property
    def logs(self) -> Any:
        raise AwsError("no logs here")


def run(
    hook: WaitingHook, ti: FakeTaskInstance | None = None, **arguments: Any
) -> FargateBatchSubmitOperator:
    task = operator(**(IN_WORKER | arguments))
    vars(task)["hook"] = hook
    assert task.execute(rendered(task, ti)) == JOB_ID
    return task


@pytest.fixture
def logged(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> Callable[[], str]:
    """Give what was logged so far; Airflow 3.3 writes its logs itself."""
    caplog.set_level("INFO")
    return lambda: caplog.text + capsys.readouterr().out


def fails(error: Exception) -> Callable[[], Job]:
    def wait() -> Job:
        raise error

    return wait


def test_it_succeeds_with_its_job_and_pushes_how_it_ended() -> None:
    ti = FakeTaskInstance()
    run(WaitingHook(), ti)
    assert dict(ti.pushed)["job"]["status"] == "SUCCEEDED"


LOGGED = {
    "jobArn": f"arn:aws:batch:eu-west-1:123456789012:job/{JOB_ID}",
    "attempts": [{"container": {"logStreamName": "stream"}}],
}


@pytest.mark.parametrize("pushes", [True, False])
def test_the_page_of_its_jobs_log_is_pushed_once(pushes: bool) -> None:
    ti = FakeTaskInstance()
    task = run(WaitingHook(lambda: job(**LOGGED)), ti, do_xcom_push=pushes)
    pages = [value["job_log"] for key, value in ti.pushed if key == "console_log"]
    assert [page.rpartition("/")[2] for page in pages] == ["stream"] * pushes
    assert task.has_pushed_log_page == pushes


@pytest.mark.parametrize("outcome", ["ended", "gave_up", "stuck"])
def test_the_page_of_the_log_is_pushed_after_every_event(outcome: str) -> None:
    ti, task = FakeTaskInstance(), operator(deferrable=True)
    event = {"outcome": outcome, "jobs": [job("FAILED", 1, **LOGGED).to_api()], "message": "over"}
    vars(task)["hook"] = WaitingHook()
    with pytest.raises(Exception, match=r"exit code 1|over"):
        task.execute_complete(rendered(task, ti), event)
    assert "job_log" in dict(ti.pushed)["console_log"]


def deferred(ti: FakeTaskInstance, **arguments: Any) -> FargateBatchJobTrigger:
    """Run a task until it defers, and return its trigger."""
    task = operator(deferrable=True, **arguments)
    vars(task)["hook"] = WaitingHook()
    with pytest.raises(TaskDeferred) as caught:
        task.execute(rendered(task, ti))
    trigger = caught.value.trigger
    assert isinstance(trigger, FargateBatchJobTrigger)
    return trigger


STREAMING = {"awslogs_enabled": True, "awslogs_fetch_interval": timedelta(seconds=7)}


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (STREAMING, [("log_position", {})]),
        (STREAMING | {"do_xcom_push": False}, []),
        ({}, []),
    ],
    ids=["streaming", "pushing nothing", "not streaming"],
)
def test_a_deferred_task_makes_room_for_its_place_in_the_log(
    arguments: dict[str, Any], kept: list[Any]
) -> None:
    ti = FakeTaskInstance()
    trigger = deferred(ti, **arguments)
    assert trigger.log_interval == (7.0 if arguments else None)
    assert [(key, value) for key, value in ti.pushed if key == "log_position"] == kept


def test_the_chosen_child_of_an_array_is_listened_to_in_both_modes() -> None:
    chosen = STREAMING | {"array_size": 3, "awslogs_index": "{{ 1 + 1 }}"}
    assert deferred(FakeTaskInstance(), **chosen).log_index == 2
    hook = WaitingHook()
    run(hook, **chosen)
    assert (hook.waits[0]["log_interval"], hook.waits[0]["log_index"]) == (7.0, 2)


@pytest.mark.parametrize(
    ("ended", "arguments", "error"),
    [
        (job("FAILED", 1, **EXITED), {}, JobFailed),
        (job("FAILED", 7, **EXITED), {"fail_on_exit_code": [7, 8]}, AirflowFailException),
        (job("FAILED", 9, **EXITED), {"skip_on_exit_code": 9}, AirflowSkipException),
        (job("FAILED", statusReason="Dependent Job failed"), {}, AirflowFailException),
    ],
    ids=["retried", "not retried", "skipped", "cannot be mended by a retry"],
)
def test_a_failed_job_fails_or_skips_it_and_is_pushed(
    ended: Job, arguments: dict[str, Any], error: type[Exception]
) -> None:
    ti = FakeTaskInstance()
    with pytest.raises(error):
        run(WaitingHook(lambda: ended), ti, **arguments)
    assert dict(ti.pushed)["job"]["status"] == "FAILED"


@pytest.mark.parametrize(
    ("raised", "error"),
    [(JobTimedOut("late"), JobTimedOut), (JobCannotStart("never"), AirflowFailException)],
    ids=["late", "never"],
)
@pytest.mark.parametrize("terminate", [True, False])
def test_a_job_given_up_is_ended_unless_told_otherwise(
    raised: Exception, error: type[Exception], terminate: bool
) -> None:
    ti, hook = FakeTaskInstance(), WaitingHook(fails(raised))
    with pytest.raises(error, match="was terminated" if terminate else "was left running"):
        run(hook, ti, terminate_on_kill=terminate)
    assert hook.terminated == [JOB_ID] * terminate
    assert dict(ti.pushed)["job"]["status"] == "RUNNING"


def test_a_job_that_cannot_be_ended_is_said_to_run_on() -> None:
    hook = WaitingHook(fails(JobTimedOut("late")))

    def refused(*_: str) -> None:
        raise AccessDenied("AWS refused TerminateJob", "batch:TerminateJob")

    vars(hook)["terminate"] = refused
    with pytest.raises(JobTimedOut, match=r"(?s)late.*could not be terminated.*TerminateJob"):
        run(hook)


@pytest.mark.parametrize("spans", [("60", "5", 90), (60, timedelta(seconds=5), "90")])
def test_times_are_numbers_their_text_or_timedeltas(spans: tuple[Any, Any, Any]) -> None:
    hook = WaitingHook()
    before = datetime.now(UTC)
    run(hook, wait_timeout=spans[0], poll_interval=spans[1], runnable_timeout=spans[2])
    [wait] = hook.waits
    assert before <= wait["until"] - timedelta(seconds=60) <= datetime.now(UTC)
    assert (wait["poll_interval"], wait["runnable_timeout"]) == (5.0, timedelta(seconds=90))


def test_an_exit_code_may_be_text() -> None:
    ended = job("FAILED", 9, **EXITED)
    with pytest.raises(AirflowSkipException):
        run(WaitingHook(lambda: ended), skip_on_exit_code="9")


def test_it_gives_up_before_airflow_would_leave_the_job_running() -> None:
    ti, hook = FakeTaskInstance(start_date=datetime.now(UTC)), WaitingHook()
    run(hook, ti, execution_timeout=timedelta(minutes=10), wait_timeout=3600)
    assert hook.waits[0]["until"] == ti.start_date + timedelta(minutes=9, seconds=30)


class Killed(BaseException):
    """What a signal's handler raises after ``on_kill``."""


ENDED = TaskNow(state="failed", is_own_try=False)
OTHER = TaskNow(state="running", is_own_try=False)
OWN = TaskNow(state="running", is_own_try=True)


def airflow_says(now: TaskNow | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (operators, _waiting):
        monkeypatch.setattr(module, "task_now", lambda _: now)


def killed_at(moment: str, **arguments: Any) -> WaitingHook:
    """End a task, as Airflow does from a signal, while it is in a call of its hook."""
    hook, task = WaitingHook(), operator(**(IN_WORKER | arguments))
    vars(task)["hook"] = hook

    def killed(*_: Any, **__: Any) -> None:
        task.on_kill()
        raise Killed

    vars(hook)[moment] = killed
    with pytest.raises(Killed):
        task.execute(rendered(task))
    return hook


@pytest.mark.parametrize(
    ("moment", "terminated", "searched"), [("wait", [JOB_ID], 0), ("submit", [], 1)]
)
@pytest.mark.parametrize("outside", [True, False], ids=["without Airflow", "marked failed"])
def test_a_kill_ends_the_job_that_the_task_waits_for_or_submits(
    moment: str,
    terminated: list[str],
    searched: int,
    outside: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not outside:
        airflow_says(ENDED, monkeypatch)
    hook = killed_at(moment)
    assert (hook.terminated, len(hook.searched)) == (terminated, searched)


def test_the_reason_names_the_task_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    airflow_says(ENDED, monkeypatch)
    for moment in ("wait", "submit"):
        [reason] = killed_at(moment).reasons
        assert reason.startswith("The task was set to failed (DAG daily, task submit, run manual__")
        assert ", try 1, host " in reason


@pytest.mark.parametrize("moment", ["wait", "submit"])
@pytest.mark.parametrize(
    ("now", "why"),
    [
        (OTHER, "another try of the task has begun"),
        (OWN, "Airflow stops the process"),
        (None, "Airflow did not answer"),
    ],
    ids=["the next try runs", "a worker shuts down", "no answer"],
)
def test_a_kill_leaves_a_job_running_that_the_next_try_may_adopt_and_says_so(
    moment: str,
    now: TaskNow | None,
    why: str,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], str],
) -> None:
    airflow_says(now, monkeypatch)
    hook = killed_at(moment)
    assert (hook.terminated, hook.searched) == ([], [])
    said = logged()
    assert f"left running: {why}" in said
    if moment == "wait":
        assert f"'fargate-batch terminate {JOB_ID}' stops the job" in said
        assert f"https://console.aws.amazon.com/batch/home?region={REGION}" in said


@pytest.mark.parametrize(
    ("max_tries", "said"), [(0, "the task has no retries left"), (1, "the next try adopts the job")]
)
def test_at_a_shutdown_the_log_says_whether_a_try_will_adopt_the_job(
    max_tries: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    logged: Callable[[], str],
) -> None:
    airflow_says(OWN, monkeypatch)
    hook, task = WaitingHook(), operator(**IN_WORKER)
    vars(task)["hook"] = hook
    vars(hook)["wait"] = lambda *_, **__: task.on_kill() or job()
    task.execute(rendered(task, FakeTaskInstance(max_tries=max_tries)))
    assert hook.terminated == []
    assert said in logged()


@pytest.mark.parametrize(("now", "terminated"), [(OWN, [JOB_ID]), (OTHER, []), (None, [])])
def test_airflows_own_timeout_ends_the_job_of_the_current_try(
    now: TaskNow | None, terminated: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_says(now, monkeypatch)
    hook, task = WaitingHook(), operator(**IN_WORKER)
    vars(task)["hook"] = hook
    vars(hook)["wait"] = fails_with(AirflowTaskTimeout("too long"))
    try:
        task.execute(rendered(task))
    except AirflowTaskTimeout:
        task.on_kill()
    assert hook.terminated == terminated
    assert [reason.partition(" (")[0] for reason in hook.reasons] == (
        ["The task's execution_timeout expired"] if terminated else []
    )


def fails_with(error: BaseException) -> Callable[..., Any]:
    def wait(*_: Any, **__: Any) -> Any:
        raise error

    return wait


@pytest.mark.parametrize("now", [OTHER, None], ids=["the next try runs", "no answer"])
def test_a_wait_that_is_over_leaves_a_job_running_that_another_try_may_own(
    now: TaskNow | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow_says(now, monkeypatch)
    hook = WaitingHook(fails(JobTimedOut("late")))
    with pytest.raises(JobTimedOut, match=r"(?s)late.*left running: (another try|Airflow did not)"):
        run(hook)
    assert hook.terminated == []


def test_a_job_that_cannot_be_ended_at_a_kill_is_said_to_run_on(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], str]
) -> None:
    def refused(*_: str) -> None:
        raise AccessDenied("AWS refused TerminateJob", "batch:TerminateJob")

    monkeypatch.setattr(WaitingHook, "terminate", refused)
    killed_at("wait")
    assert "could not be terminated, and is left running: AWS refused" in logged()


def test_a_kill_between_submit_and_wait_ends_the_job() -> None:
    hook, task = WaitingHook(), operator(**IN_WORKER)
    vars(task)["hook"] = hook

    class KilledAtPush(FakeTaskInstance):
        def xcom_push(self, key: str, value: Any) -> None:  # noqa: ARG002 - it ends here
            task.on_kill()
            raise Killed

    with pytest.raises(Killed):
        task.execute(rendered(task, KilledAtPush()))
    assert hook.terminated == [JOB_ID]


@pytest.mark.parametrize(
    "arguments",
    [{"terminate_on_kill": False}, {"wait_for_completion": False}],
    ids=["told not to", "submit only"],
)
def test_other_kills_end_nothing(arguments: dict[str, Any]) -> None:
    hook = WaitingHook()
    run(hook, **arguments).on_kill()
    assert hook.terminated == []


def test_a_kill_after_the_job_has_ended_ends_nothing() -> None:
    hook = WaitingHook()
    run(hook).on_kill()
    assert hook.terminated == []


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ("gave_up", JobTimedOut),
        ("stuck", AirflowFailException),
        ("refused", FargateBatchError),
    ],
)
def test_a_trigger_that_gives_up_fails_the_task_in_its_words(
    outcome: str, error: type[Exception]
) -> None:
    ti, task = FakeTaskInstance(), operator(deferrable=True)
    event = {"outcome": outcome, "jobs": [job("RUNNING").to_api()], "message": "as it says"}
    with pytest.raises(error, match="as it says") as raised:
        task.execute_complete(rendered(task, ti), event)
    assert (type(raised.value) is JobTimedOut) == (outcome == "gave_up")
    assert dict(ti.pushed)["job"]["status"] == "RUNNING"


class Deferred(BaseException):
    """What Airflow raises to put a task to sleep."""


def defers(task: FargateBatchSubmitOperator, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Note how a task defers."""
    noted: list[Any] = []

    def defer(**how: Any) -> None:
        noted.append(how)
        raise Deferred

    monkeypatch.setattr(task, "defer", defer)
    return noted


def test_a_later_try_that_gets_an_earlier_ones_event_begins_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As Airflow 3.0 starts a retry: where the try before was woken, with its event."""
    hook, task = WaitingHook(), operator(deferrable=True)
    vars(task)["hook"] = hook
    noted = defers(task, monkeypatch)
    with pytest.raises(Deferred):
        task.execute(rendered(task, FakeTaskInstance(try_number=1)))
    event = {"outcome": "ended", "jobs": [job("FAILED", 1, **EXITED).to_api()], "message": None}
    with pytest.raises(JobFailed):
        task.execute_complete(
            rendered(task, FakeTaskInstance(try_number=1)), event, **noted[0]["kwargs"]
        )
    with pytest.raises(Deferred):
        task.execute_complete(
            rendered(task, FakeTaskInstance(try_number=2, max_tries=1)), event, **noted[0]["kwargs"]
        )
    assert len(hook.requests) == 2
    assert noted[1]["kwargs"] == {"try_number": 2}
