"""Termination of the jobs of a trigger that is killed, or gives up."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from airflow_fargate_batch._airflow.compat import task_state
from airflow_fargate_batch._airflow.trigger_times import TriggerTimes
from airflow_fargate_batch._machine.terminators import terminator_of
from airflow_fargate_batch.core.giving_up import left_running
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.termination import TaskNow, Verdict, when_cancelled, when_giving_up
from airflow_fargate_batch.exceptions import AwsError

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi


class OwnedTrigger(Protocol):
    """The part of a trigger that Airflow sets when it starts the trigger."""

    task_instance: Any
    trigger_id: int | None
    region_name: str | None

    @property
    def log(self) -> Any:
        """Logger of the waiting task."""


class Termination:
    """Terminates the jobs of a trigger, once, after Airflow was asked about the task.

    :param jobs: returns all jobs as last seen; a job never seen has only an id.
    :param api: returns the client.
    """

    def __init__(
        self,
        trigger: OwnedTrigger,
        *,
        jobs: Callable[[], Sequence[Job]],
        api: Callable[[], Awaitable["BatchApi"]],
        times: TriggerTimes,
    ) -> None:
        self._trigger = trigger
        self._jobs = jobs
        self._api = api
        self._times = times
        self._verdict: Verdict | None = None
        self._terminating: asyncio.Task[str | None] | None = None
        self._questions: set[asyncio.Task[TaskNow | None]] = set()

    @property
    def has_begun(self) -> bool:
        """Whether jobs are being terminated, or have been."""
        return self._terminating is not None

    async def give_up(self, why: str) -> tuple[Verdict, str | None]:
        """Terminate the jobs unless Airflow reports another try as owner.

        :return: the verdict, equal at each call, and the reason of a failure.
        """
        if self._verdict is None:
            now = await self._task_now(self._times.give_up_patience)
            self._verdict = when_giving_up(now, why)
        verdict = self._verdict
        return verdict, await self._terminate(verdict.why) if verdict.terminates else None

    async def cancelled(self) -> None:
        """Terminate the jobs if the task has ended; otherwise report the jobs left running."""
        verdict = when_cancelled(await self._task_now(self._times.ask_patience))
        if verdict.terminates:
            await self._terminate(verdict.why)
        elif not self.has_begun:
            left = left_running(
                self._live_jobs(), region=self._trigger.region_name, why=verdict.why
            )
            for line in left.splitlines():
                self._trigger.log.info("%s", line)

    async def _task_now(self, patience: float) -> TaskNow | None:
        """Ask Airflow about the waiting task, until it answers; no question is ever cancelled."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while True:
            now = await self._ask(until - loop.time())
            if now is not None or loop.time() + self._times.ask_again >= until:
                return now
            await asyncio.sleep(self._times.ask_again)

    async def _ask(self, patience: float) -> TaskNow | None:
        ask = task_state.deferred_task_now(self._trigger.task_instance, self._trigger.trigger_id)
        question = asyncio.create_task(ask)
        self._questions.add(question)  # or it may vanish before its answer comes
        await asyncio.wait([question], timeout=patience)
        return question.result() if question.done() else None

    def _live_jobs(self) -> list[Job]:
        """Return the jobs not known to have ended."""
        return [job for job in self._jobs() if job.status.is_live]

    async def _terminate(self, why: str) -> str | None:
        """Terminate the running jobs, once for all callers; return the reason of a failure."""
        if self._terminating is None:
            reason = terminator_of(self._trigger.task_instance).reason(why)
            self._terminating = asyncio.create_task(self._terminate_all(reason))
        return await asyncio.shield(self._terminating)

    async def _terminate_all(self, reason: str) -> str | None:
        failure = None
        for job in self._live_jobs():
            failure = await self._terminate_one(job.id, reason) or failure
        return failure

    async def _terminate_one(self, job_id: str, reason: str) -> str | None:
        failure = ""
        for pause in self._times.terminate_pauses:
            await asyncio.sleep(pause)
            try:
                api = await self._api()
                await asyncio.to_thread(api.terminate_job, job_id, reason)
            except AwsError as error:
                failure = str(error)
            else:
                self._trigger.log.info("Terminated job %s: %s", job_id, reason)
                return None
        self._trigger.log.error("Could not terminate job %s: %s", job_id, failure)
        return failure
