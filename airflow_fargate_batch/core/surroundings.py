"""Queue, compute environments and scheduling policy around a job, parsed from AWS's answers.

Source: AWS Batch API Reference, ``JobQueueDetail``, ``ComputeEnvironmentDetail`` and
``SchedulingPolicyDetail``. Parsing is lenient: a member of an unexpected type counts as absent, and
an unknown state stays the text that AWS gave.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.exceptions import AwsError

FARGATE: Final = "FARGATE"
FARGATE_SPOT: Final = "FARGATE_SPOT"
KINDS: Final[Mapping[str, str]] = {
    FARGATE: "Fargate",
    FARGATE_SPOT: "Fargate Spot",
    "EC2": "EC2 instances",
    "SPOT": "EC2 Spot instances",
    "ECS_MANAGED_INSTANCES": "ECS Managed Instances",
}
"""API, ``ComputeResource.type``, in the words of AWS's console."""
QUEUE_KINDS: Final[Mapping[str, str]] = {
    "ECS_FARGATE": "Fargate",
    "ECS": "EC2 instances",
    "ECS_MANAGED_INSTANCES": "ECS Managed Instances",
    "EKS": "EKS (Kubernetes)",
    "SAGEMAKER_TRAINING": "SageMaker training jobs",
}
"""API, ``JobQueueDetail.jobQueueType``."""
IN_TRANSITION: Final = frozenset({"CREATING", "UPDATING"})
"""API, ``status`` of queues and compute environments: on the way to VALID or INVALID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimit:
    """A limit for jobs at the head of a queue (API, ``JobStateTimeLimitAction``).

    Attributes:
        after: Time in *state* after which AWS carries out *action*.
    """

    state: str
    action: str
    after: timedelta
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueue:
    """A job queue.

    Attributes:
        state: ENABLED, or DISABLED: the queue accepts no jobs.
        status: VALID, INVALID, CREATING, UPDATING, DELETING or DELETED.
        kind: ``jobQueueType``, such as ECS_FARGATE; ``None`` means AWS did not say.
        environments: ARNs of the compute environments, in the order of preference.
        has_service_environments: Whether the queue is for service jobs (SageMaker).
        policy_arn: The scheduling policy; ``None`` for FIFO queues.
    """

    arn: str
    name: str
    state: str = "ENABLED"
    status: str = "VALID"
    status_reason: str | None = None
    kind: str | None = None
    priority: int | None = None
    environments: tuple[str, ...] = ()
    has_service_environments: bool = False
    policy_arn: str | None = None
    time_limits: tuple[TimeLimit, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_api(cls, entry: object) -> "JobQueue":
        """Parse one entry of ``jobQueues``.

        :raises ValueError: the entry has no ARN or name.
        """
        members = read.mapping(entry)
        arn, name = _identity(members, "jobQueueArn", "jobQueueName")
        order = read.mappings(members.get("computeEnvironmentOrder"))
        order.sort(key=lambda each: read.count(each.get("order")) or 0)
        environments = (read.text(each.get("computeEnvironment")) for each in order)
        return cls(
            arn=arn,
            name=name,
            state=read.text(members.get("state")) or "ENABLED",
            status=read.text(members.get("status")) or "VALID",
            status_reason=read.text(members.get("statusReason")),
            kind=read.text(members.get("jobQueueType")),
            priority=read.count(members.get("priority")),
            environments=tuple(each for each in environments if each),
            has_service_environments=bool(members.get("serviceEnvironmentOrder")),
            policy_arn=read.text(members.get("schedulingPolicyArn")),
            time_limits=_time_limits(members.get("jobStateTimeLimitActions")),
            tags=read.text_mapping(members.get("tags")),
        )

    @property
    def is_enabled(self) -> bool:
        """Whether the queue accepts jobs."""
        return self.state == "ENABLED"

    @property
    def is_fair_share(self) -> bool:
        """Whether jobs need a share identifier."""
        return self.policy_arn is not None

    @property
    def is_for_fargate(self) -> bool | None:
        """Whether the queue runs Fargate jobs; ``None`` means AWS did not say."""
        return None if self.kind is None else self.kind == "ECS_FARGATE"

    @property
    def runs_on(self) -> str:
        """Name of the capacity that the queue uses, for a sentence."""
        return QUEUE_KINDS.get(self.kind or "", self.kind or "unknown capacity")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputeEnvironment:
    """A compute environment.

    Attributes:
        state: ENABLED, or DISABLED: no new jobs are placed here.
        status: VALID, INVALID, CREATING, UPDATING, DELETING or DELETED.
        resource_type: FARGATE, FARGATE_SPOT, EC2, SPOT or ECS_MANAGED_INSTANCES; ``None`` for
            UNMANAGED environments.
        is_managed: Whether AWS Batch manages the capacity.
        is_eks: Whether jobs run on Kubernetes.
        max_vcpus: vCPU of all jobs that run at the same time.
        container_insights: ENABLED, ENHANCED or DISABLED; ``None`` means AWS did not say.
    """

    arn: str
    name: str
    state: str = "ENABLED"
    status: str = "VALID"
    status_reason: str | None = None
    resource_type: str | None = None
    is_managed: bool = True
    is_eks: bool = False
    max_vcpus: int | None = None
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    service_role: str | None = None
    cluster_arn: str | None = None
    container_insights: str | None = None

    @classmethod
    def from_api(cls, entry: object) -> "ComputeEnvironment":
        """Parse one entry of ``computeEnvironments``.

        :raises ValueError: the entry has no ARN or name.
        """
        members = read.mapping(entry)
        arn, name = _identity(members, "computeEnvironmentArn", "computeEnvironmentName")
        resources = read.mapping(members.get("computeResources"))
        insights = read.mapping(members.get("ecsSettings")).get("containerInsights")
        is_eks = members.get("containerOrchestrationType") == "EKS"
        return cls(
            arn=arn,
            name=name,
            state=read.text(members.get("state")) or "ENABLED",
            status=read.text(members.get("status")) or "VALID",
            status_reason=read.text(members.get("statusReason")),
            resource_type=read.text(resources.get("type")),
            is_managed=members.get("type", "MANAGED") == "MANAGED",
            is_eks=is_eks or bool(members.get("eksConfiguration")),
            max_vcpus=read.count(resources.get("maxvCpus")),
            subnets=tuple(read.texts(resources.get("subnets"))),
            security_groups=tuple(read.texts(resources.get("securityGroupIds"))),
            service_role=read.text(members.get("serviceRole")),
            cluster_arn=read.text(members.get("ecsClusterArn")),
            container_insights=read.text(insights),
        )

    @property
    def is_fargate(self) -> bool:
        """Whether the environment runs Fargate jobs, On-Demand or Spot."""
        return self.resource_type in (FARGATE, FARGATE_SPOT)

    @property
    def is_spot(self) -> bool:
        """Whether AWS may reclaim the environment's Fargate tasks."""
        return self.resource_type == FARGATE_SPOT

    @property
    def can_place_jobs(self) -> bool:
        """Whether AWS can start jobs here now; an environment in transition counts."""
        return self.state == "ENABLED" and self.status in {"VALID", *IN_TRANSITION}

    @property
    def runs_on(self) -> str:
        """Name of the capacity, for a sentence."""
        if self.is_eks:
            return QUEUE_KINDS["EKS"]
        if not self.is_managed:
            return "unmanaged EC2 instances"
        return KINDS.get(self.resource_type or "", self.resource_type or "unknown capacity")


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulingPolicy:
    """A scheduling policy.

    Attributes:
        weights: Weight factor of each share identifier that the policy lists; an identifier may end
            in ``*``. A share that is not listed has the weight 1.
        is_quota_share: Whether the policy is for the quota shares of service jobs.
        compute_reservation: Percentage that is kept free for shares without jobs.
        share_decay: Time over which past use counts.
    """

    arn: str
    name: str
    weights: Mapping[str, Decimal] = field(default_factory=dict)
    is_quota_share: bool = False
    compute_reservation: int = 0
    share_decay: timedelta = timedelta()

    @classmethod
    def from_api(cls, entry: object) -> "SchedulingPolicy":
        """Parse one entry of ``schedulingPolicies``.

        :raises ValueError: the entry has no ARN or name.
        """
        members = read.mapping(entry)
        arn, name = _identity(members, "arn", "name")
        fair = read.mapping(members.get("fairsharePolicy"))
        decay = min(read.count(fair.get("shareDecaySeconds")) or 0, _LONGEST_DECAY)
        return cls(
            arn=arn,
            name=name,
            weights=_weights(fair.get("shareDistribution")),
            is_quota_share=bool(members.get("quotaSharePolicy")),
            compute_reservation=read.count(fair.get("computeReservation")) or 0,
            share_decay=timedelta(seconds=decay),
        )

    def lists(self, share_identifier: str) -> bool:
        """Return whether the policy gives the share a weight of its own."""
        return any(
            share_identifier.startswith(listed[:-1])
            if listed.endswith("*")
            else share_identifier == listed
            for listed in self.weights
        )


_LONGEST_DECAY: Final = 604_800
"""API, ``FairsharePolicy.shareDecaySeconds``: one week at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A lookup without an answer: denied, throttled, unreachable or nonsense.

    Attributes:
        what: Noun of the thing looked up, such as ``job queue``.
        error: Reason, with advice; ``AccessDenied.action`` names the missing IAM action.
    """

    what: str
    error: AwsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Answers about the queue and the job definition of a request or a job.

    Attributes:
        queue: ``None`` if the queue was not asked for, is missing or could not be read.
        environments: The queue's compute environments, in the order of preference; those that
            could not be read are left out.
        policy: ``None`` for FIFO queues too.
        definition: ``None`` like *queue*.
        newest_definition: Newest active revision, looked up only if *definition* is missing or
            INACTIVE.
        unread: Lookups without an answer.
        missing: Nouns of the things that AWS does not know.
        known_names: Names of existing things, by the noun of a missing one, to suggest the nearest.
        is_kept: Whether an answer is older than the question, up to three minutes.
    """

    queue: JobQueue | None = None
    environments: tuple[ComputeEnvironment, ...] = ()
    policy: SchedulingPolicy | None = None
    definition: JobDefinition | None = None
    newest_definition: JobDefinition | None = None
    unread: tuple[Unread, ...] = ()
    missing: frozenset[str] = frozenset()
    known_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_kept: bool = field(default=False, compare=False)

    def is_unread(self, what: str) -> bool:
        """Return whether the lookup of *what* has no answer."""
        return any(each.what == what for each in self.unread)


JOB_QUEUE: Final = "job queue"
ENVIRONMENTS: Final = "compute environments"
POLICY: Final = "scheduling policy"
DEFINITION: Final = "job definition"
"""Values of ``Unread.what``, keys of ``Surroundings.known_names``."""


def _identity(members: Mapping[str, object], arn_key: str, name_key: str) -> tuple[str, str]:
    arn, name = read.text(members.get(arn_key)), read.text(members.get(name_key))
    if arn is None or name is None:
        raise ValueError(f"the entry has no {arn_key} or {name_key}")
    return arn, name


def _time_limits(actions: object) -> tuple[TimeLimit, ...]:
    return tuple(
        TimeLimit(
            state=state,
            action=action,
            after=timedelta(seconds=min(seconds, _LONGEST_LIMIT)),
            reason=read.text(each.get("reason")),
        )
        for each in read.mappings(actions)
        if (state := read.text(each.get("state")))
        and (action := read.text(each.get("action")))
        and (seconds := read.count(each.get("maxTimeSeconds")))
    )


_LONGEST_LIMIT: Final = 86_400
"""API, ``JobStateTimeLimitAction.maxTimeSeconds``: one day at most."""


def _weights(distribution: object) -> dict[str, Decimal]:
    return {
        share: read.decimal(each.get("weightFactor")) or Decimal(1)
        for each in read.mappings(distribution)
        if (share := read.text(each.get("shareIdentifier")))
    }
