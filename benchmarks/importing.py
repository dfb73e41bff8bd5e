"""What importing the operator costs every DAG file, beside BatchOperator."""

import importlib
import sys
import time

from benchmarks._process import call_apart, environment
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row

TITLE = "Importing the operator, after `from airflow.sdk import DAG`"
OURS, THEIRS = "airflow_fargate_batch.operators", "airflow.providers.amazon.aws.operators.batch"
ROUNDS = {Size.QUICK: 1, Size.BRIEF: 5, Size.FULL: 10}


def run(size: Size) -> list[Row]:
    """Import both in fresh processes, in turn."""
    step(f"import: {ROUNDS[size]} fresh processes of each side")
    env = environment()
    ours, theirs = [], []
    for _ in range(ROUNDS[size]):
        ours.append(call_apart(import_seconds, OURS, env=env))
        theirs.append(call_apart(import_seconds, THEIRS, env=env))
    return [
        Row(
            what="CPU",
            ours=1e3 * min(took for took, _ in ours),
            theirs=1e3 * min(took for took, _ in theirs),
            unit="ms",
            share_at_most=1 / 4,
        ),
        Row(
            what="modules loaded",
            ours=min(modules for _, modules in ours),
            theirs=min(modules for _, modules in theirs),
        ),
    ]


def import_seconds(module: str) -> tuple[float, int]:
    """Return the CPU seconds that an import takes, and how many modules it loads."""
    from airflow.sdk import DAG  # noqa: F401 - every DAG file has it, whatever its operators

    before, start = len(sys.modules), time.process_time()
    importlib.import_module(module)
    return time.process_time() - start, len(sys.modules) - before
