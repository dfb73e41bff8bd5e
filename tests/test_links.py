"""The links of a task: pushed once, at the submit, and found again by each of them."""

from typing import Any

import pytest

from airflow_fargate_batch.links import (
    LINKS,
    XCOM_KEY,
    BatchJobDefinitionLink,
    BatchJobLink,
    BatchJobQueueLink,
    XCom,
)
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import JOB_ID, REGION, FakeTaskInstance, operator, submitted


def pushed(**arguments: Any) -> list[tuple[str, Any]]:
    ti = FakeTaskInstance()
    submitted(operator(**arguments), ti)
    return ti.pushed


def test_all_addresses_are_pushed_once_under_one_key() -> None:
    [(key, addresses)] = pushed()
    assert key == XCOM_KEY
    assert JOB_ID in addresses["job"]
    assert "queue" in addresses["job_queue"]
    assert "definition" in addresses["job_definition"]
    assert all(f"region={REGION}" in address for address in addresses.values())


def test_nothing_is_pushed_where_nothing_may_be() -> None:
    assert pushed(do_xcom_push=False) == []


@pytest.mark.parametrize(
    ("link", "key"),
    [
        (BatchJobLink(), "job"),
        (BatchJobDefinitionLink(), "job_definition"),
        (BatchJobQueueLink(), "job_queue"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_each_link_finds_its_own_address(
    link: Any, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def get_value(**question: Any) -> Any:
        asked.append(question)
        return {
            "job": "job page",
            "job_definition": "job_definition page",
            "job_queue": "job_queue page",
        }

    monkeypatch.setattr(XCom, "get_value", get_value)
    assert link.get_link(operator(), ti_key="key of a task") == f"{key} page"
    assert asked == [{"key": XCOM_KEY, "ti_key": "key of a task"}]


@pytest.mark.parametrize("pushed", [None, {}], ids=["nothing", "something else"])
@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.name)
def test_before_the_submit_a_link_is_empty(
    link: Any, pushed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(XCom, "get_value", lambda **_: pushed)
    assert link.get_link(operator(), ti_key="key of a task") == ""


def test_the_operator_has_all_links_and_no_two_are_alike() -> None:
    assert FargateBatchSubmitOperator.operator_extra_links == LINKS
    assert len({link.name for link in LINKS}) == len(LINKS)
    assert len({link.key for link in LINKS}) == len(LINKS)
