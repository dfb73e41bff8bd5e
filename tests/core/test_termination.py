"""Which jobs a process terminates, by what Airflow says of its task, and the reason AWS gets."""

import pytest

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.termination import (
    DELETED,
    ENDED,
    LAST_TRY,
    OTHER_TRY,
    OUTSIDE_AIRFLOW,
    SHUT_DOWN,
    STILL_DEFERRED,
    TAKEN_OVER,
    TIMED_OUT,
    UNKNOWN,
    TaskNow,
    Terminator,
    Verdict,
    legal_reason,
    when_cancelled,
    when_giving_up,
    when_killed,
)

LIVE = ["running", "queued", "scheduled", "up_for_retry", "up_for_reschedule", "deferred", None]


def now(state: str | None, *, own: bool) -> TaskNow:
    return TaskNow(state=state, is_own_try=own)


def test_every_state_of_airflow_counts_as_ended_or_as_live() -> None:
    state = pytest.importorskip("airflow.utils.state")
    known = {member.value for member in state.TaskInstanceState} - {"shutdown", "awaiting_input"}
    assert known == (set(ENDED) | set(LIVE)) - {DELETED, OUTSIDE_AIRFLOW, None}


@pytest.mark.parametrize("state", ENDED)
@pytest.mark.parametrize("own", [True, False])
def test_a_task_that_has_ended_takes_its_job_along(state: str, own: bool) -> None:
    task = now(state, own=own)
    expected = Verdict(True, ENDED[state])
    assert when_killed(task, is_last_try=False) == expected
    assert when_killed(task, timed_out=True, is_last_try=False) == expected
    assert when_cancelled(task) == expected
    assert when_giving_up(task, "late") == Verdict(True, "late")


@pytest.mark.parametrize("state", LIVE)
@pytest.mark.parametrize("timed_out", [True, False])
def test_a_job_that_another_try_may_own_is_left_running(state: str, timed_out: bool) -> None:
    task = now(state, own=False)
    killed = when_killed(task, timed_out=timed_out, is_last_try=True)
    assert killed == Verdict(False, OTHER_TRY)
    assert when_giving_up(task, "late") == Verdict(False, OTHER_TRY)
    assert when_cancelled(task) == Verdict(False, TAKEN_OVER)


def test_without_an_answer_a_job_is_left_running() -> None:
    left = Verdict(False, UNKNOWN)
    assert when_killed(None, timed_out=True, is_last_try=True) == left
    assert when_cancelled(None) == left
    assert when_giving_up(None, "late") == left


@pytest.mark.parametrize(
    ("timed_out", "is_last_try", "verdict"),
    [
        (True, False, Verdict(True, TIMED_OUT)),
        (True, True, Verdict(True, TIMED_OUT)),
        (False, False, Verdict(False, SHUT_DOWN)),
        (False, True, Verdict(False, LAST_TRY)),
    ],
)
def test_a_process_of_the_current_try_terminates_its_job_at_a_timeout_only(
    timed_out: bool, is_last_try: bool, verdict: Verdict
) -> None:
    task = now("running", own=True)
    assert when_killed(task, timed_out=timed_out, is_last_try=is_last_try) == verdict


def test_a_trigger_of_a_task_that_still_waits_gives_up_but_is_not_killed() -> None:
    task = now("deferred", own=True)
    assert when_giving_up(task, "late") == Verdict(True, "late")
    assert when_cancelled(task) == Verdict(False, STILL_DEFERRED)


WHO = Terminator(
    dag_id="nightly", task_id="load", run_id="manual__1", map_index=3, try_number=2, host="w7"
)


def test_a_reason_names_who_and_why() -> None:
    said = WHO.reason("The task was set to failed.\nmore")
    assert said == (
        "The task was set to failed "
        "(DAG nightly, task load, run manual__1, map index 3, try 2, host w7)"
    )
    assert Terminator(dag_id="d", map_index=-1).reason("Late") == "Late (DAG d)"
    assert Terminator().reason("Late") == "Late"


def test_a_reason_fits_whatever_the_names_are() -> None:
    long = Terminator(
        dag_id="d" * 250,
        task_id="t" * 250,
        run_id="r" * 250,
        map_index=10_000,
        try_number=1_000,
        host="h" * 255,
    )
    said = long.reason("why " * 500)
    assert len(said) <= limits.REASON_LENGTH
    assert said.startswith("why why")
    assert "try 1000" in said
    assert said.endswith("...)")


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("a\nb\t\x00c\x1b[31m", "a b c [31m"),
        ("日本\ud800", "日本"),
        ("", "Terminated"),
        ("\n", "Terminated"),
        ("x" * 1024, "x" * 1024),
        ("x" * 1025, "x" * 1021 + "..."),
    ],
)
def test_a_reason_is_one_line_that_aws_takes(text: str, legal: str) -> None:
    assert legal_reason(text) == legal
    legal_reason(text).encode()


def test_the_limit_is_the_one_that_botocore_documents() -> None:
    session = pytest.importorskip("botocore.session")
    operation = session.get_session().get_service_model("batch").operation_model("TerminateJob")
    documented = operation.input_shape.members["reason"].documentation
    assert f"limit of {limits.REASON_LENGTH} characters" in documented
