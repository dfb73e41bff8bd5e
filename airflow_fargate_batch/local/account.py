"""Account of LocalBatch: number, default region, ARNs and names of the ready-made resources."""

import os
import uuid
from typing import Final

ACCOUNT: Final = os.environ.get("MOTO_ACCOUNT_ID", "123456789012")
"""Account number, from the variable that moto reads too, so that both use the same account."""
REGION: Final = "ap-northeast-1"
READY_QUEUE: Final = "awa-batch-dev-fargate-high-priority"
READY_FAIR_SHARE_QUEUE: Final = "fair-share"
READY_DEFINITION: Final = "awa-batch-dev-fargate-sample"
LOG_GROUP: Final = "/aws/batch/job"
_CLUSTERS: Final = uuid.UUID("6c6f6361-6c62-4174-9368-636c75737465")
"""Namespace of the ids in cluster names."""


def arn(region: str, resource: str, service: str = "batch") -> str:
    """Write the ARN of *resource*, ``job-queue/name`` style."""
    return f"arn:aws:{service}:{region}:{ACCOUNT}:{resource}"


def full_arn(region: str, kind: str, name_or_arn: str) -> str:
    """Return *name_or_arn* as an ARN: AWS accepts an ARN in place of every name."""
    if name_or_arn.startswith("arn:"):
        return name_or_arn
    return arn(region, f"{kind}/{name_or_arn}")


def cluster_name(environment: str) -> str:
    """Return the name of the ECS cluster that Batch makes for a compute environment."""
    return f"AWSBatch-{environment}-{uuid.uuid5(_CLUSTERS, environment)}"
