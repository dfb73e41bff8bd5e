"""The report of a failed job, as people read it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.explanation import explain
from airflow_fargate_batch.core.job import Job

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def report(
    job: Job,
    *,
    task: str | None = None,
    failed_children: Sequence[Job] = (),
    log_lines: Sequence[str] = (),
) -> str:
    evidence = Evidence(failed_children=tuple(failed_children), log_lines=tuple(log_lines))
    return explain(job, evidence, NOW).to_text(task=task)
