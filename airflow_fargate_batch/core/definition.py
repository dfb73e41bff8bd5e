"""A job definition, parsed from DescribeJobDefinitions, to compare a request with.

Source: AWS Batch API Reference, ``JobDefinition``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Final

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core.fargate import LATEST

LATEST_IS: Final = "1.4.0"
LATEST_IS_ON_WINDOWS: Final = "1.0.0"
"""Amazon ECS Developer Guide, "Fargate platform versions for Linux", and "for Windows":
the meaning of LATEST."""


class DefinitionKind(Enum):
    """Member of the definition that describes the containers; overrides must be of the same kind.

    Source: API, ``SubmitJob``: ``containerOverrides`` is for ``containerProperties``,
    ``ecsPropertiesOverride`` for ``ecsProperties``, and so on.
    """

    CONTAINER = "containerProperties"
    ECS = "ecsProperties"
    EKS = "eksProperties"
    MULTI_NODE = "nodeProperties"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinedContainer:
    """A container of a job definition.

    Attributes:
        name: ``None`` unless the definition has ``ecsProperties``.
        memory: MiB.
        log_driver: ``None`` means AWS's default, awslogs.
    """

    name: str | None = None
    image: str | None = None
    is_essential: bool = True
    vcpu: Decimal | None = None
    memory: int | None = None
    log_driver: str | None = None
    command: tuple[str, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_api(cls, members: Mapping[str, object]) -> "DefinedContainer":
        """Parse ``containerProperties`` or one of ``containers``; all members are optional."""
        requirements = {
            read.text(each.get("type")): each.get("value")
            for each in read.mappings(members.get("resourceRequirements"))
        }
        memory = read.number(requirements.get("MEMORY"))
        return cls(
            name=read.text(members.get("name")),
            image=read.text(members.get("image")),
            is_essential=members.get("essential") is not False,
            vcpu=read.number(requirements.get("VCPU")),
            memory=None if memory is None else int(memory),
            log_driver=read.text(read.mapping(members.get("logConfiguration")).get("logDriver")),
            command=tuple(read.texts(members.get("command"))),
            environment={
                name: read.text(each.get("value")) or ""
                for each in read.mappings(members.get("environment"))
                if (name := read.text(each.get("name")))
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefinition:
    """A registered job definition.

    Attributes:
        name: Name without revision.
        platform_version: ``LATEST`` if the definition names no version.
        is_windows: Containers run on Windows.
        is_active: Whether AWS accepts jobs of the definition.
        kind: Member that describes the containers; ``None`` means AWS gave none of the known ones.
        platforms: ``platformCapabilities``; AWS takes an empty list as EC2.
        architecture: X86_64 (the default) or ARM64.
        assigns_public_ip: Whether tasks get a public IP address.
        parameters: Defaults for ``Ref::name`` in commands.
        propagates_tags: Whether tasks get the tags; SubmitJob may override.
        has_execute_command: Whether ECS Exec can open a shell in the containers.
        storage: GiB of ephemeral storage; ``None`` means Fargate's default.
        timeout: Seconds for each attempt; SubmitJob may override.
    """

    arn: str
    name: str
    revision: int
    platform_version: str = LATEST
    is_windows: bool = False
    is_active: bool = True
    kind: DefinitionKind | None = None
    platforms: tuple[str, ...] = ()
    containers: tuple[DefinedContainer, ...] = ()
    execution_role: str | None = None
    job_role: str | None = None
    architecture: str = "X86_64"
    assigns_public_ip: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    propagates_tags: bool = False
    scheduling_priority: int | None = None
    has_execute_command: bool = False
    storage: int | None = None
    timeout: int | None = None

    @classmethod
    def from_api(cls, entry: object) -> "JobDefinition":
        """Parse one entry of ``jobDefinitions``; a nonsensical member counts as absent.

        :raises ValueError: the entry has no ARN, name or revision.
        """
        members = read.mapping(entry)
        arn = read.text(members.get("jobDefinitionArn"))
        name = read.text(members.get("jobDefinitionName"))
        revision = read.count(members.get("revision"))
        if arn is None or name is None or revision is None:
            raise ValueError("the entry has no jobDefinitionArn, jobDefinitionName or revision")
        kind = next((each for each in DefinitionKind if members.get(each.value)), None)
        task, containers = _task(members, kind)
        fargate = read.mapping(task.get("fargatePlatformConfiguration"))
        system = read.mapping(task.get("runtimePlatform"))
        network = read.mapping(task.get("networkConfiguration"))
        version = fargate.get("platformVersion") or task.get("platformVersion")
        return cls(
            arn=arn,
            name=name,
            revision=revision,
            platform_version=read.text(version) or LATEST,
            is_windows=(read.text(system.get("operatingSystemFamily")) or "").startswith("WINDOWS"),
            is_active=members.get("status", "ACTIVE") == "ACTIVE",
            kind=kind,
            platforms=tuple(read.texts(members.get("platformCapabilities"))),
            containers=tuple(map(DefinedContainer.from_api, containers)),
            execution_role=read.text(task.get("executionRoleArn")),
            job_role=read.text(task.get("jobRoleArn") or task.get("taskRoleArn")),
            architecture=read.text(system.get("cpuArchitecture")) or "X86_64",
            assigns_public_ip=network.get("assignPublicIp") == "ENABLED",
            parameters=read.text_mapping(members.get("parameters")),
            tags=read.text_mapping(members.get("tags")),
            propagates_tags=members.get("propagateTags") is True,
            scheduling_priority=read.count(members.get("schedulingPriority")),
            has_execute_command=task.get("enableExecuteCommand") is True,
            storage=read.count(read.mapping(task.get("ephemeralStorage")).get("sizeInGiB")),
            timeout=read.count(read.mapping(members.get("timeout")).get("attemptDurationSeconds")),
        )

    def __str__(self) -> str:
        """Write ``name:revision``, which SubmitJob takes."""
        return f"{self.name}:{self.revision}"

    @property
    def is_for_fargate(self) -> bool:
        """Whether the definition says that its jobs run on Fargate."""
        return "FARGATE" in self.platforms

    @property
    def latest(self) -> str:
        """Platform version that LATEST means for the definition's operating system."""
        return LATEST_IS_ON_WINDOWS if self.is_windows else LATEST_IS

    def runs_on(self, platform_version: str) -> bool:
        """Return whether jobs of the definition run on a platform version."""
        own, wanted = (
            self.latest if version == LATEST else version
            for version in (self.platform_version, platform_version)
        )
        return own == wanted


def _task(
    members: Mapping[str, object], kind: DefinitionKind | None
) -> tuple[Mapping[str, object], list[Mapping[str, object]]]:
    """Return the settings that all containers share, and the containers."""
    if kind is DefinitionKind.CONTAINER:
        properties = read.mapping(members.get(kind.value))
        return properties, [properties]
    if kind is DefinitionKind.ECS:
        tasks = read.mappings(read.mapping(members.get(kind.value)).get("taskProperties"))
        task = tasks[0] if tasks else {}
        return task, read.mappings(task.get("containers"))
    return {}, []
