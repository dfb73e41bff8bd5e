"""Rules for a request combined with its job definition: accepted by AWS, and failed later."""

from collections.abc import Iterator, Sequence
from typing import Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._preflight.merging import Merged
from airflow_fargate_batch.core._preflight.rule import (
    Case,
    CheckResult,
    PreflightRule,
    ok,
    problem,
    warning,
)
from airflow_fargate_batch.core._request.lengths import check_overrides
from airflow_fargate_batch.core._request.values import Findings
from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.listing import in_a_sentence
from airflow_fargate_batch.core.spelling import nearest

_SHOWN: Final = 20


def _parameters(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    if case.merged is None or not (case.is_submit and case.merged.containers):
        return
    missing = case.merged.references.keys() - case.merged.parameters.keys()
    for name in sorted(missing):
        unused = _unused(case.merged)
        near = nearest(name, unused)
        hint = f"; the request has {near}, which nothing refers to" if near else ""
        yield problem(
            f"the command refers to Ref::{name}, and neither the request nor {definition} gives "
            f"the parameter {name}{hint}",
            name=name,
        )
    if case.merged.references and not missing:
        names = in_a_sentence(sorted(case.merged.references), _SHOWN)
        yield ok(f"all parameters of the command are given: {names}")


def _unused_parameters(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    if case.merged is None or not (case.is_submit and case.merged.containers):
        return
    missing = case.merged.references.keys() - case.merged.parameters.keys()
    for name in _unused(case.merged):
        if nearest(name, missing) is None:  # else the missing one names it
            where = f"the command of {definition}"
            if any(each.command for each in case.merged.overrides):
                where = "the command of the request"
            yield warning(f"{where} does not refer to the parameter {name}", name=name)


def _unused(merged: Merged) -> list[str]:
    return sorted(merged.given_parameters.keys() - merged.references.keys())


def _length(_: JobDefinition, case: Case) -> Iterator[CheckResult]:
    merged = case.merged
    if merged is None or not case.is_submit:
        return
    for container, override in zip(merged.containers, merged.overrides, strict=True):
        is_sent = bool(override.command or merged.parameters)
        findings = Findings()
        command = merged.expanded_command(container) if is_sent else ()
        check_overrides(command, override.environment, {}, findings)
        for found in findings.problems:
            yield problem(_plain(found.message))
        for text in findings.warnings:
            yield warning(text)


def _plain(message: str) -> str:
    return message.partition(": ")[0]


def _tags(definition: JobDefinition, case: Case) -> Iterator[CheckResult]:
    if case.merged is None or not (case.is_submit and case.merged.propagates_tags):
        return
    count = len(case.merged.tags)
    if count > limits.TAGS:
        yield problem(
            f"the tags are propagated, and the request and {definition} have {count} together: "
            f"AWS accepts the job, and fails it above {limits.TAGS}"
        )
    else:
        yield ok(f"{count} propagated tags, of {limits.TAGS} allowed")


_API: Final = "AWS Batch API Reference, "

SUBMIT_RULES: Final[Sequence[PreflightRule[JobDefinition]]] = (
    PreflightRule(
        name="parameters-given",
        field="parameters",
        wrong="the command refers to a parameter (Ref::name) that nobody gives",
        remedy="Give it in `parameters`; otherwise the container gets the text Ref::{name}.",
        source='AWS Batch User Guide, "Job definition parameters"',
        check=_parameters,
    ),
    PreflightRule(
        name="parameters-used",
        field="parameters",
        wrong="a parameter is given that no command refers to",
        remedy="Write Ref::{name} into the command, or leave the parameter out.",
        source='AWS Batch User Guide, "Job definition parameters": only the command is replaced',
        check=_unused_parameters,
    ),
    PreflightRule(
        name="overrides-length",
        field="container_overrides",
        wrong="command and environment, with the parameters in their places, are too long",
        remedy="Store large values in a file on S3 and pass the address of the file.",
        source='Service, after it accepted the job: "Container Overrides length must be at most '
        '8192"',
        check=_length,
    ),
    PreflightRule(
        name="propagated-tags",
        field="tags",
        wrong="request and job definition have more than 50 propagated tags together",
        remedy="Remove tags, or do not propagate them (`propagate_tags`).",
        source=f"{_API}SubmitJob.propagateTags: above 50 tags the job is moved to FAILED",
        check=_tags,
    ),
)
