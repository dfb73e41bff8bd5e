"""The submits of one Airflow line, and the jobs they leave: ``python -m tests.faults._line 6``.

Progress goes to stderr; stdout is the line's results as JSON, for whoever compares several lines.
"""

import json
import os
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.dag_tester import DagTester, TestedDag
from tests.faults._troubles import LATE, OUTAGE, READ_TIMEOUT, TROUBLES, Trouble

DAG_FILE: Final = Path(__file__).with_name("dags") / "faults.py"
HOME: Final = Path(__file__).parents[2] / ".airflow" / "faults"
OURS: Final = ("submit", "worker", "deferred")
THEIRS: Final = "batch_operator"
"""BatchOperator submits alike in all modes; it waits with pauses of its own, half a minute a job in
its worker, and deferred with a library that pins another botocore."""
SPEED: Final = 50.0
"""How much faster than AWS the jobs live: what is counted are submits, not waits."""
AT_ONCE: Final = 8
"""Faults: they sleep most of the time."""
PACKAGES: Final = ("apache-airflow", "apache-airflow-providers-amazon", "boto3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one mode's submits left under one fault.

    Attributes:
        expected: Submits, each of which must leave one job.
        found: Jobs.
        failed: Tasks that are not green.
        wrong: Submits that left no job, or several, or returned one that is not theirs.
    """

    fault: str
    mode: str
    expected: int
    found: int
    failed: int
    wrong: int

    @property
    def is_as_expected(self) -> bool:
        """Whether each submit left one job, and its task knows it."""
        return self.found == self.expected and not self.failed and not self.wrong

    def __str__(self) -> str:
        text = f"{self.found}/{self.expected}"
        if self.wrong and self.found == self.expected:
            text += f", {self.wrong} wrong"
        return text + (f", {self.failed} failed" if self.failed else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """All cells of an Airflow line, with the versions of what made them."""

    versions: dict[str, str]
    seconds: float
    cells: list[Cell]

    @classmethod
    def from_json(cls, text: str) -> "Line":
        """Read what ``main`` has printed."""
        read = json.loads(text)
        return cls(**read | {"cells": [Cell(**cell) for cell in read["cells"]]})


def run_line(submits: int) -> Line:
    """Submit under every fault, several faults side by side, each with an Airflow of its own."""
    begun = time.monotonic()
    shutil.rmtree(HOME, ignore_errors=True)
    free: SimpleQueue[DagTester] = SimpleQueue()

    def make(number: int) -> None:
        home = HOME / str(number)
        home.mkdir(parents=True)
        free.put(DagTester(home=home))

    def submit(trouble: Trouble) -> list[Cell]:
        tester = free.get()
        try:
            return submit_under(trouble, submits=submits, tester=tester)
        finally:
            free.put(tester)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(make, range(AT_ONCE)))
        cells = [cell for cells in pool.map(submit, TROUBLES) for cell in cells]
    versions = {package: version(package) for package in PACKAGES}
    return Line(versions=versions, seconds=time.monotonic() - begun, cells=cells)


def submit_under(trouble: Trouble, *, submits: int, tester: DagTester) -> list[Cell]:
    """Submit in all modes under one fault, and count."""
    extra = {"config_kwargs": {"read_timeout": READ_TIMEOUT}}
    settings = {
        "FAULTS_SUBMITS": str(submits),
        "AIRFLOW_CONN_AWS_FAULTS": json.dumps({"conn_type": "aws", "extra": extra}),
    }
    with LocalBatch(seed=0, speed=SPEED) as aws:
        for kind, options in trouble.faults:
            aws.faults.add(kind, **options)
        with _outages(aws) if trouble.outages else nullcontext():
            environment = settings | aws.environ
            tested = tester.run(DAG_FILE, "faults", environment=environment, timeout=3600)
        time.sleep(LATE)  # a call that its client has given up may be accepted yet
        jobs = aws.jobs
    cells = [_count(trouble, mode, submits, jobs, tested) for mode in (*OURS, THEIRS)]
    _say(trouble, cells, tested)
    return cells


@contextmanager
def _outages(aws: LocalBatch) -> Iterator[None]:
    """Refuse connections for a while after every third call.

    Of whatever kind: a task that waits describes its job before the next one submits, so that now
    the one and now the other is refused.
    """
    over = threading.Event()

    def watch() -> None:
        met = 0
        while not over.wait(0.02):
            if len(aws.requests) // 3 > met:
                over.wait(0.05)  # the third is to have its answer
                met = len(aws.requests) // 3
                with aws.outage():
                    over.wait(OUTAGE)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _count(
    trouble: Trouble, mode: str, submits: int, jobs: Sequence[dict[str, Any]], tested: TestedDag
) -> Cell:
    made = {job["jobId"]: job["container"]["command"] for job in jobs}
    numbers = Counter(int(number) for of_mode, number in made.values() if of_mode == mode)
    green = [n for n in range(submits) if tested.states.get(f"{mode}[{n}]") == "success"]
    returned = {n: made.get(tested.xcom(f"{mode}[{n}]")) for n in green}
    wrong = {n for n in range(submits) if numbers[n] != 1}
    wrong |= {n for n in green if returned[n] != [mode, str(n)]}
    return Cell(
        fault=trouble.name,
        mode=mode,
        expected=submits,
        found=numbers.total(),
        failed=submits - len(green),
        wrong=len(wrong),
    )


def _say(trouble: Trouble, cells: Sequence[Cell], tested: TestedDag) -> None:
    told = "  ".join(f"{cell.mode} {cell}" for cell in cells)
    print(f"{trouble.name}: {told}", file=sys.stderr, flush=True)
    if not all(cell.is_as_expected for cell in cells if cell.mode in OURS):
        log = HOME / f"{trouble.name}.log".replace(" ", "-")
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(tested.output)
        print(f"  its log: {os.path.relpath(log)}", file=sys.stderr)


if __name__ == "__main__":
    print(json.dumps(asdict(run_line(int(sys.argv[1])))))
