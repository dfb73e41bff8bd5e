"""What can never be valid is found before anything is rendered, and what may be is left alone."""

from typing import Any

import pytest

from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.request import JsonFile
from tests.core.making import WHERE, problems

TEMPLATE = "{{ params.x }}"
Arguments = dict[str, Any]


def early(arguments: Arguments) -> list[str]:
    return [str(each) for each in problems_before_rendering(WHERE | arguments)]


def render(value: Any) -> Any:
    """Let every template say ``x``."""
    if isinstance(value, dict):
        return {key: render(item) for key, item in value.items()}
    if isinstance(value, list):
        return [render(item) for item in value]
    return "x" if value == TEMPLATE else value


def overrides(kind: str, value: object) -> Arguments:
    return {"resourceRequirements": [{"type": kind, "value": value}]}


MISTAKES: dict[str, Arguments] = {
    "vCPU": {"vcpu": 3},
    "size": {"vcpu": 1, "memory": 4000},
    "size that nothing holds": {"vcpu": 64, "memory": 300_000, "size_policy": "round_up"},
    "size in overrides": {"container_overrides": overrides("VCPU", 3)},
    "beside a template": {"job_name": "my job", "share_identifier": TEMPLATE},
    "in a list with a template": {"command": ["run", TEMPLATE, ""]},
    "name of a templated variable": {"environment": {"AWS_BATCH_X": TEMPLATE}},
    "member of a templated entry": {"environment": [{"name": "A", "value": TEMPLATE, "x": 1}]},
    "key of a templated tag": {"tags": {"aws:x": TEMPLATE}},
    "too many templated tags": {"tags": {f"key-{index}": TEMPLATE for index in range(51)}},
    "too long whatever the template says": {"command": ["x" * 9000, TEMPLATE]},
    "queue": {"job_queue": "my queue"},
    "array": {"array_size": 10_001},
    "N_TO_N without an array": {"depends_on": {"jobId": "a", "type": "N_TO_N"}},
    "retries": {"retry_strategy": 11},
    "platform version": {"platform_version": "1.3.0", "vcpu": 8},
    "child of an array": {"awslogs_index": 3, "array_size": 3},
    "child of any array": {"awslogs_index": -1, "array_size": 3},
}
MAYBES: dict[str, Arguments] = {
    "nothing": {},
    "queue from elsewhere": {"job_queue": None, "job_definition": None},
    "queue from a template": {"job_queue": TEMPLATE, "job_definition": "{% if x %}a{% endif %}"},
    "the other of a pair": {"vcpu": TEMPLATE, "memory": 3072},
    "policy for one": {"vcpu": 3, "size_policy": TEMPLATE},
    "policy for both": {"vcpu": 1, "memory": 4000, "size_policy": TEMPLATE},
    "what wins over vCPU": {"container_overrides": overrides("VCPU", 3), "vcpu": TEMPLATE},
    "what wins over no vCPU": {"container_overrides": overrides("VCPU", -1), "vcpu": TEMPLATE},
    "what wins over half of a pair": {
        "container_overrides": overrides("MEMORY", 4000),
        "vcpu": 1,
        "memory": TEMPLATE,
    },
    "what wins over what is too large for all": {
        "container_overrides": overrides("MEMORY", 300_000),
        "size_policy": "round_up",
        "memory": TEMPLATE,
    },
    "what wins over a long command": {
        "container_overrides": {"command": ["x" * 9000]},
        "command": TEMPLATE,
    },
    "what wins over a large environment": {
        "container_overrides": {"environment": {"A": "あ" * 7000, "B": "あ" * 1000}},
        "parameters": {"p": "x" * 7000},
        "environment": TEMPLATE,
    },
    "vCPU of a platform version": {"platform_version": "1.3.0", "vcpu": TEMPLATE},
    "array of none": {"array_size": 0},
    "child of some array": {"awslogs_index": 3, "array_size": TEMPLATE},
    "some child of an array": {"awslogs_index": TEMPLATE, "array_size": 3},
    "array": {"array_size": TEMPLATE, "depends_on": {"jobId": "a", "type": "N_TO_N"}},
    "array of one": {
        "array_size": TEMPLATE,
        "depends_on": [{"type": "SEQUENTIAL"}, *(f"job-{index}" for index in range(20))],
    },
    "dry run": {"depends_on": "dry-run:a"},
    "output of a task": {"depends_on": object()},
    "output of a task in a list": {"depends_on": ["a", object()]},
    "template in a list": {"depends_on": [TEMPLATE]},
    "template in a mapping": {"retry_strategy": {"attempts": TEMPLATE}},
    "templates for texts": {"environment": {"A": TEMPLATE}, "command": [TEMPLATE]},
    "files": {"parameters_file": "a.json", "container_overrides_file": JsonFile("a.json")},
    "not given": {"vcpu": None, "memory": None, "tags": None},
}


@pytest.mark.parametrize("arguments", MISTAKES.values(), ids=MISTAKES)
def test_a_literal_mistake_is_found_in_the_words_of_run_time(arguments: Arguments) -> None:
    assert early(arguments)
    assert early(arguments) == [str(each) for each in problems(**render(arguments))]


@pytest.mark.parametrize("arguments", MAYBES.values(), ids=MAYBES)
def test_what_may_become_valid_is_left_alone(arguments: Arguments) -> None:
    assert early(arguments) == []


def test_what_each_of_a_mapped_task_may_be_given_is_not_known_yet() -> None:
    shared = {"vcpu": 1, "memory": 4000}
    assert problems_before_rendering(shared, given_later={"job_queue", "job_definition"})
    assert problems_before_rendering(shared, given_later={"memory"}) == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"environment": [{"name": "A", "value": "1"}, TEMPLATE]},
        {"environment": [{"name": "A", "value": "1"}, object()]},
        {"vcpu": "1{# a small one #}"},
        {"job_name": "a b{# #}"},
    ],
    ids=["a variable to come", "an object to be resolved", "a comment", "a comment in a name"],
)
def test_what_jinja_and_airflow_will_change_is_no_mistake(arguments: Arguments) -> None:
    assert early(arguments) == []


def test_a_mistake_beside_a_variable_to_come_is_found() -> None:
    assert len(early({"environment": [{"name": "AWS_BATCH_X", "value": "1"}, TEMPLATE]})) == 1


def test_what_is_nested_too_deeply_is_left_to_run_time() -> None:
    circular: list[Any] = []
    circular.append(circular)
    assert early({"command": circular, "depends_on": circular}) == []
