"""A process that waits for jobs in an event loop, as a triggerer runs its triggers, and reports.

It imports nothing of the benchmarks or, for theirs, of the package: each side has its own process,
theirs with its own environment, because aiobotocore pins an older botocore.

It says ``ready``, reads the job ids, and answers with a `Report`, all as lines of JSON.
"""

import asyncio
import gc
import itertools
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypedDict

STATM = Path("/proc/self/statm")
PROBE = 0.01
"""Seconds between two looks at whether the event loop still turns."""
IDLE = 2.0
"""For so many seconds only the probe runs, to learn what it takes itself; that is left out."""

Make = Callable[[str, int], Any]


class Report(TypedDict):
    """What waiting cost; times are seconds.

    Attributes:
        told_at: When each job's event came, since the epoch.
        failed: How many waits ended otherwise than in the event of a job that succeeded.
        memory: Bytes of growth, from the loaded trigger class to the most there was.
        watching: The share of a core that waiting took from the second poll on, until the first
            event came.
        stall: The longest that the event loop was late.
    """

    told_at: dict[str, float]
    failed: int
    cpu: float
    memory: int
    watching: float
    stall: float


def ours() -> tuple[Make, Callable[[Any], bool]]:
    """Return what makes a trigger, and what tells whether its event is a success."""
    from airflow_fargate_batch.triggers import FargateBatchJobTrigger

    return (
        lambda job_id, interval: FargateBatchJobTrigger(
            job_ids=[job_id], poll_interval=interval, aws_conn_id=None
        ),
        lambda event: event["outcome"] == "ended" and event["jobs"][0]["status"] == "SUCCEEDED",
    )


def theirs() -> tuple[Make, Callable[[Any], bool]]:
    """Return the same of BatchOperator's trigger."""
    from airflow.providers.amazon.aws.triggers.batch import BatchJobTrigger

    return (
        lambda job_id, interval: BatchJobTrigger(
            job_id=job_id, waiter_delay=interval, aws_conn_id=None
        ),
        lambda event: event["status"] == "success",
    )


class Probe:
    """Wakes up all the time, and notes how late it is and what has been used so far."""

    def __init__(self) -> None:
        self.stall = 0.0
        self.memory = 0
        self.used: list[tuple[float, float]] = []
        """When, and how much CPU, every tenth time."""

    async def watch(self) -> None:
        """Look until cancelled."""
        for look in itertools.count():
            before = time.perf_counter()
            await asyncio.sleep(PROBE)
            self.stall = max(self.stall, time.perf_counter() - before - PROBE)
            if look % 10 == 0:
                self.memory = max(self.memory, resident())
                self.used.append((time.time(), time.process_time()))

    def share(self, start: float, end: float) -> float:
        """Return what share of a core was used in between; 0 where that is no time at all."""
        used = [use for use in self.used if start <= use[0] <= end]
        if len(used) < 2:
            return 0.0
        return (used[-1][1] - used[0][1]) / (used[-1][0] - used[0][0])


def resident() -> int:
    """Return how much memory the process has, in bytes."""
    return int(STATM.read_text().split()[1]) * resource.getpagesize()


async def wait(
    read_job_ids: Callable[[], list[str]], interval: int, side: tuple[Make, Callable[[Any], bool]]
) -> Report:
    """Run a trigger for each job, side by side.

    :param read_job_ids: gives the jobs, once they are there; nothing else goes on until then.
    """
    make, is_success = side
    told_at: dict[str, float] = {}
    failed = 0

    async def run_trigger(job_id: str, trigger: Any) -> None:
        nonlocal failed
        try:
            async for event in trigger.run():
                told_at[job_id] = time.time()
                failed += not is_success(event.payload)
        except Exception as error:  # noqa: BLE001 - counted, whatever it is
            failed += 1
            print(f"{job_id}: {type(error).__name__}: {error}", file=sys.stderr)

    probe = Probe()
    probing = asyncio.create_task(probe.watch())
    await asyncio.sleep(IDLE)
    idle = probe.share(0, time.time())
    job_ids = read_job_ids()
    gc.collect()
    await asyncio.sleep(2 * PROBE)
    probe.stall = 0.0
    memory, cpu, start = resident(), time.process_time(), time.time()
    triggers = []
    for job_id in job_ids:
        await asyncio.sleep(0)  # as Airflow's TriggerRunner.create_triggers() does
        triggers.append(asyncio.create_task(run_trigger(job_id, make(job_id, interval))))
    await asyncio.gather(*triggers)
    cpu = time.process_time() - cpu - idle * (time.time() - start)
    probing.cancel()
    with suppress(asyncio.CancelledError):
        await probing
    return Report(
        told_at=told_at,
        failed=failed,
        cpu=cpu,
        memory=probe.memory - memory,
        watching=probe.share(start + interval, min(told_at.values(), default=start)) - idle,
        stall=probe.stall,
    )


def main() -> None:
    """Wait as the first argument says, at the poll interval of the second."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Airflow may write to stdout
    side = {"ours": ours, "theirs": theirs}[sys.argv[1]]()

    def read_job_ids() -> list[str]:
        print("ready", file=answers, flush=True)
        return list(json.loads(sys.stdin.readline()))

    json.dump(asyncio.run(wait(read_job_ids, int(sys.argv[2]), side)), answers)


if __name__ == "__main__":
    main()
