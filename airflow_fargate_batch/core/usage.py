"""CPU and memory that a job used, read from CloudWatch Container Insights.

Sources: Amazon CloudWatch User Guide, "Amazon ECS Container Insights metrics" (namespace
``ECS/ContainerInsights``, a value each minute; CPU in units of 1/1024 vCPU, memory in MiB) and
"Container Insights performance log events for Amazon ECS" (log group
``/aws/ecs/containerinsights/CLUSTER/performance``, events of type ``Task``). Metrics of a single
task (dimension ``TaskId``) exist with enhanced observability only; the log events exist in both
modes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core.job import Job

NAMESPACE: Final = "ECS/ContainerInsights"
TASK_ID: Final = "TaskId"
CPU_UNITS: Final = 1024
"""CPU units to a vCPU."""
PERCENT: Final = 100
MEMORY: Final = ("MemoryUtilized", "TaskMemoryUtilization")
CPU: Final = ("CpuUtilized", "TaskCpuUtilization")
"""Metrics of a task: the first in units, the second in percent of the task's size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """CPU and memory used by one attempt.

    Attributes:
        cpu_average, cpu_peak: vCPU.
        memory_peak: MiB.
        minutes: Number of values, one each minute.
    """

    cpu_average: Decimal | None = None
    cpu_peak: Decimal | None = None
    memory_peak: Decimal | None = None
    minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlace:
    """The ECS task of a job's current or last attempt."""

    cluster: str
    task_id: str

    @classmethod
    def of(cls, job: Job) -> "TaskPlace | None":
        """Read the task's ARN; ``None`` before the first start."""
        _, _, path = (job.task_arn or "").partition(":task/")
        cluster, _, task_id = path.partition("/")
        return cls(cluster=cluster, task_id=task_id) if cluster and task_id else None

    @property
    def log_group(self) -> str:
        """The log group with the performance events of the task's cluster."""
        return f"/aws/ecs/containerinsights/{self.cluster}/performance"


def usage_of_metrics(values: Mapping[str, Sequence[object]], job: Job) -> Usage | None:
    """Make the usage of values a minute, by the name of a metric.

    :param job: for its size: some metrics are percentages of it.
    """
    memory = _first(values, MEMORY, Decimal(1), job.memory)
    cpu = _first(values, CPU, Decimal(CPU_UNITS), job.vcpu)
    return _usage(cpu, memory)


def usage_of_events(messages: Iterable[str], task_id: str) -> Usage | None:
    """Make the usage of performance log events; other events are ignored."""
    cpu: list[Decimal] = []
    memory: list[Decimal] = []
    for message in messages:
        event = _event(message)
        if event.get("Type") != "Task" or event.get(TASK_ID) != task_id:
            continue
        if (units := read.decimal(event.get(CPU[0]))) is not None:
            cpu.append(units / CPU_UNITS)
        if (mebibytes := read.decimal(event.get(MEMORY[0]))) is not None:
            memory.append(mebibytes)
    return _usage(cpu, memory)


def _usage(cpu: Sequence[Decimal], memory: Sequence[Decimal]) -> Usage | None:
    if not cpu and not memory:
        return None
    return Usage(
        cpu_average=sum(cpu, Decimal(0)) / len(cpu) if cpu else None,
        cpu_peak=max(cpu, default=None),
        memory_peak=max(memory, default=None),
        minutes=max(len(cpu), len(memory)),
    )


def _first(
    values: Mapping[str, Sequence[object]],
    names: tuple[str, str],
    units: Decimal,
    size: Decimal | int | None,
) -> list[Decimal]:
    """Return the values of the first known metric: in units, or in percent of *size*."""
    in_units, in_percent = names
    if found := _numbers(values.get(in_units, ())):
        return [value / units for value in found]
    if size is None:
        return []
    return [value * size / PERCENT for value in _numbers(values.get(in_percent, ()))]


def _numbers(values: Iterable[object]) -> list[Decimal]:
    return [number for value in values if (number := read.decimal(value)) is not None]


def _event(message: str) -> Mapping[str, object]:
    try:
        return read.mapping(json_text.read(message))
    except ValueError:
        return {}
