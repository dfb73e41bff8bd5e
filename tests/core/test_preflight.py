"""The judgement of odd answers, and the rules as data; tests/cli/test_doctor.py has the texts."""

import copy
from typing import Any

import pytest

from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.preflight import (
    RULES,
    Finding,
    judge,
    judge_definition_only,
    problems_of,
)
from airflow_fargate_batch.core.remedies import filled
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.surroundings import (
    ComputeEnvironment,
    JobQueue,
    SchedulingPolicy,
    Surroundings,
)
from tests.core.test_odd_answers import ODD_VALUES, places
from tests.core.test_surroundings import CONTAINER, DEFINITION, ENVIRONMENT, POLICY, QUEUE

ENTRIES: dict[str, dict[str, Any]] = {
    "queue": QUEUE,
    "environment": ENVIRONMENT | {"state": "ENABLED", "status": "VALID"},
    "policy": POLICY,
    "definition": DEFINITION,
    "plain definition": DEFINITION | {"ecsProperties": None, "containerProperties": CONTAINER},
}
REQUEST = JobRequest.from_arguments(
    job_queue="nightly",
    job_definition="etl",
    memory=4096,
    parameters={"day": "2026-01-31"},
    share_identifier="hihg",
    array_size=100,
    tags={"team": "data"},
    platform_version="1.4.0",
)


def judged(entries: dict[str, Any], definition: str = "definition") -> list[Finding]:
    surroundings = Surroundings(
        queue=JobQueue.from_api(entries["queue"]),
        environments=(ComputeEnvironment.from_api(entries["environment"]),),
        policy=SchedulingPolicy.from_api(entries["policy"]),
        definition=JobDefinition.from_api(entries[definition]),
    )
    return [
        *judge(surroundings, queue="nightly", definition="etl", request=REQUEST),
        *judge(surroundings, queue="nightly", definition="etl"),
        *judge_definition_only(surroundings, REQUEST),
    ]


@pytest.mark.parametrize("name", ENTRIES)
def test_no_answer_is_too_odd_to_be_judged(name: str) -> None:
    definition = name if "definition" in name else "definition"
    for number in range(len(list(places(ENTRIES[name])))):
        for odd in ODD_VALUES:
            changed = copy.deepcopy(ENTRIES[name])
            holder, key = list(places(changed))[number]
            holder[key] = odd
            try:
                findings = judged({**ENTRIES, name: changed}, definition)
            except ValueError as error:
                assert "the entry has no" in str(error)  # noqa: PT017 - others are fine
            else:
                assert findings
                "".join(map(str, findings)).encode()
                problems_of(findings)


def test_each_rule_has_a_name_of_its_own_a_remedy_and_a_source() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert "{" not in filled(rule.remedy, {})
        assert rule.source
        assert rule.wrong


def test_the_arguments_of_rules_exist() -> None:
    for rule in RULES:
        assert hasattr(REQUEST, rule.field) or rule.field in ("vcpu", "container_overrides")
