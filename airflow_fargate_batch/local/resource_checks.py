"""Rules for queues, compute environments, scheduling policies and consumable resources.

The rules come from botocore's Batch model. If AWS's message is not known, the message here follows
the pattern of known messages.
"""

from collections.abc import Iterator
from typing import Final

from airflow_fargate_batch.local.definition_checks import NAME, Members

FARGATE_TYPES: Final = ("FARGATE", "FARGATE_SPOT")
NOT_ON_FARGATE: Final = (
    "allocationStrategy", "bidPercentage", "desiredvCpus", "ec2Configuration", "ec2KeyPair",
    "imageId", "instanceRole", "instanceTypes", "launchTemplate", "minvCpus", "placementGroup",
    "scalingPolicy", "spotIamFleetRole", "tags",
)  # fmt: skip
"""API, ``ComputeResource``: ``This parameter isn't applicable to jobs that are running on Fargate
resources. Don't specify it.``"""
SUBNETS: Final = 16
SECURITY_GROUPS: Final = 5
ENVIRONMENTS: Final = 3
"""API, ``CreateJobQueue.computeEnvironmentOrder``: up to three."""
LIMIT_SECONDS: Final = range(600, 86_400 + 1)
"""API, ``JobStateTimeLimitAction.maxTimeSeconds``."""
SHARE_DECAY: Final = range(604_800 + 1)
RESERVATION: Final = range(99 + 1)
CONSUMABLE_TYPES: Final = ("REPLENISHABLE", "NON_REPLENISHABLE")


def _name(title: str, name: str) -> Iterator[str]:
    if not NAME.match(name):
        yield f"{title} name should match valid pattern"


def _state(body: Members) -> Iterator[str]:
    if body.get("state") not in (None, "ENABLED", "DISABLED"):
        yield f"state {body['state']} is not valid. Valid values are ENABLED, DISABLED."


def environment_problems(body: Members) -> Iterator[str]:
    """Yield a message for each rule that a new or changed compute environment breaks."""
    yield from _name("ComputeEnvironment", body["computeEnvironmentName"])
    yield from _state(body)
    if body["type"] not in ("MANAGED", "UNMANAGED"):
        yield f"type {body['type']} is not valid. Valid values are MANAGED, UNMANAGED."
    made = body.get("computeResources")
    if body["type"] == "UNMANAGED" or body.get("eksConfiguration"):
        yield "LocalBatch runs Fargate jobs only: the compute environment must be MANAGED, by ECS."
    elif not made:
        yield "computeResources must be provided for a MANAGED compute environment"
    elif made["type"] not in FARGATE_TYPES:
        yield "LocalBatch runs Fargate jobs only: type must be FARGATE or FARGATE_SPOT."
    else:
        yield from _fargate_resources(made)


def _fargate_resources(made: Members) -> Iterator[str]:
    for member in NOT_ON_FARGATE:
        if made.get(member) not in (None, [], {}):
            yield f"{member} is not applicable for Fargate."
    if made.get("maxvCpus", 0) < 1:
        yield "maxvCpus must be at least 1."
    for member, most in (("subnets", SUBNETS), ("securityGroupIds", SECURITY_GROUPS)):
        if not 1 <= len(made.get(member) or ()) <= most:
            yield f"{member} is required for Fargate, with 1 to {most} entries."


def queue_problems(body: Members) -> Iterator[str]:
    """Yield a message for each rule that a new or changed queue breaks."""
    yield from _name("JobQueue", body["jobQueueName"])
    yield from _state(body)
    if body.get("serviceEnvironmentOrder"):
        yield "LocalBatch runs Fargate jobs only: serviceEnvironmentOrder is not known."
    if body["priority"] < 0:
        yield "priority must be a positive integer"
    order = body.get("computeEnvironmentOrder") or []
    if not 1 <= len(order) <= ENVIRONMENTS:
        yield f"computeEnvironmentOrder must have 1 to {ENVIRONMENTS} entries."
    for key in ("order", "computeEnvironment"):
        if len({entry[key] for entry in order}) < len(order):
            yield f"Cannot provide duplicates of {key} in computeEnvironmentOrder."
    for action in body.get("jobStateTimeLimitActions") or ():
        if action["state"] != "RUNNABLE" or action["action"] != "CANCEL":
            yield "jobStateTimeLimitActions take the state RUNNABLE and the action CANCEL only."
        if action["maxTimeSeconds"] not in LIMIT_SECONDS:
            yield "maxTimeSeconds must be between 600 and 86400."


def policy_problems(body: Members) -> Iterator[str]:
    """Yield a message for each rule that a scheduling policy breaks."""
    yield from _name("SchedulingPolicy", body["name"])
    fair = body.get("fairsharePolicy") or {}
    if fair.get("shareDecaySeconds", 0) not in SHARE_DECAY:
        yield "shareDecaySeconds must be between 0 and 604800."
    if fair.get("computeReservation", 0) not in RESERVATION:
        yield "computeReservation must be between 0 and 99."


def consumable_problems(body: Members) -> Iterator[str]:
    """Yield a message for each rule that a consumable resource breaks."""
    yield from _name("ConsumableResource", body["consumableResourceName"])
    if body["resourceType"] not in CONSUMABLE_TYPES:
        yield f"resourceType must be one of {', '.join(CONSUMABLE_TYPES)}."
    if body["totalQuantity"] < 0:
        yield "totalQuantity must be non-negative."
