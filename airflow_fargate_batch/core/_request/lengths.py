"""Limits for the length of a request, and of the container's overrides."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._request.containers import ContainerOverrides
from airflow_fargate_batch.core._request.parts import RequestParts
from airflow_fargate_batch.core._request.values import Findings, at, shown
from airflow_fargate_batch.core.submit_members import ARGUMENT_OF

_REFERENCE: Final = re.compile(r"Ref::([A-Za-z0-9_-]+)")
"""AWS Batch User Guide, "Job definition parameters": ``Ref::name`` in the command."""

_ESCAPED: Final = 6
"""Largest number of characters of an escaped character in JSON, such as ``\\u0000``."""
_PUNCTUATION: Final = 40
"""More characters than JSON adds to a text: quotes, commas, and ``{"name":…,"value":…}``."""
_SHORT: Final = limits.CONTAINER_OVERRIDES_LENGTH - limits.CONTAINER_OVERRIDES_HEADROOM
_ADVICE: Final = "store large values in a file on S3 and pass the address of the file"


def check(request: RequestParts, findings: Findings) -> None:
    """Refuse a request that is too long, or has overrides that are too long."""
    ids = (each.job_id for each in request.depends_on if each.job_id)
    pairs = (request.environment, request.parameters, request.tags)
    texts = (request.command, ids, *pairs, *(each.values() for each in pairs))
    has_more = request.ecs or request.consumable_resources or request.retry_strategy
    if not has_more and are_surely_short(*texts):
        return
    check_overrides_of(request, findings)
    check_request(request.to_submit_job(), findings)


def check_overrides_of(request: RequestParts, findings: Findings) -> None:
    """Refuse overrides that are too long, of either kind of job definition."""
    if request.ecs is None or request.ecs.position is None:
        check_overrides(request.command, request.environment, request.parameters, findings)
    if request.ecs is not None:
        check_containers(request.containers, request.parameters, findings)


def are_surely_short(*groups: Iterable[str]) -> bool:
    """Return, without writing JSON, whether texts certainly stay below the limit.

    Most requests are small, and this runs for every task whenever a DAG is read.
    """
    characters = count = 0
    for texts in groups:
        for text in texts:
            characters += len(text)
            count += 1
    return _ESCAPED * characters + _PUNCTUATION * count < _SHORT


def leave_room(
    command: Sequence[str], environment: Mapping[str, str], parameters: Mapping[str, str]
) -> bool:
    """Return whether overrides leave room for Batch's own variables, counted in bytes of UTF-8."""
    expanded = [_expand(word, parameters) for word in command]
    return _bytes(_overrides_text(expanded, environment)) <= _SHORT


def check_overrides(
    command: Sequence[str],
    environment: Mapping[str, str],
    parameters: Mapping[str, str],
    findings: Findings,
) -> None:
    """Refuse overrides too long for ECS, naming the largest part."""
    expanded = [_expand(word, parameters) for word in command]
    length = overrides_length(expanded, environment)
    if not command:
        _warn_of_parameters(length, parameters, findings)
    if length <= _SHORT:
        return
    parts = {at("environment", name): text for name, text in environment.items()}
    parts |= {f"command[{index}]": word for index, word in enumerate(expanded)}
    largest = max(parts, key=lambda part: len(parts[part]))
    said = (
        f"command and environment have {length} characters together, {len(parts[largest])} of them "
        f"in {largest}; AWS Batch accepts a job with more than "
        f"{limits.CONTAINER_OVERRIDES_LENGTH}, but then fails the job"
    )
    if length > limits.CONTAINER_OVERRIDES_LENGTH:
        involves = ("command", "environment", "parameters", "parameters_file")
        findings.problem("container_overrides", said, _ADVICE, involves)
    else:
        findings.warnings.append(f"{said}; AWS Batch adds variables of its own")


def overrides_length(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Return the number of characters of the overrides, with ``Ref::`` expanded in *command*."""
    return len(_overrides_text(command, environment))


def _overrides_text(command: Sequence[str], environment: Mapping[str, str]) -> str:
    variables = [{"name": name, "value": text} for name, text in environment.items()]
    return _compact({"command": command, "environment": variables})


def _warn_of_parameters(length: int, parameters: Mapping[str, str], findings: Findings) -> None:
    """Warn if parameters may make the (unknown) command of the job definition too long."""
    filled = sum(map(len, parameters.values()))
    if length <= _SHORT < length + filled:
        findings.warnings.append(
            f"the parameters have {filled} characters together: if the job definition's command "
            "refers to the parameters, AWS Batch accepts the job, but fails the job if the command "
            f"grows beyond {limits.CONTAINER_OVERRIDES_LENGTH}"
        )


def check_containers(
    containers: Sequence[ContainerOverrides], parameters: Mapping[str, str], findings: Findings
) -> None:
    """Refuse the overrides of an ECS task by the limit of ECS for all containers together."""
    lengths = [
        (len(_compact(_expanded(container, parameters))), container.name or f"containers[{index}]")
        for index, container in enumerate(containers)
    ]
    length = sum(each for each, _ in lengths)
    if length <= _SHORT:
        return
    largest, name = max(lengths, key=itemgetter(0))
    said = (
        f"the overrides of the containers have {length} characters together, {largest} of them "
        f"in {shown(name)}; AWS Batch accepts a job with more than "
        f"{limits.CONTAINER_OVERRIDES_LENGTH}, but then fails the job"
    )
    if length > limits.CONTAINER_OVERRIDES_LENGTH:
        involves = ("command", "environment", "container_overrides", "parameters", "container")
        findings.problem("ecs_properties_override", said, _ADVICE, involves)
    else:
        findings.warnings.append(f"{said}; AWS Batch adds variables of its own")


def _expanded(container: ContainerOverrides, parameters: Mapping[str, str]) -> dict[str, Any]:
    command = tuple(_expand(word, parameters) for word in container.command)
    return replace(container, command=command).to_api()


def _expand(word: str, parameters: Mapping[str, str]) -> str:
    """Replace ``Ref::name`` like AWS Batch."""
    return _REFERENCE.sub(lambda ref: parameters.get(ref[1], ref[0]), word)


def check_request(body: Mapping[str, object], findings: Findings) -> None:
    """Refuse a request above the limit, naming the largest member."""
    size = _bytes(_compact(body))
    if size < limits.REQUEST_BYTES:
        return
    sizes = {member: _bytes(_compact(value)) for member, value in body.items()}
    largest = max(sizes, key=lambda member: sizes[member])
    findings.problem(
        ARGUMENT_OF.get(largest, "extra_submit_args"),
        f"the whole request has {size} bytes, {sizes[largest]} of them in {largest}; AWS Batch "
        f"accepts less than {limits.REQUEST_BYTES}",
        _ADVICE,
        ("command", "environment", "container_overrides", "parameters"),
    )


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _bytes(text: str) -> int:
    """Return the length in UTF-8, also of a text that is refused for half a surrogate pair."""
    return len(text.encode(errors="surrogatepass"))
