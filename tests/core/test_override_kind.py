"""The advice about overrides for the other kind of job definition."""

from typing import Any

import pytest

from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.override_kind import advice_of_kind, has_overrides
from tests.core.making import make


def definition(**members: Any) -> JobDefinition:
    named = {"jobDefinitionArn": "arn", "jobDefinitionName": "d", "revision": 3}
    return JobDefinition.from_api(named | members)


def of_task(*containers: dict[str, Any]) -> JobDefinition:
    return definition(ecsProperties={"taskProperties": [{"containers": list(containers)}]})


@pytest.mark.parametrize(
    ("arguments", "of", "advice"),
    [
        ({}, of_task({"name": "main"}), None),
        ({"container": "main", "vcpu": 1}, of_task({"name": "main"}), None),
        ({"vcpu": 1}, definition(containerProperties={"image": "x"}), None),
        ({"vcpu": 1}, definition(), None),
        (
            {"vcpu": 1},
            of_task({"name": "main"}),
            "Job definition d:3 has ecsProperties, with the container main: give `container`, "
            "'main'.",
        ),
        (
            {"vcpu": 1},
            of_task({"image": "x"}),
            "Job definition d:3 has ecsProperties, and its container has no name: put the "
            "overrides into `ecs_properties_override`.",
        ),
        (
            {"container": "main", "vcpu": 1},
            definition(containerProperties={"image": "x"}),
            "Job definition d:3 has containerProperties: leave out `container` and "
            "`ecs_properties_override`, and give `vcpu`, `memory`, `command`, `environment` or "
            "`container_overrides`.",
        ),
    ],
    ids=["nothing", "right", "the other right", "unknown", "one", "no name", "the other wrong"],
)
def test_the_advice_follows_the_kind_of_the_definition(
    arguments: dict[str, Any], of: JobDefinition, advice: str | None
) -> None:
    assert advice_of_kind(make(**arguments), of) == advice


def test_a_request_without_overrides_fits_every_definition() -> None:
    assert not has_overrides(make())
    assert has_overrides(make(vcpu=1))
    assert has_overrides(make(container="main"))
