"""An array of some children only: AWS counts them from 0, so they read their index elsewhere."""

import pytest

from airflow_fargate_batch.core.naming import INDEXES_VARIABLE
from airflow_fargate_batch.exceptions import InvalidRequest
from tests.core.making import make


def test_the_children_read_their_indexes_from_a_variable() -> None:
    some = make(array_size=9, environment={"STAGE": "dev"}).only([2, 5])
    assert some.array_size == 2
    assert some.environment == {"STAGE": "dev", INDEXES_VARIABLE: "2,5"}


def test_a_single_index_is_a_plain_job() -> None:
    assert "arrayProperties" not in make(array_size=9).only([2]).to_submit_job()


def test_what_waited_index_by_index_waits_as_a_whole() -> None:
    waiting = make(array_size=9, depends_on=[{"jobId": "a", "type": "N_TO_N"}, "b"])
    assert waiting.only([2, 5]).to_submit_job()["dependsOn"] == [{"jobId": "a"}, {"jobId": "b"}]


def test_one_after_another_stays_so_unless_one_is_left() -> None:
    sequential = make(array_size=9, depends_on={"type": "SEQUENTIAL"})
    assert sequential.only([2, 5]).to_submit_job()["dependsOn"] == [{"type": "SEQUENTIAL"}]
    assert "dependsOn" not in sequential.only([2]).to_submit_job()


def test_more_indexes_than_a_variable_holds_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        make(array_size=10_000).only(range(5000))
