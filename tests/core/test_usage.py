"""Usage is read from metrics of a task, or from performance events, whatever they hold."""

import json
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.usage import TaskPlace, usage_of_events, usage_of_metrics

JOB = Job.from_api(
    {
        "jobId": "j",
        "container": {
            "taskArn": "arn:aws:ecs:r:1:task/cluster/abc",
            "resourceRequirements": [
                {"type": "VCPU", "value": "2"},
                {"type": "MEMORY", "value": "4096"},
            ],
        },
    }
)


def test_units_are_vcpu_and_mebibytes() -> None:
    usage = usage_of_metrics({"CpuUtilized": [512, 1536.0], "MemoryUtilized": [100, 300.5]}, JOB)
    assert usage is not None
    assert (usage.cpu_average, usage.cpu_peak) == (Decimal(1), Decimal("1.5"))
    assert (usage.memory_peak, usage.minutes) == (Decimal("300.5"), 2)


def test_percentages_are_of_the_jobs_size() -> None:
    values: dict[str, list[object]] = {
        "TaskCpuUtilization": [50.0],
        "TaskMemoryUtilization": [25],
    }
    usage = usage_of_metrics(values, JOB)
    assert usage is not None
    assert (usage.cpu_peak, usage.memory_peak) == (Decimal(1), Decimal(1024))
    assert usage_of_metrics(values, Job(id="of unknown size")) is None


@pytest.mark.parametrize(
    "values", [{}, {"CpuUtilized": []}, {"CpuUtilized": ["x", None, -1]}, {"Other": [1]}], ids=str
)
def test_no_sound_value_is_no_usage(values: dict[str, Any]) -> None:
    assert usage_of_metrics(values, JOB) is None


def test_only_events_of_the_task_itself_count() -> None:
    def event(**members: Any) -> str:
        return json.dumps({"Type": "Task", "TaskId": "abc", "CpuUtilized": 256} | members)

    messages = [
        event(MemoryUtilized=100),
        event(MemoryUtilized=900, TaskId="other"),
        event(MemoryUtilized=800, Type="Container"),
        event(MemoryUtilized="much"),
        "no JSON",
        "[1]",
        event(MemoryUtilized=50, CpuUtilized="much"),
    ]
    usage = usage_of_events(messages, "abc")
    assert usage is not None
    assert (usage.memory_peak, usage.cpu_peak) == (Decimal(100), Decimal("0.25"))
    assert usage_of_events(messages, "unknown") is None


@pytest.mark.parametrize("arn", [None, "nonsense", "arn:aws:ecs:r:1:task/only-an-id"])
def test_a_task_without_a_cluster_has_no_place(arn: str | None) -> None:
    assert TaskPlace.of(Job(id="j", task_arn=arn)) is None


def test_the_place_names_cluster_task_and_log_group() -> None:
    place = TaskPlace.of(JOB)
    assert place == TaskPlace(cluster="cluster", task_id="abc")
    assert place.log_group == "/aws/ecs/containerinsights/cluster/performance"
