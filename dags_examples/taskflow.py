"""TaskFlow on Fargate: functions that run in the image of a job, and one that makes a command.

``count`` and ``total`` run in the job's image, which needs Python and nothing of Airflow; what they
return is their XCom. ``report`` runs in the worker, and returns the command of its job. Queue and
job definition come from the connection or from ``AWS_BATCH_JOB_QUEUE`` and
``AWS_BATCH_JOB_DEFINITION``.
"""

from datetime import UTC, datetime
from typing import Any

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[no-redef,attr-defined]


@task.fargate_batch(vcpu=0.25, memory="1 GB")
def count(word: str, run_id: str) -> int:
    """Count vowels in the job's image: what the function needs, it imports itself."""
    import re

    print(f"counting the vowels of {word} in run {run_id}")
    return len(re.findall("[aeiou]", word))


@task.fargate_batch(vcpu=0.25, memory="1 GB")
def total(counts: list[int]) -> dict[str, float]:
    """Sum up the results of all mapped tasks, in the job's image as well."""
    import statistics

    return {"sum": sum(counts), "mean": statistics.mean(counts)}


@task.fargate_batch_cmd(vcpu=0.25, memory="1 GB", wait_for_completion=True)
def report(counted: dict[str, float]) -> list[str]:
    """Make a command in the worker, for a container in any language."""
    return ["echo", f"{counted['sum']} vowels"]


with DAG("taskflow", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    counts: Any = count.expand(word=["Kyoto", "Lisbon", "Quito"])
    counted: Any = total(counts)
    report(counted)
