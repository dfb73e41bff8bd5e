"""Literal mistakes fail when the DAG is read, in the words of run time; templates wait."""

import gc
import warnings
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import version
from importlib.util import find_spec
from inspect import signature
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator

from airflow_fargate_batch._airflow.compat import AirflowFailException
from airflow_fargate_batch.core.batch_operator import OTHERS
from airflow_fargate_batch.core.wait_settings import DEFAULTS
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


def test_only_arguments_about_waiting_that_equal_the_operators_defaults_need_no_check() -> None:
    parameters = signature(FargateBatchSubmitOperator).parameters
    assert {name: parameters[name].default for name in DEFAULTS} == DEFAULTS


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


ELSEWHERE = {
    "array_properties": "(an argument of BatchOperator): use `array_size`, the number of children",
    "overrides": "(an argument of BatchOperator): use `container_overrides`, or `command`, ",
    "scheduling_priority_override": "(an argument of BatchOperator): use `scheduling_priority`",
    "submit_job_timeout": "(an argument of BatchOperator): use `job_timeout`",
    "eks_properties_override": "(an argument of BatchOperator): use BatchOperator for jobs on",
    "node_overrides": "(an argument of BatchOperator): use BatchOperator for multi-node jobs",
    "job_id": "(an argument of BatchOperator): remove job_id; FargateBatchJobSensor waits",
    "waiters": "(an argument of BatchOperator): use `poll_interval` and `wait_timeout`",
    "max_retries": "(an argument of BatchOperator): use `wait_timeout`",
    "status_retries": "(an argument of BatchOperator): remove status_retries",
    "vcpus": "did you mean vcpu?",
    "jobQueue": "did you mean job_queue?",
    "env": "did you mean environment?",
    "retry": "did you mean retry_strategy?",
    "trigger_rules": "did you mean trigger_rule?",
}


@pytest.mark.parametrize("how", ["constructor", "partial"])
@pytest.mark.parametrize("argument", ELSEWHERE)
def test_an_argument_that_there_is_not_is_refused_with_what_is_meant(
    argument: str, how: str
) -> None:
    arguments: Any = {"task_id": "submit", argument: {"password": "hunter2"}, **WHERE}
    make = (
        FargateBatchSubmitOperator if how == "constructor" else FargateBatchSubmitOperator.partial
    )
    with dag(), pytest.raises(TypeError) as caught:
        make(**arguments)
    said = str(caught.value)
    assert said.startswith(f"FargateBatchSubmitOperator: unknown argument {argument}")
    assert ELSEWHERE[argument] in said
    assert "hunter2" not in said
    assert caught.value.__notes__ == ["in task 'submit'"]


@pytest.mark.parametrize(
    "expand",
    [
        lambda partial, **names: partial.expand(**{name: [1, 2] for name in names}),
        lambda partial, **names: partial.expand_kwargs([{"array_size": 2}, names]),
    ],
    ids=["expand", "expand_kwargs"],
)
@pytest.mark.filterwarnings("error")
def test_an_argument_to_map_over_that_there_is_not_is_refused_with_what_is_meant(
    expand: Callable[..., Any],
) -> None:
    gc.freeze()  # what other tests left takes long to visit
    with dag(), pytest.raises(TypeError) as caught:
        expand(FargateBatchSubmitOperator.partial(task_id="mapped", **WHERE), array_properties=1)
    said, notes = str(caught.value), caught.value.__notes__
    assert said.startswith("FargateBatchSubmitOperator: unknown argument array_properties")
    assert ELSEWHERE["array_properties"] in said
    assert notes == ["in task 'mapped'"]
    del caught  # it holds what was not mapped, which would warn at its end
    gc.collect()


def test_mapped_tasks_are_mapped_as_airflow_does() -> None:
    with dag() as made:
        partial = FargateBatchSubmitOperator.partial(task_id="mapped", **WHERE)
        partial.expand(command=[["a"], ["b"]])
        FargateBatchSubmitOperator.partial(task_id="other", **WHERE).expand_kwargs([{"vcpu": 1}])
    assert set(made.task_dict) == {"mapped", "other"}


@pytest.mark.parametrize("how", ["constructor", "partial"])
def test_a_warning_names_the_line_of_the_dag(how: str) -> None:
    with dag(), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        of_many = FargateBatchSubmitOperator.partial(task_id="many", **WHERE).expand(
            command=[["a"]] * 30
        )
        arguments: Any = {"task_id": "join", "depends_on": of_many.output, **WHERE}
        if how == "partial":
            FargateBatchSubmitOperator.partial(**arguments).expand(command=[["a"]])
        else:
            FargateBatchSubmitOperator(**arguments)
    [warning] = [each for each in seen if "depends_on" in str(each.message)]
    assert warning.filename == __file__


def test_an_argument_like_no_other_is_refused_too_and_all_at_once() -> None:
    with pytest.raises(
        TypeError, match=r"unknown argument array_properties .*; unknown argument zz"
    ):
        operator(zzzz=1, array_properties={"size": 2})


@pytest.mark.skipif(
    version("apache-airflow-providers-amazon").startswith("9.8.")
    and find_spec("airflow.models.mappedoperator") is None,
    reason="Amazon provider 9.8 cannot import its own BatchOperator on Airflow 3.2 and 3.3",
)
def test_every_argument_of_batch_operator_is_ours_or_has_advice() -> None:
    from airflow.providers.amazon.aws.operators.batch import BatchOperator

    theirs = signature(BatchOperator).parameters.keys() - signature(AwsBaseOperator).parameters
    ours = signature(FargateBatchSubmitOperator).parameters.keys()
    assert theirs - ours - {"kwargs"} <= OTHERS.keys()
    assert ours.isdisjoint(OTHERS)


@pytest.mark.parametrize("how", ["DAG", "task", "partial", "partial's own"])
@pytest.mark.parametrize("lost", [{"array_properties": {"size": 2}}, {"submit_job_timeout": 60}])
def test_default_args_that_would_be_lost_without_a_word_are_refused(
    lost: dict[str, Any], how: str
) -> None:
    shared = lost if how in {"DAG", "partial"} else {}
    of_task = {} if shared else {"default_args": lost}
    make: Any = FargateBatchSubmitOperator
    if how.startswith("partial"):
        make = FargateBatchSubmitOperator.partial
    with (
        dag(default_args=shared),
        pytest.raises(TypeError, match=r"default_args: unknown arg.* BatchOperator\): use"),
    ):
        make(task_id="submit", **of_task, **WHERE)


@pytest.mark.parametrize(
    ("defaults", "arguments"),
    [
        ({"max_retries": 4200, "status_retries": 3, "waiters": None}, {}),
        ({"array_properties": None, "of_another_operator": 1}, {}),
        ({"submit_job_timeout": 60}, {"job_timeout": 60}),
        ({"submit_job_timeout": 60, "job_timeout": 60}, {}),
    ],
    ids=["nothing lost", "of others", "given here", "given beside"],
)
def test_other_default_args_are_left_to_the_operators_that_have_them(
    defaults: dict[str, Any], arguments: dict[str, Any]
) -> None:
    with dag(default_args=defaults):
        FargateBatchSubmitOperator(task_id="submit", **arguments, **WHERE)
        FargateBatchSubmitOperator.partial(task_id="mapped", **arguments, **WHERE).expand(
            command=[["a"]]
        )


def test_a_subclass_may_have_arguments_of_its_own() -> None:
    class Own(FargateBatchSubmitOperator):
        def __init__(self, *, colour: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.colour = colour

    with dag():
        Own(task_id="one", colour="red", **WHERE)
        Own.partial(task_id="mapped", colour="red", **WHERE).expand(command=[["a"]])
        with pytest.raises(TypeError, match="Own: unknown argument color; did you mean colour"):
            Own(task_id="two", colour="red", color="red", **WHERE)


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
        ({"wait_timeout": 0}, "wait_timeout: must be greater than 0 s, not 0 s"),
        ({"wait_timeout": "{{ params.x }}"}, "wait_timeout: .* was not rendered"),
        (
            {"runnable_timeout": timedelta(seconds=-1)},
            "runnable_timeout: must be greater than 0 s, not -1.0 s",
        ),
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
