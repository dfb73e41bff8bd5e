"""What `fargate-batch doctor` says: every rule's situation is made at LocalBatch, over HTTP."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from airflow_fargate_batch.cli._submit_flags import SubmitOptions
from airflow_fargate_batch.cli.doctor import DoctorOptions
from airflow_fargate_batch.core.preflight import RULES
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import (
    READY_DEFINITION,
    READY_FAIR_SHARE_QUEUE,
    READY_QUEUE,
)
from tests.cli.conftest import Run, shell
from tests.fakes import LocalTime

QUEUE = f"job-queue/{READY_QUEUE}"
ENVIRONMENT = f"compute-environment/{READY_QUEUE}-environment"
DEFINITION = f"job-definition/{READY_DEFINITION}:1"
FAIR = ("--job-queue", READY_FAIR_SHARE_QUEUE, "--job-definition", READY_DEFINITION)
SHARE = ("--share-identifier", "a")
NO_CHANGE: Callable[[LocalBatch], object] = id
REASON = "CLIENT_ERROR - Not authorized to perform sts:AssumeRole"


class Situation(NamedTuple):
    """A situation, the flags, and what the report says about one rule, in lines."""

    rule: str
    make: Callable[[LocalBatch], object]
    words: tuple[str, ...]
    line: str
    advice: str | None = None


def alter(resource: str, **members: Any) -> Callable[[LocalBatch], None]:
    return lambda aws: aws.alter(resource, **members)


def both(*makes: Callable[[LocalBatch], object]) -> Callable[[LocalBatch], object]:
    return lambda aws: [make(aws) for make in makes]


def environment(name: str, **resources: Any) -> Callable[[LocalBatch], None]:
    """Give the ready-made queue a second compute environment."""

    def make(aws: LocalBatch) -> None:
        batch = aws.client("batch")
        made = {
            "type": "FARGATE",
            "maxvCpus": 4,
            "subnets": ["subnet-2"],
            "securityGroupIds": ["sg-2"],
        }
        batch.create_compute_environment(
            computeEnvironmentName=name, type="MANAGED", computeResources=made | resources
        )
        order = [
            {"order": 1, "computeEnvironment": f"{READY_QUEUE}-environment"},
            {"order": 2, "computeEnvironment": name},
        ]
        batch.update_job_queue(jobQueue=READY_QUEUE, computeEnvironmentOrder=order)

    return make


def container(**members: Any) -> Callable[[LocalBatch], None]:
    """Change members of the ready-made definition's container."""

    def make(aws: LocalBatch) -> None:
        batch = aws.client("batch")
        [shown] = batch.describe_job_definitions(jobDefinitionName=READY_DEFINITION)[
            "jobDefinitions"
        ]
        aws.alter(DEFINITION, containerProperties=shown["containerProperties"] | members)

    return make


def size(vcpu: str, memory: int) -> list[dict[str, str]]:
    return [{"type": "VCPU", "value": vcpu}, {"type": "MEMORY", "value": str(memory)}]


def of_ecs(*containers: dict[str, Any]) -> Callable[[LocalBatch], None]:
    task = {"executionRoleArn": "arn:aws:iam::1:role/x", "containers": list(containers)}
    return alter(DEFINITION, containerProperties=None, ecsProperties={"taskProperties": [task]})


MAIN = {"name": "main", "image": "i", "resourceRequirements": size("1", 2048)}
HELPER = {"name": "helper", "image": "i", "resourceRequirements": size("0.5", 1024)}


def ecs_override(*containers: dict[str, Any]) -> tuple[str, str]:
    override = {"taskProperties": [{"containers": containers}]}
    return "--extra-submit-args", json.dumps({"ecsPropertiesOverride": override})


WINDOWS = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}
SERVICE_QUEUE = {"computeEnvironmentOrder": [], "serviceEnvironmentOrder": [{"order": 1}]}
POLICY = f"scheduling-policy/{READY_FAIR_SHARE_QUEUE}-policy"


def shares(*names: str) -> Callable[[LocalBatch], None]:
    listed = [{"shareIdentifier": name, "weightFactor": 1.0} for name in names]
    return alter(POLICY, fairsharePolicy={"shareDistribution": listed})


SITUATIONS: dict[str, Situation] = {
    "a misspelt queue": Situation(
        "queue-exists",
        NO_CHANGE,
        ("--job-queue", "awa-batch-dev-fargate-hihg-priority"),
        "problem  there is no job queue awa-batch-dev-fargate-hihg-priority in this account and "
        "region",
        f"Did you mean {READY_QUEUE}?",
    ),
    "a queue of another region": Situation(
        "queue-exists",
        NO_CHANGE,
        ("--job-queue", "xyz"),
        f"problem  there is no job queue xyz in this account and region, but {READY_QUEUE}, "
        "fair-share",
        "Check the name, the region and the account: aws batch describe-job-queues --region REGION",
    ),
    "a queue among queues that may not be listed": Situation(
        "queue-exists",
        lambda aws: aws.faults.add("denied", operation="DescribeJobQueues", skip=1),
        ("--job-queue", "nightly"),
        "problem  there is no job queue nightly in this account and region",
        "Check the name, the region and the account",
    ),
    "a disabled queue": Situation(
        "queue-state",
        alter(QUEUE, state="DISABLED"),
        ("--job-queue", READY_QUEUE),
        f"problem  queue {READY_QUEUE} is DISABLED and accepts no jobs",
        "Choose another --job-queue, or ask the owner of the queue to enable it: aws batch "
        f"update-job-queue --job-queue {READY_QUEUE} --state ENABLED",
    ),
    "an invalid queue": Situation(
        "queue-status",
        alter(QUEUE, status="INVALID", statusReason="no valid environment"),
        (),
        f"problem  queue {READY_QUEUE} is INVALID (no valid environment): its jobs do not start",
        "Choose another --job-queue, or repair the queue's compute environments; the reason is in "
        f"aws batch describe-job-queues --job-queues {READY_QUEUE}",
    ),
    "a queue in the making": Situation(
        "queue-status",
        alter(QUEUE, status="UPDATING", statusReason=None),
        (),
        f"warning  queue {READY_QUEUE} is UPDATING: AWS is still at work on it",
        "Try again in a minute if jobs do not start.",
    ),
    "a queue on EC2": Situation(
        "queue-capacity-type",
        alter(QUEUE, jobQueueType="ECS"),
        (),
        f"problem  queue {READY_QUEUE} runs on EC2 instances, not on Fargate",
        "Choose a queue with compute environments of the type FARGATE or FARGATE_SPOT; for jobs on "
        "EC2 instances use BatchOperator of the Amazon provider.",
    ),
    "a queue on ECS Managed Instances": Situation(
        "queue-capacity-type",
        alter(QUEUE, jobQueueType="ECS_MANAGED_INSTANCES"),
        (),
        f"problem  queue {READY_QUEUE} runs on ECS Managed Instances, not on Fargate",
    ),
    "a queue on EC2, of an older API": Situation(
        "queue-capacity-type",
        both(
            alter(QUEUE, jobQueueType=None),
            alter(ENVIRONMENT, computeResources={"type": "SPOT", "maxvCpus": 8}),
        ),
        ("--job-queue", READY_QUEUE),
        f"problem  queue {READY_QUEUE} runs on EC2 Spot instances, not on Fargate",
    ),
    "a queue of an older API, whose environments may not be read": Situation(
        "queue-capacity-type",
        both(
            alter(QUEUE, jobQueueType=None),
            lambda aws: aws.faults.add("denied", operation="DescribeComputeEnvironments"),
        ),
        ("--job-queue", READY_QUEUE),
        f"ok       queue {READY_QUEUE} is VALID",
    ),
    "a queue for SageMaker": Situation(
        "queue-capacity-type",
        alter(QUEUE, jobQueueType="SAGEMAKER_TRAINING", **SERVICE_QUEUE),
        (),
        f"problem  queue {READY_QUEUE} runs on SageMaker training jobs, not on Fargate",
    ),
    "a queue without environments": Situation(
        "queue-environments",
        alter(QUEUE, computeEnvironmentOrder=[]),
        (),
        f"problem  queue {READY_QUEUE} has no compute environment",
        f"Attach a Fargate compute environment: 'aws batch update-job-queue --job-queue "
        f"{READY_QUEUE} --compute-environment-order order=1,computeEnvironment=ENVIRONMENT'.",
    ),
    "an invalid environment": Situation(
        "environment-status",
        alter(ENVIRONMENT, status="INVALID", statusReason=f"{REASON}."),
        ("--job-queue", READY_QUEUE),
        f"problem  compute environment {READY_QUEUE}-environment is INVALID ({REASON}): no job is "
        "placed there",
        "Repair what the reason names: usually the service role",
    ),
    "an invalid environment beside a valid one": Situation(
        "environment-status",
        both(environment("other"), alter(ENVIRONMENT, status="INVALID", statusReason=REASON)),
        (),
        f"warning  compute environment {READY_QUEUE}-environment is INVALID ({REASON}): no job is "
        "placed there (jobs go to other)",
    ),
    "an environment in the making": Situation(
        "environment-status",
        alter(ENVIRONMENT, status="CREATING", statusReason=None),
        (),
        f"warning  compute environment {READY_QUEUE}-environment is CREATING: AWS is still at work "
        "on it",
    ),
    "an environment that is being deleted": Situation(
        "environment-status",
        alter(ENVIRONMENT, status="DELETING", statusReason=None),
        (),
        f"problem  compute environment {READY_QUEUE}-environment is DELETING: no job is placed "
        "there",
    ),
    "a disabled environment": Situation(
        "environment-state",
        alter(ENVIRONMENT, state="DISABLED"),
        (),
        f"problem  compute environment {READY_QUEUE}-environment is DISABLED: no new job is placed "
        "there",
        "Enable the compute environment: 'aws batch update-compute-environment "
        f"--compute-environment {READY_QUEUE}-environment --state ENABLED'.",
    ),
    "a queue that cancels jobs at its head": Situation(
        "queue-time-limit",
        alter(
            QUEUE,
            jobStateTimeLimitActions=[
                {
                    "reason": "too long",
                    "state": "RUNNABLE",
                    "maxTimeSeconds": 1200,
                    "action": "CANCEL",
                }
            ],
        ),
        (),
        f"ok       time limit of queue {READY_QUEUE}: AWS carries out CANCEL on the job at the "
        'head of the queue after 20 minutes in RUNNABLE (reason "too long")',
    ),
    "a fair-share queue without a share": Situation(
        "share-identifier",
        NO_CHANGE,
        FAIR,
        "problem  queue fair-share has a fair-share policy, and the request has no share "
        "identifier",
        "Give --share-identifier, and --scheduling-priority unless the job definition has a "
        "priority.",
    ),
    "a share on a FIFO queue": Situation(
        "share-identifier",
        NO_CHANGE,
        SHARE,
        f"problem  share identifier a is given, but queue {READY_QUEUE} is FIFO: it has no "
        "fair-share policy",
        "Leave --share-identifier and --scheduling-priority out, or choose a queue with a "
        "fair-share policy.",
    ),
    "a misspelt share": Situation(
        "share-weight",
        shares("high", "low"),
        (*FAIR, "--share-identifier", "hihg"),
        "warning  the policy fair-share-policy does not list the share hihg: its weight is 1",
        "If high is meant, use it.",
    ),
    "a share without a weight": Situation(
        "share-weight",
        shares("high", "low*"),
        (*FAIR, "--share-identifier", "zzz"),
        "ok       the policy fair-share-policy does not list the share zzz: its weight is 1",
    ),
    "a share with a weight": Situation(
        "share-weight",
        shares("high", "low*"),
        (*FAIR, "--share-identifier", "lowest"),
        "ok       the policy fair-share-policy knows the share lowest",
    ),
    "a priority on a FIFO queue": Situation(
        "scheduling-priority",
        NO_CHANGE,
        ("--scheduling-priority", "7"),
        f"warning  scheduling priority 7 has no effect: {READY_QUEUE} is FIFO",
        "Leave --scheduling-priority out.",
    ),
    "a fair-share queue without a priority": Situation(
        "scheduling-priority",
        NO_CHANGE,
        FAIR,
        "problem  queue fair-share has a fair-share policy, and neither the request nor the job "
        f"definition {READY_DEFINITION}:1 has a scheduling priority",
        "Give --scheduling-priority (0 to 9999).",
    ),
    "a fair-share queue and a definition with a priority": Situation(
        "scheduling-priority",
        alter(DEFINITION, schedulingPriority=3),
        (*FAIR, "--command", '["ls"]'),
        "problem  queue fair-share has a fair-share policy, and the request has no share "
        "identifier",
    ),
    "a policy for service jobs": Situation(
        "quota-share",
        alter(POLICY, quotaSharePolicy={"idleResourceAssignmentStrategy": "FIFO"}),
        FAIR,
        "warning  the scheduling policy fair-share-policy has quota shares, which are for service "
        "jobs",
    ),
    "a job larger than the environment": Situation(
        "max-vcpus",
        both(
            environment("other", maxvCpus=4),
            alter(ENVIRONMENT, computeResources={"type": "FARGATE", "maxvCpus": 4}),
        ),
        ("--vcpu", "8", "--memory", "16384"),
        "problem  the job needs 8 vCPU, and no compute environment of the queue has more than 4 "
        "(maxvCpus): the job would stay RUNNABLE",
        "Set less --vcpu, or raise maxvCpus: 'aws batch update-compute-environment "
        f"--compute-environment {READY_QUEUE}-environment --compute-resources maxvCpus=NUMBER'.",
    ),
    "an array that fits": Situation(
        "max-vcpus",
        NO_CHANGE,
        ("--array-size", "10"),
        "ok       all 10 children of the array may run at the same time (maxvCpus 256, shared with "
        "all other jobs)",
    ),
    "an array larger than the environments": Situation(
        "max-vcpus",
        both(
            environment("other", maxvCpus=9),
            alter(ENVIRONMENT, computeResources={"type": "FARGATE", "maxvCpus": 7}),
        ),
        ("--vcpu", "2", "--memory", "4096", "--array-size", "100"),
        "ok       at most 7 of the array's 100 children run at the same time (maxvCpus 16, shared "
        "with all other jobs)",
    ),
    "a misspelt definition": Situation(
        "definition-exists",
        NO_CHANGE,
        ("--job-definition", "awa-batch-dev-fargate-smaple"),
        "problem  there is no job definition awa-batch-dev-fargate-smaple in this account and "
        "region",
        f"Did you mean {READY_DEFINITION}?",
    ),
    "a revision that was never made": Situation(
        "definition-exists",
        NO_CHANGE,
        ("--job-definition", f"{READY_DEFINITION}:9"),
        f"problem  there is no job definition {READY_DEFINITION}:9",
        f"Use {READY_DEFINITION}:1, the newest active revision.",
    ),
    "no definition at all": Situation(
        "definition-exists",
        lambda aws: aws.client("batch").deregister_job_definition(
            jobDefinition=f"{READY_DEFINITION}:1"
        ),
        ("--job-definition", "etl"),
        "problem  there is no job definition etl in this account and region, and none at all",
        "Check the name, the region and the account: aws batch describe-job-definitions --status "
        "ACTIVE --region REGION",
    ),
    "an inactive revision": Situation(
        "definition-active",
        both(
            lambda aws: aws.register_job_definition(READY_DEFINITION),
            lambda aws: aws.client("batch").deregister_job_definition(
                jobDefinition=f"{READY_DEFINITION}:1"
            ),
        ),
        ("--job-definition", f"{READY_DEFINITION}:1"),
        f"problem  {READY_DEFINITION}:1 is INACTIVE",
        f"Use {READY_DEFINITION}:2, the newest active revision.",
    ),
    "the only revision is inactive": Situation(
        "definition-active",
        lambda aws: aws.client("batch").deregister_job_definition(
            jobDefinition=f"{READY_DEFINITION}:1"
        ),
        ("--job-definition", f"{READY_DEFINITION}:1"),
        f"problem  {READY_DEFINITION}:1 is INACTIVE, and no other revision is active",
        "Use the name without revision, or register a revision: aws batch register-job-definition",
    ),
    "a definition for EC2": Situation(
        "definition-for-fargate",
        alter(DEFINITION, platformCapabilities=[]),
        (),
        f"problem  {READY_DEFINITION}:1 is for EC2 (the default): platformCapabilities must be "
        "FARGATE",
        'Register a revision with "platformCapabilities": ["FARGATE"] and containerProperties or '
        "ecsProperties.",
    ),
    "a definition for EKS": Situation(
        "definition-for-fargate",
        alter(DEFINITION, containerProperties=None, eksProperties={"podProperties": {}}),
        (),
        f"problem  {READY_DEFINITION}:1 is a definition for jobs on EKS (Kubernetes), not on "
        "Fargate",
    ),
    "a definition for several nodes": Situation(
        "definition-for-fargate",
        alter(DEFINITION, containerProperties=None, nodeProperties={"numNodes": 2}),
        (),
        f"problem  {READY_DEFINITION}:1 is a definition for jobs on several nodes (multi-node "
        "parallel), not on Fargate",
    ),
    "a definition without an execution role": Situation(
        "execution-role",
        container(executionRoleArn=""),
        ("--job-definition", READY_DEFINITION),
        f"problem  {READY_DEFINITION}:1 has no execution role (executionRoleArn)",
        "Register a revision with executionRoleArn: a role that ecs-tasks.amazonaws.com may "
        "assume, with the policy AmazonECSTaskExecutionRolePolicy.",
    ),
    "a retired platform version": Situation(
        "platform-version-retired",
        container(fargatePlatformConfiguration={"platformVersion": "1.3.0"}),
        (),
        f"problem  {READY_DEFINITION}:1 runs on Fargate platform version 1.3.0, which AWS has "
        "retired: it starts no more tasks",
        "Register a revision with platformVersion LATEST or 1.4.0.",
    ),
    "another platform version": Situation(
        "platform-version-asked",
        NO_CHANGE,
        ("--platform-version", "1.3.0"),
        f"problem  {READY_DEFINITION}:1 runs on LATEST, not on 1.3.0",
        f"Register a revision of {READY_DEFINITION} with platformVersion 1.3.0, or leave "
        "--platform-version out: only the job definition decides.",
    ),
    "memory that the definition's vCPU do not have": Situation(
        "size",
        NO_CHANGE,
        ("--memory", "4096"),
        f"problem  0.25 vCPU with 4096 MiB (vCPU of {READY_DEFINITION}:1) is not a Fargate size; "
        "0.25 vCPU takes 512, 1024 or 2048 MiB",
        "Give --vcpu and --memory together: use 0.25 vCPU with 2048 MiB or 0.5 vCPU with 4096 MiB.",
    ),
    "vCPU that Fargate does not have": Situation(
        "size",
        container(resourceRequirements=size("3", 8192)),
        ("--job-definition", READY_DEFINITION),
        f"problem  3 vCPU with 8192 MiB (of {READY_DEFINITION}:1) is not a Fargate size; the vCPU "
        "values are 0.25, 0.5, 1, 2, 4, 8, 16 or 32",
    ),
    "half a vCPU on Windows": Situation(
        "size",
        container(**WINDOWS),
        ("--vcpu", "0.5", "--memory", "1024"),
        "problem  0.5 vCPU with 1024 MiB is no size for Windows containers",
        "Give --vcpu and --memory together: Windows takes 1, 2 or 4 vCPU.",
    ),
    "8 vCPU on an old platform version": Situation(
        "size",
        container(fargatePlatformConfiguration={"platformVersion": "1.3.0"}),
        ("--vcpu", "8", "--memory", "16384"),
        "problem  8 vCPU with 16384 MiB needs platform version 1.4.0 or later, and "
        f"{READY_DEFINITION}:1 runs on 1.3.0",
        "Use 4 vCPU or less, or register a revision with platformVersion LATEST.",
    ),
    "several containers, of which the sum is no size": Situation(
        "size",
        of_ecs(MAIN, HELPER),
        ("--job-definition", READY_DEFINITION),
        "warning  1.5 vCPU with 3072 MiB is not a Fargate size; the vCPU values are 0.25, 0.5, 1, "
        "2, 4, 8, 16 or 32; this is the sum of 2 containers",
    ),
    "Windows on Spot only": Situation(
        "windows-on-spot",
        both(
            container(**WINDOWS, resourceRequirements=size("1", 2048)),
            alter(ENVIRONMENT, computeResources={"type": "FARGATE_SPOT", "maxvCpus": 8}),
        ),
        (),
        f"problem  {READY_DEFINITION}:1 has Windows containers, and all usable compute "
        "environments are Fargate Spot, which runs none: the job would block the queue",
        "Choose a queue with a compute environment of the type FARGATE.",
    ),
    "Windows on Spot and On-Demand": Situation(
        "windows-on-spot",
        both(
            container(**WINDOWS, resourceRequirements=size("1", 2048)),
            environment("spot", type="FARGATE_SPOT"),
        ),
        (),
        "ok       Windows containers run on the queue's Fargate environments, not on Spot",
    ),
    "tasks without a public address": Situation(
        "network",
        both(container(networkConfiguration={"assignPublicIp": "DISABLED"}), environment("second")),
        (),
        "ok       tasks get no public IP address",
        "This works if the subnets subnet-2, subnet-local have a NAT gateway, or VPC endpoints for "
        "ECR (api and dkr), S3 and CloudWatch Logs (and Secrets Manager or SSM for secrets).",
    ),
    "tasks with a public address": Situation(
        "network",
        NO_CHANGE,
        ("--job-definition", READY_DEFINITION),
        "ok       tasks get a public IP address",
        "This works if the queue's subnets have a route to an internet gateway.",
    ),
    "logs that go elsewhere": Situation(
        "log-driver",
        container(logConfiguration={"logDriver": "splunk"}),
        (),
        f"warning  {READY_DEFINITION}:1 logs with splunk, not with awslogs",
        "Logs of such jobs cannot be shown here; for that, register a revision with the log driver "
        "awslogs.",
    ),
    "an override for a container without a name": Situation(
        "override-kind",
        of_ecs(MAIN, HELPER),
        ("--command", '["ls"]'),
        f"problem  the request's overrides are of another kind than {READY_DEFINITION}:1",
        f"Job definition {READY_DEFINITION}:1 has ecsProperties, with the containers main, helper: "
        "give --container, 'main' or 'helper'.",
    ),
    "an override by name where there are no names": Situation(
        "override-kind",
        NO_CHANGE,
        ecs_override({"name": "mian"}),
        f"problem  the request's overrides are of another kind than {READY_DEFINITION}:1",
        f"Job definition {READY_DEFINITION}:1 has containerProperties: leave out --container and "
        "--ecs-properties-override, and give --vcpu, --memory, --command, --environment or "
        "--container-overrides-file.",
    ),
    "a container that the definition does not have": Situation(
        "container-names",
        of_ecs(MAIN, HELPER),
        ecs_override({"name": "mian"}),
        f"problem  {READY_DEFINITION}:1 has no container mian",
        "Use one of its containers: main, helper.",
    ),
    "an override by position": Situation(
        "size",
        of_ecs(MAIN),
        ecs_override({"resourceRequirements": size("4", 8192)}, {"command": ["too", "many"]}),
        "ok       4 vCPU with 8192 MiB is a Fargate size",
    ),
    "an override by name": Situation(
        "size",
        of_ecs(HELPER | {"essential": False}, MAIN),
        ecs_override({"name": "main", "resourceRequirements": size("4", 8192)}),
        "warning  4.5 vCPU with 9216 MiB is not a Fargate size; the vCPU values are 0.25, 0.5, 1, "
        "2, 4, 8, 16 or 32; this is the sum of 2 containers",
    ),
    "half a size by position": Situation(
        "size",
        of_ecs(MAIN),
        ecs_override({"resourceRequirements": [{"type": "VCPU", "value": "4"}]}),
        f"problem  4 vCPU with 2048 MiB (memory of {READY_DEFINITION}:1) is not a Fargate size; 4 "
        "vCPU takes 8192 to 30720 MiB in steps of 1024",
    ),
    "a parameter that nobody gives": Situation(
        "parameters-given",
        container(command=["echo", "Ref::day", "Ref::part"]),
        ("--parameters", '{"part": "1"}'),
        f"problem  the command refers to Ref::day, and neither the request nor "
        f"{READY_DEFINITION}:1 gives the parameter day",
        "Give it in --parameters; otherwise the container gets the text Ref::day.",
    ),
    "a misspelt parameter": Situation(
        "parameters-given",
        container(command=["echo", "Ref::day"]),
        ("--parameters", '{"dya": "1"}'),
        f"problem  the command refers to Ref::day, and neither the request nor "
        f"{READY_DEFINITION}:1 gives the parameter day; the request has dya, which nothing refers "
        "to",
    ),
    "parameters with defaults": Situation(
        "parameters-given",
        both(
            container(command=["echo", "Ref::day", "Ref::part"]),
            alter(DEFINITION, parameters={"day": "x"}),
        ),
        ("--parameters", '{"part": "1"}'),
        "ok       all parameters of the command are given: day, part",
    ),
    "a parameter without a place": Situation(
        "parameters-used",
        NO_CHANGE,
        ("--parameters", '{"day": "1"}'),
        f"warning  the command of {READY_DEFINITION}:1 does not refer to the parameter day",
        "Write Ref::day into the command, or leave the parameter out.",
    ),
    "a parameter that the request's own command does not have": Situation(
        "parameters-used",
        NO_CHANGE,
        ("--parameters", '{"day": "1"}', "--command", '["ls"]'),
        "warning  the command of the request does not refer to the parameter day",
    ),
    "a command that nearly grows too long": Situation(
        "overrides-length",
        container(command=["echo", "Ref::text"]),
        ("--parameters", json.dumps({"text": "x" * 8000})),
        "warning  command and environment have 8040 characters together, 8000 of them in "
        "command[1]; AWS Batch accepts a job with more than 8192, but then fails the job; AWS "
        "Batch adds variables of its own",
    ),
    "a command that grows with its parameters": Situation(
        "overrides-length",
        container(command=["echo", "Ref::text"]),
        ("--parameters", json.dumps({"text": "x" * 9000})),
        "problem  command and environment have 9040 characters together, 9000 of them in "
        "command[1]; AWS Batch accepts a job with more than 8192, but then fails the job",
        "Store large values in a file on S3 and pass the address of the file.",
    ),
    "tags that fit together": Situation(
        "propagated-tags",
        alter(DEFINITION, tags={"team": "data"}),
        ("--tags", '{"team": "ops"}', "--propagate-tags"),
        "ok       2 propagated tags, of 50 allowed",
    ),
    "too many tags together": Situation(
        "propagated-tags",
        alter(DEFINITION, tags={f"d{n}": "x" for n in range(30)}, propagateTags=True),
        ("--tags", json.dumps({f"r{n}": "x" for n in range(30)})),
        f"problem  the tags are propagated, and the request and {READY_DEFINITION}:1 have 61 "
        "together: AWS accepts the job, and fails it above 50",
        "Remove tags, or do not propagate them (--propagate-tags).",
    ),
}


@pytest.fixture
def doctor(run: Run, time: LocalTime) -> Run:  # noqa: ARG001 - passes without sleeping
    return lambda *words: run("doctor", *words)


IN_NEW_MEMBERS = {
    "a queue on EC2",
    "a queue on ECS Managed Instances",
    "a queue for SageMaker",
    "a policy for service jobs",
}
"""Situations that AWS tells in members that an old boto3 leaves out of its answers."""


@pytest.mark.parametrize(
    "situation",
    [
        pytest.param(each, id=name, marks=[pytest.mark.new_boto3] if name in IN_NEW_MEMBERS else [])
        for name, each in SITUATIONS.items()
    ],
)
def test_the_report_says_what_is_wrong_and_what_to_do(
    doctor: Run, aws: LocalBatch, situation: Situation
) -> None:
    situation.make(aws)
    outcome = doctor(*situation.words)
    lines = outcome.out.splitlines()
    assert f"  {situation.line}" in lines
    if situation.advice is not None:
        advice = lines[lines.index(f"  {situation.line}") + 1]
        assert advice.startswith(f"           {situation.advice}")
    is_problem = any(line.startswith("  problem") for line in lines)
    assert outcome.code == int(is_problem)
    assert "SubmitJob" not in [call.operation for call in aws.requests]


def test_every_rule_has_a_situation() -> None:
    assert {rule.name for rule in RULES} == {each.rule for each in SITUATIONS.values()}


# ── what is judged ───────────────────────────────────────────────────────────────────────────


def test_a_whole_submit_that_is_fine(doctor: Run, aws: LocalBatch) -> None:
    outcome = doctor("--vcpu", "1", "--memory", "2048")
    assert outcome.code == 0
    assert outcome.out.splitlines()[-1] == "no problems, no warnings (ap-northeast-1)"
    headings = [line for line in outcome.out.splitlines() if not line.startswith(" ")]
    assert headings[:-1] == [
        f"job queue {READY_QUEUE}",
        f"job definition {READY_DEFINITION}",
        "request",
    ]
    assert len(aws.requests) == 3


@pytest.mark.parametrize(
    ("words", "heading", "calls"),
    [
        (("--job-queue", "fair-share"), "job queue fair-share", 3),
        (("--job-definition", READY_DEFINITION), f"job definition {READY_DEFINITION}", 1),
    ],
)
def test_a_queue_or_a_definition_is_judged_alone(
    doctor: Run, aws: LocalBatch, words: tuple[str, ...], heading: str, calls: int
) -> None:
    outcome = doctor(*words)
    headings = [line for line in outcome.out.splitlines() if not line.startswith(" ")]
    assert headings[:-1] == [heading]
    assert (outcome.code, len(aws.requests)) == (0, calls)


def test_a_request_that_is_wrong_by_itself_is_judged_with_its_surroundings(
    doctor: Run, aws: LocalBatch
) -> None:
    aws.alter(QUEUE, state="DISABLED")
    outcome = doctor("--vcpu", "1", "--memory", "4000")
    assert outcome.code == 1
    assert f"problem  queue {READY_QUEUE} is DISABLED" in outcome.out
    assert "problem  --memory: 1 vCPU with 4000 MiB is not a Fargate size" in outcome.out
    assert outcome.out.splitlines()[-1] == "2 problems, no warnings (ap-northeast-1)"


def test_warnings_and_notes_of_the_request_are_lines(doctor: Run) -> None:
    outcome = doctor(
        *("--vcpu", "1", "--memory", "4000", "--size-policy", "round_up"),
        *("--job-timeout", "9999999", "--array-size", "1"),
    )
    assert "  ok       1 vCPU with 4000 MiB was rounded up to 1 vCPU with 4096 MiB" in outcome.out
    assert "  warning  " in outcome.out
    assert outcome.code == 0


def test_a_body_for_the_aws_cli_is_judged(doctor: Run, tmp_path: Any) -> None:
    body = {"jobName": "x", "jobQueue": "fair-share", "jobDefinition": READY_DEFINITION}
    (tmp_path / "job.json").write_text(json.dumps(body))
    outcome = doctor("--from-json", str(tmp_path / "job.json"))
    assert "problem  queue fair-share has a fair-share policy" in outcome.out
    (tmp_path / "job.json").write_text(json.dumps(body | {"jobName": "not a name"}))
    outcome = doctor("--from-json", str(tmp_path / "job.json"))
    assert "problem  --from-json:" in outcome.out
    assert outcome.code == 1


# ── all of submit's flags ────────────────────────────────────────────────────────────────────


def test_every_flag_of_submit_is_accepted() -> None:
    accepted = {each.name for each in DoctorOptions.flags()}
    assert {each.name for each in SubmitOptions.flags()} <= accepted


def test_a_submit_that_waits_is_judged_as_a_whole_and_not_submitted(
    doctor: Run, aws: LocalBatch
) -> None:
    outcome = doctor("--job-queue", READY_QUEUE, "--wait", "--timeout", "60", "--dry-run")
    assert outcome.code == 0
    assert f"job definition {READY_DEFINITION}\n" in outcome.out
    assert "SubmitJob" not in [call.operation for call in aws.requests]


def test_flags_that_submit_refuses_together_are_refused(doctor: Run, aws: LocalBatch) -> None:
    outcome = doctor("--timeout", "60")
    assert (outcome.code, outcome.out, len(aws.requests)) == (2, "", 0)
    assert "need --wait; to limit the job itself" in outcome.err


def test_the_requests_of_a_file_are_judged_in_one_report(
    doctor: Run, aws: LocalBatch, tmp_path: Any
) -> None:
    lines = [
        {"vcpu": 1, "memory": 2048},
        {"memory": 4096},
        {"vcpu": 1, "memory": 2048, "share_identifier": "a"},
        {"memory": 4096},
    ]
    (tmp_path / "jobs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    outcome = doctor("--from-file", str(tmp_path / "jobs.jsonl"))
    assert outcome.code == 1
    assert "problem  requests 2, 4: 0.25 vCPU with 4096 MiB" in outcome.out
    assert "problem  request 3: share identifier a is given, but queue" in outcome.out
    assert outcome.out.count(f"queue {READY_QUEUE} is VALID\n") == 1
    assert outcome.out.splitlines()[-1] == "2 problems, no warnings (ap-northeast-1)"
    assert len(aws.requests) == 3


def test_each_queue_of_a_file_is_judged(doctor: Run, aws: LocalBatch, tmp_path: Any) -> None:
    aws.alter(f"job-queue/{READY_FAIR_SHARE_QUEUE}", state="DISABLED")
    lines = [{}, {"job_queue": READY_FAIR_SHARE_QUEUE, "share_identifier": "a"}]
    (tmp_path / "jobs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    outcome = doctor("--from-file", str(tmp_path / "jobs.jsonl"), "--output", "json")
    report = json.loads(outcome.out)
    assert (report["jobQueue"], report["jobDefinition"]) == (None, READY_DEFINITION)
    subjects = [each["subject"] for each in report["findings"] if each["level"] == "problem"]
    assert subjects == [f"job queue {READY_FAIR_SHARE_QUEUE}"]
    assert outcome.code == 1


def test_a_malformed_line_of_a_file_is_a_problem(
    doctor: Run, aws: LocalBatch, tmp_path: Any
) -> None:
    (tmp_path / "jobs.jsonl").write_text('{"vcpu": 1, "memory": 4000}\n{"vcpus": 1}\n')
    outcome = doctor("--from-file", str(tmp_path / "jobs.jsonl"))
    assert (outcome.code, len(aws.requests)) == (1, 0)
    assert "problem  line 1: memory: 1 vCPU with 4000 MiB is not a Fargate size" in outcome.out
    assert "problem  line 2: there is no argument 'vcpus'; did you mean vcpu?" in outcome.out


def test_json_has_the_same_findings(doctor: Run, aws: LocalBatch) -> None:
    aws.alter(QUEUE, state="DISABLED")
    outcome = doctor("--job-queue", READY_QUEUE, "--output", "json")
    report = json.loads(outcome.out)
    assert outcome.code == 1
    assert report.keys() == {"ok", "region", "jobQueue", "jobDefinition", "findings"}
    assert (report["ok"], report["jobQueue"], report["jobDefinition"]) == (False, READY_QUEUE, None)
    first, *_ = report["findings"]
    assert first == {
        "level": "problem",
        "check": "queue-state",
        "subject": f"job queue {READY_QUEUE}",
        "argument": "job_queue",
        "message": f"queue {READY_QUEUE} is DISABLED and accepts no jobs",
        "advice": "Choose another --job-queue, or ask the owner of the queue to enable it: aws "
        f"batch update-job-queue --job-queue {READY_QUEUE} --state ENABLED",
    }


# ── AWS does not answer ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", ["denied", "throttle", "error_before", "malformed", "truncate"])
def test_what_could_not_be_read_is_a_warning(doctor: Run, aws: LocalBatch, fault: str) -> None:
    aws.faults.add(fault, operation="DescribeComputeEnvironments")
    outcome = doctor()
    assert outcome.code == 0
    assert (
        "  warning  not judged, because the compute environments could not be read: " in outcome.out
    )
    assert outcome.out.splitlines()[-1] == "no problems, 1 warning (ap-northeast-1)"
    if fault == "denied":
        assert "Grant the IAM action batch:DescribeComputeEnvironments to the caller" in outcome.out


def test_without_credentials_nothing_is_judged(
    doctor: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    outcome = doctor()
    assert (outcome.code, outcome.out, len(aws.requests)) == (1, "", 0)
    assert "Unable to locate credentials\nCheck the credentials" in outcome.err


def test_an_unreachable_aws_is_an_error(doctor: Run, aws: LocalBatch) -> None:
    with aws.outage():
        outcome = doctor()
    assert (outcome.code, outcome.out) == (1, "")
    assert "Check the network" in outcome.err


def test_secrets_are_not_in_a_report(doctor: Run, aws: LocalBatch) -> None:
    container(environment=[{"name": "DB_PASSWORD", "value": "hunter2-old"}])(aws)
    outcome = doctor(
        *("--environment", '{"DB_PASSWORD": "hunter2"}'),
        *("--parameters", '{"token": "hunter2"}', "--command", '["--password", "hunter2"]'),
    )
    assert "hunter2" not in outcome.out + outcome.err


def test_in_a_process_of_its_own(aws: LocalBatch) -> None:
    aws.alter(QUEUE, state="DISABLED")
    outcome = shell("fargate-batch", "doctor", env=aws.environ)
    assert outcome.code == 1
    assert "DISABLED and accepts no jobs" in outcome.out
    assert outcome.err == ""


def test_two_flags_for_one_argument_are_a_mistake(doctor: Run, aws: LocalBatch) -> None:
    outcome = doctor("--retry-attempts", "2", "--retry-strategy", '{"attempts": 2}')
    assert (outcome.code, outcome.out, len(aws.requests)) == (2, "", 0)


def test_the_help_explains_what_is_judged(doctor: Run) -> None:
    outcome = doctor("--help")
    assert outcome.code == 0
    assert "With --job-queue alone the queue is judged" in outcome.out
