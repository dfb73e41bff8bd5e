"""Causes of a job that has not started: a table of rules, read top down.

Sources: AWS Batch User Guide, "Jobs stuck in RUNNABLE", "INVALID compute environment", "Job queue
blocked"; each rule names its own.
"""

from typing import Final

from airflow_fargate_batch.core._waiting.line_rules import LINE_RULES
from airflow_fargate_batch.core._waiting.queue_rules import QUEUE_RULES
from airflow_fargate_batch.core._waiting.rule import Cause, WaitRule
from airflow_fargate_batch.core._waiting.start_rules import START_RULES
from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.job import Job

__all__ = ["RULES", "Cause", "WaitRule", "why_waiting"]

RULES: Final[tuple[WaitRule, ...]] = (*START_RULES, *QUEUE_RULES, *LINE_RULES)
"""All rules, in the order of their weight; the last one always finds a cause."""


def why_waiting(job: Job, evidence: Evidence) -> Cause:
    """Return the cause of a job's wait before RUNNING; the first rule that finds one counts."""
    return next(cause for rule in RULES if (cause := rule.judge(job, evidence)) is not None)
