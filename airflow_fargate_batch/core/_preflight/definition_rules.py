"""Rules for a job definition, alone or combined with a request."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from airflow_fargate_batch.core import fargate, limits
from airflow_fargate_batch.core._preflight.rule import (
    Case,
    CheckResult,
    PreflightRule,
    ok,
    problem,
    warning,
)
from airflow_fargate_batch.core.definition import DefinitionKind, JobDefinition
from airflow_fargate_batch.core.override_kind import advice_of_kind

_KINDS: Final = {
    DefinitionKind.EKS: "EKS (Kubernetes)",
    DefinitionKind.MULTI_NODE: "several nodes (multi-node parallel)",
}


def _active(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    newest = case.surroundings.newest_definition
    if definition.is_active:
        yield ok(f"{definition} is ACTIVE")
    elif newest is None:
        yield problem(f"{definition} is INACTIVE, and no other revision is active")
    else:
        yield problem(
            f"{definition} is INACTIVE", advice=f"Use {newest}, the newest active revision."
        )


def _kind(definition: JobDefinition, _: Case) -> Iterator[CheckResult]:
    if definition.kind in _KINDS:
        place = _KINDS[definition.kind]
        yield problem(f"{definition} is a definition for jobs on {place}, not on Fargate")
    elif definition.is_for_fargate:
        yield ok(f"{definition} is for Fargate")
    else:
        said = ", ".join(definition.platforms) or "EC2 (the default)"
        yield problem(f"{definition} is for {said}: platformCapabilities must be FARGATE")


def _execution_role(definition: JobDefinition, _: Case) -> Iterator[CheckResult]:
    if definition.kind in _KINDS or not definition.containers:
        return
    if definition.execution_role:
        yield ok(f"execution role {definition.execution_role.rpartition('/')[2]}")
    else:
        yield problem(f"{definition} has no execution role (executionRoleArn)")


def _retired(definition: JobDefinition, _: Case) -> Iterator[CheckResult]:
    version = definition.platform_version
    if version in limits.RETIRED_PLATFORM_VERSIONS:
        yield problem(
            f"{definition} runs on Fargate platform version {version}, which AWS has retired: it "
            "starts no more tasks"
        )
    elif definition.containers:
        yield ok(f"Fargate platform version {version}")


def _asked_version(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    wanted = case.request.platform_version if case.request else None
    if wanted is None or wanted == fargate.LATEST or definition.runs_on(wanted):
        return
    own = definition.platform_version
    yield problem(
        f"{definition} runs on {own}, not on {wanted}", definition=definition.name, version=wanted
    )


def _size(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    merged = case.merged
    if merged is None or merged.vcpu is None or merged.memory is None:
        return
    vcpu, memory = merged.vcpu, merged.memory
    said = f"{vcpu.normalize():f} vCPU with {memory} MiB"
    if origin := _origin(definition, case):
        said += f" ({origin})"
    wrong = _wrong_size(definition, vcpu, memory)
    if wrong is None:
        yield ok(f"{said} is a Fargate size")
        return
    text, advice = f"{said} {wrong[0]}", wrong[1]
    if len(merged.containers) > 1:  # AWS documents no rule for the sum of several containers
        yield warning(
            f"{text}; this is the sum of {len(merged.containers)} containers", advice=advice
        )
    else:
        yield problem(text, advice=advice)


def _origin(definition: JobDefinition, case: Case) -> str | None:
    """Say which values come from the definition, if the request gives only one of the two."""
    overrides = case.merged.overrides if case.merged else ()
    if len(overrides) != 1:
        return None
    [override] = overrides
    if override.vcpu is not None and override.memory is None:
        return f"memory of {definition}"
    if override.vcpu is None and override.memory is not None:
        return f"vCPU of {definition}"
    return None if override.vcpu is not None else f"of {definition}"


def _wrong_size(definition: JobDefinition, vcpu: Decimal, memory: int) -> tuple[str, str] | None:
    """Return what is wrong with a size on the definition's platform, and the advice."""
    row = fargate.row_of(vcpu)
    if row is None or memory not in row.memory:
        near = fargate.either_of(fargate.nearest_sizes(vcpu, memory))
        rule = f"{row.vcpu} vCPU takes {row.describe_memory()}" if row else _VCPU_RULE
        return f"is not a Fargate size; {rule}", f"Give `vcpu` and `memory` together: use {near}."
    if definition.is_windows and not row.windows:
        return (
            "is no size for Windows containers",
            f"Give `vcpu` and `memory` together: Windows takes {_WINDOWS} vCPU.",
        )
    version = definition.platform_version
    needed = row.platform_version
    if needed and not definition.is_windows and _is_older(version, needed):
        return (
            f"needs platform version {needed} or later, and {definition} runs on {version}",
            f"Use {_SMALL} vCPU or less, or register a revision with platformVersion LATEST.",
        )
    return None


_VCPU_RULE: Final = f"the vCPU values are {fargate.either_of(fargate.VCPU_VALUES)}"
_WINDOWS: Final = fargate.either_of(row.vcpu for row in fargate.TABLE if row.windows)
_SMALL: Final = max(row.vcpu for row in fargate.TABLE if row.platform_version is None)


def _is_older(version: str, needed: str) -> bool:
    parts = version.split(".")
    if not all(part.isdecimal() for part in parts):
        return False  # LATEST, or a form that AWS may introduce
    return [int(part) for part in parts] < [int(part) for part in needed.split(".")]


def _windows_on_spot(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    usable = [each for each in case.surroundings.environments if each.can_place_jobs]
    if not definition.is_windows or not usable:
        return
    if all(each.is_spot for each in usable):
        yield problem(
            f"{definition} has Windows containers, and all usable compute environments are Fargate "
            "Spot, which runs none: the job would block the queue",
            definition=definition.name,
        )
    elif any(each.is_spot for each in usable):
        yield ok("Windows containers run on the queue's Fargate environments, not on Spot")


def _network(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    if not definition.containers or definition.kind in _KINDS:
        return
    fargates = [each for each in case.surroundings.environments if each.is_fargate]
    subnets = sorted({subnet for each in fargates for subnet in each.subnets})
    place = f"the subnets {', '.join(subnets)}" if subnets else "the queue's subnets"
    if definition.assigns_public_ip:
        yield ok(
            "tasks get a public IP address",
            advice=f"This works if {place} have a route to an internet gateway.",
        )
    else:
        yield ok(
            "tasks get no public IP address",
            advice=f"This works if {place} have a NAT gateway, or VPC endpoints for ECR (api and "
            "dkr), S3 and CloudWatch Logs (and Secrets Manager or SSM for secrets).",
        )


def _log_driver(definition: JobDefinition, _: Case) -> Iterator[CheckResult]:
    others = {each.log_driver for each in definition.containers} - {None, "awslogs"}
    if others:
        said = " and ".join(sorted(filter(None, others)))
        yield warning(f"{definition} logs with {said}, not with awslogs")


def _override_kind(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    advice = advice_of_kind(case.request, definition) if case.request else None
    if advice:
        yield problem(
            f"the request's overrides are of another kind than {definition}", advice=advice
        )


def _container_names(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    if case.merged is None or definition.kind is not DefinitionKind.ECS:
        return
    names = ", ".join(each.name or "?" for each in definition.containers)
    for name in case.merged.unknown_containers:
        yield problem(f"{definition} has no container {name}", containers=names)


_ECS_GUIDE: Final = "Amazon ECS Developer Guide, "
_API: Final = "AWS Batch API Reference, "
_GUIDE: Final = "AWS Batch User Guide, "

DEFINITION_RULES: Final[Sequence[PreflightRule[JobDefinition]]] = (
    PreflightRule(
        name="definition-active",
        field="job_definition",
        wrong="the revision of the job definition was deregistered",
        remedy="Use the name without revision, or register a revision: aws batch "
        "register-job-definition",
        source='Service: "JobDefinition name … does not exist or is not in ACTIVE status"',
        check=_active,
    ),
    PreflightRule(
        name="definition-for-fargate",
        field="job_definition",
        wrong="the job definition is for EC2, for EKS or for several nodes",
        remedy='Register a revision with "platformCapabilities": ["FARGATE"] and '
        "containerProperties or ecsProperties.",
        source=f'{_GUIDE}"Job definitions on Fargate": platformCapabilities, type',
        check=_kind,
    ),
    PreflightRule(
        name="execution-role",
        field="job_definition",
        wrong="the job definition has no execution role",
        remedy="Register a revision with executionRoleArn: a role that ecs-tasks.amazonaws.com may "
        "assume, with the policy AmazonECSTaskExecutionRolePolicy.",
        source='Service: "executionRoleArn is required for Fargate jobs."',
        check=_execution_role,
    ),
    PreflightRule(
        name="platform-version-retired",
        field="job_definition",
        wrong="the job definition runs on a retired Fargate platform version",
        remedy="Register a revision with platformVersion LATEST or 1.4.0.",
        source=f'{_ECS_GUIDE}"Fargate platform version deprecation": 1.3.0 launches no tasks since '
        "2026-03-16",
        check=_retired,
    ),
    PreflightRule(
        name="platform-version-asked",
        field="platform_version",
        wrong="the request asks for another platform version than the job definition's",
        remedy="Register a revision of {definition} with platformVersion {version}, or leave "
        "`platform_version` out: only the job definition decides.",
        source=f"{_API}FargatePlatformConfiguration; SubmitJob has no such member",
        check=_asked_version,
    ),
    PreflightRule(
        name="size",
        field="vcpu",
        wrong="vCPU and memory, of request and job definition together, are no Fargate size",
        remedy="Give `vcpu` and `memory` together; fargate-batch sizes --vcpu N lists the pairs.",
        source=f'{_API}ResourceRequirement.value; {_ECS_GUIDE}"Task size"; Service: "Fargate '
        'resource requirements (…) not valid."',
        check=_size,
    ),
    PreflightRule(
        name="windows-on-spot",
        field="job_queue",
        wrong="Windows containers on a queue with Fargate Spot only",
        remedy="Choose a queue with a compute environment of the type FARGATE.",
        source=f'{_API}RuntimePlatform: "A job queue will be blocked if a Fargate … Windows job is '
        'submitted to a job queue with only Fargate Spot compute environments"',
        check=_windows_on_spot,
    ),
    PreflightRule(
        name="network",
        field="job_definition",
        wrong="tasks cannot reach ECR, Secrets Manager or CloudWatch Logs",
        remedy="Without a public IP address the subnets need a NAT gateway, or VPC endpoints for "
        "ECR (api and dkr), S3 and CloudWatch Logs; with one, a route to an internet gateway "
        "(networkConfiguration.assignPublicIp ENABLED).",
        source=f'{_API}NetworkConfiguration.assignPublicIp; {_ECS_GUIDE}"Amazon ECS interface VPC '
        'endpoints"',
        check=_network,
    ),
    PreflightRule(
        name="log-driver",
        field="job_definition",
        wrong="the job definition does not log to CloudWatch Logs",
        remedy="Logs of such jobs cannot be shown here; for that, register a revision with the log "
        "driver awslogs.",
        source=f"{_API}LogConfiguration.logDriver",
        check=_log_driver,
    ),
    PreflightRule(
        name="override-kind",
        field="container_overrides",
        wrong="the overrides are of another kind than the job definition",
        remedy="For a job definition with ecsProperties give `container`, or "
        "`ecs_properties_override`; for one with containerProperties leave both out.",
        source=f"{_API}SubmitJob.containerOverrides, ecsPropertiesOverride",
        check=_override_kind,
    ),
    PreflightRule(
        name="container-names",
        field="container_overrides",
        wrong="an override names a container that the job definition does not have",
        remedy="Use one of its containers: {containers}.",
        source='ECS: "Override for container named … is not a container in the TaskDefinition."',
        check=_container_names,
    ),
)
