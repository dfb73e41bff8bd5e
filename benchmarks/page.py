"""How long Airflow's API server takes for a page about jobs, with 10,000 task instances on record.

A real API server answers over HTTP; the jobs on the pages are asked for at LocalBatch. SQLite, and
PostgreSQL if it is installed.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Final

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row
from tests.airflow._postgres import find_postgres
from tests.airflow.conftest import connect
from tests.airflow.harness import RealAirflow
from tests.airflow.recorded import Recorded, links, write

TITLE = "Pages in Airflow's UI, 10,000 task instances with jobs on record"
TASKS: Final = {Size.QUICK: 500, Size.BRIEF: 10_000, Size.FULL: 10_000}
REQUESTS: Final = {Size.QUICK: 5, Size.BRIEF: 40, Size.FULL: 100}
"""Requests of each page; the first one is left out, since it imports the application."""
LIVE: Final = 60
"""Tasks whose jobs still run, the newest ones."""
DAGS: Final = 50
AT_MOST: Final = 300.0
"""Milliseconds in which 95 of 100 answers must be there."""
PAGES: Final = {
    "jobs, first page": "jobs",
    "jobs, last page": "jobs?since=30d&page={last}",
    "jobs, search": "jobs?since=30d&text=task_7",
    "jobs, failed ones of a queue": "jobs?since=30d&state=failed&queue=fargate",
    "a task whose job runs": "task/dag_0/task_0/none/run_0",
    "a task that has ended": "task/dag_49/task_1/none/run_0",
}


def run(size: Size) -> list[Row]:
    """Measure the pages on each database."""
    databases = ["SQLite", *(["PostgreSQL"] if find_postgres() else [])]
    return [row for name in databases for row in _measured(size, name)]


def _measured(size: Size, database: str) -> Iterator[Row]:
    step(f"page: {TASKS[size]:,} task instances in {database}")
    home = Path(tempfile.mkdtemp(prefix="bench-page-"))
    on_postgres = database == "PostgreSQL"
    try:
        with (
            LocalBatch(speed=10) as aws,
            RealAirflow(home=home, on_postgres=on_postgres, only="api-server") as airflow,
        ):
            connect(airflow, aws, "aws_default")
            write(airflow.environment, _records(aws, TASKS[size]))
            for what, path in PAGES.items():
                times = _times(airflow, path.format(last=TASKS[size] // 50), REQUESTS[size])
                found = quantiles(times, n=20)[-1]
                yield Row(group=database, what=what, ours=found, unit="ms", at_most=AT_MOST)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _times(airflow: RealAirflow, path: str, count: int) -> list[float]:
    """Return how many milliseconds each request took.

    :raises RuntimeError: an answer is no page.
    """
    times = []
    for _ in range(count + 1):
        begun = time.perf_counter()
        answer = airflow.get(f"fargate-batch/{path}")
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code != 200 or "<h1>" not in answer.text:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text[:2000]}")
    return times[1:]


def _records(aws: LocalBatch, count: int) -> Iterator[Recorded]:
    """Yield tasks, newest first: *LIVE* with running jobs, the others ended, one in ten failed."""
    aws.script(name="live-*", runtime=1e6)
    batch = aws.client("batch")
    [queue] = batch.describe_job_queues(jobQueues=[READY_QUEUE])["jobQueues"]
    for number in range(count):
        is_live = number < LIVE
        job_id = f"00000000-0000-0000-0000-{number:012}"
        if is_live:
            job_id = batch.submit_job(
                jobName=f"live-{number}", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION
            )["jobId"]
        has_failed = number % 10 == 1
        xcoms = links(job_id, aws.region, queue["jobQueueArn"])
        if not is_live:
            xcoms["job"] = {"status": "FAILED" if has_failed else "SUCCEEDED", "attempts": 1}
        yield Recorded(
            dag_id=f"dag_{number % DAGS}",
            run_id=f"run_{number // (DAGS * 10)}",
            task_id=f"task_{number // DAGS % 10}",
            state="deferred" if is_live else "failed" if has_failed else "success",
            ago=30 + 60 * number,
            took=None if is_live else 20,
            xcoms=xcoms,
            rendered={"aws_conn_id": "aws_default", "vcpu": "1", "memory": "2048"},
        )
