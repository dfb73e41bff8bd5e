"""Texts of AWS after which the same request certainly fails again.

A text stands here only if AWS never continues it with a temporary cause. The opening of a message
(``ResourceInitializationError: unable to pull secrets or registry auth: …``) is shared by lasting
and temporary causes, and AWS cuts a reason at 255 characters: an opening is no evidence. No pattern
looks ahead, so a cut text matches no more patterns than the whole text.

Sources: see ``_failure_rules``.
"""

from typing import Final

from airflow_fargate_batch.core._failure_kinds import FailureKind, FailureRule
from airflow_fargate_batch.exceptions import ImageNotPulled

_PULL: Final = r"CannotPull\w*Error\b.*"
_SETUP: Final = r"(?:ResourceInitialization|CannotPull\w*|CannotStart\w*|CannotCreate\w*)Error\b.*"


def _certain(pattern: str, cause: str, advice: str) -> FailureRule:
    return FailureRule(pattern, FailureKind.CONFIGURATION, cause, advice)


def _of_image(pattern: str, cause: str, advice: str) -> FailureRule:
    return _certain(pattern, cause, advice)._replace(exception=ImageNotPulled)


_REQUEST: Final = (
    _certain(
        "Container Overrides length must be at most",
        "command, environment and the variables of AWS Batch exceed 8192 characters together",
        "Pass large values through S3 or a parameter store instead of `environment`.",
    ),
    # The words for too many tags are not documented. Behind a colon stands what tagging, or the
    # pull of an image with tags in its name, ended with.
    _certain(
        r"too many tags|^[^:]*\btags\b[^:]*(?:exceed|more than|at most|maximum)",
        "the job and its job definition have more than 50 tags together",
        "Use fewer `tags`, or set `propagate_tags` to false.",
    ),
    _certain(
        "TagPolicyViolation",
        "the tags break a tag policy of the organization",
        "Compare `tags`, and the tags of job definition and compute environment, with the tag"
        " policy that AWS Organizations shows for the account.",
    ),
    _certain(
        "No Fargate configuration exists for given values"
        r"|Fargate resource requirements .* not valid|Invalid '?(?:cpu|memory)'? setting",
        "the vCPU and memory of the job are not a Fargate size",
        "Choose `vcpu` and `memory` from the list that 'fargate-batch sizes' prints.",
    ),
    _certain(
        "not compatible with the selected compute strategy|does not satisfy the task definition",
        "the job definition does not fit Fargate",
        "Register a revision of the job definition for Fargate: platformCapabilities FARGATE,"
        " network mode awsvpc, a runtimePlatform and a size that Fargate has.",
    ),
    _certain(
        r"platform version\b.*(?:deprecated|revoked|retired)|use platform version 1\.4",
        "the platform version of the job definition is retired",
        "Set platformVersion to LATEST in the job definition (fargatePlatformConfiguration), and"
        " submit with that revision.",
    ),
)

_COMMAND: Final = (
    _certain(
        "exec format error",
        "the image is built for another CPU than the job definition's",
        "Build the image for the job definition's runtimePlatform (docker build --platform"
        " linux/amd64, or linux/arm64).",
    ),
    _certain(
        r"executable file not found|\bexec: .*(?:no such file|permission denied)",
        "the command does not exist in the image or is not executable",
        "Compare `command` with the files in the image. For a line of shell write"
        ' ["sh", "-c", "the line"].',
    ),
    _certain(
        "No command specified",
        "neither the job nor the image has a command",
        "Set a `command`, or add a CMD or an ENTRYPOINT to the image.",
    ),
    _certain(
        r"/etc/(?:passwd|group): no such file|unable to find (?:user|group) "
        r"|no matching entries in (?:passwd|group)",
        "the user in the job definition does not exist in the image",
        "Remove the user from the job definition, or add that user to the image: an image"
        " without /etc/passwd knows numbers only, such as 1000:1000.",
    ),
)

_VOLUMES: Final = (
    _certain(
        r"\bchown \S+ operation not permitted",
        "the owner of a volume cannot be changed",
        "Mount the volume where the image has no directory of another owner. For EFS, use an"
        " access point with the user that the image runs as.",
    ),
    _certain(
        r"error mounting .*(?:not a directory|are you trying to mount a directory onto a file)",
        "a volume is mounted over a file, or a file over a directory",
        "Compare each volume's containerPath in the job definition with the image: a volume"
        " needs a directory.",
    ),
    _certain(
        r"EFS utils.*(?:Failed to resolve|no such file or directory|file system .*does not exist"
        r"|no matching mount target)",
        "the EFS file system or the directory in it was not found",
        "Check the EFS file system's id and root directory in the job definition. The EFS file"
        " system needs a mount target in the VPC of the job; the VPC needs DNS resolution and "
        "hostnames.",
    ),
    _certain(
        r"EFS utils.*(?:access denied|AccessDenied|not authorized)",
        "EFS refused to mount the file system",
        "Grant elasticfilesystem:ClientMount to the job role in the EFS file system's policy, and"
        " check the access point in the job definition.",
    ),
    _certain(
        rf"{_SETUP}(?:no space left|failed to extract layer \S+ write /)",
        "the image does not fit on the task's disk",
        "Raise ephemeralStorage in the job definition (21 to 200 GiB), or make the image smaller.",
    ),
)

_ROLES: Final = (
    _certain(
        "iam:PassRole",
        "AWS Batch lacks permission to pass the roles of the job to ECS",
        "Grant iam:PassRole, for the role named in the reason, to the service role of the compute"
        " environment.",
    ),
    _certain(
        r"assumed-role/(?:AWSServiceRoleForBatch|AWSBatchServiceRole)\b.*not authorized",
        "the service role of the compute environment lacks a permission",
        "Grant the action named in the reason to the service role, or create another compute"
        " environment without a service role: it uses the service-linked role"
        " AWSServiceRoleForBatch.",
    ),
    _certain(
        r"assume the (?:\w+ )?service.linked role",
        "ECS has no service-linked role in this account",
        "Create the role once: aws iam create-service-linked-role --aws-service-name"
        " ecs.amazonaws.com.",
    ),
    _certain(
        "unable to assume the role|role being passed",
        "ECS lacks permission to assume a role of the job",
        "Allow ecs-tasks.amazonaws.com to assume the execution role and the job role, in the trust"
        " policy of each role.",
    ),
    _certain(
        rf"{_SETUP}(?:AccessDenied|not authorized|403 Forbidden|status ?code: 403"
        "|role has the permissions?)",
        "the execution role lacks permission for the image, a secret or the log group",
        "Grant the action named in the reason to the execution role of the job definition"
        " (AmazonECSTaskExecutionRolePolicy covers images and logs).",
    ),
    _certain(
        "not authorized to perform:",
        "a role lacks a permission",
        "Grant the action named in the reason to the role named in the reason.",
    ),
)

_SECRETS_AND_LOGS: Final = (
    _certain(
        r"(?:log stream|CreateLogStream)\b.*ResourceNotFoundException|log group does not exist",
        "the log group of the job definition does not exist",
        "Create the log group, or set awslogs-create-group in the job definition and grant"
        " logs:CreateLogGroup to its execution role.",
    ),
    _certain(
        r"\b(?:asm|ssm|Secrets Manager|Parameter Store)\b.*(?:ResourceNotFoundException"
        r"|can't find the specified secret|ParameterNotFound|invalid (?:ssm )?parameters"
        r"|invalid character|did not contain json key|unexpected ARN format|ValidationException"
        r"|InvalidParameterException|marked (?:for|as) delet)",
        "a secret in the job definition does not exist or has another form",
        "Compare the secret's ARN, JSON key and region in the job definition with Secrets Manager"
        " or Parameter Store.",
    ),
    _certain(
        r"env(?:ironment variable)? files?\b.*(?:NoSuchKey|NoSuchBucket|NotFound|status ?code: 404"
        r"|PermanentRedirect|BucketRegionError)",
        "an environment file in the job definition does not exist",
        "Compare the ARN of the environment file in the job definition with the object in S3.",
    ),
)

_IMAGE: Final = (
    _of_image(
        rf"{_PULL}(?:401 Unauthorized|no basic auth|failed to fetch anonymous token\."
        r"|authentication required|incorrect username or password|unauthorized: )",
        "the image registry requires credentials",
        "Set repositoryCredentials in the job definition (a secret with the registry's credentials,"
        " readable by the execution role), or use an image in ECR.",
    ),
    _of_image(
        rf"{_PULL}x509: ",
        "the certificate of the image registry is not trusted",
        "Install a certificate of a public authority in the registry, or copy the image to ECR:"
        " Fargate trusts public authorities only.",
    ),
    _of_image(
        rf"{_PULL}(?:descriptor (?:matching|for) platform|no match(?:ing manifest)? for )",
        "the image is built for another CPU or operating system than the job definition's",
        "Build the image for the job definition's runtimePlatform (docker build --platform"
        " linux/amd64, or linux/arm64).",
    ),
    _of_image(
        rf"{_PULL}unexpected commit digest",
        "the image registry sent another image than announced",
        "Push the image again, or pull the image from ECR: a proxy registry may change images.",
    ),
    _of_image(
        rf"{_PULL}(?:(?<!host )not found|manifest unknown|name unknown|does not exist"
        r"|pull access denied|insufficient_scope|invalid reference)",
        "the image does not exist, or access is denied",
        "Compare the image in the job definition (repository, tag, region) with the registry."
        " If the image is private, check the registry's policy and credentials.",
    ),
)

_NETWORK: Final = (
    _certain(
        r"InvalidGroup\.NotFound|InvalidSecurityGroupID|InvalidSecurityGroup\.NotFound",
        "a security group of the compute environment does not exist",
        "Name existing security groups of the subnets' VPC in the compute environment: 'aws batch"
        " update-compute-environment --compute-environment ENVIRONMENT --compute-resources"
        " securityGroupIds=GROUP'.",
    ),
    _certain(
        r"InvalidSubnet(?:ID)?\.NotFound",
        "a subnet of the compute environment does not exist",
        "Name existing subnets in the compute environment: 'aws batch update-compute-environment"
        " --compute-environment ENVIRONMENT --compute-resources subnets=SUBNET'.",
    ),
)

CERTAIN: Final[tuple[FailureRule, ...]] = (
    *_REQUEST,
    *_COMMAND,
    *_VOLUMES,
    *_ROLES,
    *_SECRETS_AND_LOGS,
    *_IMAGE,
    *_NETWORK,
)
"""Rules of kind CONFIGURATION; the first match decides."""
