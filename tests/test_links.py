"""The links of a task: pushed once, at the submit, and found again by each of them."""

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.links import (
    LINKS,
    LOG_XCOM_KEY,
    XCOM_KEY,
    BatchJobDefinitionLink,
    BatchJobLink,
    BatchJobLogLink,
    BatchJobQueueLink,
    XCom,
    log_address,
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
    ("link", "key", "pushed_as"),
    [
        (BatchJobLink(), "job", XCOM_KEY),
        (BatchJobDefinitionLink(), "job_definition", XCOM_KEY),
        (BatchJobQueueLink(), "job_queue", XCOM_KEY),
        (BatchJobLogLink(), "job_log", LOG_XCOM_KEY),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_each_link_finds_its_own_address(
    link: Any, key: str, pushed_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []

    def get_value(**question: Any) -> Any:
        asked.append(question)
        return {
            "job": "job page",
            "job_definition": "job_definition page",
            "job_queue": "job_queue page",
            "job_log": "job_log page",
        }

    monkeypatch.setattr(XCom, "get_value", get_value)
    task = operator()
    task.has_pushed_log_page = True
    assert link.get_link(task, ti_key="key of a task") == f"{key} page"
    assert asked == [{"key": pushed_as, "ti_key": "key of a task"}]


@pytest.mark.parametrize("pushed", [None, {}], ids=["nothing", "something else"])
@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.name)
def test_a_link_that_is_not_known_is_empty(
    link: Any, pushed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(XCom, "get_value", lambda **_: pushed)
    assert link.get_link(operator(), ti_key="key of a task") == ""


def test_the_operator_has_all_links_and_no_two_are_alike() -> None:
    assert FargateBatchSubmitOperator.operator_extra_links == LINKS
    assert len({link.name for link in LINKS}) == len(LINKS)
    assert len({link.key for link in LINKS}) == len(LINKS)


ARN = f"arn:aws:batch:{REGION}:123456789012:job/{JOB_ID}"
STREAM = {"logStreamName": "definition/default/2"}


def test_the_log_is_that_of_the_last_attempt() -> None:
    attempts = [{"container": {"logStreamName": "definition/default/1"}}, {"container": STREAM}]
    job = {"jobId": JOB_ID, "jobArn": ARN, "container": STREAM, "attempts": attempts}
    assert log_address(Job.from_api(job)) == {
        "job_log": f"https://console.aws.amazon.com/cloudwatch/home?region={REGION}"
        "#logsV2:log-groups/log-group/$252Faws$252Fbatch$252Fjob"
        "/log-events/definition$252Fdefault$252F2"
    }


@pytest.mark.parametrize(
    "members",
    [
        {"jobArn": ARN},
        {"container": STREAM},
        {
            "jobArn": ARN,
            "container": {**STREAM, "logConfiguration": {"logDriver": "splunk"}},
        },
    ],
    ids=["no stream yet", "no region", "not in CloudWatch"],
)
def test_a_log_that_is_not_known_has_no_address(members: dict[str, Any]) -> None:
    assert log_address(Job.from_api({"jobId": JOB_ID, **members})) == {}


@pytest.mark.parametrize(
    ("task", "asks"),
    [(operator(), 0), (SimpleNamespace(), 1)],
    ids=["a task that has pushed none", "a copy that cannot know"],
)
def test_the_log_is_not_asked_for_where_it_is_known_to_be_missing(
    task: Any, asks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(XCom, "get_value", lambda **question: asked.append(question))
    assert BatchJobLogLink().get_link(task, ti_key="key of a task") == ""
    assert len(asked) == asks
