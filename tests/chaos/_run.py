"""The run itself: work for Airflow, faults on the wire, processes killed, tasks cleared."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from airflow_fargate_batch.local import LocalBatch
from tests.airflow.harness import Run, task_name
from tests.chaos._breaking import Breaker
from tests.chaos._mishaps import add_faults
from tests.chaos._verdict import FINAL, Count, Task, Violation, count, judge
from tests.chaos._world import CONNECTION, DAG_FILE, DAG_ID, ChaosAirflow, truth

RUNS_AT_ONCE: Final = 4
TASKS_A_RUN: Final = 18
HEAD_START: Final = 5
"""By how many kills to be ahead of the tasks: most of them hit tasks that are not done yet."""
QUIET: Final = 10.0
"""Seconds in which nobody may ask about a job any more; a wait asks every 2 s."""
PATIENCE: Final = 600.0
"""Seconds from the last kill until every run must have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much chaos.

    Attributes:
        task_runs: Task instances at least.
        kills: Processes killed at least; so many more runs are started as this takes.
        pause: Seconds between two mishaps, on average.
        seed: Of all dice: which faults, which victims, when.
    """

    task_runs: int = 300
    kills: int = 100
    pause: float = 6.0
    seed: int = 0


SHORT: Final = Plan(task_runs=36, kills=10, pause=4.0)


@dataclass(kw_only=True)
class Outcome:
    """What the run left behind.

    Attributes:
        kills: How often by kind.
        hits: How many kills met a task of a mode.
        clears: How many tasks of a mode were cleared.
        calls: What became of AWS's calls, by operation.
        logs: Of the tasks that are part of a violation.
    """

    violations: list[Violation]
    counts: dict[str, Count]
    kills: Counter[str]
    hits: Counter[str]
    clears: Counter[str]
    calls: dict[str, Counter[str]]
    seconds: float
    logs: dict[Task, str] = field(default_factory=dict)


def run_chaos(plan: Plan, *, home: Path, say: Callable[[str], None]) -> Outcome:
    """Run it all, and judge what is left."""
    with LocalBatch(seed=plan.seed) as aws, ChaosAirflow(home=home) as airflow:
        extra = {"region_name": aws.region, "endpoint_url": aws.url}
        airflow.add_connection(CONNECTION, login="local", password="local", extra=extra)
        airflow.add_dags(DAG_FILE)
        chaos = Chaos(plan, airflow, aws, say)
        chaos.rage()
        chaos.calm_down()
        return chaos.judge()


class Chaos:
    """One run, from the first task to the verdict."""

    def __init__(
        self, plan: Plan, airflow: ChaosAirflow, aws: LocalBatch, say: Callable[[str], None]
    ) -> None:
        self._plan = plan
        self._airflow = airflow
        self._aws = aws
        self._dice = random.Random(plan.seed)  # noqa: S311 - dice
        self._breaker = Breaker(airflow, aws, self._dice, self._say)
        self._begun = time.monotonic()
        self._report = say
        self._mended: set[str] = set()
        self._left: list[str] = []

    # ── while it rages ───────────────────────────────────────────────────────────────────────

    def rage(self) -> None:
        """Keep runs going, and break things, until there was enough of both."""
        self._aws.script("*_always-*", exit_code=1)
        self._aws.script("*_once-*", exit_code=1)
        add_faults(self._aws)
        while self._keeps_going():
            self._sleep(self._dice.uniform(0, 2 * self._plan.pause))
            if self._is_due():
                self._breaker.break_something()

    def _is_due(self) -> bool:
        """Keep the share of kills near that of tasks that are done, however fast the machine is."""
        done = len(self._airflow.instances(*FINAL)) / self._plan.task_runs
        return self._breaker.kills.total() <= self._plan.kills * done + HEAD_START

    def _keeps_going(self) -> bool:
        """Start a run where there is room for one, until there were enough runs and kills."""
        states = self._airflow.runs().values()
        there = len(states)
        needs_runs = there * TASKS_A_RUN < self._plan.task_runs
        needs_kills = self._breaker.kills.total() < self._plan.kills
        active = sum(state in {"queued", "running"} for state in states)
        if active < (RUNS_AT_ONCE if needs_runs else 2 * needs_kills):
            self._airflow.trigger(DAG_ID, run_id=f"run-{there + 1}")
        return needs_runs or needs_kills

    def _sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._mend()
            time.sleep(min(seconds, 0.3))

    def _mend(self) -> None:
        """Let the next job succeed where the first of its name has failed."""
        for job in truth(self._aws):
            if job.ended and "_once-" in job.name and job.name not in self._mended:
                self._mended.add(job.name)
                self._aws.script(job.name)

    # ── afterwards ───────────────────────────────────────────────────────────────────────────

    def calm_down(self) -> None:
        """Let every run end, then take the faults back, and see that nobody asks any more."""
        self._say("enough; waiting for the end of all runs")
        deadline = time.monotonic() + PATIENCE
        while self._has_active_runs() and time.monotonic() < deadline:
            self._sleep(2)
        self._aws.faults.clear()
        while any(job.ended is None for job in truth(self._aws)) and time.monotonic() < deadline:
            self._sleep(1)
        self._sleep(QUIET / 2)
        before = len(self._aws.requests)
        self._sleep(QUIET)
        calls = self._aws.requests[before:]
        self._left = [f"{call.operation} {dict(call.parameters)}" for call in calls]

    def _has_active_runs(self) -> bool:
        return not {"queued", "running"}.isdisjoint(self._airflow.runs().values())

    def judge(self) -> Outcome:
        """Compare what there is with what must be."""
        tasks, jobs = self._airflow.tasks(), truth(self._aws)
        violations = judge(tasks, jobs, time.time())
        violations += [
            Violation(what="wait left", text=f"still asked: {call}") for call in self._left
        ]
        calls: dict[str, Counter[str]] = {}
        for call in self._aws.requests:
            calls.setdefault(call.operation, Counter())[call.outcome] += 1
        blamed = {violation.task for violation in violations if violation.task}
        return Outcome(
            violations=violations,
            counts=count(tasks, jobs, violations),
            kills=self._breaker.kills,
            hits=self._breaker.hits,
            clears=self._breaker.clears,
            calls=calls,
            seconds=time.monotonic() - self._begun,
            logs={task: self._log(task) for task in blamed},
        )

    def _log(self, task: Task) -> str:
        name = task_name(task.task_id, task.map_index)
        return self._airflow.log(Run(DAG_ID, task.run_id), name)

    def _say(self, what: str) -> None:
        self._report(f"{time.monotonic() - self._begun:6.1f} s  {what}")
