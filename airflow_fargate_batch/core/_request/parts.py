"""The parts of a request, and the SubmitJob body that they make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._request import consumables as _consumables
from airflow_fargate_batch.core._request import containers as _containers
from airflow_fargate_batch.core._request import learning as _learning
from airflow_fargate_batch.core._request.containers import ContainerOverrides, EcsTask
from airflow_fargate_batch.core._request.dependencies import Dependency
from airflow_fargate_batch.core._request.learning import Learning
from airflow_fargate_batch.core._request.retries import RetryStrategy
from airflow_fargate_batch.core._request.size import Settled
from airflow_fargate_batch.core.fargate import LATEST
from airflow_fargate_batch.core.items import URI_VARIABLE, Address, Items
from airflow_fargate_batch.core.naming import Submission

if TYPE_CHECKING:
    from types_boto3_batch.type_defs import SubmitJobRequestTypeDef


@dataclass(frozen=True, slots=True, kw_only=True, init=False, repr=False, eq=False)
class RequestParts:
    """Parts of a request, as read from arguments or a body.

    The ``repr`` leaves out all members with possible secrets.

    Attributes:
        size: vCPU and MiB of memory; ``None`` leaves the value to the job definition.
        items: List that the children share; *environment* has the list, or its address.
        ecs: Containers of a job definition with ``ecsProperties``; size, command and environment
            are for one of them. ``None`` means another kind of definition.
        learning: Changes that later tries may make; never sent.
        submission: Identity, for tags and a default name.
        warnings: Legal but suspicious arguments.
        notes: Changes to arguments: a size rounded up, an array of one.
    """

    job_name: str
    job_queue: str
    job_definition: str
    size: Settled = field(default_factory=Settled)
    command: tuple[str, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    share_identifier: str | None = None
    scheduling_priority: int | None = None
    array_size: int | None = None
    items: Items | None = field(default=None, repr=False)
    depends_on: tuple[Dependency, ...] = ()
    retry_strategy: RetryStrategy | None = None
    job_timeout: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    propagate_tags: bool | None = None
    platform_version: str | None = None
    awslogs_index: int | None = None
    ecs: EcsTask | None = field(default=None, repr=False)
    consumable_resources: Mapping[str, int] = field(default_factory=dict)
    learning: Learning = _learning.NOTHING
    submission: Submission | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def needs_definition(self) -> bool:
        """Whether only the job definition tells if AWS takes the request.

        So it is with one of vCPU and memory alone, and with a platform version.
        """
        if self.platform_version not in (None, LATEST):
            return True
        sizes = [container.size for container in self.containers]
        return any((size.vcpu is None) != (size.memory is None) for size in sizes)

    @property
    def items_address(self) -> Address | None:
        """Address of the list on S3; ``None`` if the list travels in a variable."""
        uri = self.environment.get(URI_VARIABLE)
        return None if self.items is None or uri is None else Address.parse(uri)

    @property
    def items_to_write(self) -> Items | None:
        """The list to write at ``items_address`` before the submit, unless it lies there."""
        address = self.items_address
        return self.items if self.items and address not in (None, self.items.source) else None

    def to_submit_job(self) -> "SubmitJobRequestTypeDef":
        """Return the body of SubmitJob, for boto3 and ``--cli-input-json``."""
        room = limits.TAGS - len(self.tags)
        if self.propagate_tags:  # the job definition's tags count as well, and are not known here
            room = min(room, 1)
        fingerprint = self.items.fingerprint if self.items else None
        own_tags = self.submission.tags(room=room, items=fingerprint) if self.submission else {}
        body = {
            "jobName": self.job_name,
            "jobQueue": self.job_queue,
            "jobDefinition": self.job_definition,
            "shareIdentifier": self.share_identifier,
            "schedulingPriorityOverride": self.scheduling_priority,
            "arrayProperties": self.array_size and {"size": self.array_size},
            "dependsOn": [dependency.to_api() for dependency in self.depends_on] or None,
            "parameters": dict(self.parameters) or None,
            "containerOverrides": None,
            "retryStrategy": self.retry_strategy and self.retry_strategy.to_api(),
            "propagateTags": self.propagate_tags,
            "timeout": self.job_timeout and {"attemptDurationSeconds": self.job_timeout},
            "tags": {**self.tags, **own_tags} or None,
            "consumableResourcePropertiesOverride": _consumables.to_api(self.consumable_resources),
            **self._overrides(),
        }
        said = {member: value for member, value in body.items() if value is not None}
        return cast("SubmitJobRequestTypeDef", said)

    def _overrides(self) -> dict[str, Any]:
        """Write the overrides, in the member that fits the kind of the job definition."""
        own = ContainerOverrides(size=self.size, command=self.command, environment=self.environment)
        if self.ecs is None or self.ecs.position is None:
            ecs = self.ecs.to_api() if self.ecs else None
            return {"containerOverrides": own.to_api() or None, _containers.MEMBER: ecs}
        return {_containers.MEMBER: self.ecs.with_own(own).to_api()}

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues in which jobs of the submission may be."""
        fallback = self.learning.fallback_job_queue
        return (self.job_queue, *([fallback] if fallback not in (None, self.job_queue) else ()))

    @property
    def containers(self) -> tuple[ContainerOverrides, ...]:
        """The overrides of all containers that the request names."""
        own = ContainerOverrides(size=self.size, command=self.command, environment=self.environment)
        return (own,) if self.ecs is None else self.ecs.with_own(own).containers
