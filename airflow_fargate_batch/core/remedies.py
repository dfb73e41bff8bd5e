"""Next steps that several tables share, with places such as ``{queue}`` for names.

A command stands in quotes, so that a period may follow.

Source: AWS Batch API Reference, ``UpdateComputeEnvironment`` and ``UpdateJobQueue``; for the
service role, ``UpdateComputeEnvironment.serviceRole``: a compute environment with a regular role
cannot be changed to the service-linked role.
"""

from collections.abc import Mapping
from typing import Final

_UPDATE: Final = "aws batch update-compute-environment --compute-environment {environment}"
SERVICE_ROLE: Final = (
    "attach the policy AWSBatchServiceRole to the service role and let batch.amazonaws.com assume"
    " it; or create another compute environment without a service role, which then uses the"
    " service-linked role AWSServiceRoleForBatch"
)
REPAIR_ENVIRONMENT: Final = (
    "Repair what the reason names: usually the service role lacks permissions or does not exist"
    f" ({SERVICE_ROLE}), or a subnet or security group does not exist. Then update the compute"
    f" environment, so that AWS checks it again: '{_UPDATE} --state ENABLED'. If it stays INVALID,"
    " disable it, delete it and create it again."
)
ENABLE_ENVIRONMENT: Final = f"Enable the compute environment: '{_UPDATE} --state ENABLED'."
RAISE_MAX_VCPUS: Final = f"raise maxvCpus: '{_UPDATE} --compute-resources maxvCpus=NUMBER'."
ATTACH_ENVIRONMENT: Final = (
    "Attach a Fargate compute environment: 'aws batch update-job-queue --job-queue {queue}"
    " --compute-environment-order order=1,computeEnvironment=ENVIRONMENT'."
)


def filled(remedy: str, names: Mapping[str, str]) -> str:
    """Write names into the places of a remedy; a missing one is a word in capitals: ``QUEUE``."""
    return remedy.format_map(_Names(names))


class _Names(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key.upper()
