"""Judgement of a request by its queue and job definition, before the submit.

Rules are data: ``RULES`` has all of them, each with its source, the situation and the remedy. A
problem is something that AWS would refuse, or that would keep the job from starting or make it
fail. A lookup that failed is a warning, and never refuses a request.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from airflow_fargate_batch.core._preflight.definition_rules import DEFINITION_RULES
from airflow_fargate_batch.core._preflight.merging import merge_with_definition
from airflow_fargate_batch.core._preflight.name_rules import NAME_RULES, Missing
from airflow_fargate_batch.core._preflight.queue_rules import QUEUE_RULES
from airflow_fargate_batch.core._preflight.rule import Case, Finding, Level, PreflightRule
from airflow_fargate_batch.core._preflight.submit_rules import SUBMIT_RULES
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.surroundings import (
    DEFINITION,
    ENVIRONMENTS,
    JOB_QUEUE,
    POLICY,
    Surroundings,
)
from airflow_fargate_batch.exceptions import Problem

__all__ = [
    "RULES",
    "Finding",
    "Level",
    "PreflightRule",
    "judge",
    "judge_definition_only",
    "problems_of",
]

RULES: Final[Sequence[PreflightRule[Any]]] = (
    *NAME_RULES[JOB_QUEUE],
    *QUEUE_RULES,
    *NAME_RULES[DEFINITION],
    *DEFINITION_RULES,
    *SUBMIT_RULES,
)
"""All rules, in the order of a report."""
_ALWAYS: Final = frozenset({"size", "platform-version-asked"})
"""Rules without which a request with one of vCPU and memory, or a platform version, is unjudged."""
_LOOKED_UP: Final = {
    JOB_QUEUE: "job_queue",
    ENVIRONMENTS: "job_queue",
    POLICY: "share_identifier",
    DEFINITION: "job_definition",
}
"""Argument that a lookup is about."""


def judge(
    surroundings: Surroundings,
    *,
    queue: str | None = None,
    definition: str | None = None,
    request: JobRequest | None = None,
) -> list[Finding]:
    """Judge a queue and a definition, each alone or together, and a request for them.

    :param queue: name or ARN as given; ``None`` if no queue is to be judged.
    :param definition: name, ``name:revision`` or ARN as given; ``None`` likewise.
    :param request: omitted: queue and definition are judged as such.
    """
    return list(_judge(surroundings, queue, definition, request))


def judge_definition_only(surroundings: Surroundings, request: JobRequest) -> list[Finding]:
    """Judge what a request cannot be judged without: the merged size and the platform version."""
    return [
        finding
        for finding in _judge(surroundings, None, request.job_definition, request)
        if finding.rule in {*_ALWAYS, _UNREAD}
    ]


def problems_of(findings: Iterable[Finding]) -> list[Problem]:
    """Return the findings that refuse a request, as problems of its arguments."""
    return [
        Problem(finding.field, str(finding), finding.advice)
        for finding in findings
        if finding.level is Level.PROBLEM
    ]


def _judge(
    surroundings: Surroundings,
    queue: str | None,
    definition: str | None,
    request: JobRequest | None,
) -> Iterator[Finding]:
    headings = {
        "job_queue": f"job queue {queue}",
        "job_definition": f"job definition {definition}",
    }
    case = _case(surroundings, request)

    def by(rules: Sequence[PreflightRule[Any]], subject: object, own: str) -> Iterator[Finding]:
        for rule in rules:
            # Alone, a queue or a definition heads all its lines; with a request, the arguments do.
            field = rule.field if request is not None else own
            yield from rule.judge(subject, case, headings.get(field, "request"))

    yield from _unread(surroundings, headings)
    for what, name, own in (
        (JOB_QUEUE, queue, "job_queue"),
        (DEFINITION, definition, "job_definition"),
    ):
        if name is not None and what in surroundings.missing:
            yield from by(NAME_RULES[what], Missing(what, name), own)
    if surroundings.queue is not None:
        yield from by(QUEUE_RULES, surroundings.queue, "job_queue")
    if surroundings.definition is not None:
        yield from by((*DEFINITION_RULES, *SUBMIT_RULES), surroundings.definition, "job_definition")


def _case(surroundings: Surroundings, request: JobRequest | None) -> Case:
    definition = surroundings.definition
    body: Any = request.to_submit_job() if request else {}
    merged = merge_with_definition(definition, body) if definition else None
    return Case(surroundings=surroundings, request=request, merged=merged)


_UNREAD: Final = "lookup"
"""Name of the rule of findings about lookups without an answer."""


def _unread(surroundings: Surroundings, headings: dict[str, str]) -> Iterator[Finding]:
    for unread in surroundings.unread:
        field = _LOOKED_UP[unread.what]
        yield Finding(
            rule=_UNREAD,
            subject=headings.get(field, headings["job_queue"]),
            field=field,
            level=Level.WARNING,
            text=f"not judged, because the {unread.what} could not be read: {unread.error.message}",
            advice=unread.error.advice,
        )
