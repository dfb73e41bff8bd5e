"""What the end of deferred tasks costs: in the triggerer, in a worker, and with BatchOperator.

Each side runs in a real Airflow (all components, LocalExecutor) on LocalBatch. All tasks wait, then
all jobs succeed at the same moment: what follows is measured. BatchOperator has an environment of
its own, because its deferrable mode needs aiobotocore, which pins another botocore.
"""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import psutil

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from benchmarks._process import Skipped, with_aiobotocore
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row
from tests.airflow.harness import AIRFLOW, LINE, RealAirflow, Run

TITLE = "The end of deferred tasks: in the triggerer, or in a worker"
JOBS: Final = {Size.QUICK: 3, Size.BRIEF: 10, Size.FULL: 200}
DAGS: Final = Path(__file__).with_name("dags")
RUNTIME: Final = 3600.0
HANDOVER: Final = 10.0
"""Seconds until the scheduler surely knows that the workers have ended. A trigger that fires before
that fails its task; ours wait for it (``SETTLING``), BatchOperator's do not."""
LONGEST: Final = 3600.0
"""Seconds after which a run has gone wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run of a DAG cost, in seconds.

    Attributes:
        cpu: CPU of all components and workers, from the trigger of the run to its end.
        end_cpu: The same, from the jobs' end.
        median: From the jobs' end to a task's end.
        last: From the jobs' end to the last task's end.
    """

    cpu: float
    end_cpu: float
    median: float
    last: float


def run(size: Size) -> list[Row]:
    """Compare both ends with BatchOperator, as far as its environment can be made."""
    return compare(JOBS[size])


def compare(count: int) -> list[Row]:
    """Compare with so many jobs."""
    with LocalBatch(manual_clock=True) as aws:
        aws.script(runtime=RUNTIME)
        theirs = _theirs(aws, count)  # first: their environment may have to be made
        with _airflow(aws, count) as airflow:
            airflow.add_dags(DAGS / "ends.py", dag_ids=("in_triggerer", "in_worker"))
            here = _measure(airflow, aws, "in_triggerer", count)
            worker = _measure(airflow, aws, "in_worker", count)
    return [
        *_rows(f"{count:,} jobs; theirs: the task ends in a worker", here, worker),
        *_rows(f"{count:,} jobs; theirs: BatchOperator, deferrable", here, theirs),
    ]


def _theirs(aws: LocalBatch, count: int) -> Cost | None:
    """Return ``None`` if their environment cannot be made, or their run fails."""
    try:
        binary = with_aiobotocore() / "airflow"
    except Skipped as reason:
        step(f"finish: BatchOperator is left out: {reason}")
        return None
    with _airflow(aws, count, binary=binary) as airflow:
        airflow.add_dags(DAGS / "batch_operator.py")
        try:
            return _measure(airflow, aws, "batch_operator", count, HANDOVER)
        except RuntimeError as error:
            step(f"finish: BatchOperator is left out: {error}")
            return None


@contextmanager
def _airflow(aws: LocalBatch, count: int, binary: Path = AIRFLOW) -> Iterator[RealAirflow]:
    home = Path(tempfile.mkdtemp(prefix="bench-finish-"))
    environment = {
        **aws.environ,
        "AWS_BATCH_JOB_QUEUE": READY_QUEUE,
        "AWS_BATCH_JOB_DEFINITION": READY_DEFINITION,
        "AIRFLOW__CORE__PARALLELISM": "32",  # Airflow's default
        "BENCHMARK_JOBS": str(count),
    }
    try:
        with RealAirflow(
            home=home,
            environment=environment,
            on_postgres=count >= JOBS[Size.FULL],
            binary=binary,
        ) as airflow:
            yield airflow
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure(
    airflow: RealAirflow, aws: LocalBatch, dag_id: str, count: int, handover: float = 0.0
) -> Cost:
    step(f"finish: {count:,} jobs of {dag_id}")
    before = _cpu(airflow)
    dag_run = airflow.trigger(dag_id)
    _until_deferred(airflow, dag_run, count)
    time.sleep(handover)
    at_the_end, ended_at = _cpu(airflow), datetime.now(UTC)
    aws.advance(2 * RUNTIME)
    states = airflow.wait(dag_run, timeout=LONGEST)
    if set(states.values()) != {"success"}:
        raise RuntimeError(f"{dag_id}: {Counter(states.values())}")
    after = _cpu(airflow)
    times = [
        (datetime.fromisoformat(instance["end_date"]) - ended_at).total_seconds()
        for instance in airflow.task_instances(dag_run).values()
    ]
    return Cost(
        cpu=after - before,
        end_cpu=after - at_the_end,
        median=median(times),
        last=max(times),
    )


def _until_deferred(airflow: RealAirflow, dag_run: Run, count: int) -> None:
    deadline = time.monotonic() + LONGEST
    while (states := Counter(airflow.states(dag_run).values()))["deferred"] < count:
        if states["failed"] or time.monotonic() > deadline:
            raise RuntimeError(f"{dag_run.dag_id}: {states}")
        time.sleep(1)


def _rows(group: str, ours: Cost, theirs: Cost | None) -> list[Row]:
    what = {
        "end_cpu": "CPU of the whole Airflow, from the jobs' end",
        "cpu": "CPU of the whole Airflow, submits included",
        "median": "from a job's end to its task's end, median",
        "last": "from the jobs' end to the last task's end",
    }
    return [
        Row(
            group=group,
            what=text,
            ours=getattr(ours, name),
            theirs=getattr(theirs, name) if theirs else None,
            unit="s",
        )
        for name, text in what.items()
    ]


def _cpu(airflow: RealAirflow) -> float:
    """Return the CPU seconds so far of all processes, ended children included."""
    return sum(map(_seconds, airflow.processes(*LINE.components)))


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)
