"""What a list costs as one array, and as BatchOperator mapped over the same list.

Both run in one real Airflow, one after the other: scheduler, LocalExecutor's workers and triggerer,
on LocalBatch. Both wait for their jobs: the array deferred in the triggerer, BatchOperator in its
workers, since its deferrable mode needs aiobotocore, which pins another botocore.
"""

import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from airflow_fargate_batch.local import LocalBatch, Pace
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row
from tests.airflow.harness import RealAirflow

TITLE = "A list: one array of items, and BatchOperator mapped over the list"
ITEMS: Final = {Size.QUICK: 4, Size.BRIEF: 30, Size.FULL: 1000}
DAGS: Final = Path(__file__).with_name("dags") / "lists.py"
PACE: Final = Pace(submitted=0, runnable=0, starting=1, running=2)
LONGEST: Final = 3600.0
"""Seconds after which a run has gone wrong."""
MEASURED: Final = ("scheduler", "triggerer")
"""Components whose processes are measured; LocalExecutor's workers belong to the scheduler."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run of a DAG cost.

    Attributes:
        cpu: Seconds, of scheduler, workers and triggerer together.
        wall: Seconds from the trigger to the end of the DAG run.
    """

    submits: float
    describes: float
    cpu: float
    wall: float


def run(size: Size) -> list[Row]:
    """Run both DAGs in one Airflow, in turn."""
    count = ITEMS[size]
    home = Path(tempfile.mkdtemp(prefix="bench-items-"))
    try:
        with LocalBatch(pace=PACE) as aws:
            place = {"LocationConstraint": aws.region}
            aws.client("s3").create_bucket(Bucket="lists", CreateBucketConfiguration=place)
            environment = {
                **aws.environ,
                "AWS_BATCH_JOB_QUEUE": READY_QUEUE,
                "AWS_BATCH_JOB_DEFINITION": READY_DEFINITION,
                "AIRFLOW__CORE__PARALLELISM": "32",  # Airflow's default
                "BENCHMARK_ITEMS": str(count),
            }
            with RealAirflow(home=home, environment=environment) as airflow:
                airflow.add_dags(DAGS, dag_ids=("ours", "theirs"))
                ours = _measure(airflow, aws, "ours", count)
                theirs = _measure(airflow, aws, "theirs", count)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return _rows(count, ours, theirs)


def _rows(count: int, ours: Cost, theirs: Cost) -> list[Row]:
    group = f"{count:,} items"
    return [
        Row(
            group=group, what="SubmitJob calls", ours=ours.submits, theirs=theirs.submits, at_most=1
        ),
        Row(
            group=group,
            what="DescribeJobs calls",
            ours=ours.describes,
            theirs=theirs.describes,
            share_at_most=1 / 10,
        ),
        Row(
            group=group,
            what="CPU of scheduler, workers and triggerer",
            ours=ours.cpu,
            theirs=theirs.cpu,
            unit="s",
            # An idle Airflow takes most of a short list's CPU.
            share_at_most=1 / 10 if count == ITEMS[Size.FULL] else None,
        ),
        Row(
            group=group,
            what="time of the DAG run",
            ours=ours.wall,
            theirs=theirs.wall,
            unit="s",
            share_at_most=1 / 2,
        ),
    ]


def _measure(airflow: RealAirflow, aws: LocalBatch, dag_id: str, count: int) -> Cost:
    step(f"items: {count:,} items by {dag_id}")
    calls_before, cpu_before, begun = len(aws.requests), _cpu(airflow), time.monotonic()
    dag_run = airflow.trigger(dag_id)
    states = airflow.wait(dag_run, timeout=LONGEST)
    if set(states.values()) != {"success"}:
        raise RuntimeError(f"{dag_id}: {Counter(states.values())}")
    calls = Counter(call.operation for call in aws.requests[calls_before:])
    return Cost(
        submits=calls["SubmitJob"],
        describes=calls["DescribeJobs"],
        cpu=_cpu(airflow) - cpu_before,
        wall=time.monotonic() - begun,
    )


def _cpu(airflow: RealAirflow) -> float:
    """Return the CPU seconds so far of all measured processes, ended children included."""
    return sum(map(_seconds, airflow.processes(*MEASURED)))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
