"""Retries of failed attempts, by ``retryStrategy`` as AWS Batch applies it."""

from collections.abc import Mapping
from typing import Any

from airflow_fargate_batch.local.jobs import LocalJob


def filled_in_retries(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """Return a retry strategy in AWS's form: with defaults, and with actions in lower case."""
    entries = strategy.get("evaluateOnExit") or []
    shown = [entry | {"action": entry["action"].lower()} for entry in entries]
    return {"attempts": 1, **strategy, "evaluateOnExit": shown}


def wants_retry(job: LocalJob) -> bool:
    """Return whether to retry the job after its latest attempt has failed.

    The first matching entry of ``evaluateOnExit`` decides; without a match, the job is retried.
    """
    strategy = job.submission.retry
    if len(job.attempts) >= int(strategy.get("attempts", 1)):
        return False
    entry = next((e for e in strategy.get("evaluateOnExit") or () if _matches(e, job)), None)
    return entry is None or entry["action"].upper() == "RETRY"


def _matches(entry: Mapping[str, str], job: LocalJob) -> bool:
    attempt = job.attempt
    exit_code = "" if attempt.exit_code is None else str(attempt.exit_code)
    values = {
        "onExitCode": exit_code,
        "onReason": attempt.reason or "",
        "onStatusReason": attempt.status_reason or "",
    }
    return all(
        _fits(value, entry[condition])
        for condition, value in values.items()
        if entry.get(condition)
    )


def _fits(value: str, pattern: str) -> bool:
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value == pattern
