"""Arguments of a remote function travel as JSON, or are refused with their place and a remedy."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_fargate_batch.core.json_arguments import DEEPEST, json_value
from airflow_fargate_batch.exceptions import InvalidRequest

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_json_stays_as_it_is(value: Any) -> None:
    assert json_value(value, "x") == value


class Lazy:
    """Iterable, and neither a list nor a sequence: a mapped task's XComs."""

    def __iter__(self) -> Iterator[int]:
        yield from (1, 2)


@pytest.mark.parametrize("value", [Lazy(), (1, 2), range(1, 3)], ids=["lazy", "tuple", "range"])
def test_sequences_become_lists(value: object) -> None:
    assert json_value({"a": value}, "x") == {"a": [1, 2]}


def test_numbers_stay_numbers() -> None:
    assert json_value([1, 2.5, True, None], "x") == [1, 2.5, True, None]


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (date(2026, 1, 1), r"day: a date is not JSON: pass \.isoformat\(\)"),
        ({1, 2}, "day: a set is not JSON: pass a sorted list"),
        (b"x", "day: a bytes is not JSON: pass texts"),
        (object(), "day: a object is not JSON"),
        (float("nan"), "day: nan is not JSON: pass None"),
        ({"a": [0, {1: 2}]}, r"day\['a'\]\[1\]: the key 1 is not a text"),
        (_nested(DEEPEST + 1), "more than 100 levels"),
    ],
    ids=["date", "set", "bytes", "object", "nan", "key", "depth"],
)
def test_what_json_cannot_carry_is_refused_with_its_place(value: object, message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        json_value(value, "day")


def test_a_list_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InvalidRequest, match="levels"):
        json_value(loop, "day")
