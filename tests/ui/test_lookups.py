"""Answers around a job: AWS is asked once, however many pages are open."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from airflow_fargate_batch.ui.lookups import KEEP, KEPT, Lookups


def test_an_answer_is_kept_for_half_a_minute() -> None:
    now, asked = [0.0], count()
    lookups = Lookups(lambda: now[0])
    answers = []
    for now[0] in (0.0, KEEP - 1, KEEP + 1):
        answers.append(lookups.get("children", lambda: next(asked)))
    assert answers == [0, 0, 1]


def test_many_pages_at_once_ask_once() -> None:
    lookups, asked = Lookups(), count()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: lookups.get("tries", lambda: next(asked)), range(50)))
    assert set(answers) == {0}


def test_an_error_is_not_kept() -> None:
    lookups = Lookups()
    with pytest.raises(ZeroDivisionError):
        lookups.get("evidence", lambda: 1 // 0)
    assert lookups.get("evidence", lambda: 5) == 5


def test_the_oldest_answers_are_forgotten() -> None:
    lookups = Lookups()
    for number in range(KEPT + 1):
        lookups.get(number, lambda: "first")
    assert lookups.get(0, lambda: "second") == "second"
    assert lookups.get(KEPT, lambda: "second") == "first"
