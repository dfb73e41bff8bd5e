"""Settings of a wait: read once, every mistake at once, and the earliest limit wins."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from airflow_fargate_batch.core import wait_settings
from airflow_fargate_batch.core.wait_settings import Deadline, WaitArguments, WaitSettings
from airflow_fargate_batch.exceptions import InvalidRequest

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DEFAULTS: dict[str, Any] = {**wait_settings.DEFAULTS, "wait_for_completion": True}


def settings(**arguments: object) -> WaitSettings:
    return WaitSettings.read(cast("WaitArguments", SimpleNamespace(**(DEFAULTS | arguments))))


def test_each_argument_has_a_default_so_that_none_is_passed_over_when_given() -> None:
    assert wait_settings.DEFAULTS.keys() == WaitArguments.__annotations__.keys()


def test_the_operators_defaults_are_the_defaults() -> None:
    assert settings() == WaitSettings()


def test_seconds_and_timedeltas_are_equal_and_a_single_exit_code_is_a_set() -> None:
    read = settings(
        poll_interval=timedelta(minutes=1),
        runnable_timeout=90,
        starting_timeout=timedelta(seconds=45),
        awslogs_enabled=True,
        awslogs_fetch_interval=timedelta(seconds=5),
        skip_on_exit_code=99,
        fail_on_exit_code=[1, 2],
    )
    assert read == WaitSettings(
        poll_interval=60.0,
        runnable_timeout=timedelta(seconds=90),
        starting_timeout=timedelta(seconds=45),
        log_interval=5.0,
        skip_on_exit_code=frozenset({99}),
        fail_on_exit_code=frozenset({1, 2}),
    )


def test_all_mistakes_are_reported_at_once_also_of_a_log_that_is_not_read() -> None:
    wrong = {
        name: "soon"
        for name in DEFAULTS
        if not isinstance(DEFAULTS[name], bool) and name != "deferrable"
    }
    with pytest.raises(InvalidRequest) as caught:
        settings(**wrong)
    assert {problem.field for problem in caught.value.problems} == set(wrong)


@pytest.mark.parametrize(
    ("wait_timeout", "execution_timeout", "deadline"),
    [
        (None, None, Deadline()),
        (60, None, Deadline(NOW + timedelta(seconds=60), "`wait_timeout` is 1 min 0 s")),
        (
            7200,
            timedelta(hours=1),
            Deadline(
                NOW + timedelta(minutes=49, seconds=30),
                "execution_timeout is 1 h 0 min, less 30 s to clean up",
            ),
        ),
        (
            None,
            timedelta(minutes=20, seconds=20),
            Deadline(
                NOW + timedelta(minutes=9, seconds=50),
                "execution_timeout is 20 min 20 s, less 30 s to clean up",
            ),
        ),
    ],
    ids=["no limit", "of the wait", "Airflow's is earlier", "Airflow's only"],
)
def test_the_earliest_limit_decides_and_leaves_time_before_airflows(
    wait_timeout: int | None, execution_timeout: timedelta | None, deadline: Deadline
) -> None:
    began = NOW - timedelta(minutes=10)
    found = settings(wait_timeout=wait_timeout).deadline(
        NOW, execution_timeout=execution_timeout, started_at=began
    )
    assert found == deadline


def test_a_short_execution_timeout_keeps_a_tenth_to_clean_up() -> None:
    found = settings().deadline(NOW, execution_timeout=timedelta(seconds=50), started_at=NOW)
    assert found.until == NOW + timedelta(seconds=45)


def test_a_deferred_task_may_end_in_the_triggerer() -> None:
    assert settings(finish_in_triggerer=True).finish_in_triggerer
    assert settings(finish_in_triggerer=True, deferrable=True).finish_in_triggerer


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"wait_for_completion": None}, "set deferrable=True, or remove finish_in_triggerer"),
        ({"deferrable": False}, "set deferrable=True, or remove finish_in_triggerer"),
        ({"result_from_log": True}, "remove one of them"),
    ],
    ids=["only submits", "waits in the worker", "has a result"],
)
def test_a_task_that_needs_its_worker_does_not_end_in_the_triggerer(
    arguments: dict[str, Any], advice: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        settings(finish_in_triggerer=True, **arguments)
    [problem] = caught.value.problems
    assert (problem.field, problem.suggestion) == ("finish_in_triggerer", advice)
