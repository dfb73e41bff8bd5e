"""Task instances in an Airflow's database, written there without a run of a DAG.

``write`` fills the database of a ``RealAirflow``; this file as a program does it, in a process with
that Airflow's settings: ``python -m tests.airflow.recorded < records.json``.
"""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow_fargate_batch.core.urls import job_queue_url, job_url

ROOT = Path(__file__).parents[2]
BUNDLE = "dags-folder"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A task instance and what it left.

    Attributes:
        ago: Seconds since the start of the present try.
        took: Seconds that the present try took; ``None`` for a task that has not ended.
        tries: Earlier tries, each as seconds since its start and seconds that it took.
    """

    dag_id: str
    task_id: str
    run_id: str = "manual__1"
    map_index: int = -1
    state: str = "success"
    operator: str = "FargateBatchSubmitOperator"
    ago: float = 60
    took: float | None = 30
    tries: Sequence[tuple[float, float]] = ()
    xcoms: Mapping[str, Any] = field(default_factory=dict)
    rendered: Mapping[str, Any] = field(default_factory=dict)


def links(job_id: str, region: str, queue: str) -> dict[str, Any]:
    """Return the XComs that a task pushes at the submit."""
    pages = {
        "job": job_url(job_id, region=region),
        "job_queue": job_queue_url(queue, region=region),
    }
    return {"console_links": pages, "return_value": job_id}


def write(environment: Mapping[str, str], records: Iterable[Recorded]) -> None:
    """Write records into the database that the environment names."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.airflow.recorded"],
        env={**environment, "PYTHONPATH": str(ROOT)},
        input=json.dumps([asdict(each) for each in records]),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"could not write the records:\n{done.stderr[-4000:]}")


def _insert(given: list[dict[str, Any]]) -> None:
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.dagrun import DagRun
    from airflow.models.renderedtifields import RenderedTaskInstanceFields
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.taskinstancehistory import TaskInstanceHistory
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select, text

    now = datetime.now(UTC)
    with create_session() as session:
        if session.get(DagBundleModel, BUNDLE) is None:
            session.add(DagBundleModel(name=BUNDLE))
            session.flush()
        for dag_id in dict.fromkeys(each["dag_id"] for each in given):
            session.add(DagModel(dag_id=dag_id, bundle_name=BUNDLE, is_stale=False))
        session.flush()
        runs = dict.fromkeys((each["dag_id"], each["run_id"]) for each in given)
        session.execute(
            DagRun.__table__.insert(),
            [
                {
                    "dag_id": dag,
                    "run_id": run,
                    "run_type": "manual",
                    "state": "running",
                    "run_after": now,
                }
                for dag, run in runs
            ],
        )
        columns = DagRun.id, DagRun.dag_id, DagRun.run_id
        numbers = {(dag, run): number for number, dag, run in session.execute(select(*columns))}
        session.execute(TaskInstance.__table__.insert(), [_instance(each, now) for each in given])
        for table, rows in (
            (XComModel, [row for each in given for row in _xcoms(each, numbers, now)]),
            (RenderedTaskInstanceFields, [_fields(each) for each in given if each["rendered"]]),
            (TaskInstanceHistory, [row for each in given for row in _history(each, now)]),
        ):
            if rows:
                session.execute(table.__table__.insert(), rows)
        session.execute(text("ANALYZE"))  # as a database in use does by itself


def _key(each: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each[name] for name in ("dag_id", "task_id", "run_id", "map_index")}


def _instance(each: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    began = now - timedelta(seconds=each["ago"])
    ended = None if each["took"] is None else began + timedelta(seconds=each["took"])
    return {
        **_key(each),
        "state": each["state"],
        "operator": each["operator"],
        "try_number": len(each["tries"]) + 1,
        "max_tries": len(each["tries"]),
        "start_date": began,
        "end_date": ended,
        "pool": "default_pool",
    }


def _xcoms(each: Mapping[str, Any], numbers: Mapping[Any, int], now: datetime) -> list[Any]:
    common = {
        **_key(each),
        "dag_run_id": numbers[each["dag_id"], each["run_id"]],
        "timestamp": now - timedelta(seconds=each["ago"]),
    }
    return [{**common, "key": key, "value": value} for key, value in each["xcoms"].items()]


def _fields(each: Mapping[str, Any]) -> dict[str, Any]:
    return {**_key(each), "rendered_fields": each["rendered"]}


def _history(each: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    from airflow.models.taskinstancehistory import TaskInstanceHistory

    kind = TaskInstanceHistory.__table__.c.task_instance_id.type.python_type  # a text on 3.1
    return [
        {
            **_key(each),
            "task_instance_id": kind(str(uuid4())),
            "try_number": number,
            "state": "failed",
            "start_date": now - timedelta(seconds=ago),
            "end_date": now - timedelta(seconds=ago - took),
            "pool": "default_pool",
        }
        for number, (ago, took) in enumerate(each["tries"], start=1)
    ]


if __name__ == "__main__":
    _insert(json.load(sys.stdin))
