"""The words AWS uses for a job's end, and what they mean: a table, read top down by ``failure``.

Sources: Amazon ECS Developer Guide, "Stopped tasks error messages"; AWS Batch User Guide, "Jobs
stuck in RUNNABLE" and "Job timeouts"; where neither documents them, what the services have been
seen to say. A pattern sees one line each for the status reason and the containers' reasons, then
``exitCode: N``, ``isTerminated`` and ``isCancelled``.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class FailureKind(StrEnum):
    """Who has to act."""

    INFRASTRUCTURE = "infrastructure"
    CONFIGURATION = "configuration"
    OUT_OF_MEMORY = "out of memory"
    TIMEOUT = "timeout"
    SPOT_RECLAIM = "Spot reclaim"
    KILLED = "killed"
    DEPENDENCY = "dependency"
    CHILDREN = "array children"
    USER_CODE = "user code"
    UNKNOWN = "unknown"

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed another time; out of doubt, it may."""
        return self not in {FailureKind.CONFIGURATION, FailureKind.DEPENDENCY}


class Rule(NamedTuple):
    """If the evidence has the pattern, this is what went wrong."""

    pattern: str
    kind: FailureKind
    cause: str
    advice: str


_NO_NETWORK: Final = (
    "(?:i/o timeout|dial tcp|deadline exceeded|request canceled|Client.Timeout|no such host"
    "|connection issue|connection re(?:set|fused)|network configuration|signal: killed)"
)
_NO_PERMISSION: Final = "(?:AccessDenied|not authorized|403 Forbidden|no basic auth)"
_WAY_OUT: Final = (
    "Give the subnet a route to a NAT gateway, or assignPublicIp in a public subnet, or VPC"
    " endpoints for ECR (api and dkr), S3, CloudWatch Logs and Secrets Manager; and let the"
    " security group pass HTTPS."
)
_MAX_VCPUS: Final = (
    "Ask for less vCPU and memory, or raise the compute environment's maximum vCPUs."
)
_LOOK_AT_LOGS: Final = "Look at the job's last log lines: the program itself said why."

RULES: Final[tuple[Rule, ...]] = (
    # Reclaims, timeouts and kills also leave exit code 137 or 143 behind: they come first.
    Rule(
        "Your Spot Task was interrupted",
        FailureKind.SPOT_RECLAIM,
        "Fargate Spot took the capacity back",
        "Let Batch itself retry it (spot_retries), or use a queue without Spot.",
    ),
    Rule(
        "Job attempt duration exceeded timeout",
        FailureKind.TIMEOUT,
        "an attempt ran longer than its timeout",
        "Raise job_timeout, give the job more vCPU, or split the work.",
    ),
    Rule(
        "CAPACITY:",
        FailureKind.INFRASTRUCTURE,
        "AWS had no capacity for it",
        "Try again later, or add subnets in other availability zones.",
    ),
    Rule(
        "MISCONFIGURATION:(?:COMPUTE_ENVIRONMENT_MAX_RESOURCE|JOB_RESOURCE_REQUIREMENT)",
        FailureKind.CONFIGURATION,
        "it asks for more than the queue's compute environments can ever give",
        _MAX_VCPUS,
    ),
    Rule(
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        FailureKind.CONFIGURATION,
        "the compute environment's service role lacks permissions",
        "Use the service-linked role of AWS Batch in the compute environment.",
    ),
    Rule(
        "MISCONFIGURATION:|ACTION_REQUIRED",
        FailureKind.CONFIGURATION,
        "the queue's compute environments cannot run it",
        "Look at the status and its reason of the queue's compute environments.",
    ),
    Rule(
        "Dependent Job failed",
        FailureKind.DEPENDENCY,
        "a job it depends on failed",
        "Mend the job that it depends on, then run both again (in Airflow, clear both tasks).",
    ),
    Rule(
        "^isTerminated|^isCancelled",
        FailureKind.KILLED,
        "it was told to stop by TerminateJob or CancelJob",
        "Its status reason says by whom or why; if it was a mistake, run it again (in Airflow,"
        " clear the task).",
    ),
    # Accepted by SubmitJob, refused afterwards.
    Rule(
        "Container Overrides length must be at most",
        FailureKind.CONFIGURATION,
        "command, environment and Batch's own variables exceed 8192 characters together",
        "Pass big values through S3 or a parameter store instead of the environment.",
    ),
    # The words for too many tags are not documented.
    Rule(
        r"\b[Tt]ags?\b.*(?:exceed|more than|at most|maximum)",
        FailureKind.CONFIGURATION,
        "it has more than 50 tags, its own and the job definition's together",
        "Use fewer tags, or do not propagate them.",
    ),
    Rule(
        "executable file not found|exec: .*(?:no such file|permission denied)",
        FailureKind.CONFIGURATION,
        "the command does not exist in the image or may not be executed",
        "Compare command with what the image holds; a shell line needs ['sh', '-c', …].",
    ),
    # The task could not be set up: image registry, secrets, logs, volumes.
    Rule(
        rf"(?:ResourceInitialization|CannotPull\w*)Error.*{_NO_PERMISSION}",
        FailureKind.CONFIGURATION,
        "the execution role may not read the image, a secret or the log group",
        "Add the action that the reason names to the job definition's execution role.",
    ),
    Rule(
        rf"ResourceInitializationError.*{_NO_NETWORK}",
        FailureKind.INFRASTRUCTURE,
        "the task reached no AWS service (ECR, Secrets Manager or CloudWatch Logs)",
        _WAY_OUT,
    ),
    Rule(
        "ResourceInitializationError.*(?:log group does not exist|logger args|logging driver)",
        FailureKind.CONFIGURATION,
        "the log group of the job definition does not exist or cannot be used",
        "Create the log group, or allow logs:CreateLogGroup and set awslogs-create-group.",
    ),
    Rule(
        "ResourceInitializationError.*(?:secret|asm|ssm|invalid character|env file)",
        FailureKind.CONFIGURATION,
        "a secret or environment file of the job definition could not be read",
        "Compare the ARNs, JSON keys and region in the job definition with what exists.",
    ),
    Rule(
        "ResourceInitializationError",
        FailureKind.INFRASTRUCTURE,
        "Fargate could not set the task up",
        _WAY_OUT,
    ),
    # The image.
    Rule(
        r"CannotPull\w*Error.*(?:toomanyrequests|Too Many Requests|pull rate limit)",
        FailureKind.INFRASTRUCTURE,
        "the image registry refused the pull for its rate limit",
        "Mirror the image into ECR (a pull-through cache does), or log in to the registry.",
    ),
    Rule(
        r"(?:CannotPull\w*Error.*matching (?:platform|manifest)|exec format error)",
        FailureKind.CONFIGURATION,
        "the image is built for another CPU or operating system than the job definition's",
        "Build it for the definition's runtimePlatform (docker build --platform linux/amd64).",
    ),
    Rule(
        rf"CannotPull\w*Error.*{_NO_NETWORK}",
        FailureKind.INFRASTRUCTURE,
        "the image registry could not be reached",
        _WAY_OUT,
    ),
    Rule(
        r"CannotPull\w*Error.*(?:not found|manifest unknown|does not exist|access denied"
        "|insufficient_scope|invalid reference)",
        FailureKind.CONFIGURATION,
        "the image does not exist, or may not be read",
        "Compare the job definition's image, tag and region with what the registry has.",
    ),
    Rule(
        r"CannotPull\w*Error.*no space left",
        FailureKind.CONFIGURATION,
        "the image does not fit on the task's disk",
        "Raise ephemeralStorage in the job definition (21 to 200 GiB), or shrink the image.",
    ),
    Rule(
        r"CannotPull\w*Error",
        FailureKind.INFRASTRUCTURE,
        "the image could not be pulled",
        _WAY_OUT,
    ),
    # Fargate itself.
    Rule(
        "unable to assume the role|role being passed",
        FailureKind.CONFIGURATION,
        "ECS may not assume the job's role",
        "Let ecs-tasks.amazonaws.com assume the execution role and the job role.",
    ),
    Rule(
        "network interface provisioning|Create Network Interface|InsufficientFreeAddresses",
        FailureKind.INFRASTRUCTURE,
        "the task got no network interface",
        "Try again; if it persists, see whether the subnet has free addresses.",
    ),
    Rule(
        "Capacity is unavailable|reached the limit on the number of",
        FailureKind.INFRASTRUCTURE,
        "Fargate had no capacity, or the account's quota of vCPUs was used up",
        "Try again later, add subnets in other zones, or ask for a higher Fargate quota.",
    ),
    Rule(
        "performing maintenance on the underlying|[Tt]ask retirement",
        FailureKind.INFRASTRUCTURE,
        "AWS stopped the task for maintenance",
        "Try again.",
    ),
    Rule(
        "OutOfMemory",
        FailureKind.OUT_OF_MEMORY,
        "a container used more memory than it has",
        "Ask for more memory.",
    ),
    Rule(
        "(?:Cannot(?:Start|Stop|Create|Inspect)Container|CannotCreateVolume|DockerTimeout"
        "|ContainerRuntime(?:Timeout)?|Internal)Error",
        FailureKind.INFRASTRUCTURE,
        "Fargate could not run the container",
        "Try again; if it persists, the reason below is ECS's own.",
    ),
    # The program's own end, by the conventions of shells and signals.
    Rule(
        "^exitCode: 137$",
        FailureKind.OUT_OF_MEMORY,
        "the container was killed, most likely for its memory",
        "Ask for more memory.",
    ),
    Rule(
        "^exitCode: 127$",
        FailureKind.CONFIGURATION,
        "the command was not found in the image",
        "Compare command, entry point and PATH with what the image holds.",
    ),
    Rule(
        "^exitCode: 126$",
        FailureKind.CONFIGURATION,
        "the command may not be executed",
        "Set its executable bit, and see that its interpreter is in the image.",
    ),
    Rule(
        "^exitCode: 139$",
        FailureKind.USER_CODE,
        "the program crashed (segmentation fault)",
        "Look at native libraries and their versions in the image.",
    ),
    Rule(
        "^exitCode: 143$",
        FailureKind.KILLED,
        "the container was stopped from outside (SIGTERM)",
        "Clear the task to run it again; the status reason may say who stopped it.",
    ),
    Rule(
        "^exitCode: -?[1-9]",
        FailureKind.USER_CODE,
        "the program ended with an error",
        _LOOK_AT_LOGS,
    ),
    Rule(
        "Array Child Job failed",
        FailureKind.CHILDREN,
        "children of the array failed",
        "Look at the failed indexes' reasons and log streams.",
    ),
    Rule(
        "Essential container in task exited",
        FailureKind.USER_CODE,
        "the container ended before the job was done",
        _LOOK_AT_LOGS,
    ),
    Rule(
        "",
        FailureKind.UNKNOWN,
        "AWS gives no reason that is known",
        "Look at the job in the console and at its last log lines.",
    ),
)
