"""A DescribeJobs on a clock of its own, for loops with and without asyncio."""

import asyncio
from collections.abc import Iterable

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import LONGEST_SLEEP, POLL_TIMES, PollTimes
from airflow_fargate_batch.watching.poller import JobPoller

LIFE = ((0, "SUBMITTED"), (40, "RUNNABLE"), (100, "RUNNING"), (300, "SUCCEEDED"))


class TimedBatch:
    """A DescribeJobs on a clock of its own, which only sleeping moves on.

    Attributes:
        lives: For each id the states it takes and when; ``None`` is "AWS does not know it".
        fault: Raised by calls up to the time in ``faulty_until``.
    """

    def __init__(self, **lives: Iterable[tuple[float, str | None]]) -> None:
        self.now = 0.0
        self.lives = {job_id: list(life) for job_id, life in lives.items()}
        self.calls: list[list[str]] = []
        self.fault: Exception | None = None
        self.faulty_until = 0.0
        self.hanging: set[str] = set()
        self.cancelled = 0

    def clock(self) -> float:
        return self.now

    def describe(self, ids: list[str]) -> list[Job]:
        self.calls.append(ids)
        if self.fault is not None and self.now < self.faulty_until:
            raise self.fault
        told = ((job_id, self._status(job_id)) for job_id in ids)
        return [Job.from_api({"jobId": i, "status": status}) for i, status in told if status]

    async def describe_async(self, ids: list[str]) -> list[Job]:
        try:
            await asyncio.sleep(0)
            while self.hanging.intersection(ids):
                await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.describe(ids)

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= LONGEST_SLEEP
        self.now += seconds

    async def sleep_async(self, seconds: float) -> None:
        for _ in range(8):  # let everybody else come to rest before time goes on
            await asyncio.sleep(0)
        self.sleep(seconds)

    def poller(self, times: PollTimes = POLL_TIMES) -> JobPoller:
        return JobPoller(
            describe=self.describe_async,
            now=self.clock,
            sleep=self.sleep_async,
            chance=lambda: 0.5,
            times=times,
        )

    def _status(self, job_id: str) -> str | None:
        past = [status for at, status in self.lives.get(job_id, []) if at <= self.now]
        return past[-1] if past else None
