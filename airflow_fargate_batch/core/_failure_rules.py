"""Table of AWS's reasons for a failure and their causes, read top down by ``failure``.

Sources: Amazon ECS Developer Guide, "Stopped tasks error messages" and the pages linked there
(CannotPullContainer, ResourceInitializationError); AWS Batch User Guide, "Jobs stuck in RUNNABLE"
and "Job timeouts"; for undocumented texts, public reports
(listed in ``tests/data/failure_texts.json``). A pattern sees one line each for the status
reason and the container's reason, then ``exitCode: N``, and ``isTerminated``, ``isCancelled`` and
``anotherEndedEarly`` and ``anotherFailedFirst`` if true.

The order keeps a cut text harmless. Texts that forbid a retry stand above all texts for temporary
causes, so a cut can only turn "fails again" into "may succeed".
"""

from typing import Final

from airflow_fargate_batch.core._failure_certain import CERTAIN
from airflow_fargate_batch.core._failure_kinds import FailureKind, FailureRule
from airflow_fargate_batch.core.remedies import SERVICE_ROLE
from airflow_fargate_batch.exceptions import ImageNotPulled, NoCapacity

__all__ = ["RULES", "FailureKind", "FailureRule"]

_SETUP: Final = r"(?:ResourceInitialization|CannotPull\w*|CannotStart\w*|CannotCreate\w*)Error\b.*"
_NO_NETWORK: Final = (
    r"(?:i/o timeout|dial tcp|deadline exceeded|(?:request|context) cancell?ed|RequestCanceled"
    r"|Client\.Timeout|no such host|connection issue|connection refused|network is unreachable"
    r"|no route to host|network configuration|signal: killed|request send failed"
    r"|send request failed)"
)
_WAY_OUT: Final = (
    "Connect the task to AWS and to the image registry: add a route from the subnet to a NAT"
    " gateway, or assignPublicIp in a public subnet, or VPC endpoints for ECR (api and dkr), S3,"
    " CloudWatch Logs and Secrets Manager. The security group must allow outgoing HTTPS. Then run"
    " the job again."
)
_READ_THE_LOG: Final = (
    "Read the last log lines of the job: the program usually reports the reason there."
)
_BIGGER: Final = "Set more `memory`."
GIVEN_UP_IN_RUNNABLE: Final = r"\bwas RUNNABLE for [^:]*: `?runnable_timeout`? is "
"""Status reason of a job terminated by this package because of *runnable_timeout*; the words are
those of ``core.waiting``, as a test compares."""

_IMPOSED: Final = (
    # Reclaims, timeouts and kills also leave exit code 137 or 143 behind: they come first.
    FailureRule(
        "Your Spot Task was interrupted",
        FailureKind.SPOT_RECLAIM,
        "Fargate Spot reclaimed the capacity",
        "Set `spot_retries` to let AWS Batch retry the job, or use a `job_queue` without"
        " Fargate Spot.",
    ),
    FailureRule(
        "Job attempt duration exceeded timeout",
        FailureKind.TIMEOUT,
        "an attempt ran longer than its timeout",
        "Raise `job_timeout`, give the job more `vcpu`, or split the work.",
    ),
    FailureRule(
        r"\bCAPACITY:",
        FailureKind.INFRASTRUCTURE,
        "AWS had no capacity for the job",
        "Run the job again later, or add subnets in other availability zones to the compute"
        " environment.",
        exception=NoCapacity,
    ),
    FailureRule(
        GIVEN_UP_IN_RUNNABLE,
        FailureKind.INFRASTRUCTURE,
        "AWS had no capacity for the job within the time that the task waits for capacity",
        "Run the job again later, wait longer, or use a `job_queue` with more capacity.",
        exception=NoCapacity,
    ),
    FailureRule(
        "MISCONFIGURATION:(?:COMPUTE_ENVIRONMENT_MAX_RESOURCE|JOB_RESOURCE_REQUIREMENT)",
        FailureKind.CONFIGURATION,
        "the job asks for more than the queue's compute environments can ever provide",
        "Set less `vcpu` and `memory`, or raise maxvCpus of the compute environment (aws batch"
        " update-compute-environment).",
    ),
    FailureRule(
        "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
        FailureKind.CONFIGURATION,
        "the compute environment's service role lacks permissions",
        f"Give the service role its permissions: {SERVICE_ROLE}.",
    ),
    FailureRule(
        "MISCONFIGURATION:|ACTION_REQUIRED",
        FailureKind.CONFIGURATION,
        "the queue's compute environments cannot run the job",
        "Repair the compute environments ('fargate-batch doctor --job-queue QUEUE' shows each, with"
        " AWS's reason), or use another `job_queue`.",
    ),
    FailureRule(
        "Dependent Job failed",
        FailureKind.DEPENDENCY,
        "a dependency of the job failed",
        "Fix the job that this job depends on, then run both again (in Airflow, clear both tasks).",
    ),
    FailureRule(
        "^isTerminated|^isCancelled",
        FailureKind.KILLED,
        "TerminateJob or CancelJob stopped the job",
        "Read the status reason: it names who stopped the job, or why. After a mistake, run the job"
        " again (in Airflow, clear the task).",
    ),
    FailureRule(
        r"Task stopped by (?:a |the )?user|UserInitiated",
        FailureKind.KILLED,
        "somebody stopped the ECS task of the job",
        "Find the caller of ecs:StopTask in CloudTrail. After a mistake, run the job again (in"
        " Airflow, clear the task).",
    ),
)

_PASSING: Final = (
    FailureRule(
        r"OutOfMemory|OOM-killed",
        FailureKind.OUT_OF_MEMORY,
        "a container ran out of memory",
        _BIGGER,
    ),
    FailureRule(
        r"failed (?:container |ELB )?health ?checks?",
        FailureKind.USER_CODE,
        "a health check of the container failed",
        "Read the job's last log lines, and run the health check's command in the image: the"
        " program may need more time to start, or more `vcpu`.",
    ),
    FailureRule(
        r"\bdependent container\b|container ordering dependency|^anotherFailedFirst$",
        FailureKind.USER_CODE,
        "a container with a dependent container did not succeed",
        "Read the log of the container that failed first.",
    ),
    # Above the network: their texts end with the same words.
    FailureRule(
        r"EFS utils|mount\.nfs4?\b",
        FailureKind.INFRASTRUCTURE,
        "the task did not reach its EFS file system",
        "Add an EFS mount target in every availability zone of the subnets, and allow TCP port 2049"
        " from the job's security group to the security group of EFS. Then run the job again.",
    ),
    FailureRule(
        r"configure ENI|netplugin|network interface|InsufficientFreeAddresses",
        FailureKind.INFRASTRUCTURE,
        "the task got no network interface",
        "Run the job again. If it fails again, check that the subnet has free addresses.",
    ),
    FailureRule(
        "toomanyrequests|pull rate limit|429 Too Many Requests",
        FailureKind.INFRASTRUCTURE,
        "the image registry refused the pull: rate limit exceeded",
        "Copy the image to ECR (for example with a pull-through cache), or log in to the registry"
        " for a higher rate limit.",
        exception=ImageNotPulled,
    ),
    FailureRule(
        r"Rate exceeded|Throttl|RequestLimitExceeded|too many requests|Slow ?Down",
        FailureKind.INFRASTRUCTURE,
        "AWS throttled a call",
        "Run the job again. If it fails again, start fewer jobs at once.",
    ),
    # AWS continues these words with "There is a connection issue between the task and Amazon
    # CloudWatch": a group that was not found may exist.
    FailureRule(
        "cannot find the Amazon CloudWatch log group",
        FailureKind.INFRASTRUCTURE,
        "the task did not find its log group, or did not reach CloudWatch Logs",
        "Check that the log group of the job definition exists. If it exists, the cause is"
        f" the network. {_WAY_OUT}",
    ),
    FailureRule(
        _SETUP + _NO_NETWORK,
        FailureKind.INFRASTRUCTURE,
        "the task did not reach AWS or its image registry",
        _WAY_OUT,
    ),
    FailureRule(
        _SETUP + r"(?:\bEOF\b|connection reset|broken pipe|TLS handshake|\b50[0234]\b)",
        FailureKind.INFRASTRUCTURE,
        "the connection to AWS or to the image registry broke",
        "Run the job again. If it fails again, copy the image to ECR, and check the error "
        "metrics of"
        " the NAT gateway.",
    ),
    FailureRule(
        "error mounting",
        FailureKind.INFRASTRUCTURE,
        "a volume could not be mounted",
        "Compare each volume's containerPath in the job definition with the image: a volume needs"
        " a directory. Then run the job again.",
    ),
    FailureRule(
        "EphemeralStorage provisioning",
        FailureKind.INFRASTRUCTURE,
        "Fargate did not provide the disk of the task in time",
        "Run the job again.",
    ),
    FailureRule(
        "Capacity is unavailable|reached the limit on the number of",
        FailureKind.INFRASTRUCTURE,
        "Fargate had no capacity, or the account's quota of vCPUs was reached",
        "Run the job again later, add subnets in other availability zones, or ask for a higher "
        "Fargate"
        " quota of vCPUs (Service Quotas).",
        exception=NoCapacity,
    ),
    FailureRule(
        "performing maintenance on the underlying|task retirement",
        FailureKind.INFRASTRUCTURE,
        "AWS stopped the task for maintenance",
        "Run the job again.",
    ),
    FailureRule(
        r"^Host EC2\b",
        FailureKind.INFRASTRUCTURE,
        "the EC2 instance under the job was terminated",
        "Run the job again, in a `job_queue` of Fargate compute environments: Fargate has no"
        " instances to lose.",
    ),
)

_NAMED: Final = (
    # An error's name is its opening: which of the usual causes it is stands behind it, if anywhere.
    FailureRule(
        r"CannotPull\w*Error",
        FailureKind.INFRASTRUCTURE,
        "the image could not be pulled",
        "Usual causes: no route from the subnet to the registry, a wrong image name, missing"
        " permissions of the execution role, a busy registry. Run the job again. If it fails"
        " again, check these in the job definition.",
        quotes=True,
        exception=ImageNotPulled,
    ),
    FailureRule(
        "ResourceInitializationError",
        FailureKind.INFRASTRUCTURE,
        "Fargate could not set up the task",
        "Usual causes: no route from the subnet to ECR, Secrets Manager or CloudWatch Logs, a"
        " secret or log group that does not exist, missing permissions of the execution role. Run"
        " the job again. If it fails again, check these in the job definition.",
        quotes=True,
    ),
    FailureRule(
        r"Cannot(?:Start|Stop|Create|Inspect)Container\w*Error|CannotCreateVolume\w*Error"
        r"|DockerTimeout\w*Error|ContainerRuntime\w*Error|\bInternalError",
        FailureKind.INFRASTRUCTURE,
        "Fargate could not run the container",
        "Usual causes: a temporary fault of the host, a command or user that the image lacks, a"
        " volume that cannot be mounted. Run the job again. If it fails again, check these in the"
        " job definition.",
        quotes=True,
    ),
)

_EXITS: Final = (
    FailureRule(
        "^anotherEndedEarly$",
        FailureKind.KILLED,
        "ECS stopped the container because another essential container had ended",
        "Set essential to false, in the job definition, for each container that may end before the"
        " others.",
    ),
    # The program's own end, by the conventions of shells and signals.
    FailureRule(
        "^exitCode: 137$",
        FailureKind.OUT_OF_MEMORY,
        "the container was killed, most likely because it ran out of memory",
        _BIGGER,
    ),
    FailureRule(
        "^exitCode: 127$",
        FailureKind.CONFIGURATION,
        "the command was not found in the image",
        "Compare `command`, the image's ENTRYPOINT and its PATH with the files in the image.",
    ),
    FailureRule(
        "^exitCode: 126$",
        FailureKind.CONFIGURATION,
        "the command is not executable",
        "Set the executable bit of the file that `command` names, and check that its interpreter"
        " is in the image.",
    ),
    FailureRule(
        "^exitCode: 134$",
        FailureKind.USER_CODE,
        "the program aborted (SIGABRT)",
        "Read the job's last log lines: usually an assertion failed, or a native library aborted.",
    ),
    FailureRule(
        "^exitCode: 139$",
        FailureKind.USER_CODE,
        "the program crashed (segmentation fault)",
        "Check the native libraries in the image, and their versions.",
    ),
    FailureRule(
        "^exitCode: 143$",
        FailureKind.KILLED,
        "the container was stopped from outside (SIGTERM)",
        "Run the job again (in Airflow, clear the task). The status reason may name who stopped the"
        " job.",
    ),
    FailureRule(
        "^exitCode: 255$",
        FailureKind.USER_CODE,
        "the program ended with an error, or could not be run",
        "Read the job's last log lines. After 'exec format error', build the image for"
        " the job definition's runtimePlatform.",
    ),
    FailureRule(
        "^exitCode: -?[1-9]",
        FailureKind.USER_CODE,
        "the program ended with an error",
        _READ_THE_LOG,
    ),
    FailureRule(
        "Array Child Job failed",
        FailureKind.CHILDREN,
        "children of the array failed",
        "Find out why one of the failed children failed: 'fargate-batch explain JOB_ID:INDEX'.",
    ),
    FailureRule(
        "Essential container in task exited",
        FailureKind.USER_CODE,
        "the container ended before the job was done",
        _READ_THE_LOG,
    ),
    FailureRule(
        "^(?!exitCode: |is(?:Terminated|Cancelled)$|another(?:EndedEarly|FailedFirst)$).",
        FailureKind.UNKNOWN,
        "AWS gives a reason unknown to this package",
        "Open the job in the console, and read the last log lines.",
        quotes=True,
    ),
    FailureRule(
        "",
        FailureKind.UNKNOWN,
        "AWS gives no reason",
        "Open the job in the console, and read the last log lines.",
    ),
)

RULES: Final[tuple[FailureRule, ...]] = (*_IMPOSED, *CERTAIN, *_PASSING, *_NAMED, *_EXITS)
