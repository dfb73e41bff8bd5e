"""Assets of a task that only submits: a warning at import, with the remedy."""

import linecache
import warnings
from typing import Any

import pytest

from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import WHERE, dag

try:
    from airflow.sdk import Asset
except ImportError:  # 2.11
    from airflow.datasets import Dataset as Asset  # type: ignore[no-redef,import-not-found]

OUTLETS = [Asset("s3://bucket/day")]


def warned(make: Any) -> list[warnings.WarningMessage]:
    with dag(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make()
    return [each for each in caught if str(each.message).startswith("outlets:")]


def make(**arguments: Any) -> None:
    FargateBatchSubmitOperator(task_id="load", **(WHERE | arguments))


def make_mapped(**arguments: Any) -> None:
    FargateBatchSubmitOperator.partial(task_id="load", **(WHERE | arguments)).expand(
        command=[["a"], ["b"]]
    )


@pytest.mark.parametrize("how", [make, make_mapped], ids=["plain", "mapped"])
def test_outlets_of_a_task_that_only_submits_are_warned_of(how: Any) -> None:
    [warning] = warned(lambda: how(outlets=OUTLETS))
    assert "task load does not wait for its job" in str(warning.message)
    assert "deferrable=True or wait_for_completion=True" in str(warning.message)
    assert warning.filename == __file__
    line = linecache.getline(warning.filename, warning.lineno)
    assert "FargateBatchSubmitOperator" in line


@pytest.mark.parametrize("how", [make, make_mapped], ids=["plain", "mapped"])
@pytest.mark.parametrize(
    "arguments",
    [
        {"outlets": OUTLETS, "deferrable": True},
        {"outlets": OUTLETS, "wait_for_completion": True},
        {"outlets": OUTLETS, "wait_for_completion": True, "deferrable": False},
        {},
        {"outlets": []},
    ],
)
def test_others_are_not(how: Any, arguments: dict[str, Any]) -> None:
    assert warned(lambda: how(**arguments)) == []


def test_waiting_by_default_args_counts() -> None:
    def make_all() -> None:
        for how in (make, make_mapped):
            with dag(default_args={"deferrable": True}):
                how(outlets=OUTLETS)

    assert warned(make_all) == []
