"""What a person reads in the end: the table, and the evidence where something is wrong."""

import json
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from tests.chaos._run import Outcome, Plan
from tests.chaos._verdict import Job, Violation

LOG_LINES: Final = 80


def show(outcome: Outcome, plan: Plan, console: Console) -> None:
    """Print what happened."""
    console.print(_calls(outcome))
    console.print(_modes(outcome))
    kills = ", ".join(f"{number} {kind}" for kind, number in sorted(outcome.kills.items()))
    console.print(
        f"Airflow {version('apache-airflow')}, seed {plan.seed}, {outcome.seconds:.0f} s:"
        f" {outcome.kills.total()} kills ({kills}), {outcome.clears.total()} clears,"
        f" {len(outcome.violations)} violations"
    )
    for violation in outcome.violations:
        console.print(_evidence(violation), soft_wrap=True)
    for task, log in outcome.logs.items():
        lines = [_readable(line) for line in log.splitlines() if line][-LOG_LINES:]
        console.print(f"Log of {task}", *lines, sep="\n  ", soft_wrap=True)


def _modes(outcome: Outcome) -> Table:
    table = _table("Jobs by mode", "mode")
    headings = "task runs", "cleared", "kills survived", "jobs expected", "jobs found"
    for heading in (*headings, "duplicates", "orphans"):
        table.add_column(heading, justify="right")
    for mode, count in outcome.counts.items():
        numbers = count.tasks, outcome.clears[mode], outcome.hits[mode], count.expected, count.found
        table.add_row(mode, *map(str, (*numbers, count.duplicates, count.orphans)))
    return table


def _calls(outcome: Outcome) -> Table:
    table = _table("Calls of AWS Batch", "operation")
    table.add_column("calls", justify="right")
    table.add_column("answers")
    for operation, answers in sorted(outcome.calls.items()):
        told = ", ".join(f"{number} {answer}" for answer, number in answers.most_common())
        table.add_row(operation, str(answers.total()), told)
    return table


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column(first)
    return table


def _evidence(violation: Violation) -> str:
    lines = [f"VIOLATION {violation.what}: {violation.text}"]
    if task := violation.task:
        lines.append(f"  task {task.state}, generation {task.generation}, returned {task.job_id}")
    return "\n".join([*lines, *(f"  {_job(job)}" for job in violation.jobs)])


def _job(job: Job) -> str:
    stopped = f", told to stop {_time(job.stopped)}" if job.stopped else ""
    end = "succeeded" if job.succeeded else "failed"
    ended = f", {end} {_time(job.ended)}" if job.ended else ", still there"
    return f"job {job.id} {job.name} tag {job.mark}: made {_time(job.created)}{stopped}{ended}"


def _readable(line: str) -> str:
    """Shorten a line of a task's log to time and text; Airflow 3 writes JSON."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line
    return f"{entry.get('timestamp')} {entry.get('event')}" if isinstance(entry, dict) else line


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S.%f")[:-3]
