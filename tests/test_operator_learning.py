"""The operator's arguments about retries that learn, when a DAG is imported."""

import warnings
from typing import Any

import pytest

from airflow_fargate_batch.exceptions import InvalidRequest
from tests.operating import operator

LEARNS: dict[str, Any] = {"out_of_memory": "grow", "fallback_job_queue": "on-demand"}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (LEARNS, "out_of_memory and fallback_job_queue: a task that does not wait has no failed"),
        ({"out_of_memory": "grow", "wait_for_completion": False}, "out_of_memory: a task that"),
    ],
    ids=["both", "one"],
)
def test_a_task_that_does_not_wait_is_warned_of_learning_nothing(
    arguments: dict[str, Any], named: str
) -> None:
    with pytest.warns(UserWarning, match=named) as caught:
        operator(**arguments)
    assert caught[0].filename.endswith("operating.py")  # the line that makes the task


@pytest.mark.parametrize(
    "waiting",
    [{"deferrable": True}, {"wait_for_completion": True}],
    ids=["deferred", "in the worker"],
)
def test_a_task_that_waits_is_not_warned(waiting: dict[str, Any]) -> None:
    with warnings.catch_warnings(action="error"):
        operator(**LEARNS, **waiting)


def test_arguments_that_make_no_sense_fail_the_import() -> None:
    with pytest.raises(InvalidRequest, match="out_of_memory: must be grow"):
        operator(out_of_memory="shrink", deferrable=True)
    with pytest.raises(InvalidRequest, match="1 vCPU with 4000 MiB is not a Fargate size"):
        operator(container="main", vcpu=1, memory=4000)
