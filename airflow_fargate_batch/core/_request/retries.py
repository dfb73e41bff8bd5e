"""Retries by AWS Batch: number of attempts, and conditions.

Source: AWS Batch API Reference, ``RetryStrategy`` and ``EvaluateOnExit``.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._request.values import (
    Findings,
    known_keys,
    parse_integer,
    parse_list,
    parse_mapping,
    plain_text,
    shown,
    upper,
)
from airflow_fargate_batch.core.submit_members import MEMBERS

CONDITIONS: Final = {
    "onStatusReason": limits.REASON_PATTERN,
    "onReason": limits.REASON_PATTERN,
    "onExitCode": limits.EXIT_CODE_PATTERN,
}
ACTIONS: Final = ("RETRY", "EXIT")
EvaluateOnExit = Mapping[str, str]

CATCH_ALL: Final[EvaluateOnExit] = {"onReason": "*", "action": "EXIT"}
SPOT_RULES: Final[tuple[EvaluateOnExit, ...]] = (
    {"onStatusReason": "Your Spot Task was interrupted*", "action": "RETRY"},
    {"onReason": "Your Spot Task was interrupted*", "action": "RETRY"},
    CATCH_ALL,
)
"""ECS stops a reclaimed Fargate Spot task with ``Your Spot Task was interrupted.``; the pattern
``Host EC2*`` of many examples never matches on Fargate."""


class RetryStrategy(NamedTuple):
    """Value of ``retryStrategy``; a rule has the API's members."""

    attempts: int
    rules: tuple[EvaluateOnExit, ...] = ()

    def to_api(self) -> dict[str, Any]:
        """Write the strategy for the API."""
        rules = [dict(rule) for rule in self.rules]
        return {"attempts": self.attempts} | ({"evaluateOnExit": rules} if rules else {})


def read(value: object, spot_retries: object, findings: Findings) -> RetryStrategy | None:
    """Read the number of attempts, the API's mapping, JSON text, or *spot_retries*."""
    if spot_retries is not None:
        if value is not None:
            findings.problem(
                "spot_retries",
                "is set together with `retry_strategy`",
                "keep one of the two",
                involves=("retry_strategy",),
            )
        legal = range(limits.ATTEMPTS.start - 1, limits.ATTEMPTS.stop - 1)
        retries = parse_integer(spot_retries, "spot_retries", findings, legal=legal)
        return None if retries is None else RetryStrategy(retries + 1, SPOT_RULES)
    if value is None:
        return None
    if isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{")):
        before = len(findings.problems)
        given = parse_mapping(value, "retry_strategy", findings)
        return _from_mapping(given, findings) if len(findings.problems) == before else None
    attempts = parse_integer(value, "retry_strategy", findings, legal=limits.ATTEMPTS)
    return None if attempts is None else RetryStrategy(attempts)


def _from_mapping(given: Mapping[str, Any], findings: Findings) -> RetryStrategy | None:
    where = "retry_strategy"
    known_keys(given, MEMBERS["RetryStrategy"], where, findings)
    rules = _rules(given.get("evaluateOnExit"), f"{where}.evaluateOnExit", findings)
    if given.get("attempts") is None:
        findings.problem(
            f"{where}.attempts", "is missing, but evaluateOnExit needs attempts", "use 1 to 10"
        )
        return None
    attempts = parse_integer(
        given["attempts"], f"{where}.attempts", findings, legal=limits.ATTEMPTS
    )
    return None if attempts is None else RetryStrategy(attempts, rules)


def _rules(value: object, where: str, findings: Findings) -> tuple[EvaluateOnExit, ...]:
    if value is None:
        return ()
    given = parse_list(value, where, findings)
    if len(given) > limits.EVALUATE_ON_EXIT_ENTRIES:
        findings.problem(
            where,
            f"has {len(given)} entries; AWS accepts at most {limits.EVALUATE_ON_EXIT_ENTRIES}",
        )
    rules = [_rule(entry, f"{where}[{index}]", findings) for index, entry in enumerate(given)]
    if rules and not _ends_everything(rules[-1]):
        findings.warnings.append(
            f"`{where}`: AWS Batch retries a job if no entry matches; to stop those retries, "
            'end with {"onReason": "*", "action": "EXIT"}'
        )
    return tuple(rules)


def _ends_everything(rule: EvaluateOnExit) -> bool:
    """Return whether a rule matches every end: all conditions must be ``*``."""
    return all(rule.get(condition, "*") == "*" for condition in CONDITIONS)


def _rule(entry: object, where: str, findings: Findings) -> EvaluateOnExit:
    given = parse_mapping(entry, where, findings)
    known_keys(given, MEMBERS["EvaluateOnExit"], where, findings)
    rule: dict[str, str] = {}
    for condition, pattern in CONDITIONS.items():
        if given.get(condition) is None:
            continue
        text = plain_text(given[condition], f"{where}.{condition}", findings)
        if text is None:
            continue
        if len(text) > limits.EVALUATE_ON_EXIT_PATTERN_LENGTH or not pattern.match(text):
            allowed = (
                "digits" if condition == "onExitCode" else "letters, digits, '.', ':', white space"
            )
            findings.problem(
                f"{where}.{condition}",
                f"{shown(text)} is not a valid pattern: at most "
                f"{limits.EVALUATE_ON_EXIT_PATTERN_LENGTH} characters, only {allowed}, optionally "
                "ending in '*'",
            )
        rule[condition] = text
    if not rule:
        findings.problem(where, "has no condition", f"add one of {', '.join(CONDITIONS)}")
    action = upper(given.get("action"))
    if action not in ACTIONS:
        findings.problem(
            f"{where}.action", f"must be RETRY or EXIT, not {shown(given.get('action'))}"
        )
        return rule
    return rule | {"action": action}
