"""The chaos run in its short form; `python -m tests.chaos` is the long one."""

import os
from pathlib import Path

import pytest
from rich.console import Console

from tests.airflow._postgres import find_postgres
from tests.airflow.harness import LINE
from tests.chaos._report import show
from tests.chaos._run import SHORT, run_chaos


@pytest.mark.skipif(
    LINE.needs_postgres and find_postgres() is None and not os.environ.get("CI"),
    reason="LocalExecutor of this Airflow needs PostgreSQL: apt-get install postgresql",
)
def test_kills_and_lost_answers_leave_one_job_for_each_task(tmp_path: Path) -> None:
    console = Console(markup=False, highlight=False, width=120)
    outcome = run_chaos(SHORT, home=tmp_path, say=console.print)
    show(outcome, SHORT, console)  # pytest shows it where the test fails
    assert not outcome.violations
    assert outcome.kills.total() >= SHORT.kills
    assert sum(count.tasks for count in outcome.counts.values()) >= SHORT.task_runs
