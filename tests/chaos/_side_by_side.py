"""The same submits under the same faults, by this package and by the Amazon provider's operator."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.dag_tester import DagTester

DAG_FILE: Final = Path(__file__).with_name("dags") / "side_by_side.py"
SPEED: Final = 50.0
"""How much faster than AWS the jobs live: what is counted are submits, not waits."""
FAULTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("cut_after", {"every": 3}),
    ("reset_after", {"every": 3}),
    ("error_after", {"every": 3}),
    ("malformed", {"every": 3}),
    ("truncate", {"every": 3}),
    ("cut_before", {"every": 3}),
    ("error_before", {"every": 3}),
    ("throttle", {"every": 3}),
)
MODES: Final = {"submit": ("ours", "batch_operator"), "worker": ("ours",), "deferred": ("ours",)}
"""BatchOperator submits alike in all modes; it waits with pauses of its own, half a minute a job in
its worker, and deferred with a library that pins another botocore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Jobs that so many submits left, by DAG, and how many tasks were green."""

    fault: str
    mode: str
    submits: int
    jobs: dict[str, int]
    green: dict[str, int]


def compare(*, submits: int, home: Path) -> Iterator[Found]:
    """Submit under one fault after the other."""
    tester = DagTester(home=home)
    for fault, options in FAULTS:
        for mode, dag_ids in MODES.items():
            jobs, green = {}, {}
            for dag_id in dag_ids:
                with LocalBatch(seed=0, speed=SPEED) as aws:
                    aws.faults.add(fault, operation="SubmitJob", **options)
                    settings = {"CHAOS_SUBMITS": str(submits), "CHAOS_MODE": mode}
                    tested = tester.run(
                        DAG_FILE, dag_id, environment=settings | aws.environ, timeout=3600
                    )
                    jobs[dag_id] = len(aws.jobs)
                    green[dag_id] = list(tested.states.values()).count("success")
            yield Found(fault=fault, mode=mode, submits=submits, jobs=jobs, green=green)


def show(rows: list[Found], console: Console) -> None:
    """Print the comparison."""
    table = Table(title="Jobs under a fault of every third SubmitJob", box=box.SIMPLE_HEAD)
    table.add_column("fault")
    table.add_column("mode")
    for heading in ("expected", "ours", "BatchOperator"):
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [_cell(row, dag_id) for dag_id in ("ours", "batch_operator")]
        table.add_row(row.fault, row.mode, str(row.submits), *cells)
    console.print(table)


def _cell(row: Found, dag_id: str) -> str:
    if dag_id not in row.jobs:
        return "-"
    red = row.submits - row.green[dag_id]
    return f"{row.jobs[dag_id]}" + (f" ({red} tasks failed)" if red else "")
