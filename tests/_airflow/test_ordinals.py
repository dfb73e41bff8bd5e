"""Each submit of a try has a place of its own, and the next try finds the same places again."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from airflow_fargate_batch._airflow import ordinals as module
from airflow_fargate_batch._airflow.ordinals import place_of
from tests.fakes import FakeTime
from tests.operating import FakeTaskInstance
from tests.patience import PATIENCE


class Refused(Exception):
    pass


def ordinals(ti: Any, *operators: str) -> list[int]:
    taken = []
    for operator in operators:
        with place_of(ti, operator) as place:
            taken.append(place.ordinal)
    return taken


def test_each_operator_counts_its_own_submits() -> None:
    assert ordinals(FakeTaskInstance(), "a", "b", "a", "a", "b") == [0, 0, 1, 2, 1]


def test_the_next_try_begins_anew() -> None:
    assert ordinals(FakeTaskInstance(), "a", "a") == [0, 1]
    assert ordinals(FakeTaskInstance(try_number=2), "a", "a") == [0, 1]


def test_dag_test_runs_all_tries_in_one_process_with_one_task_instance() -> None:
    ti = FakeTaskInstance()
    assert ordinals(ti, "a", "a") == [0, 1]
    ti.try_number = 2
    assert ordinals(ti, "a", "a") == [0, 1]


def test_a_submit_that_failed_is_repeated_at_its_place() -> None:
    ti = FakeTaskInstance()
    with pytest.raises(Refused), place_of(ti, "a"):
        raise Refused
    with place_of(ti, "a") as place:
        assert (place.ordinal, place.was_tried) == (0, True)
    with place_of(ti, "a") as place:
        assert (place.ordinal, place.was_tried) == (1, False)


def test_a_place_knows_how_long_its_try_has_been_submitting() -> None:
    ti, time = FakeTaskInstance(), FakeTime()
    with place_of(ti, "a", now=time.now) as first:
        time.sleep(5)
    with place_of(ti, "b", now=time.now) as second:
        assert (first.seconds, second.seconds) == (0, 5)


def test_threads_take_different_places() -> None:
    ti, together = FakeTaskInstance(), Barrier(8, timeout=PATIENCE)

    def submit(_: int) -> int:
        with place_of(ti, "a") as place:
            together.wait()
            return place.ordinal

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(submit, range(8))) == list(range(8))


def test_nothing_is_kept_of_a_task_instance_that_is_gone() -> None:
    ti = FakeTaskInstance()
    ordinals(ti, "a")
    key = id(ti)
    assert key in module._tries
    del ti
    assert key not in module._tries
