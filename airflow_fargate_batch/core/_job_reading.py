"""Readers for the members of one entry of DescribeJobs or ListJobs; nonsense counts as absent."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core._job_parts import DEFAULT_LOG_GROUP, ArrayProgress, Attempt
from airflow_fargate_batch.core.items import indexes_of_text
from airflow_fargate_batch.core.naming import INDEXES_VARIABLE
from airflow_fargate_batch.core.status import JobStatus


def containers_of(members: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Find the containers: one under ``container``, several under ``ecsProperties``."""
    if "ecsProperties" not in members:  # the usual case, read for thousands of jobs at a time
        only = read.mapping(members.get("container"))
        return [only] if only else []
    tasks = read.mappings(read.mapping(members.get("ecsProperties")).get("taskProperties"))
    single = read.mapping(members.get("container"))
    return _of_tasks(tasks) or ([single] if single else [])


def task_of(members: Mapping[str, object]) -> Mapping[str, object]:
    """Find the members of the ECS task: beside the containers, or in the only container."""
    tasks = read.mappings(read.mapping(members.get("ecsProperties")).get("taskProperties"))
    return tasks[0] if tasks else read.mapping(members.get("container"))


def fargate_from_api(task: Mapping[str, object]) -> dict[str, Any]:
    """Read platform and storage of the ECS task."""
    platform = read.mapping(task.get("runtimePlatform"))
    return {
        "operating_system": read.text(platform.get("operatingSystemFamily")),
        "architecture": read.text(platform.get("cpuArchitecture")),
        "storage": read.count(read.mapping(task.get("ephemeralStorage")).get("sizeInGiB")),
    }


def environment_of(containers: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    for container in containers:
        for variable in read.mappings(container.get("environment")):
            name, value = read.text(variable.get("name")), read.text(variable.get("value"))
            if name is not None and value is not None:
                yield name, value


def indexes_of(variables: Iterable[tuple[str, str]]) -> tuple[int, ...]:
    """Read the variable of this package; users can set the variable to anything."""
    for name, value in variables:
        if name == INDEXES_VARIABLE:
            return indexes_of_text(value)
    return ()


def helpers_of(containers: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Find non-essential containers; if no container is essential, all count as essential."""
    helpers = [each for each in containers if each.get("essential") is False]
    return helpers if len(helpers) < len(containers) else []


def _of_tasks(tasks: Iterable[Mapping[str, object]]) -> list[Mapping[str, object]]:
    return [container for task in tasks for container in read.mappings(task.get("containers"))]


def container_from_api(members: Mapping[str, object], *, essential: bool) -> Container:
    requirements = {
        read.text(requirement.get("type")): requirement.get("value")
        for requirement in read.mappings(members.get("resourceRequirements"))
    }
    memory = read.number(requirements.get("MEMORY"))
    return Container(
        **_outcome(members),
        essential=essential,
        log_group=_log_group(members.get("logConfiguration")),
        vcpu=read.number(requirements.get("VCPU")),
        memory=None if memory is None else int(memory),
        image=read.text(members.get("image")),
    )


def attempts_from_api(
    members: Mapping[str, object], helpers: Sequence[Mapping[str, object]]
) -> tuple[Attempt, ...]:
    """Parse attempts; the job's container of the same name decides if a container is essential."""
    names = {name for helper in helpers if (name := read.text(helper.get("name")))}
    attempts = read.mappings(members.get("attempts"))
    return tuple(_attempt_from_api(attempt, names) for attempt in attempts)


def _attempt_from_api(members: Mapping[str, object], helpers: Collection[str]) -> Attempt:
    single = read.mapping(members.get("container"))
    containers = _of_tasks(read.mappings(members.get("taskProperties"))) or (
        [single] if single else []
    )
    return Attempt(
        containers=tuple(
            Container(**outcome, essential=outcome["name"] not in helpers)
            for outcome in map(_outcome, containers)
        ),
        status_reason=read.text(members.get("statusReason")),
        task_arn=_attempt_task(members, single),
        started_at=read.moment(members.get("startedAt")),
        stopped_at=read.moment(members.get("stoppedAt")),
    )


def _attempt_task(members: Mapping[str, object], single: Mapping[str, object]) -> str | None:
    tasks = read.mappings(members.get("taskProperties"))
    return read.text((tasks[0] if tasks else single).get("taskArn"))


def _outcome(members: Mapping[str, object]) -> dict[str, Any]:
    return {
        "name": read.text(members.get("name")),
        "exit_code": read.integer(members.get("exitCode")),
        "reason": read.text(members.get("reason")),
        "log_stream": read.text(members.get("logStreamName")),
    }


def _log_group(configuration: object) -> str | None:
    members = read.mapping(configuration)
    if members.get("logDriver", "awslogs") != "awslogs":
        return None
    return read.text(read.mapping(members.get("options")).get("awslogs-group")) or DEFAULT_LOG_GROUP


def array_from_api(members: Mapping[str, object]) -> ArrayProgress | None:
    size, index = read.count(members.get("size")) or None, read.count(members.get("index"))
    if size is None and index is None:
        return None
    counts: dict[JobStatus, int] = {}
    for name, value in read.mapping(members.get("statusSummary")).items():
        if count := read.count(value):
            status = JobStatus(name)
            counts[status] = counts.get(status, 0) + count
    return ArrayProgress(size=size, index=index, counts=counts)
