"""Lists shared out over the children of an array: lines, slices, keys, and failed items."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_fargate_batch.core.items import (
    FAILED_ITEMS,
    FAILED_ITEMS_LENGTH,
    Address,
    Items,
    fewest_per_child,
    indexes_of_text,
    indexes_text,
    line_of,
    lines_of,
)

values = st.recursive(
    st.text(st.characters(codec="utf-8")) | st.integers(-(10**9), 10**9) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def items(count: int, **attributes: Any) -> Items:
    return Items(lines=tuple(line_of(f"item {n}") for n in range(count)), **attributes)


@given(values)
def test_an_item_is_one_line_for_every_reader_of_lines(value: Any) -> None:
    line = line_of(value)
    assert json.loads(line) == value
    assert len(line.splitlines()) == 1  # Python counts more characters as line ends than a shell


@given(st.lists(values, min_size=1, max_size=30), st.integers(1, 7))
def test_the_slices_of_the_children_are_the_list(listed: list[Any], per_child: int) -> None:
    shared = Items(lines=tuple(map(line_of, listed)), per_child=per_child)
    slices = [shared.of_child(index) for index in range(shared.children)]
    assert [json.loads(line) for each in slices for line in each] == listed
    assert all(len(each) == per_child for each in slices[:-1])
    assert slices[-1]


@given(st.integers(1, 40), st.integers(1, 5), st.data())
def test_a_rerun_gives_each_child_the_slice_that_it_had(
    count: int, per_child: int, data: st.DataObject
) -> None:
    whole = items(count, per_child=per_child)
    indexes = sorted(data.draw(st.sets(st.integers(0, whole.children - 1), min_size=1)))
    left = whole.only(indexes)
    assert left.children == len(indexes)
    for position, index in enumerate(indexes):
        assert left.of_child(position) == whole.of_child(index)


@pytest.mark.parametrize(
    ("count", "per_child"),
    [(1, 1), (9_999, 1), (10_000, 1), (10_001, 2), (40_000, 4), (40_001, 5), (1_000_000, 100)],
)
def test_one_array_holds_any_number_of_items(count: int, per_child: int) -> None:
    assert fewest_per_child(count) == per_child
    assert -(-count // per_child) <= 10_000


def test_a_mark_changes_with_the_list_and_with_its_slices_and_stays_in_a_rerun() -> None:
    whole = items(10, per_child=2)
    assert items(10, per_child=2).fingerprint == whole.fingerprint
    assert items(11, per_child=2).fingerprint != whole.fingerprint
    assert items(10, per_child=3).fingerprint != whole.fingerprint
    assert (
        whole.only([1, 2]).fingerprint
        == whole.only([1, 2]).only([0]).fingerprint
        == whole.fingerprint
    )


def test_a_retry_writes_the_same_object_and_another_list_another_object() -> None:
    bucket = Address("lists", "a/")
    key = items(3, location=bucket).object_address("token")
    assert key == items(3, location=bucket).object_address("token")
    assert str(key).startswith("s3://lists/a/token-")
    others = {
        items(4, location=bucket).object_address("token"),
        items(3, location=bucket).object_address("other"),
        items(3, location=bucket).only([1]).object_address("token"),
    }
    assert len(others) == 3
    assert key not in others


def test_a_list_that_lies_on_s3_is_used_as_it_is_unless_there_is_a_location() -> None:
    source = Address("bucket", "list.jsonl")
    assert items(3, source=source).object_address("token") == source
    assert items(3, source=source, location=Address("x-y")).object_address("token") != source
    assert items(3, source=source).only([1]).object_address("token") is None


@pytest.mark.parametrize("text", ["s3://", "s3://b/k", "http://bucket/key", "bucket/key", "s3:/bu"])
def test_no_address(text: str) -> None:
    assert Address.parse(text) is None


def test_failed_items_are_bounded_by_number_and_by_length() -> None:
    assert items(3, per_child=2).failed([0, 1]) == ["item 0", "item 1", "item 2"]
    assert len(items(2000).failed(range(2000))) == FAILED_ITEMS
    long = Items(lines=(line_of("x" * 40_000), line_of("y" * 40_000)))
    assert [len(item) for item in long.failed([0, 1])] == [40_000]
    assert FAILED_ITEMS_LENGTH < 80_000


def test_a_childs_items_are_named_by_the_first_and_shortened() -> None:
    assert items(3, per_child=2).named(0) == 'items "item 0" and 1 more'
    assert items(3, per_child=2).named(1) == 'item "item 2"'
    assert items(3).named(7) == ""
    assert len(Items(lines=(line_of("x" * 9999),)).named(0)) < 100
    assert items(3).named(0, hidden=lambda _: "***") == 'item "***"'


@given(st.sets(st.integers(0, 9_999), min_size=1))
def test_the_indexes_of_a_rerun_are_read_back(indexes: set[int]) -> None:
    assert indexes_of_text(indexes_text(sorted(indexes))) == tuple(sorted(indexes))


def test_the_indexes_of_any_rerun_fit_into_a_variable() -> None:
    for indexes in (range(10_000), range(0, 10_000, 2), range(9_000, 10_000)):
        text = indexes_text(indexes)
        assert len(text) <= 2502
        assert indexes_of_text(text) == tuple(indexes)


@pytest.mark.parametrize("text", ["", "0x", "0xg", "1,,2", "9" * 5000, "0x" + "f" * 2501, "-1"])
def test_other_texts_are_no_indexes(text: str) -> None:
    assert indexes_of_text(text) == ()


def test_blank_lines_are_no_items() -> None:
    assert list(lines_of('"a"\r\n\n \t\n"b"')) == [(1, '"a"'), (4, '"b"')]
