"""Rules for RegisterJobDefinition on Fargate.

The rules come from botocore's Batch model and the AWS Batch guide. If AWS's message is not known,
the message here follows the pattern of known messages: ``... is not applicable for Fargate.``
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.local.checks import (
    command_problems,
    resources,
    retry_problems,
    size_problems,
    tag_problems,
    timeout_problems,
)

Members = Mapping[str, Any]
"""Members of a request, or of an object in it."""

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
"""Names in AWS Batch: up to 128 letters, digits, hyphens and underscores."""
PLATFORM_VERSIONS: Final = ("LATEST", "1.4.0", "1.3.0")
"""Guide: Fargate's platform versions; 1.3.0 is retired but still valid in a definition."""
WINDOWS: Final = tuple(
    f"WINDOWS_SERVER_{year}_{edition}" for year in (2019, 2022) for edition in ("CORE", "FULL")
)
CHOICES: Final[Mapping[str, tuple[str, str, Sequence[str]]]] = {
    "platformVersion": ("fargatePlatformConfiguration", "platformVersion", PLATFORM_VERSIONS),
    "assignPublicIp": ("networkConfiguration", "assignPublicIp", ("ENABLED", "DISABLED")),
    "operatingSystemFamily": ("runtimePlatform", "operatingSystemFamily", ("LINUX", *WINDOWS)),
    "cpuArchitecture": ("runtimePlatform", "cpuArchitecture", ("X86_64", "ARM64")),
}
"""Enumerated members: the path of each, and its values."""
NOT_ON_FARGATE: Final = ("vcpus", "memory", "instanceType", "privileged", "ulimits")
"""Container members that are not applicable to Fargate, unless empty or false."""
LINUX_NOT_ON_FARGATE: Final = ("devices", "sharedMemorySize", "tmpfs", "maxSwap", "swappiness")
NOT_ON_WINDOWS: Final = ("linuxParameters", "user", "readonlyRootFilesystem")
LOG_DRIVERS: Final = ("awslogs", "splunk", "awsfirelens")
"""API: awslogs and splunk; the service has also taken awsfirelens, with a container that has a
``firelensConfiguration``."""
EPHEMERAL_STORAGE: Final = range(21, 200 + 1)
STOP_TIMEOUT: Final = 120
"""Maximum of ``startTimeout`` and ``stopTimeout`` in seconds."""
CONDITIONS: Final = ("START", "COMPLETE", "SUCCESS")
CONTAINERS: Final = 10
"""API, ``taskProperties.containers``: up to 10."""
ELSEWHERE: Final = ("nodeProperties", "eksProperties")


def definition_problems(body: Members) -> Iterator[str]:
    """Yield a message for each rule that a job definition breaks."""
    if not NAME.match(body["jobDefinitionName"]):
        yield "Job definition name should match valid pattern"
    yield from tag_problems(body.get("tags") or {})
    if body["type"] != "container":
        yield f"Job definition type {body['type']} is not applicable for Fargate."
    if list(body.get("platformCapabilities") or ()) != ["FARGATE"]:
        yield "LocalBatch runs Fargate jobs only: platformCapabilities must be FARGATE."
    for member in ELSEWHERE:
        if body.get(member):
            yield f"{member} is not applicable for Fargate."
    given = [m for m in ("containerProperties", "ecsProperties") if body.get(m)]
    if len(given) != 1:
        yield "One of containerProperties and ecsProperties must be given."
    elif given == ["containerProperties"]:
        yield from _container_properties(body["containerProperties"])
    else:
        yield from _ecs_properties(body["ecsProperties"])
    priority = body.get("schedulingPriority")
    if priority is not None and priority not in limits.SCHEDULING_PRIORITY:
        yield "schedulingPriority must be between 0 and 9999."
    yield from retry_problems(body.get("retryStrategy"))
    yield from timeout_problems(body.get("timeout"))


def _container_properties(container: Members) -> Iterator[str]:
    if not container.get("executionRoleArn"):
        yield "executionRoleArn is required for Fargate jobs."
    yield from _platform(container, [container])
    yield from _container(container)
    version = (container.get("fargatePlatformConfiguration") or {}).get("platformVersion")
    yield from size_problems(
        [resources(container.get("resourceRequirements"))], container, version=version
    )


def _ecs_properties(properties: Members) -> Iterator[str]:
    tasks = properties.get("taskProperties") or []
    if len(tasks) != 1 or not tasks[0].get("containers"):
        yield "ecsProperties must have one element of taskProperties, with its containers."
        return
    [task] = tasks
    if not task.get("executionRoleArn"):
        yield "executionRoleArn is required for Fargate jobs."
    containers = task["containers"]
    version = task.get("platformVersion")
    if version is not None and version not in PLATFORM_VERSIONS:
        yield _not_one_of("platformVersion", version, PLATFORM_VERSIONS)
    yield from _platform(task, containers)
    yield from _together(containers)
    for container in containers:
        yield from _container(container)
    asked = [resources(container.get("resourceRequirements")) for container in containers]
    yield from size_problems(asked, task, version=version)


def _together(containers: Sequence[Members]) -> Iterator[str]:
    """Yield a message for each rule that the containers of a task break as a group."""
    if len(containers) > CONTAINERS:
        yield f"A task cannot have more than {CONTAINERS} containers."
    names = [container.get("name") for container in containers]
    if len(containers) > 1 and not all(names):
        yield "Each container of a task must have a name."
    if len(set(names)) < len(names):
        yield "Container names must be unique."
    if not any(container.get("essential", True) for container in containers):
        yield "All jobs must have at least one essential container."
    for container in containers:
        for dependency in container.get("dependsOn") or ():
            name, condition = dependency.get("containerName"), dependency.get("condition")
            if name is None or name not in names:
                yield f"There is no container named {name} to depend on."
            if condition not in CONDITIONS:
                yield _not_one_of("condition", condition, CONDITIONS)


def _platform(settings: Members, containers: Sequence[Members]) -> Iterator[str]:
    """Yield a message for each rule that the settings of a task break."""
    for name, (group, member, values) in CHOICES.items():
        value = (settings.get(group) or {}).get(member)
        if value is not None and value not in values:
            yield _not_one_of(name, value, values)
    storage = settings.get("ephemeralStorage")
    if storage and storage["sizeInGiB"] not in EPHEMERAL_STORAGE:
        yield "ephemeralStorage sizeInGiB must be between 21 and 200."
    runtime = settings.get("runtimePlatform") or {}
    if runtime.get("operatingSystemFamily") in WINDOWS:
        if runtime.get("cpuArchitecture") == "ARM64":
            yield "cpuArchitecture must be X86_64 for Windows containers."
        for member in NOT_ON_WINDOWS:
            if any(container.get(member) for container in containers):
                yield f"{member} is not applicable for Windows containers."
    for volume in settings.get("volumes") or ():
        if (volume.get("host") or {}).get("sourcePath"):
            yield "host sourcePath is not applicable for Fargate."


def _container(container: Members) -> Iterator[str]:
    if not container.get("image"):
        yield "image must be specified."
    for member in NOT_ON_FARGATE:
        if container.get(member):
            hint = " Use resource requirements instead." if member in ("vcpus", "memory") else ""
            yield f"{member} is not applicable for Fargate.{hint}"
    yield from command_problems(container)
    for member in LINUX_NOT_ON_FARGATE:
        if (container.get("linuxParameters") or {}).get(member):
            yield f"linuxParameters {member} is not applicable for Fargate."
    driver = (container.get("logConfiguration") or {}).get("logDriver")
    if driver is not None and driver not in LOG_DRIVERS:
        yield f"Log driver {driver} is not applicable for Fargate."
    for member in ("startTimeout", "stopTimeout"):
        seconds = container.get(member, 0)  # an older botocore does not say that it is a number
        if not isinstance(seconds, int) or seconds > STOP_TIMEOUT:
            yield f"{member} must be at most {STOP_TIMEOUT} seconds for Fargate."


def _not_one_of(name: str, value: object, values: Sequence[str]) -> str:
    return f"{name} {value} is not valid. Valid values are {', '.join(values)}."
