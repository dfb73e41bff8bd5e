"""Rules for SubmitJob on Fargate, with AWS's messages if the messages are known.

These checks are independent of the client's validation on purpose: client and LocalBatch share only
the size table and the limits, so a mistake in either one shows as a disagreement. LocalBatch
imitates AWS; a request accepted by LocalBatch may still be refused by AWS.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from airflow_fargate_batch.core import fargate, limits
from airflow_fargate_batch.local.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """SubmitJob request to check, with its queue and its job definition.

    Attributes:
        containers: Pairs of a container of the definition and the request's overrides for it.
        settings: Part of the definition with platform version and operating system:
            ``containerProperties``, or the task in ``ecsProperties``.
    """

    body: Mapping[str, Any] = field(repr=False)
    queue: Mapping[str, Any]
    definition: Mapping[str, Any] = field(repr=False)
    containers: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = field(repr=False)
    settings: Mapping[str, Any]


def refuse_illegal(draft: Draft) -> None:
    """Raise `Refusal` for the first broken rule: AWS reports one problem at a time."""
    for check in CHECKS:
        for message in check(draft):
            raise Refusal(message)


def resources(requirements: object) -> dict[str, str]:
    """Read ``resourceRequirements`` as a mapping from type to value."""
    listed = requirements if isinstance(requirements, list) else []
    return {entry["type"]: entry["value"] for entry in listed}


def _job_name(draft: Draft) -> Iterator[str]:
    if not limits.JOB_NAME.match(draft.body["jobName"]):
        yield "Job name should match valid pattern"


def _queue(draft: Draft) -> Iterator[str]:
    if draft.queue["state"] != "ENABLED":
        yield f"JobQueue {draft.queue['jobQueueName']} is not enabled."


def _platform(draft: Draft) -> Iterator[str]:
    """Refuse what is not Fargate, in words of our own: AWS's are not known."""
    if draft.queue["jobQueueType"] != "ECS_FARGATE":
        yield f"LocalBatch runs Fargate jobs only: not those of {draft.queue['jobQueueName']}."
    capabilities = draft.definition.get("platformCapabilities") or ["EC2"]
    has_containers = draft.definition.keys() & {"containerProperties", "ecsProperties"}
    if "FARGATE" not in capabilities or not has_containers:
        yield "LocalBatch runs Fargate jobs only: the job definition is for another platform."


def _fair_share(draft: Draft) -> Iterator[str]:
    share, fair = draft.body.get("shareIdentifier"), "schedulingPolicyArn" in draft.queue
    if fair and not share:
        yield "shareIdentifier must be specified."
    if share and not fair:
        yield "shareIdentifier is only applicable to job queues with a scheduling policy."
    if share and not limits.SHARE_IDENTIFIER.match(share):
        yield "shareIdentifier should match valid pattern"
    priority = draft.body.get("schedulingPriorityOverride")
    if priority is not None and priority not in limits.SCHEDULING_PRIORITY:
        yield "schedulingPriorityOverride must be between 0 and 9999."
    if fair and priority is None and "schedulingPriority" not in draft.definition:
        yield (
            "Either schedulingPriority in job definition or schedulingPriorityOverride"
            " should be specified."
        )


def _array(draft: Draft) -> Iterator[str]:
    array = draft.body.get("arrayProperties")
    if array and array.get("size") not in limits.ARRAY_SIZE:
        first, last = limits.ARRAY_SIZE[0], limits.ARRAY_SIZE[-1]
        yield f"Array size must be between {first} and {last}"


def _dependencies(draft: Draft) -> Iterator[str]:
    dependencies = draft.body.get("dependsOn") or []
    if len(dependencies) > limits.DEPENDENCIES:
        yield f"Job cannot have more than {limits.DEPENDENCIES} dependencies"
    is_array = bool(draft.body.get("arrayProperties"))
    for dependency in dependencies:
        kind, job_id = dependency.get("type"), dependency.get("jobId")
        if kind not in (None, "N_TO_N", "SEQUENTIAL"):
            yield f"Job dependency type {kind} is not valid"
        if kind == "SEQUENTIAL" and job_id and not is_array:
            continue  # public programs send it: taken as a plain dependency
        if kind and not is_array:
            yield f"Job dependency type {kind} is only applicable to array jobs"
        if kind == "SEQUENTIAL" and job_id and is_array:
            yield "SEQUENTIAL dependency cannot have a jobId"
        if kind != "SEQUENTIAL" and not job_id:
            yield "Job dependency must have a jobId"


def _elsewhere(draft: Draft) -> Iterator[str]:
    for member in ("nodeOverrides", "eksPropertiesOverride"):
        if draft.body.get(member):
            yield f"{member} is not applicable for Fargate."
    has_ecs = "ecsProperties" in draft.definition
    if draft.body.get("ecsPropertiesOverride") and not has_ecs:
        yield "ecsPropertiesOverride is only applicable to job definitions with ecsProperties."
    if draft.body.get("containerOverrides") and has_ecs:
        yield "containerOverrides is not applicable to job definitions with ecsProperties."


def _overrides(draft: Draft) -> Iterator[str]:
    for _, overrides in draft.containers:
        yield from _override(overrides)


def _override(overrides: Mapping[str, Any]) -> Iterator[str]:
    for member in ("vcpus", "memory"):
        if member in overrides:
            yield f"{member} is not applicable for Fargate. Use resource requirements instead."
    if overrides.get("instanceType"):
        yield "instanceType is not applicable for Fargate."
    yield from command_problems(overrides)


def command_problems(container: Mapping[str, Any]) -> Iterator[str]:
    """Yield problems with the command and the resources of a container or an override."""
    if "" in (container.get("command") or []):
        yield "Command field cannot have empty strings"
    types = [entry["type"] for entry in container.get("resourceRequirements") or []]
    if len(set(types)) < len(types):
        yield "Cannot provide duplicates in resourceRequirements."
    if "GPU" in types:
        yield "GPU is not applicable for Fargate."


def _size(draft: Draft) -> Iterator[str]:
    merged = [
        resources(container.get("resourceRequirements"))
        | resources(overrides.get("resourceRequirements"))
        for container, overrides in draft.containers
    ]
    settings = draft.settings
    platform = (settings.get("fargatePlatformConfiguration") or {}).get("platformVersion")
    version = settings.get("platformVersion") or platform
    yield from size_problems(merged, settings, version=version)


def size_problems(
    containers: Sequence[Mapping[str, str]], settings: Mapping[str, Any], *, version: str | None
) -> Iterator[str]:
    """Yield problems with vCPU and memory of all containers together.

    :param containers: resources of each container, by type.
    :param settings: part of the definition with the operating system.
    """
    if not all({"VCPU", "MEMORY"} <= asked.keys() for asked in containers):
        yield "Resource requirements VCPU and MEMORY are required for Fargate jobs."
        return
    for asked in containers:
        if not (_NUMBER.match(asked["VCPU"]) and _WHOLE_NUMBER.match(asked["MEMORY"])):
            yield "Resource requirement values should be numbers."
            return
    vcpu = sum((Decimal(asked["VCPU"]) for asked in containers), Decimal(0))
    memory = sum(int(asked["MEMORY"]) for asked in containers)
    windows = str(_runtime(settings).get("operatingSystemFamily", "")).startswith("WINDOWS")
    row = fargate.row_of(vcpu)
    legal = row is not None and memory in row.memory
    if row is None or not legal or (windows and not row.windows) or _too_old(version, row):
        yield f"Fargate resource requirements ({vcpu:.2f} vCPU, {memory} MiB) not valid."


_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?\Z")


def _runtime(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    return settings.get("runtimePlatform") or {}


def _too_old(version: str | None, row: fargate.VcpuRow) -> bool:
    if row.platform_version is None or version is None or version == "LATEST":
        return False
    return _numbers(version) < _numbers(row.platform_version)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _consumables(draft: Draft) -> Iterator[str]:
    override = draft.body.get("consumableResourcePropertiesOverride") or {}
    listed = [e.get("consumableResource") for e in override.get("consumableResourceList") or []]
    if len(listed) > limits.CONSUMABLE_RESOURCES:
        yield f"Job cannot have more than {limits.CONSUMABLE_RESOURCES} consumable resources"
    if len(set(listed)) < len(listed):
        yield "Cannot provide duplicates in consumableResourceList."


def _retries(draft: Draft) -> Iterator[str]:
    yield from retry_problems(draft.body.get("retryStrategy"))


def retry_problems(strategy: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield problems with a retry strategy."""
    if not strategy:
        return
    attempts, entries = strategy.get("attempts"), strategy.get("evaluateOnExit") or []
    if attempts is None:
        yield "RetryAttempts must be provided with retry strategy"
    if attempts not in limits.ATTEMPTS:
        yield "RetryAttempts must be between 1 and 10"
    if len(entries) > limits.EVALUATE_ON_EXIT_ENTRIES:
        yield f"evaluateOnExit cannot have more than {limits.EVALUATE_ON_EXIT_ENTRIES} entries"
    for entry in entries:
        yield from _evaluate_on_exit(entry)


def _evaluate_on_exit(entry: Mapping[str, str]) -> Iterator[str]:
    if str(entry.get("action", "")).upper() not in ("RETRY", "EXIT"):
        yield "evaluateOnExit action must be RETRY or EXIT"
    patterns = {
        "onExitCode": limits.EXIT_CODE_PATTERN,
        "onReason": limits.REASON_PATTERN,
        "onStatusReason": limits.REASON_PATTERN,
    }
    given = {key: entry[key] for key in patterns if entry.get(key)}
    if not given:
        yield "evaluateOnExit must have at least one of onStatusReason, onReason, onExitCode"
    for key, value in given.items():
        too_long = len(value) > limits.EVALUATE_ON_EXIT_PATTERN_LENGTH
        if too_long or not patterns[key].match(value):
            yield f"evaluateOnExit {key} should match valid pattern"


def _timeout(draft: Draft) -> Iterator[str]:
    yield from timeout_problems(draft.body.get("timeout"))


def timeout_problems(timeout: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield problems with a timeout."""
    if timeout and timeout.get("attemptDurationSeconds", 0) < limits.TIMEOUT_MINIMUM:
        yield f"Job timeout must be at least {limits.TIMEOUT_MINIMUM} seconds"


def _tags(draft: Draft) -> Iterator[str]:
    yield from tag_problems(draft.body.get("tags") or {})


def tag_problems(tags: Mapping[str, str]) -> Iterator[str]:
    """Yield problems with *tags*; messages never contain a value."""
    if len(tags) > limits.TAGS:
        yield f"Cannot have more than {limits.TAGS} tags"
    for key, value in tags.items():
        if key.lower().startswith(limits.TAG_RESERVED_PREFIX):
            yield "Tag keys cannot start with aws:"
        if not 1 <= len(key) <= limits.TAG_KEY_LENGTH or len(value) > limits.TAG_VALUE_LENGTH:
            yield f"Tag {key[: limits.TAG_KEY_LENGTH]} is too long or empty"
        if not (limits.TAG_CHARACTERS.match(key) and limits.TAG_CHARACTERS.match(value)):
            yield "Tags should match valid pattern"


def _request_size(draft: Draft) -> Iterator[str]:
    size = len(json.dumps(draft.body, separators=(",", ":"), ensure_ascii=False).encode())
    if size >= limits.REQUEST_BYTES:
        yield f"Job size must be less than 30 KiB, got {-(-size // 1024)} KiB"


CHECKS: Final[tuple[Callable[[Draft], Iterator[str]], ...]] = (
    _request_size,
    _job_name,
    _queue,
    _platform,
    _fair_share,
    _array,
    _dependencies,
    _elsewhere,
    _overrides,
    _size,
    _consumables,
    _retries,
    _timeout,
    _tags,
)
