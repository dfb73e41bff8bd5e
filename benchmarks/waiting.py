"""What waiting for many deferred jobs costs a triggerer, beside BatchOperator's trigger.

The jobs are the children of one array job, so that they all start at one moment; each is waited for
by a trigger of its own, and they end one after the other over one poll interval.

BatchOperator's trigger needs aiobotocore, which pins an older botocore: its process has a virtual
environment of its own, with the same Airflow and Amazon provider.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final

from airflow_fargate_batch.local import LocalBatch, Pace
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from benchmarks._process import HOME, Skipped, environment, with_aiobotocore
from benchmarks._progress import step
from benchmarks._size import Size
from benchmarks._table import Row
from benchmarks._waiter import Report

TITLE = "Waiting for deferred jobs: a trigger each, all in one event loop"
AT_ONCE: Final = Pace(submitted=0, runnable=0, starting=0)
STEPS: Final = 50
"""At so many moments jobs end."""
PATIENCE: Final = 900.0
"""Seconds after which a scene has gone wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Jobs to wait for.

    Attributes:
        interval: Between two polls, in seconds.
        polls: The first job ends after so many intervals, the last one after one more.
        limit: How many DescribeJobs calls a second are answered; all if ``None``.
    """

    jobs: int
    interval: int = 10
    polls: float = 2
    limit: float | None = None

    @property
    def longest_lag(self) -> float:
        """Seconds that it may take to notice an end: a poll, and what the limit makes it wait."""
        return self.interval + 1 + (self.jobs / 100 / self.limit if self.limit else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A scene of ours beside one of theirs, which may be smaller: what counts is the cost a job.

    Attributes:
        targets: Whether it is the one that the targets a job are about.
        share: What share of a core ours may take while all wait.
        stall: For how many seconds ours may hold up the event loop.
    """

    ours: Scene
    theirs: Scene | None = None
    targets: bool = False
    share: float | None = None
    stall: float | None = 0.1

    def __str__(self) -> str:
        scene = self.ours
        text = f"{scene.jobs:,} jobs"
        if self.theirs and self.theirs.jobs != scene.jobs:
            text += f" (theirs: {self.theirs.jobs:,})"
        text += f", polled every {scene.interval} s"
        return f"{text}, {scene.limit:g} calls/s allowed" if scene.limit else text


PER_JOB: Final = Match(
    ours=Scene(jobs=1000, polls=4), theirs=Scene(jobs=200, polls=4), targets=True
)
MANY: Final = Match(ours=Scene(jobs=10_000, interval=30), share=0.05, stall=None)
MATCHES: Final = {
    Size.QUICK: [
        Match(ours=Scene(jobs=20, interval=1, polls=2), theirs=Scene(jobs=4, interval=1, polls=2))
    ],
    Size.BRIEF: [PER_JOB, MANY],
    Size.FULL: [
        PER_JOB,
        Match(ours=Scene(jobs=1000), theirs=Scene(jobs=1000)),
        Match(ours=Scene(jobs=1000, limit=25), theirs=Scene(jobs=1000, limit=25)),
        Match(ours=Scene(jobs=1000, limit=2)),
        MANY,
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one scene cost.

    Attributes:
        calls: DescribeJobs, refused ones included.
        refused: The share of them that was throttled.
        failed: Waits that ended otherwise than in a success.
        cpu: Seconds.
        watching: The share of a core while all waited.
        memory: Bytes.
        stall: The longest, in seconds.
        lag_p50, lag_p95: From a job's end to its event, in seconds.
    """

    calls: float
    refused: float
    failed: float
    cpu: float
    watching: float
    memory: float
    stall: float
    lag_p50: float
    lag_p95: float


def run(size: Size) -> list[Row]:
    """Play each match, the sides in turn."""
    try:
        their_python = with_aiobotocore() / "python"
    except Skipped as reason:
        print(f"Without BatchOperator's trigger: {reason}")
        their_python = None
    rows: list[Row] = []
    for match in MATCHES[size]:
        step(f"waiting: {match}: ours")
        ours = play("ours", Path(sys.executable), match.ours)
        theirs = None
        if match.theirs and their_python:
            step(f"waiting: {match}: theirs")
            theirs = play("theirs", their_python, match.theirs)
        rows += _rows(match, ours, theirs)
    return rows


def _rows(match: Match, ours: Cost, theirs: Cost | None) -> Iterator[Row]:
    our_jobs, their_jobs = match.ours.jobs, match.theirs.jobs if match.theirs else 1

    def row(
        what: str, name: str, unit: str = "", scale: float = 1, at_most: float | None = None
    ) -> Row:
        return Row(
            group=str(match),
            what=what,
            ours=scale * getattr(ours, name),
            theirs=scale * getattr(theirs, name) if theirs else None,
            unit=unit,
            at_most=at_most,
        )

    def row_a_job(what: str, name: str, target: float, unit: str = "", scale: float = 1) -> Row:
        return Row(
            group=str(match),
            what=f"{what} a job",
            ours=scale * getattr(ours, name) / our_jobs,
            theirs=scale * getattr(theirs, name) / their_jobs if theirs else None,
            unit=unit,
            share_at_most=target if match.targets else None,
        )

    yield row_a_job("DescribeJobs calls", "calls", 1 / 40)
    if match.ours.limit:
        yield row("calls refused", "refused", "%", 100, at_most=100 / 3)
    yield row_a_job("CPU", "cpu", 1 / 20, "ms", 1e3)
    if match.share:
        yield row("CPU while all wait, of a core", "watching", "%", 100, at_most=100 * match.share)
    yield row_a_job("memory", "memory", 1 / 20, "KiB", 1 / 1024)
    yield row("longest stall of the event loop", "stall", "s", at_most=match.stall)
    yield row("from end to event, median", "lag_p50", "s")
    yield row("from end to event, 95 of 100", "lag_p95", "s", at_most=match.ours.longest_lag)
    if ours.failed or (theirs and theirs.failed):
        yield row("waits that failed", "failed", at_most=0)


def play(side: str, python: Path, scene: Scene) -> Cost:
    """Play a scene once, in a process and with a LocalBatch of its own."""
    with LocalBatch(pace=AT_ONCE) as aws:
        report = _wait(side, python, scene, aws)
        calls = [call.outcome for call in aws.requests if call.operation == "DescribeJobs"]
        aws.faults.clear()
        told_at = report["told_at"]
        lags = [told_at[job_id] - ended_at for job_id, ended_at in _ends(aws, list(told_at))]
    percentiles = quantiles(lags, n=100, method="inclusive")
    return Cost(
        calls=len(calls),
        refused=1 - calls.count("ok") / len(calls),
        failed=report["failed"],
        cpu=report["cpu"],
        watching=report["watching"],
        memory=report["memory"],
        stall=report["stall"],
        lag_p50=percentiles[49],
        lag_p95=percentiles[94],
    )


def _wait(side: str, python: Path, scene: Scene, aws: LocalBatch) -> Report:
    command = [str(python), "-m", "benchmarks._waiter", side, str(scene.interval)]
    env = environment(aws.environ)
    pipe = subprocess.PIPE
    with (
        (HOME / f"waiter-{side}.log").open("w") as log,
        subprocess.Popen(
            command, env=env, stdin=pipe, stdout=pipe, stderr=log, text=True
        ) as waiter,
    ):
        assert waiter.stdout is not None
        waiter.stdout.readline()  # it has loaded what it needs
        job_ids = json.dumps(_submit(scene, aws))
        try:
            answer, _ = waiter.communicate(f"{job_ids}\n", timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            waiter.kill()
            raise
    if waiter.returncode:
        raise RuntimeError(f"the waiter failed: see {log.name}")
    report: Report = json.loads(answer)
    return report


def _submit(scene: Scene, aws: LocalBatch) -> list[str]:
    """Start the jobs; return their ids."""
    for moment in range(STEPS):
        runtime = (scene.polls + moment / STEPS) * scene.interval
        aws.script("wait", runtime=runtime, indexes=range(moment, scene.jobs, STEPS))
    if scene.limit:
        aws.faults.add("throttle", operation="DescribeJobs", rate=scene.limit)
    array = aws.client("batch").submit_job(
        jobName="wait",
        jobQueue=READY_QUEUE,
        jobDefinition=READY_DEFINITION,
        arrayProperties={"size": scene.jobs},
    )
    return [f"{array['jobId']}:{index}" for index in range(scene.jobs)]


def _ends(aws: LocalBatch, job_ids: list[str]) -> Iterator[tuple[str, float]]:
    """Return when jobs ended, by LocalBatch's own word, in seconds since the epoch."""
    batch = aws.client("batch")
    for start in range(0, len(job_ids), 100):
        for job in batch.describe_jobs(jobs=job_ids[start : start + 100])["jobs"]:
            yield job["jobId"], job["stoppedAt"] / 1000
