"""A smaller size is one that holds the peaks with a margin, and never has more of anything."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.fargate import Size
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.right_size import (
    NOT_RECORDED,
    compute_environment_of,
    records_use,
    right_size,
    why_missing,
)
from airflow_fargate_batch.core.surroundings import ComputeEnvironment
from airflow_fargate_batch.core.usage import Usage


def job(vcpu: str = "4", memory: str = "16384", **members: Any) -> Job:
    requirements = [{"type": "VCPU", "value": vcpu}, {"type": "MEMORY", "value": memory}]
    container = {"resourceRequirements": requirements, **members}
    return Job.from_api({"jobId": "j", "status": "SUCCEEDED", "container": container})


def usage(cpu: str, memory: str) -> Usage:
    return Usage(
        cpu_average=Decimal(cpu) / 2,
        cpu_peak=Decimal(cpu),
        memory_peak=Decimal(memory),
        minutes=9,
    )


@pytest.mark.parametrize(
    ("cpu", "memory", "smaller"),
    [
        ("0.1", "300", Size(Decimal("0.25"), 512)),
        ("0.9", "1600", Size(Decimal(1), 2048)),
        ("0.92", "1600", Size(Decimal(2), 4096)),
        ("0.1", "6554", Size(Decimal(2), 9216)),
        ("0.1", "16000", Size(Decimal(2), 16384)),
        ("1.9", "16384", None),
        ("4", "16384", None),
    ],
    ids=[
        "much smaller",
        "just fits",
        "CPU margin",
        "memory margin",
        "memory stays",
        "CPU margin needs the present size",
        "used in full",
    ],
)
def test_the_next_smaller_size(cpu: str, memory: str, smaller: Size | None) -> None:
    assert right_size(job(), usage(cpu, memory)).smaller == smaller


def test_windows_begins_at_1_vcpu() -> None:
    windows = job(runtimePlatform={"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"})
    small = right_size(windows, usage("0.1", "300"))
    assert small.smaller == Size(Decimal(1), 2048)


def test_the_text_has_use_and_size() -> None:
    assert right_size(job(), usage("0.1", "300.2")).to_lines() == [
        "Used: up to 301 of 16384 MiB memory, up to 0.1 of 4 vCPU (0.05 on average) (9 minute "
        "values)",
        "Right size: 0.25 vCPU with 512 MiB would do (peaks with a margin of 25 % memory and 10 % "
        "CPU)",
    ]


def test_without_figures_the_text_is_the_reason() -> None:
    assert right_size(job(), None, missing="none").to_lines() == ["none"]
    unknown = right_size(Job(id="j"), None, missing="none")
    assert unknown.to_json()["memory_peak"] is None


def test_with_prices_the_text_has_what_the_smaller_size_saves() -> None:
    arn = "arn:aws:batch:us-east-1:123456789012:job/j"
    priced = right_size(replace(job(), arn=arn), usage("0.1", "300"))
    *_, line = priced.to_lines()
    assert line.endswith("CPU): 0.0123 USD instead of 0.2330 USD an hour on demand, 95 % less")
    assert priced.to_json()["smaller_hourly"] == 0.012343


def environment(mode: str | None) -> ComputeEnvironment:
    arn = "arn:aws:ecs:r:1:cluster/AWSBatch-ce-1"
    return ComputeEnvironment(arn="a", name="ce", cluster_arn=arn, container_insights=mode)


@pytest.mark.parametrize(
    ("mode", "on"), [("ENABLED", True), ("ENHANCED", True), ("DISABLED", False), (None, False)]
)
def test_container_insights_is_off_unless_aws_says_otherwise(mode: str | None, on: bool) -> None:
    assert records_use(environment(mode)) == on
    assert (why_missing(environment(mode)) == NOT_RECORDED) == on


def test_an_unknown_environment_may_record_use() -> None:
    assert records_use(None)
    assert why_missing(None) == NOT_RECORDED


def test_a_job_ran_in_the_environment_of_its_cluster() -> None:
    ran = job(taskArn="arn:aws:ecs:r:1:task/AWSBatch-ce-1/abc")
    assert compute_environment_of(ran, [environment(None)]) == environment(None)
    assert compute_environment_of(job(), [environment(None)]) is None


def test_the_way_to_switch_it_on_is_in_awss_model() -> None:
    import botocore.session

    service = botocore.session.Session().get_service_model("batch")
    shape: Any = service.operation_model("UpdateComputeEnvironment").input_shape
    if "ecsSettings" not in shape.members:
        pytest.skip("this botocore does not know ecsSettings")
    assert "containerInsights" in shape.members["ecsSettings"].members
    assert "--ecs-settings containerInsights=ENHANCED" in why_missing(environment(None))


def test_without_figures_of_memory_the_text_has_the_cpu_alone() -> None:
    used = replace(usage("0.5", "1000"), memory_peak=None)
    [used_line, *_] = right_size(job(), used).to_lines()
    assert used_line.startswith("Used: up to 0.5 of 4 vCPU")
