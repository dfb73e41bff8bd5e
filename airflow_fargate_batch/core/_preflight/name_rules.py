"""Rules for names that AWS does not know."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core._preflight.rule import Case, CheckResult, PreflightRule, problem
from airflow_fargate_batch.core.listing import in_a_sentence
from airflow_fargate_batch.core.naming import base_name
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.core.surroundings import DEFINITION, JOB_QUEUE

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Missing:
    """A queue or definition that AWS does not know."""

    what: str
    name: str


def _exists(missing: Missing, case: Case) -> Iterator[CheckResult]:
    newest = case.surroundings.newest_definition
    if missing.what == DEFINITION and newest is not None:
        advice = f"Use {newest}, the newest active revision."
        yield problem(f"there is no job definition {missing.name}", advice=advice)
        return
    known = case.surroundings.known_names.get(missing.what)
    text = f"there is no {missing.what} {missing.name} in this account and region"
    if known is None:
        yield problem(text)
    elif not known:
        yield problem(f"{text}, and none at all")
    elif near := nearest(base_name(missing.name), known):
        yield problem(text, advice=f"Did you mean {near}?")
    else:
        yield problem(f"{text}, but {in_a_sentence(sorted(known), _SHOWN)}")


_REMEDY: Final = "Check the name, the region and the account: aws batch {0} --region REGION"

NAME_RULES: Final[dict[str, Sequence[PreflightRule[Missing]]]] = {
    JOB_QUEUE: (
        PreflightRule(
            name="queue-exists",
            field="job_queue",
            wrong="there is no queue with this name",
            remedy=_REMEDY.format("describe-job-queues"),
            source='Service: "Job Queue … not found"',
            check=_exists,
        ),
    ),
    DEFINITION: (
        PreflightRule(
            name="definition-exists",
            field="job_definition",
            wrong="there is no job definition, or no revision, with this name",
            remedy=_REMEDY.format("describe-job-definitions --status ACTIVE"),
            source='Service: "JobDefinition name … does not exist or is not in ACTIVE status"',
            check=_exists,
        ),
    ),
}
"""Rules by the noun of the thing that is missing."""
