"""The links of a task: pushed as soon as they are known, and found again by each of them."""

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_fargate_batch._airflow.compat import XCom
from airflow_fargate_batch._airflow.xcom import CONSOLE_LINKS, CONSOLE_LOG
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.links import (
    LINKS,
    BatchJobDefinitionLink,
    BatchJobLink,
    BatchJobLogLink,
    BatchJobQueueLink,
    addresses,
    pages_of,
    push_pages,
)
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import (
    ACCOUNT,
    JOB_ID,
    REGION,
    FakeTaskInstance,
    operator,
    rendered,
    submitted,
)

ARN = f"{ACCOUNT}:job/{JOB_ID}"
STREAM = {"logStreamName": "definition/default/2"}


def pushed(**arguments: Any) -> list[tuple[str, Any]]:
    ti = FakeTaskInstance()
    submitted(operator(**arguments), ti)
    return ti.pushed


OWN_KEYS = {
    own_key: link
    for link in LINKS
    if (own_key := getattr(link, "xcom_key", None))  # not on 2.11
}
"""Where Airflow 3 looks for the links of a task that runs."""
TI_KEY: Any = "key of a task"
HOME = f"https://console.aws.amazon.com/batch/home?region={REGION}"


def test_all_addresses_are_pushed_at_the_submit_where_each_airflow_reads_them() -> None:
    entries = dict(pushed())
    pages = entries.pop(CONSOLE_LINKS)
    assert pages["job"] == f"{HOME}#jobs/detail/{JOB_ID}"
    assert entries == {
        key: pages[link.key] for key, link in OWN_KEYS.items() if link.pushed_as == CONSOLE_LINKS
    }


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("d", "job-definition"),
        ("d:7", f"job-definition/detail/{ACCOUNT}:job-definition/d:7"),
        (f"{ACCOUNT}:job-definition/d:7", f"job-definition/detail/{ACCOUNT}:job-definition/d:7"),
    ],
    ids=["a name alone: the list", "a revision", "an ARN"],
)
def test_the_definition_is_linked_as_far_as_the_submit_tells_which_it_is(
    name: str, page: str
) -> None:
    assert dict(pushed(job_definition=name))[CONSOLE_LINKS]["job_definition"] == f"{HOME}#{page}"


@pytest.mark.parametrize("queue", ["q", f"{ACCOUNT}:job-queue/q"], ids=["name", "ARN"])
def test_the_queue_is_linked_by_its_arn(queue: str) -> None:
    assert dict(pushed(job_queue=queue))[CONSOLE_LINKS]["job_queue"] == (
        f"{HOME}#queues/detail/{ACCOUNT}:job-queue/q"
    )


def test_pages_without_a_known_account_are_lists() -> None:
    pages = addresses(job_id=JOB_ID, job_definition="d:7", job_queue="q", region=REGION)
    assert (pages["job_definition"], pages["job_queue"]) == (
        f"{HOME}#job-definition",
        f"{HOME}#queues",
    )


def described(**members: Any) -> Job:
    where = {
        "jobArn": ARN,
        "jobQueue": f"{ACCOUNT}:job-queue/queue",
        "jobDefinition": f"{ACCOUNT}:job-definition/definition:7",
    }
    return Job.from_api({"jobId": JOB_ID, **where, **members})


def test_only_what_is_new_is_pushed_again() -> None:
    entries: list[tuple[str, Any]] = []
    task = operator()

    def push(key: str, value: Any) -> None:
        entries.append((key, value))

    push_pages(task, pages_of(described()), push)
    assert len(entries) == 1 + (3 if OWN_KEYS else 0)
    entries.clear()
    push_pages(task, pages_of(described()), push)
    assert entries == []
    push_pages(task, pages_of(described(container=STREAM)), push)
    assert [key for key, _ in entries][:1] == [CONSOLE_LOG]
    assert len(entries) == 1 + (1 if OWN_KEYS else 0)


def test_nothing_is_pushed_where_nothing_may_be() -> None:
    assert pushed(do_xcom_push=False) == []


def test_a_dry_run_has_no_links() -> None:
    ti = FakeTaskInstance()
    task = operator(dry_run=True)
    task.execute(rendered(task, ti))
    assert [key for key, _ in ti.pushed] == ["request"]


@pytest.mark.parametrize(
    ("link", "key", "pushed_as"),
    [
        (BatchJobLink(), "job", CONSOLE_LINKS),
        (BatchJobDefinitionLink(), "job_definition", CONSOLE_LINKS),
        (BatchJobQueueLink(), "job_queue", CONSOLE_LINKS),
        (BatchJobLogLink(), "job_log", CONSOLE_LOG),
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
    task.console_pages = {"job_log": "known"}
    assert link.get_link(task, ti_key=TI_KEY) == f"{key} page"
    assert asked == [{"key": pushed_as, "ti_key": "key of a task"}]


@pytest.mark.parametrize("pushed", [None, {}], ids=["nothing", "something else"])
@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.name)
def test_a_link_that_is_not_known_is_empty(
    link: Any, pushed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(XCom, "get_value", lambda **_: pushed)
    assert link.get_link(operator(), ti_key=TI_KEY) == ""


def test_the_operator_has_all_links_and_no_two_are_alike() -> None:
    assert FargateBatchSubmitOperator.operator_extra_links == LINKS
    assert len({link.name for link in LINKS}) == len(LINKS)
    assert len({link.key for link in LINKS}) == len(LINKS)


def test_the_log_is_that_of_the_last_attempt() -> None:
    attempts = [{"container": {"logStreamName": "definition/default/1"}}, {"container": STREAM}]
    job = {"jobId": JOB_ID, "jobArn": ARN, "container": STREAM, "attempts": attempts}
    assert pages_of(Job.from_api(job)) == {
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
    assert pages_of(Job.from_api({"jobId": JOB_ID, **members})) == {}


def test_a_task_that_has_not_submitted_asks_for_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "airflow_fargate_batch.links.XCom.get_value", lambda **_: pytest.fail("asked")
    )
    task = operator()
    task.has_submitted = False
    assert [link.get_link(task, ti_key=TI_KEY) for link in LINKS] == [""] * 4


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
    assert BatchJobLogLink().get_link(task, ti_key=TI_KEY) == ""
    assert len(asked) == asks
