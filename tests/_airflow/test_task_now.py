"""What Airflow tells a process about its own task, on each line, and what counts as no answer."""

import asyncio
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from airflow_fargate_batch._airflow import compat
from airflow_fargate_batch._airflow.compat import task_state
from airflow_fargate_batch.core.termination import DELETED, OUTSIDE_AIRFLOW, TaskNow
from tests.operating import FakeTaskInstance

IS_2 = version("apache-airflow").startswith("2.")
ON_3 = pytest.mark.skipif(IS_2, reason="asks the supervisor")
OWN_ID = UUID("11111111-2222-3333-4444-555555555555")
ALONE = TaskNow(state=OUTSIDE_AIRFLOW, is_own_try=True)


def test_outside_airflow_no_other_try_can_exist() -> None:
    assert task_state.task_now(FakeTaskInstance()) == ALONE
    assert asyncio.run(task_state.deferred_task_now(None, None)) == ALONE


def test_a_question_that_fails_is_no_answer() -> None:
    """An object that is no task instance, asked about where Airflow runs."""
    assert asyncio.run(task_state.deferred_task_now(object(), 1)) is None
    assert task_state.task_now(SimpleNamespace(trigger_id=1)) is None


def test_a_timeout_is_known_in_its_handler_only() -> None:

    def fail(error: BaseException) -> None:
        raise error

    try:
        fail(compat.AirflowTaskTimeout())
    except compat.AirflowTaskTimeout:
        assert task_state.execution_timeout_expired()
    try:
        fail(ValueError())
    except ValueError:
        assert not task_state.execution_timeout_expired()
    assert not task_state.execution_timeout_expired()


# ── 2.11 ─────────────────────────────────────────────────────────────────────────────────────


def row(state: str | None, *, try_number: int = 1, trigger_id: int | None = 7) -> SimpleNamespace:
    return SimpleNamespace(state=state, try_number=try_number, trigger_id=trigger_id)


@pytest.mark.parametrize(
    ("found", "now"),
    [
        (row("running"), TaskNow(state="running", is_own_try=True)),
        (row("scheduled"), TaskNow(state="scheduled", is_own_try=True)),
        (row("running", try_number=2), TaskNow(state="running", is_own_try=False)),
        (row("up_for_retry"), TaskNow(state="up_for_retry", is_own_try=False)),
        (row(None), TaskNow(state=None, is_own_try=False)),
        (row("failed"), TaskNow(state="failed", is_own_try=False)),
        (None, TaskNow(state=DELETED, is_own_try=False)),
    ],
    ids=[
        "its own try",
        "as in dags test",
        "the next try",
        "waits for the next try",
        "cleared, or its scheduler was restarted",
        "marked failed",
        "a run that was deleted",
    ],
)
def test_a_worker_reads_its_try_in_the_database(
    found: object, now: TaskNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_state, "_row_of", lambda _: found)
    ours = SimpleNamespace(trigger_id=None, try_number=1)  # only 2.11 has the first
    assert task_state.task_now(ours) == now


@pytest.mark.parametrize(
    ("found", "now"),
    [
        (row("deferred"), TaskNow(state="deferred", is_own_try=True)),
        (row("deferred", trigger_id=8), TaskNow(state="deferred", is_own_try=False)),
        (row("queued", trigger_id=None), TaskNow(state="queued", is_own_try=False)),
        (None, TaskNow(state=DELETED, is_own_try=False)),
    ],
    ids=["waits for it", "waits for another", "woken", "a run that was deleted"],
)
def test_a_trigger_reads_in_the_database_whether_its_task_waits_for_it(
    found: object, now: TaskNow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_state, "_row_of", lambda _: found)
    ours = SimpleNamespace(trigger_id=7)
    assert asyncio.run(task_state.deferred_task_now(ours, 7)) == now


# ── 3.x ──────────────────────────────────────────────────────────────────────────────────────


class Supervisor:
    """Answers as the real one does.

    Attributes:
        state: The task's state; ``None`` is one, too.
        is_deleted: Whether the DAG run is gone.
        current_id: The id of the current try.
        code: What the API server answers instead, if anything.
        late: Answered to every question, as where an earlier one was interrupted.
    """

    def __init__(self, state: str | None, **how: Any) -> None:
        self.state = state
        self.is_deleted: bool = how.get("is_deleted", False)
        self.current_id: UUID = how.get("current_id", OWN_ID)
        self.code: int | None = how.get("code")
        self.late: object = how.get("late")
        self.asked: list[Any] = []
        self.while_sending: Any = None

    def send(self, msg: Any) -> Any:
        from airflow.sdk.execution_time.comms import InactiveAssetsResult, TaskStatesResult

        self.asked.append(msg)
        if self.while_sending is not None:
            act, self.while_sending = self.while_sending, None
            return act()
        if self.code is not None:
            raise refusal(self.code)
        if self.late is not None:
            return self.late
        if type(msg).__name__ == "GetTaskStates":
            of_run = {} if self.is_deleted else {msg.task_ids[0]: self.state}
            return TaskStatesResult(task_states={msg.run_ids[0]: of_run} if of_run else {})
        if msg.ti_id != self.current_id:
            raise refusal(404)
        return InactiveAssetsResult(inactive_assets=[])


def refusal(code: int) -> Exception:
    from airflow.sdk.exceptions import AirflowRuntimeError, ErrorType
    from airflow.sdk.execution_time.comms import ErrorResponse

    detail = {"status_code": code, "message": "as the API server says"}
    return AirflowRuntimeError(ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail=detail))


def supervised(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> FakeTaskInstance:
    from airflow.sdk.execution_time import task_runner

    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    ours = FakeTaskInstance()
    vars(ours)["id"] = OWN_ID
    return ours


ANOTHER = UUID(int=1)


@ON_3
@pytest.mark.parametrize(
    ("supervisor", "now"),
    [
        (Supervisor("running"), TaskNow(state="running", is_own_try=True)),
        (
            Supervisor("running", current_id=ANOTHER),
            TaskNow(state="running", is_own_try=False),
        ),
        (Supervisor("up_for_retry"), TaskNow(state="up_for_retry", is_own_try=False)),
        (Supervisor(None), TaskNow(state=None, is_own_try=False)),
        (Supervisor("failed"), TaskNow(state="failed", is_own_try=False)),
        (Supervisor(None, is_deleted=True), TaskNow(state=DELETED, is_own_try=False)),
        (Supervisor("running", code=503), None),
        (Supervisor("running", late=object()), None),
    ],
    ids=[
        "its own try",
        "the next try",
        "waits for the next try",
        "cleared, or its scheduler was restarted",
        "marked failed",
        "a run that was deleted",
        "the API server is down",
        "the answer to another question",
    ],
)
def test_a_worker_asks_its_supervisor(
    supervisor: Supervisor, now: TaskNow | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert task_state.task_now(supervised(supervisor, monkeypatch)) == now


@ON_3
def test_a_late_answer_about_states_does_not_count_for_the_id(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.sdk.execution_time.comms import TaskStatesResult

    late = TaskStatesResult(task_states={"run": {"submit": "running"}})
    assert task_state.task_now(supervised(Supervisor(None, late=late), monkeypatch)) is None


@ON_3
@pytest.mark.parametrize("code", [404, 410])
def test_an_id_that_airflow_no_longer_uses_is_another_trys(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Supervisor("running")
    ours = supervised(supervisor, monkeypatch)
    send = Supervisor.send

    def send_once(self: Supervisor, msg: Any) -> Any:
        answer = send(self, msg)
        self.code = code
        return answer

    monkeypatch.setattr(Supervisor, "send", send_once)
    assert task_state.task_now(ours) == TaskNow(state="running", is_own_try=False)


@ON_3
def test_nothing_is_asked_while_an_answer_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 3.3 it would wait for ever, on 3.0 take the wrong answer."""
    supervisor = Supervisor("failed")
    ours = supervised(supervisor, monkeypatch)
    supervisor.while_sending = lambda: task_state.task_now(ours)
    assert supervisor.send("anything") is None
    assert supervisor.asked == ["anything"]
    assert task_state.task_now(ours) == TaskNow(state="failed", is_own_try=False)


@ON_3
@pytest.mark.parametrize(
    ("supervisor", "now"),
    [
        (Supervisor("deferred"), TaskNow(state="deferred", is_own_try=True)),
        (Supervisor("running"), TaskNow(state="running", is_own_try=False)),
        (Supervisor("failed"), TaskNow(state="failed", is_own_try=False)),
        (Supervisor(None, is_deleted=True), TaskNow(state=DELETED, is_own_try=False)),
        (Supervisor("deferred", code=500), None),
    ],
    ids=["waits", "woken", "marked failed", "a run that was deleted", "no answer"],
)
def test_a_trigger_asks_its_supervisor(
    supervisor: Supervisor, now: TaskNow | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = supervised(supervisor, monkeypatch)
    assert asyncio.run(task_state.deferred_task_now(ours, 7)) == now


@ON_3
@pytest.mark.parametrize(("map_index", "asked"), [(-1, None), (3, 3)])
def test_a_mapped_task_is_asked_about_by_its_index(
    map_index: int, asked: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Supervisor("failed")
    ours = supervised(supervisor, monkeypatch)
    ours.map_index = map_index
    task_state.task_now(ours)
    assert supervisor.asked[0].map_index == asked
