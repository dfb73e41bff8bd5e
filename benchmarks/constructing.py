"""What making operators costs every parse of a DAG file, beside BatchOperator."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from benchmarks._process import call_apart, environment
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row

TITLE = "Making operators in a DAG"
OPERATORS = {Size.QUICK: 50, Size.BRIEF: 1000, Size.FULL: 1000}
ROUNDS = {Size.QUICK: 1, Size.BRIEF: 7, Size.FULL: 7}


def run(size: Size) -> list[Row]:
    """Make as many of each as a big DAG has, in turn, in one process."""
    count = OPERATORS[size]
    step(f"construct: {count:,} operators of each side, {ROUNDS[size]} rounds")
    ours, theirs = call_apart(make_both, count, ROUNDS[size], env=environment())
    return [
        Row(
            what=f"CPU for {count:,} operators with the same content",
            ours=1e3 * min(ours),
            theirs=1e3 * min(theirs),
            unit="ms",
            share_at_most=1.1,
        )
    ]


def make_both(count: int, rounds: int) -> tuple[list[float], list[float]]:
    """Return the CPU seconds that each round took ours and theirs."""
    from airflow.providers.amazon.aws.operators.batch import BatchOperator

    from airflow_fargate_batch.operators import FargateBatchSubmitOperator

    def ours(dag: Any, number: int) -> None:
        FargateBatchSubmitOperator(
            task_id=f"task{number}",
            dag=dag,
            job_name="report",
            job_queue="queue",
            job_definition="definition",
            vcpu=1,
            memory=2048,
            command=["python", "report.py", "{{ ds }}"],
            environment={"STAGE": "production", "DAY": "{{ ds }}"},
            tags={"team": "data"},
        )

    def theirs(dag: Any, number: int) -> None:
        BatchOperator(
            task_id=f"task{number}",
            dag=dag,
            job_name="report",
            job_queue="queue",
            job_definition="definition",
            container_overrides={
                "command": ["python", "report.py", "{{ ds }}"],
                "environment": [
                    {"name": "STAGE", "value": "production"},
                    {"name": "DAY", "value": "{{ ds }}"},
                ],
                "resourceRequirements": [
                    {"type": "VCPU", "value": "1"},
                    {"type": "MEMORY", "value": "2048"},
                ],
            },
            tags={"team": "data"},
        )

    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for seconds, make in zip(took, (ours, theirs), strict=True):
            seconds.append(_time(make, count))
    return took


def _time(make: Callable[[Any, int], None], count: int) -> float:
    from airflow.sdk import DAG

    dag = DAG("big", start_date=datetime(2026, 1, 1, tzinfo=UTC), schedule=None)
    start = time.process_time()
    for number in range(count):
        make(dag, number)
    return time.process_time() - start
