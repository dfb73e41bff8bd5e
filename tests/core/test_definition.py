from typing import Any

import pytest

from airflow_fargate_batch.core.definition import JobDefinition

PLAIN = {"jobDefinitionArn": "arn", "jobDefinitionName": "nightly", "revision": 3}


def definition(**members: Any) -> JobDefinition:
    return JobDefinition.from_api(PLAIN | members)


def container(version: str | None = None, system: str | None = None) -> dict[str, Any]:
    properties: dict[str, Any] = {"fargatePlatformConfiguration": None, "runtimePlatform": None}
    if version:
        properties["fargatePlatformConfiguration"] = {"platformVersion": version}
    if system:
        properties["runtimePlatform"] = {"operatingSystemFamily": system}
    return {"containerProperties": properties}


def test_it_is_written_as_submit_job_takes_it() -> None:
    assert str(definition()) == "nightly:3"


@pytest.mark.parametrize(("status", "active"), [("ACTIVE", True), ("INACTIVE", False)])
def test_a_deregistered_one_is_not_active(status: str, active: bool) -> None:
    assert definition(status=status).is_active is active


ECS = {"ecsProperties": {"taskProperties": [{"platformVersion": "1.3.0"}]}}
WINDOWS = "WINDOWS_SERVER_2022_CORE"
VERSIONS = {
    "none named": (definition(), "1.4.0", True),
    "none named, and an old one": (definition(), "1.3.0", False),
    "the container's": (definition(**container("1.3.0")), "1.3.0", True),
    "another than the container's": (definition(**container("1.3.0")), "1.4.0", False),
    "LATEST and its number": (definition(**container("LATEST")), "1.4.0", True),
    "a number and LATEST": (definition(**container("1.4.0")), "LATEST", True),
    "an old number and LATEST": (definition(**container("1.3.0")), "LATEST", False),
    "the task's of ecsProperties": (definition(**ECS), "1.3.0", True),
    "another than the task's": (definition(**ECS), "1.4.0", False),
    "LATEST on Linux": (definition(**container(system="LINUX")), "1.0.0", False),
    "LATEST on Windows": (definition(**container(system=WINDOWS)), "1.0.0", True),
}


@pytest.mark.parametrize(("own", "wanted", "fits"), VERSIONS.values(), ids=VERSIONS)
def test_it_runs_on(own: JobDefinition, wanted: str, fits: bool) -> None:
    assert own.runs_on(wanted) is fits


@pytest.mark.parametrize("member", PLAIN)
def test_an_entry_without_its_identity_is_refused(member: str) -> None:
    entry = {name: value for name, value in PLAIN.items() if name != member}
    with pytest.raises(ValueError, match="no jobDefinitionArn, jobDefinitionName or revision"):
        JobDefinition.from_api(entry)
