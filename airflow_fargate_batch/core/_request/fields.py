"""The rules of SubmitJob's plain members, one function an argument; ``None`` means not given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from airflow_fargate_batch.core import fargate, limits, naming
from airflow_fargate_batch.core._request.size import Settled
from airflow_fargate_batch.core._request.values import (
    Findings,
    at,
    content,
    is_plain,
    parse_boolean,
    parse_integer,
    parse_json,
    parse_mapping,
    parse_number,
    plain_text,
    shown,
    shown_type,
    warn_of_wrapping,
)
from airflow_fargate_batch.core.naming import Submission

QUEUE: Final = re.compile(r"(?:arn:[^:\s]+:batch:[^:\s]*:[^:\s]*:job-queue/)?[A-Za-z0-9_-]{1,128}")
"""API, ``CreateJobQueue.jobQueueName``: up to 128 letters, digits, hyphens and underscores."""
DEFINITION: Final = re.compile(
    r"(?:arn:[^:\s]+:batch:[^:\s]*:[^:\s]*:job-definition/)?[A-Za-z0-9_-]{1,128}(?::[0-9]+)?"
)
"""API, ``SubmitJob.jobDefinition``: a name, ``name:revision``, or an ARN with or without revision;
``RegisterJobDefinition.jobDefinitionName``: up to 128 letters, digits, hyphens and underscores."""
PLATFORM_VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A JSON file read by an entry point, so that mistakes are reported together with all others.

    Attributes:
        path: Path as given by the user.
        text: Content with templates rendered; ``None`` if the file could not be read.
        error: Reason of a failed read.
    """

    path: str
    text: str | None = field(default=None, repr=False)
    error: str | None = None


def job_name(
    given: object, prefix: object, submission: Submission | None, findings: Findings
) -> str:
    """Check a given name, or make a name of the prefix and the submission."""
    if given is None:
        said = naming.DEFAULT_PREFIX if prefix is None else prefix
        text = plain_text(said, "job_name_prefix", findings) or naming.DEFAULT_PREFIX
        return submission.job_name(text) if submission else naming.legal_job_name(text)
    name = plain_text(given, "job_name", findings)
    if name is not None and not limits.JOB_NAME.match(name):
        findings.problem(
            "job_name",
            f"{shown(name)} is not a valid job name: up to {limits.JOB_NAME_LENGTH} letters, "
            "digits, hyphens and underscores; the first character must be a letter or a digit",
            f"use {naming.legal_job_name(name)}",
        )
    return name or ""


def job_queue(given: object, findings: Findings) -> str:
    """Check a queue's name or ARN."""
    if given is None:
        findings.problem("job_queue", "is missing", "set the name or ARN of a job queue")
        return ""
    text = plain_text(given, "job_queue", findings) or ""
    if text and not QUEUE.fullmatch(text):
        findings.problem("job_queue", f"{shown(text)} is not the name or ARN of a job queue")
    return text


def job_definition(given: object, findings: Findings) -> str:
    """Check a job definition's name, ``name:revision`` or ARN."""
    if given is None:
        findings.problem("job_definition", "is missing", "set the name or ARN of a job definition")
        return ""
    text = plain_text(given, "job_definition", findings) or ""
    name, _, revision = text.rpartition(":")
    if text and not DEFINITION.fullmatch(text):
        latest = DEFINITION.fullmatch(name) and not revision.isdigit()
        findings.problem(
            "job_definition",
            f"{shown(text)} is not the name, name:revision or ARN of a job definition",
            f"use {name}, which means the latest active revision" if latest else None,
        )
    return text


def parameters(given: object, file: object, findings: Findings) -> dict[str, str]:
    """Read the parameters, over the parameters of the file."""
    if given is file is None:
        return {}
    layers = (
        ("parameters_file", json_file(file, "parameters_file", findings)),
        ("parameters", given),
    )
    return {
        name: text
        for where, layer in layers
        if layer is not None
        for name, text in _texts(layer, "parameters", where, findings).items()
    }


def json_file(given: object, where: str, findings: Findings) -> Mapping[str, Any] | None:
    """Parse the object in a JSON file."""
    if given is None:
        return None
    if not isinstance(given, JsonFile):
        findings.problem(where, f"must be a JsonFile, not {shown_type(given)}")
        return None
    if given.text is None:
        findings.problem(where, f"{given.path}: {given.error or 'could not be read'}")
        return None
    before = len(findings.problems)
    value = parse_json(given.text, where, findings, source=f"{given.path}, ")
    if len(findings.problems) > before:
        return None
    if not isinstance(value, Mapping):
        findings.problem(where, f"{given.path} must contain a JSON object, not {shown_type(value)}")
        return None
    return value


def _texts(given: object, member: str, where: str, findings: Findings) -> dict[str, str]:
    read = {}
    entries = parse_mapping(given, where, findings)
    warn_of_wrapping(entries, member, where, findings)
    for name, value in entries.items():
        if is_plain(value) and is_plain(name):
            read[name] = value
            continue
        place = at(where, name)
        text = content(value, place, findings)
        if text is not None and content(name, place, findings) is not None:
            read[name] = text
    return read


def share_identifier(given: object, findings: Findings) -> str | None:
    """Check a share identifier."""
    if given is None:
        return None
    text = plain_text(given, "share_identifier", findings)
    if text is None:
        return None
    if not limits.SHARE_IDENTIFIER.match(text):
        findings.problem(
            "share_identifier",
            f"{shown(text)} is not a valid share identifier: up to "
            f"{limits.SHARE_IDENTIFIER_LENGTH} letters and digits, optionally ending in '*'",
        )
    elif "-" in text or "_" in text:
        findings.warnings.append(
            f"`share_identifier` {text}: AWS documents letters and digits only. '-' and '_' have "
            "worked so far, without a promise by AWS"
        )
    return text


def scheduling_priority(given: object, share_identifier: object, findings: Findings) -> int | None:
    """Check a scheduling priority; 0 is legal."""
    if given is None:
        return None
    if share_identifier is None:
        findings.warnings.append(
            "`scheduling_priority` is set without `share_identifier`: a fair-share queue needs "
            "both, every other queue refuses both"
        )
    return parse_integer(given, "scheduling_priority", findings, legal=limits.SCHEDULING_PRIORITY)


def propagate_tags(given: object, findings: Findings) -> bool | None:
    """Read whether tags go to the ECS task."""
    return None if given is None else parse_boolean(given, "propagate_tags", findings)


def job_timeout(given: object, findings: Findings) -> int | None:
    """Read the timeout of an attempt, in seconds."""
    if given is None:
        return None
    value = given.total_seconds() if isinstance(given, timedelta) else given
    attempt = parse_integer(value, "job_timeout", findings)
    if attempt is None:
        return None
    if attempt < limits.TIMEOUT_MINIMUM:
        findings.problem(
            "job_timeout",
            f"{attempt} s is less than the minimum of AWS Batch",
            f"use {limits.TIMEOUT_MINIMUM} s or more",
        )
    elif attempt > limits.TIMEOUT_RELIABLE:
        findings.warnings.append(
            "`job_timeout` is longer than 14 days: AWS may stop a Fargate task after 14 days"
        )
    return attempt


def seconds(given: object, where: str, findings: Findings) -> float | None:
    """Read a limit for a wait, in seconds."""
    value = given.total_seconds() if isinstance(given, timedelta) else given
    span = parse_number(value, where, findings)
    if span is not None and span <= 0:
        findings.problem(where, f"must be greater than 0 s, not {shown(value)} s")
    return None if span is None else float(span)


def tags(
    given: object, findings: Findings, beneath: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Check number, keys and values of tags.

    :param beneath: checked tags beneath *given*.
    """
    if given is None:
        return dict(beneath or {})
    read = {**(beneath or {}), **_texts(given, "tags", "tags", findings)}
    if len(read) > limits.TAGS:
        findings.problem("tags", f"has {len(read)} tags; a job may have at most {limits.TAGS}")
    elif len(read) == limits.TAGS:
        findings.warnings.append(
            f"{limits.TAGS} tags leave no room for the tag by which a retry finds its own job"
        )
    for key, value in read.items():
        _check_tag_text(key, "key", key, range(1, limits.TAG_KEY_LENGTH + 1), findings)
        _check_tag_text(key, "value", value, range(limits.TAG_VALUE_LENGTH + 1), findings)
        if key.lower().startswith(limits.TAG_RESERVED_PREFIX):
            findings.problem(
                "tags",
                f"{shown(key)}: keys that start with 'aws:' are reserved for AWS",
                "rename the tag",
            )
    return read


def _check_tag_text(key: str, what: str, text: str, lengths: range, findings: Findings) -> None:
    if len(text) not in lengths:
        rule = f"must have {lengths[0]} to {lengths[-1]} characters"
        findings.problem("tags", f"{shown(key)}: the {what} {rule}")
    if not limits.TAG_CHARACTERS.match(text):
        rule = "may contain only letters, digits, spaces and + - = . _ : / @"
        findings.problem("tags", f"{shown(key)}: the {what} {rule}")


def platform_version(given: object, size: Settled, findings: Findings) -> str | None:
    """Check a platform version, and its support for the size."""
    if given is None:
        return None
    text = plain_text(given, "platform_version", findings)
    if text is None or text.upper() == fargate.LATEST:
        return text and fargate.LATEST
    if not PLATFORM_VERSION.fullmatch(text):
        findings.problem(
            "platform_version", f"must be LATEST or a version such as 1.4.0, not {shown(text)}"
        )
        return None
    if text in limits.RETIRED_PLATFORM_VERSIONS:
        findings.warnings.append(
            f"`platform_version` {text} is retired: Fargate starts no tasks on this version"
        )
    row = None if size.vcpu is None else fargate.row_of(size.vcpu)
    if row and row.platform_version and _version(text) < _version(row.platform_version):
        findings.problem(
            "platform_version",
            f"{text} does not support {row.vcpu} vCPU",
            f"use {row.platform_version} or LATEST",
            involves=("vcpu", "container_overrides", "container_overrides_file"),
        )
    return text


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part[:9]) for part in text.split("."))
