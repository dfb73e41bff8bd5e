"""A task that waits: who ends its job and when, and what becomes of the task when the job ends."""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_fargate_batch._airflow.compat import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
    task_state,
)
from airflow_fargate_batch.core.giving_up import left_running
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import LogEvent, LogPage, LogRequest
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.termination import TaskNow
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AwsError,
    FargateBatchError,
    JobCannotStart,
    JobFailed,
    JobLost,
    JobTimedOut,
)
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from tests.operating import (
    ACCOUNT,
    JOB_ID,
    REGION,
    FakeTaskInstance,
    RecordingHook,
    operator,
    rendered,
)

try:
    from airflow.sdk.exceptions import TaskDeferred
except ImportError:  # 2.11 and 3.0
    from airflow.exceptions import TaskDeferred  # type: ignore[no-redef]

IN_WORKER: dict[str, Any] = {"wait_for_completion": True, "deferrable": False}
LOG = logging.getLogger("airflow_fargate_batch.test")


@pytest.fixture
def own_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tasks log where ``caplog`` hears."""
    monkeypatch.setattr(FargateBatchSubmitOperator, "log", LOG)


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
        self.changes: list[Job] = []
        self.terminated: list[str] = []
        self.searched: list[JobRequest] = []
        self.reasons: list[str] = []

    def wait(
        self, job_id: str, *, on_change: Callable[[Job], None] = lambda _: None, **how: Any
    ) -> Job:
        self.waits.append({"job_id": job_id, **how})
        for change in self.changes:
            on_change(change)
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


def test_the_cost_is_pushed_and_is_the_last_line_of_the_log(logged: Callable[[], str]) -> None:
    size = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    hours = {"startedAt": 1_700_000_000_000, "stoppedAt": 1_700_003_600_000}
    ended = Job.from_api(
        {
            "jobId": JOB_ID,
            "jobArn": f"arn:aws:batch:us-east-1:123456789012:job/{JOB_ID}",
            "status": "SUCCEEDED",
            "container": {"resourceRequirements": size},
            **hours,
        }
    )
    ti = FakeTaskInstance()
    run(WaitingHook(lambda: ended), ti)
    cost = dict(ti.pushed)["job"]["cost"]
    assert (cost["high"], cost["low"], cost["billed_seconds"]) == (0.04937, 0.014811, 3600)
    lines = [line for line in logged().splitlines() if line.strip()]
    assert "Cost: at least 0.0494 USD on demand, or 0.0148 USD on Fargate Spot" in lines[-1]


def test_the_cost_of_a_deferred_job_depends_on_the_capacity_in_the_event() -> None:
    ti = FakeTaskInstance()
    task = operator(deferrable=True)
    vars(task)["hook"] = WaitingHook()
    event = {"outcome": "ended", "jobs": [job().to_api()], "message": None, "advice": None}
    context = rendered(task, ti)
    task.execute_complete(context, {**event, "capacity": "FARGATE_SPOT"}, try_number=1)
    assert dict(ti.pushed)["job"]["cost"]["capacity"] == "FARGATE_SPOT"


def test_the_cost_so_far_of_a_job_that_was_given_up_is_pushed() -> None:
    ti = FakeTaskInstance()
    with pytest.raises(JobTimedOut):
        run(WaitingHook(fails(JobTimedOut("over", None, None))), ti)
    assert dict(ti.pushed)["job"]["cost"]["attempts"] == 0


LOGGED: dict[str, Any] = {
    "jobArn": f"arn:aws:batch:eu-west-1:123456789012:job/{JOB_ID}",
    "attempts": [{"container": {"logStreamName": "stream"}}],
}


@pytest.mark.parametrize("pushes", [True, False])
def test_the_page_of_its_jobs_log_is_pushed_once(pushes: bool) -> None:
    ti = FakeTaskInstance()
    task = run(WaitingHook(lambda: job(**LOGGED)), ti, do_xcom_push=pushes)
    pages = [value["job_log"] for key, value in ti.pushed if key == "console_log"]
    assert [page.rpartition("/")[2] for page in pages] == ["stream"] * pushes
    assert ("job_log" in task.console_pages) == pushes


def test_pages_are_pushed_while_the_task_waits_as_soon_as_they_are_known() -> None:
    hook, ti = WaitingHook(fails(JobTimedOut("late"))), FakeTaskInstance()
    revision = f"{ACCOUNT}:job-definition/definition:7"
    known = {"jobDefinition": revision, "jobQueue": f"{ACCOUNT}:job-queue/queue", **LOGGED}
    hook.changes = [job("STARTING"), job("RUNNING", **known), job("RUNNING", **known)]
    with pytest.raises(JobTimedOut):
        run(hook, ti)
    pages = [value["job_definition"] for key, value in ti.pushed if key == "console_links"]
    assert [page.partition("#")[2] for page in pages] == [
        "job-definition",
        f"job-definition/detail/{revision}",
    ]
    assert [key for key, _ in ti.pushed].count("console_log") == 1


def test_a_link_that_cannot_be_pushed_ends_no_wait() -> None:
    class Failing(FakeTaskInstance):
        def xcom_push(self, key: str, value: Any) -> None:
            if key == "console_log":
                raise RuntimeError("the API server is restarting")
            super().xcom_push(key, value)

    hook, ti = WaitingHook(), Failing()
    hook.changes = [job("RUNNING", **LOGGED)]
    task = run(hook, ti)
    assert dict(ti.pushed)["job"]["status"] == "SUCCEEDED"
    assert "job_log" not in task.console_pages


@pytest.mark.usefixtures("own_log")
@pytest.mark.parametrize(
    ("definition", "said"), [("d:7", "d:7"), ("d", r"d \(latest revision\)")], ids=str
)
def test_the_first_line_says_what_was_submitted_and_where_to_see_it(
    caplog: pytest.LogCaptureFixture, definition: str, said: str
) -> None:
    task, hook = operator(job_definition=definition), WaitingHook()
    vars(task)["hook"] = hook
    with caplog.at_level("INFO", logger=LOG.name):
        task.execute(rendered(task))
    line = caplog.messages[-1]  # Airflow warns that nobody but itself should call a task
    page = r"https://console\.aws\.amazon\.com/batch/home\?region=eu-west-1#jobs/detail/"
    start = rf"Submitted job {JOB_ID} \(fargate-job-.*\) to queue, job definition {said}: "
    assert re.fullmatch(f"{start}{page}{JOB_ID}", line)


@pytest.mark.usefixtures("own_log")
def test_the_first_line_does_not_say_that_an_adopted_job_was_submitted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Adopting(WaitingHook):
        def submit(self, request: JobRequest, **how: Any) -> str:
            job_id = super().submit(request, **how)
            assert self.submitted is not None
            self.submitted = self.submitted._replace(is_adopted=True)
            return job_id

    task = operator()
    vars(task)["hook"] = Adopting()
    with caplog.at_level("INFO", logger=LOG.name):
        task.execute(rendered(task))
    assert caplog.messages[-1].startswith(f"Adopted job {JOB_ID} (")
    assert "Submitted" not in caplog.text


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


def test_a_deferred_task_hands_its_limits_to_its_trigger() -> None:
    limits = {"wait_timeout": 3600, "runnable_timeout": "60", "starting_timeout": 90}
    trigger = deferred(FakeTaskInstance(), **limits)
    assert trigger.wait_until is not None
    assert trigger.wait_limit == "`wait_timeout` is 1 h 0 min"
    assert (trigger.runnable_timeout, trigger.starting_timeout) == (60.0, 90.0)


def test_the_chosen_child_of_an_array_is_listened_to_in_both_modes() -> None:
    chosen: dict[str, Any] = STREAMING | {"array_size": 3, "awslogs_index": "{{ 1 + 1 }}"}
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
    became = "was terminated" if terminate else f"{JOB_ID} is still RUNNING; 'fargate-batch termin"
    with pytest.raises(error, match=became):
        run(hook, ti, terminate_on_kill=terminate)
    assert hook.terminated == [JOB_ID] * terminate
    assert dict(ti.pushed)["job"]["status"] == "RUNNING"


LATE = JobTimedOut("Job x did not end by noon", "The job has been RUNNING since 11.", "Be patient.")


class Tail:
    """CloudWatch Logs with two lines."""

    def get(self, request: LogRequest) -> LogPage:
        events = [] if request.next_token else [LogEvent(1, "one"), LogEvent(2, "two")]
        return LogPage(events, "end")


@pytest.mark.parametrize("how", ["worker", "deferred"])
@pytest.mark.parametrize("terminate", [True, False])
def test_a_timeout_gets_the_report_of_a_failed_job(
    monkeypatch: pytest.MonkeyPatch, how: str, terminate: bool
) -> None:
    """Task, limit, state, what became of the job, last lines, pages and advice, in this order."""
    hook = WaitingHook(fails(LATE))
    seen = job("RUNNING", container={"logStreamName": "stream"}, jobArn=LOGGED["jobArn"])
    monkeypatch.setattr(hook, "describe", lambda _: [seen])
    monkeypatch.setattr(WaitingHook, "logs", Tail())
    page = f"https://console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/{JOB_ID}"
    became = "The job was terminated." if terminate else left_running([seen])
    message = f"{LATE.message}\n{LATE.state}\n{became}"
    event: dict[str, Any] = {"outcome": "gave_up", "jobs": [seen.to_api()], "message": message}
    task = operator(**IN_WORKER, terminate_on_kill=terminate)
    vars(task)["hook"] = hook
    end: Any = task.execute if how == "worker" else task.execute_complete
    arguments = [] if how == "worker" else [event | {"advice": LATE.advice}]
    with pytest.raises(JobTimedOut) as caught:
        end(rendered(task), *arguments)
    lines = str(caught.value).splitlines()
    assert lines[:6] == [
        "daily.submit: job x did not end by noon",
        "The job has been RUNNING since 11.",
        became,
        "Last log lines:",
        "  one",
        "  two",
    ]
    assert lines[6:-2] == ([f"Console: {page}"] if terminate else [])
    assert lines[-2].startswith("Log: https://")
    assert lines[-1] == "What to do: Be patient."
    assert page in str(caught.value)


def test_an_event_of_a_trigger_of_an_earlier_version_is_understood() -> None:
    task = operator(deferrable=True)
    vars(task)["hook"] = WaitingHook()
    event: dict[str, Any] = {
        "outcome": "gave_up",
        "jobs": [],
        "message": "Job x was late\nIt was terminated.",
    }
    with pytest.raises(JobTimedOut, match=r"^daily\.submit: job x was late\nIt was terminated\.$"):
        task.execute_complete(rendered(task), event)


@pytest.mark.usefixtures("own_log")
@pytest.mark.parametrize(
    "error", [AccessDenied("no", "batch:DescribeJobs"), JobLost(JOB_ID, "RUNNING")], ids=repr
)
def test_a_wait_that_ends_without_an_answer_says_which_job_may_still_run(
    caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    task, hook = operator(**IN_WORKER), WaitingHook(fails(error))
    vars(task)["hook"] = hook
    with pytest.raises(type(error)):
        task.execute(rendered(task))
    assert caplog.messages[-1] == (
        f"Job {JOB_ID} may still be running; 'fargate-batch terminate {JOB_ID}' terminates it: "
        f"https://console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/{JOB_ID}"
    )


@pytest.mark.parametrize(
    ("arguments", "error", "verdict"),
    [
        (
            {"skip_on_exit_code": [9, 10]},
            AirflowSkipException,
            "The task is skipped: exit code 9 is in skip_on_exit_code.",
        ),
        (
            {"fail_on_exit_code": 9},
            AirflowFailException,
            "The task fails without retries: exit code 9 is in fail_on_exit_code.",
        ),
    ],
    ids=["skip", "fail"],
)
def test_the_argument_that_decides_on_a_failure_is_named(
    arguments: dict[str, Any], error: type[Exception], verdict: str
) -> None:
    with pytest.raises(error) as caught:
        run(WaitingHook(lambda: job("FAILED", 9, **EXITED)), **arguments)
    assert str(caught.value).splitlines()[-1] == verdict


def test_a_job_that_cannot_be_ended_is_said_to_run_on() -> None:
    hook = WaitingHook(fails(JobTimedOut("late")))

    def refused(*_: str) -> None:
        raise AccessDenied("AWS refused TerminateJob", "batch:TerminateJob")

    vars(hook)["terminate"] = refused
    with pytest.raises(
        JobTimedOut, match=r"(?s)late.*could not be terminated.*TerminateJob.*still RUNNING"
    ):
        run(hook)


@pytest.mark.parametrize("spans", [("60", "5", 90), (60, timedelta(seconds=5), "90")])
def test_times_are_numbers_their_text_or_timedeltas(spans: tuple[Any, Any, Any]) -> None:
    hook = WaitingHook()
    before = datetime.now(UTC)
    run(
        hook,
        wait_timeout=spans[0],
        poll_interval=spans[1],
        runnable_timeout=spans[2],
        starting_timeout=spans[2],
    )
    [wait] = hook.waits
    assert before <= wait["until"] - timedelta(seconds=60) <= datetime.now(UTC)
    assert wait["limit"] == "`wait_timeout` is 1 min 0 s"
    assert wait["poll_interval"] == 5.0
    assert wait["runnable_timeout"] == wait["starting_timeout"] == timedelta(seconds=90)


def test_an_exit_code_may_be_text() -> None:
    ended = job("FAILED", 9, **EXITED)
    with pytest.raises(AirflowSkipException):
        run(WaitingHook(lambda: ended), skip_on_exit_code="9")


def test_it_gives_up_before_airflow_would_leave_the_job_running() -> None:
    ti, hook = FakeTaskInstance(start_date=datetime.now(UTC)), WaitingHook()
    run(hook, ti, execution_timeout=timedelta(minutes=10), wait_timeout=3600)
    assert hook.waits[0]["until"] == ti.start_date + timedelta(minutes=9, seconds=30)
    assert hook.waits[0]["limit"] == "execution_timeout is 10 min 0 s, less 30 s to clean up"


class Killed(BaseException):
    """What a signal's handler raises after ``on_kill``."""


ENDED = TaskNow(state="failed", is_own_try=False)
OTHER = TaskNow(state="running", is_own_try=False)
OWN = TaskNow(state="running", is_own_try=True)


def airflow_says(now: TaskNow | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_state, "task_now", lambda _: now)


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
        assert f"'fargate-batch terminate {JOB_ID}' terminates it" in said
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

    def wait(*_: object, **__: object) -> Job:
        task.on_kill()
        return job()

    vars(hook)["wait"] = wait
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
    assert "Could not terminate the job; the job is left running: AWS refused" in logged()


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
    vars(task)["hook"] = WaitingHook()
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
