"""A job definition, parsed from DescribeJobDefinitions, to compare a request with.

Source: AWS Batch API Reference, ``JobDefinition``.
"""

import re
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core import _members as read

LATEST: Final = "LATEST"
LATEST_IS: Final = "1.4.0"
LATEST_IS_ON_WINDOWS: Final = "1.0.0"
"""Amazon ECS Developer Guide, "Fargate platform versions for Linux", and "for Windows":
the meaning of LATEST."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefinition:
    """A registered job definition.

    Attributes:
        name: Name without revision.
        platform_version: ``LATEST`` if the definition names no version.
        is_windows: Containers run on Windows.
        is_active: Whether AWS accepts jobs of the definition.
    """

    arn: str
    name: str
    revision: int
    platform_version: str = LATEST
    is_windows: bool = False
    is_active: bool = True

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
        properties = read.mapping(members.get("containerProperties"))
        fargate = read.mapping(properties.get("fargatePlatformConfiguration"))
        tasks = read.mappings(read.mapping(members.get("ecsProperties")).get("taskProperties"))
        task = tasks[0] if tasks else {}
        system = read.mapping(properties.get("runtimePlatform") or task.get("runtimePlatform"))
        version = fargate.get("platformVersion") or task.get("platformVersion")
        return cls(
            arn=arn,
            name=name,
            revision=revision,
            platform_version=read.text(version) or LATEST,
            is_windows=str(system.get("operatingSystemFamily")).startswith("WINDOWS"),
            is_active=members.get("status", "ACTIVE") == "ACTIVE",
        )

    def __str__(self) -> str:
        """Write ``name:revision``, which SubmitJob takes."""
        return f"{self.name}:{self.revision}"

    def runs_on(self, platform_version: str) -> bool:
        """Return whether jobs of the definition run on a platform version."""
        latest = LATEST_IS_ON_WINDOWS if self.is_windows else LATEST_IS
        own, wanted = (
            latest if version == LATEST else version
            for version in (self.platform_version, platform_version)
        )
        return own == wanted


def base_name(definition: str) -> str:
    """Return the bare name of a definition, from its name, ``name:revision`` or ARN."""
    return re.sub(r":[0-9]+\Z", "", definition).rpartition("/")[2]
