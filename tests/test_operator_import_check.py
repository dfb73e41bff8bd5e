"""Literal mistakes fail when the DAG is read, in the words of run time; templates wait."""

from datetime import timedelta
from typing import Any

import pytest

from airflow_fargate_batch._compat import AirflowFailException
from airflow_fargate_batch.exceptions import InvalidRequest
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.operating import WHERE, dag, operator, submitted

MISTAKES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "size": ({"vcpu": 1, "memory": 4000}, {"vcpu": "{{ 1 }}", "memory": "{{ 4000 }}"}),
    "timeout": ({"job_timeout": 5}, {"job_timeout": "{{ 5 }}"}),
    "array": ({"array_size": 10_001}, {"array_size": "{{ 10001 }}"}),
    "retries": ({"retry_strategy": 11}, {"retry_strategy": "{{ 11 }}"}),
    "name": ({"job_name": "my job"}, {"job_name": "{{ 'my job' }}"}),
    "priority": ({"scheduling_priority": -1}, {"scheduling_priority": "{{ -1 }}"}),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_literal_mistake_fails_at_once_with_the_words_of_run_time(case: str) -> None:
    literal, templated = MISTAKES[case]
    with pytest.raises(InvalidRequest) as early:
        operator(**literal)
    with pytest.raises(AirflowFailException) as late:
        submitted(operator(**templated))
    assert str(late.value) == f"Nothing was submitted. {early.value}"


@pytest.mark.parametrize(
    "arguments",
    [
        {"environment": {"AWS_BATCH_X": "{{ ds }}", "A": "{{ ds }}"}},
        {"environment": [{"name": "A", "value": "{{ ds }}"}, {"name": "A=B", "value": "c"}]},
        {"tags": {"aws:x": "{{ ds }}"}},
        {"command": ["run", "{{ ds }}", ""]},
    ],
    ids=["environment", "list of variables", "tags", "command"],
)
def test_a_mistake_beside_a_template_fails_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        operator(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"vcpu": "{{ params.vcpu }}", "memory": 4096},
        {"environment": "{{ params.environment | tojson }}"},
        {"environment": {"A": "{{ ds }}"}, "command": ["{% if x %}a{% endif %}"]},
        {"depends_on": "{{ ti.xcom_pull('a') }}", "array_size": "{{ params.n }}"},
        {"parameters_file": "parameters.json", "container_overrides_file": "/tmp/{{ ds }}.json"},  # noqa: S108 - never opened
        {"job_queue": None, "job_definition": None},
        {"array_size": 0},
    ],
    ids=["size", "environment", "entries", "depends_on", "files", "from elsewhere", "none"],
)
def test_what_may_yet_be_valid_is_left_alone(arguments: dict[str, Any]) -> None:
    operator(**arguments)


def test_every_literal_mistake_is_said_at_once() -> None:
    with pytest.raises(InvalidRequest, match="4 problems"):
        operator(vcpu=3, job_timeout=5, share_identifier="a b", wait_timeout=0)


def test_a_misspelt_argument_is_refused() -> None:
    with pytest.raises(Exception, match="vcpus"):
        operator(vcpus=1)


def test_a_literal_mistake_that_mapped_tasks_share_fails_at_once() -> None:
    with dag(), pytest.raises(InvalidRequest, match="vcpu: 3 vCPU"):
        FargateBatchSubmitOperator.partial(task_id="submit", vcpu=3, **WHERE)


@pytest.mark.parametrize("where", ["DAG", "task"])
def test_a_size_policy_among_the_default_args_counts_for_mapped_tasks(where: str) -> None:
    policy = {"size_policy": "round_up"}
    with dag(default_args=policy if where == "DAG" else {}):
        FargateBatchSubmitOperator.partial(
            task_id="submit", vcpu=3, default_args=policy if where == "task" else {}, **WHERE
        ).expand(command=[["a"]])


def test_a_mistake_names_its_task() -> None:
    with pytest.raises(InvalidRequest) as of_one:
        operator(vcpu=3)
    with dag(), pytest.raises(InvalidRequest) as of_mapped:
        FargateBatchSubmitOperator.partial(task_id="submit", vcpu=3, **WHERE)
    for caught in (of_one, of_mapped):
        assert caught.value.__notes__ == ["in task 'submit'"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"wait_timeout": "soon"}, "wait_timeout: 'soon' is not a number"),
        ({"wait_timeout": 0}, "wait_timeout: 0 s is not more than 0"),
        ({"wait_timeout": "{{ params.x }}"}, "wait_timeout: .* was not rendered"),
        ({"runnable_timeout": timedelta(seconds=-1)}, "runnable_timeout: -1.0 s is not more"),
        ({"poll_interval": None, "awslogs_fetch_interval": True}, "awslogs_fetch_interval: True"),
        ({"skip_on_exit_code": "nine"}, "skip_on_exit_code: 'nine' is not a number"),
        ({"fail_on_exit_code": [1, None]}, "fail_on_exit_code: is missing"),
    ],
    ids=lambda value: None if isinstance(value, dict) else value,
)
def test_what_says_how_to_wait_is_checked_before_there_is_a_job(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said):
        operator(**arguments)


@pytest.mark.parametrize(
    ("shared", "of_each"),
    [
        ({"vcpu": 3, "size_policy": "{{ params.policy }}"}, {"memory": [512]}),
        ({"memory": 4096}, {"vcpu": [0.5, 1]}),
        ({"depends_on": {"jobId": "a", "type": "N_TO_N"}}, {"array_size": [2, 3]}),
        ({"awslogs_index": 2}, {"array_size": [3, 4]}),
        ({"vcpu": "{{ ds }}"}, {"memory": [512]}),
    ],
    ids=["policy", "other half of a size", "array", "child", "template"],
)
def test_what_a_mapped_task_may_yet_make_valid_is_left_alone(
    shared: dict[str, Any], of_each: dict[str, Any]
) -> None:
    with dag():
        FargateBatchSubmitOperator.partial(task_id="submit", **shared).expand(**of_each)
