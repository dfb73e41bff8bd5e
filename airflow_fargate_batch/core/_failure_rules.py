"""The words AWS uses for a job's end, and what they mean: a table, read top down by ``failure``.

Sources: Amazon ECS Developer Guide, "Stopped tasks error messages" and the pages that it leads to
(CannotPullContainer, ResourceInitializationError); AWS Batch User Guide, "Jobs stuck in RUNNABLE"
and "Job timeouts"; where none documents them, what the services have been seen to say
(``tests/data/failure_texts.json`` names the places). A pattern sees one line each for the status
reason and the container's reason, then ``exitCode: N``, and ``isTerminated``, ``isCancelled`` and
``anotherEndedEarly`` if they are so.

The order keeps a cut text harmless. Words that forbid a retry stand above all words for passing
troubles, so whatever a cut takes away, it can only turn "fails again" into "may succeed".
"""

from typing import Final

from airflow_fargate_batch.core._failure_certain import CERTAIN
from airflow_fargate_batch.core._failure_kinds import FailureKind, Rule

__all__ = ["RULES", "FailureKind", "Rule"]

_SETUP: Final = r"(?:ResourceInitialization|CannotPull\w*|CannotStart\w*|CannotCreate\w*)Error\b.*"
_NO_NETWORK: Final = (
    r"(?:i/o timeout|dial tcp|deadline exceeded|(?:request|context) cancell?ed|RequestCanceled"
    r"|Client\.Timeout|no such host|connection issue|connection refused|network is unreachable"
    r"|no route to host|network configuration|signal: killed|request send failed"
    r"|send request failed)"
)
_WAY_OUT: Final = (
    "Give the task a way to AWS and to its image registry: a route from its subnet to a NAT"
    " gateway, or assignPublicIp in a public subnet, or VPC endpoints for ECR (api and dkr), S3,"
    " CloudWatch Logs and Secrets Manager. Its security group must allow outgoing HTTPS. Then run"
    " the job again."
)
_LOOK_AT_LOGS: Final = "Look at the job's last log lines: the program itself said why."
_BIGGER: Final = "Ask for more `memory`."

_IMPOSED: Final = (
    # Reclaims, timeouts and kills also leave exit code 137 or 143 behind: they come first.
    Rule(
        "Your Spot Task was interrupted",
        FailureKind.SPOT_RECLAIM,
        "Fargate Spot took the capacity back",
        "Set `spot_retries` so that Batch retries it, or use a `job_queue` without Fargate Spot.",
    ),
    Rule(
        "Job attempt duration exceeded timeout",
        FailureKind.TIMEOUT,
        "an attempt ran longer than its timeout",
        "Raise `job_timeout`, give the job more `vcpu`, or split the work.",
    ),
    Rule(
        r"\bCAPACITY:",
        FailureKind.INFRASTRUCTURE,
        "AWS had no capacity for it",
        "Run it again later, or add subnets in other availability zones to the compute"
        " environment.",
    ),
    Rule(
        "MISCONFIGURATION:(?:COMPUTE_ENVIRONMENT_MAX_RESOURCE|JOB_RESOURCE_REQUIREMENT)",
        FailureKind.CONFIGURATION,
        "it asks for more than the queue's compute environments can ever give",
        "Ask for less `vcpu` and `memory`, or raise the compute environment's maximum vCPUs.",
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
        "Look at status and statusReason of the queue's compute environments (aws batch"
        " describe-compute-environments), or use another `job_queue`.",
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
        "TerminateJob or CancelJob stopped it",
        "Its status reason says who stopped it, or why. If that was a mistake, run it again (in"
        " Airflow, clear the task).",
    ),
    Rule(
        r"Task stopped by (?:a |the )?user|UserInitiated",
        FailureKind.KILLED,
        "somebody stopped its ECS task",
        "Ask who called ecs:StopTask (CloudTrail records it); if it was a mistake, run it again (in"
        " Airflow, clear the task).",
    ),
)

_PASSING: Final = (
    Rule(
        r"OutOfMemory|OOM-killed",
        FailureKind.OUT_OF_MEMORY,
        "a container used more memory than it has",
        _BIGGER,
    ),
    Rule(
        r"failed (?:container |ELB )?health ?checks?",
        FailureKind.USER_CODE,
        "a health check of the container failed",
        "Look at the job's last log lines, and run the health check's command in the image: it may"
        " need more time to start, or more `vcpu`.",
    ),
    Rule(
        r"\bdependent container\b|container ordering dependency",
        FailureKind.USER_CODE,
        "a container that has to end well before it did not",
        "Look at the log of the container that the reason names.",
    ),
    # Above the network: their texts end with the same words.
    Rule(
        r"EFS utils|mount\.nfs4?\b",
        FailureKind.INFRASTRUCTURE,
        "the task did not reach its EFS file system",
        "Give EFS a mount target in every availability zone of the subnets, and let its security"
        " group accept TCP port 2049 from the job's. Then run the job again.",
    ),
    Rule(
        r"configure ENI|netplugin|network interface|InsufficientFreeAddresses",
        FailureKind.INFRASTRUCTURE,
        "the task got no network interface",
        "Run it again; if it fails again, check that the subnet has free addresses.",
    ),
    Rule(
        "toomanyrequests|pull rate limit|429 Too Many Requests",
        FailureKind.INFRASTRUCTURE,
        "the image registry refused the pull for its rate limit",
        "Copy the image to ECR (a pull-through cache does), or log in to the registry, where the"
        " rate is higher.",
    ),
    Rule(
        r"Rate exceeded|Throttl|RequestLimitExceeded|too many requests|Slow ?Down",
        FailureKind.INFRASTRUCTURE,
        "AWS refused a call for its rate",
        "Run it again; if it fails again, start fewer jobs at once.",
    ),
    # AWS continues these words with "There is a connection issue between the task and Amazon
    # CloudWatch": a group that was not found may exist.
    Rule(
        "cannot find the Amazon CloudWatch log group",
        FailureKind.INFRASTRUCTURE,
        "the task did not find its log group, or did not reach CloudWatch Logs",
        "Check that the log group of the job definition exists. If it exists, the network is at"
        f" fault. {_WAY_OUT}",
    ),
    Rule(
        _SETUP + _NO_NETWORK,
        FailureKind.INFRASTRUCTURE,
        "the task did not reach AWS or its image registry",
        _WAY_OUT,
    ),
    Rule(
        _SETUP + r"(?:\bEOF\b|connection reset|broken pipe|TLS handshake|\b50[0234]\b)",
        FailureKind.INFRASTRUCTURE,
        "the connection to AWS or to the image registry broke",
        "Run it again; if it fails again, copy the image to ECR, and look at the NAT gateway's"
        " error metrics.",
    ),
    Rule(
        "error mounting",
        FailureKind.INFRASTRUCTURE,
        "a volume could not be mounted",
        "Compare each volume's containerPath in the job definition with the image: a volume needs"
        " a directory. Then run the job again.",
    ),
    Rule(
        "EphemeralStorage provisioning",
        FailureKind.INFRASTRUCTURE,
        "Fargate did not give the task its disk in time",
        "Run it again.",
    ),
    Rule(
        "Capacity is unavailable|reached the limit on the number of",
        FailureKind.INFRASTRUCTURE,
        "Fargate had no capacity, or the account's quota of vCPUs was used up",
        "Run it again later, add subnets in other availability zones, or ask for a higher Fargate"
        " quota of vCPUs (Service Quotas).",
    ),
    Rule(
        "performing maintenance on the underlying|task retirement",
        FailureKind.INFRASTRUCTURE,
        "AWS stopped the task for maintenance",
        "Run it again.",
    ),
    Rule(
        r"^Host EC2\b",
        FailureKind.INFRASTRUCTURE,
        "the EC2 instance that it ran on was terminated",
        "Run it again; a `job_queue` of Fargate compute environments has no instances to lose.",
    ),
)

_NAMED: Final = (
    # An error's name is its opening: which of the usual causes it is stands behind it, if anywhere.
    Rule(
        r"CannotPull\w*Error",
        FailureKind.INFRASTRUCTURE,
        "the image could not be pulled",
        "Usual causes: no route from the subnet to the registry, a wrong image name, missing"
        " permissions of the execution role, a busy registry. Run it again; if it fails again,"
        " check these in the job definition.",
        quotes=True,
    ),
    Rule(
        "ResourceInitializationError",
        FailureKind.INFRASTRUCTURE,
        "Fargate could not set the task up",
        "Usual causes: no route from the subnet to ECR, Secrets Manager or CloudWatch Logs, a"
        " secret or log group that does not exist, missing permissions of the execution role. Run"
        " it again; if it fails again, check these in the job definition.",
        quotes=True,
    ),
    Rule(
        r"Cannot(?:Start|Stop|Create|Inspect)Container\w*Error|CannotCreateVolume\w*Error"
        r"|DockerTimeout\w*Error|ContainerRuntime\w*Error|\bInternalError",
        FailureKind.INFRASTRUCTURE,
        "Fargate could not run the container",
        "Usual causes: a passing fault of the host, a command or user that the image lacks, a"
        " volume that cannot be mounted. Run it again; if it fails again, check these in the job"
        " definition.",
        quotes=True,
    ),
)

_EXITS: Final = (
    Rule(
        "^anotherEndedEarly$",
        FailureKind.KILLED,
        "ECS stopped it because another essential container had ended",
        "Set essential to false, in the job definition, for each container that may end before the"
        " others.",
    ),
    # The program's own end, by the conventions of shells and signals.
    Rule(
        "^exitCode: 137$",
        FailureKind.OUT_OF_MEMORY,
        "the container was killed, most likely for its memory",
        _BIGGER,
    ),
    Rule(
        "^exitCode: 127$",
        FailureKind.CONFIGURATION,
        "the command was not found in the image",
        "Compare `command`, the image's ENTRYPOINT and its PATH with the files in the image.",
    ),
    Rule(
        "^exitCode: 126$",
        FailureKind.CONFIGURATION,
        "the command may not be executed",
        "Set the executable bit of the file that `command` names, and check that its interpreter"
        " is in the image.",
    ),
    Rule(
        "^exitCode: 134$",
        FailureKind.USER_CODE,
        "the program aborted (SIGABRT)",
        "Look at the job's last log lines: an assertion or a native library gave up.",
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
        "Run it again (in Airflow, clear the task); the status reason may say who stopped it.",
    ),
    Rule(
        "^exitCode: 255$",
        FailureKind.USER_CODE,
        "the program ended with an error, or could not be run",
        "Look at the job's last log lines. If they say 'exec format error', build the image for"
        " the job definition's runtimePlatform.",
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
        "^(?!exitCode: |is(?:Terminated|Cancelled)$|anotherEndedEarly$).",
        FailureKind.UNKNOWN,
        "AWS gives a reason that this package does not know",
        "Look at the job in the console and at its last log lines.",
        quotes=True,
    ),
    Rule(
        "",
        FailureKind.UNKNOWN,
        "AWS gives no reason",
        "Look at the job in the console and at its last log lines.",
    ),
)

RULES: Final[tuple[Rule, ...]] = (*_IMPOSED, *CERTAIN, *_PASSING, *_NAMED, *_EXITS)
