"""Containers of a job definition with ``ecsProperties``, from a shell, over HTTP."""

import json

import pytest

from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Run
from tests.submitting.test_learned_retries import several, size_of

SIDE = {"taskProperties": [{"containers": [{"name": "side", "command": ["watch"]}]}]}


@pytest.fixture(autouse=True)
def pair(aws: LocalBatch) -> None:
    several(aws)


def test_the_flags_are_for_the_named_container(submit: Run, aws: LocalBatch) -> None:
    outcome = submit(
        *("--job-definition", "pair", "--container", "main", "--vcpu", "0.75", "--memory", "3584"),
        *("--command", '["run"]', "--ecs-properties-override", json.dumps(SIDE)),
    )
    assert outcome.code == 0, outcome.err
    [job] = aws.jobs
    [task] = job["ecsProperties"]["taskProperties"]
    shown = {each["name"]: (each["command"], size_of(each)) for each in task["containers"]}
    assert shown == {"side": (["watch"], ("0.25", 512)), "main": (["run"], ("0.75", 3584))}


@pytest.mark.new_boto3
def test_a_consumable_resource_is_sent(submit: Run, aws: LocalBatch) -> None:
    aws.client("batch").create_consumable_resource(
        consumableResourceName="licence", totalQuantity=5
    )
    assert submit("--consumable-resources", '{"licence": 2}').code == 0
    [call] = [call for call in aws.requests if call.operation == "SubmitJob"]
    assert call.parameters["consumableResourcePropertiesOverride"] == {
        "consumableResourceList": [{"consumableResource": "licence", "quantity": 2}]
    }


def test_a_refusal_of_the_kind_says_which_flag_to_give(submit: Run) -> None:
    outcome = submit("--job-definition", "pair", "--command", '["run"]')
    assert outcome.code == 1
    assert "give --container, 'side' or 'main'." in outcome.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ("--container", "main", "--vcpu", "1", "--memory", "4000"),
            "1 vCPU with 4000 MiB is not a Fargate size; 1 vCPU takes 2048 to 8192 MiB in steps of "
            "1024: use 3072 or 4096; if the task has more containers, name all of them in "
            "--ecs-properties-override",
        ),
        (
            ("--ecs-properties-override", '{"taskProperties": [{"containers": [{"gpu": 1}]}]}'),
            "--ecs-properties-override taskProperties[0].containers[0].gpu: is not a member",
        ),
        (("--ecs-properties-override", "{"), "--ecs-properties-override: line 1, column 2"),
        (("--consumable-resources", '{"a": 0}'), "--consumable-resources a: 0 is less than 1"),
    ],
    ids=["size", "member", "JSON", "quantity"],
)
def test_a_mistake_names_the_flag(submit: Run, flags: tuple[str, ...], said: str) -> None:
    outcome = submit(*flags)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_dry_run_shows_the_body(submit: Run, aws: LocalBatch) -> None:
    shown = json.loads(submit("--container", "main", "--command", '["run"]', "--dry-run").out)
    assert shown["ecsPropertiesOverride"] == {
        "taskProperties": [{"containers": [{"name": "main", "command": ["run"]}]}]
    }
    assert "SubmitJob" not in {call.operation for call in aws.requests}
