"""The trigger: waits for jobs in the triggerer; triggers with equal settings share a poller."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.triggers.base import BaseTrigger, TaskSuccessEvent, TriggerEvent

from airflow_fargate_batch._airflow import compat
from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.shared_poller import ConnectedPoller
from airflow_fargate_batch._airflow.trigger_termination import Termination
from airflow_fargate_batch._airflow.trigger_times import TriggerTimes
from airflow_fargate_batch._airflow.uncancelled import insist
from airflow_fargate_batch._airflow.wait_event import WaitEvent, WaitOutcome
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.giving_up import left_running, outcome
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.exceptions import (
    AwsError,
    FargateBatchError,
    JobCannotStart,
    JobLost,
    JobTimedOut,
)
from airflow_fargate_batch.watching.poller import Watch

if TYPE_CHECKING:
    from airflow_fargate_batch._airflow.job_log import JobLog, KeptPosition
    from airflow_fargate_batch._airflow.queue_capacity import QueueFacts

__all__ = ["FargateBatchJobTrigger"]


class FargateBatchJobTrigger(BaseTrigger):
    """Wait until all jobs have ended, a job has failed, or the time is over.

    The trigger sends a single event. It is Airflow's ``TaskSuccessEvent`` if the trigger ends the
    task (*finish*); otherwise a mapping with ``outcome`` (``ended``, ``gave_up``, ``stuck`` or
    ``refused``), ``jobs`` (in the form of ``Job.to_api()``, as far as known), ``message``, and
    ``advice`` for the reader.

    :param job_ids: the jobs to wait for.
    :param poll_interval: seconds between two questions about a job.
    :param wait_until: moment to give up, ISO 8601 with offset; absolute, so that a restart of the
        triggerer does not begin to count anew.
    :param wait_limit: source of *wait_until*, for the message.
    :param runnable_timeout: seconds that a job may be RUNNABLE.
    :param starting_timeout: seconds that a job may be STARTING.
    :param terminate_on_kill: terminate the jobs when giving up, and when a person marks the waiting
        task or deletes the DAG run; never when a triggerer restarts. The jobs of a cleared task are
        terminated by the next try.
    :param log_interval: seconds between two reads of the job's log; the lines are logged too.
        ``None`` means the log is not read. If the task has pushed XCom ``log_position``, the
        position is kept there, and a restarted triggerer continues from the position.
    :param log_index: index of the child whose log is read, as an array has no log.
    :param finish: facts about the task, if the trigger is to end the task of a succeeded job:
        ``do_xcom_push``, ``has_items``, ``console_pages``. ``None`` means a worker ends the task.
    :param aws_conn_id: as the operator's.
    :param region_name: as the operator's.
    :param verify: as the operator's.
    :param botocore_config: as the operator's.
    """

    times: ClassVar[TriggerTimes] = TriggerTimes()

    def __init__(
        self,
        *,
        job_ids: Sequence[str],
        poll_interval: float = POLL_INTERVAL,
        wait_until: str | None = None,
        wait_limit: str | None = None,
        runnable_timeout: float | None = None,
        starting_timeout: float | None = None,
        terminate_on_kill: bool = True,
        log_interval: float | None = None,
        log_index: int | None = None,
        finish: Mapping[str, Any] | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_ids = list(job_ids)
        self.poll_interval = poll_interval
        self.wait_until = wait_until
        self.wait_limit = wait_limit
        self.runnable_timeout = runnable_timeout
        self.starting_timeout = starting_timeout
        self.terminate_on_kill = terminate_on_kill
        self.log_interval = log_interval
        self.log_index = log_index
        self.finish = finish
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._seen: dict[str, Job] = {}

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and exactly the arguments of ``__init__``."""
        return (
            "airflow_fargate_batch.triggers.FargateBatchJobTrigger",
            {
                "job_ids": self.job_ids,
                "poll_interval": self.poll_interval,
                "wait_until": self.wait_until,
                "wait_limit": self.wait_limit,
                "runnable_timeout": self.runnable_timeout,
                "starting_timeout": self.starting_timeout,
                "terminate_on_kill": self.terminate_on_kill,
                "log_interval": self.log_interval,
                "log_index": self.log_index,
                "finish": self.finish,
                "aws_conn_id": self.aws_conn_id,
                "region_name": self.region_name,
                "verify": self.verify,
                "botocore_config": self.botocore_config,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield one event."""
        loop = asyncio.get_running_loop()
        settled_at = loop.time() + self.times.settling
        try:
            ended, message, advice = await self._wait()
            facts = await self._facts() if ended is WaitOutcome.ENDED else None
            event = WaitEvent(
                outcome=ended,
                jobs=tuple(self._seen.values()),
                message=message,
                advice=advice,
                capacity=facts.capacity if facts else None,
                records_use=facts.records_use if facts else None,
            )
            await asyncio.sleep(settled_at - loop.time())
            ends_here = await self._finish(event)
        except asyncio.CancelledError:
            if self.terminate_on_kill and not compat.triggers_have_on_kill():
                await insist(self._termination.cancelled())
            raise
        yield TaskSuccessEvent() if ends_here else TriggerEvent(event.payload())

    async def on_kill(self) -> None:
        """Terminate the jobs if the task has ended.

        Airflow 3.3 calls this method when a person acts on the waiting task, and also when another
        triggerer has taken the trigger over, for example from a frozen triggerer.
        """
        if self.terminate_on_kill:
            await insist(self._termination.cancelled())

    async def _wait(self) -> tuple[WaitOutcome, str | None, str | None]:
        """Return the outcome, a message, and advice."""
        try:
            await _all([self._wait_for(job_id) for job_id in self.job_ids])
        except _OneHasFailed:
            return WaitOutcome.ENDED, None, None
        except JobTimedOut as error:
            if await self._others_decide():
                return WaitOutcome.ENDED, None, None
            kind = WaitOutcome.STUCK if isinstance(error, JobCannotStart) else WaitOutcome.GAVE_UP
            return kind, await self._give_up(error), error.advice
        except JobLost as error:
            others = [job for job in self._jobs if job.id != error.job_id]
            return WaitOutcome.REFUSED, await self._leaving(str(error), others), None
        except FargateBatchError as error:
            return WaitOutcome.REFUSED, await self._leaving(str(error), self._jobs), None
        return WaitOutcome.ENDED, None, None

    async def _wait_for(self, job_id: str) -> None:
        until = self.wait_until
        wait = Wait(
            job_id,
            until=None if until is None else datetime.fromisoformat(until),
            limit=self.wait_limit,
            runnable_timeout=_timedelta(self.runnable_timeout),
            starting_timeout=_timedelta(self.starting_timeout),
            times=self.times.look,
        )
        with self._poller.watch(job_id, interval=self.poll_interval, log=self.log) as watch:
            if self.log_interval is None:
                job = await self._until_it_has_ended(watch, wait)
            else:
                async with self._log_of_the_job(self.log_interval) as log:
                    try:
                        job = await self._until_it_has_ended(watch, wait, log.observe)
                    except JobTimedOut as error:  # now: to read the rest of the log takes a while
                        if self.terminate_on_kill:
                            await self._termination.give_up(error.message)
                        raise
        if job.status is JobStatus.FAILED:
            raise _OneHasFailed

    async def _until_it_has_ended(
        self, watch: Watch, wait: Wait, tell: Callable[[Job], None] | None = None
    ) -> Job:
        """Follow a job to its end.

        :raises JobTimedOut: the time is over, and a last look confirmed that the job has not ended.
        """
        while True:
            job = await _next(watch, wait.ends_at)
            if job is not None:
                line = wait.observe(job, _now())
            elif watch.has_news:
                continue
            else:
                job = await watch.look()
                self._see(job)
                line = wait.decide(job, _now())
            self._see(job)
            if line:
                self.log.info("%s", line)
            if job is None:
                continue
            if tell is not None:
                tell(job)
            if not job.status.is_live:
                return job

    async def _others_decide(self) -> bool:
        """Read the state of all jobs when the wait for a job is over: another may have failed."""
        if len(self.job_ids) > 1:
            try:
                for job in await self._poller.describe_jobs(self.job_ids):
                    self._see(job)
            except AwsError as error:
                self.log.warning("Could not read the state of the other jobs: %s", error)
        statuses = {job.status for job in self._jobs}
        return JobStatus.FAILED in statuses or statuses == {JobStatus.SUCCEEDED}

    async def _facts(self) -> "QueueFacts | None":
        """Ask about the only job's queue, on which cost and right size of the job depend."""
        queues = [job.queue for job in self._jobs]
        if len(queues) != 1 or queues[0] is None:
            return None
        return await self._poller.capacities.of(queues[0])

    async def _finish(self, event: WaitEvent) -> bool:
        """Report whether the task ends here; nothing is left to do for a worker then."""
        if self.finish is None:
            return False
        from airflow_fargate_batch._airflow.finishing import Finish, finish  # few tasks need it

        return await finish(
            event,
            Finish.read(self.finish),
            task_instance=self.task_instance,
            trigger_id=self.trigger_id,
            log=self.log,
            in_flight=self.times.log.in_flight,
        )

    def _see(self, job: Job | None) -> None:
        if job is not None:
            self._seen[job.id] = job

    def _log_of_the_job(self, interval: float) -> "JobLog":
        from airflow_fargate_batch._airflow.job_log import JobLog  # loads botocore

        return JobLog(
            self._poller,
            self._place_in_the_log,
            interval=interval,
            poll_interval=self.poll_interval,
            index=self.log_index,
            log=self.log,
            quiet=self.times.log.quiet,
        )

    @cached_property
    def _place_in_the_log(self) -> "KeptPosition":
        from airflow_fargate_batch._airflow.job_log import KeptPosition

        return KeptPosition(self.task_instance, self.log, self.times.log)

    @cached_property
    def _poller(self) -> ConnectedPoller:
        """The poller; kept, so that polling and termination use the same client."""
        return ConnectedPoller.of(ConnectionSettings.of(self), self.times.poll)

    @cached_property
    def _termination(self) -> Termination:
        return Termination(
            self, jobs=lambda: self._jobs, api=lambda: self._poller.api(), times=self.times
        )

    async def _give_up(self, error: JobTimedOut) -> str:
        """Terminate the jobs unless the task has moved on, and return the report."""
        verdict = failure = None
        if self.terminate_on_kill:
            verdict, failure = await self._termination.give_up(error.message)
        became = outcome(
            self._jobs,
            terminated=verdict is not None and verdict.terminates,
            failure=failure,
            because=verdict.why if verdict and not verdict.terminates else None,
            region=await self._region(),
        )
        return "\n".join(text for text in (error.message, error.state, became) if text)

    async def _leaving(self, why: str, jobs: Sequence[Job]) -> str:
        """Write a message: the reason to stop waiting, and the jobs that are still running."""
        return f"{why}\n{left_running(jobs, region=await self._region())}".rstrip()

    @property
    def _jobs(self) -> list[Job]:
        """All jobs as last seen; a job never seen has only an id."""
        return [self._seen.get(job_id, Job(id=job_id)) for job_id in self.job_ids]

    async def _region(self) -> str | None:
        """Return the region, as far as known without a call."""
        try:
            return (await self._poller.api()).region
        except FargateBatchError:
            return self.region_name


class _OneHasFailed(Exception):
    """A job has failed: there is no point in waiting for the others."""


async def _next(watch: Watch, end: datetime | None) -> Job | None:
    """Return the next change of a job; ``None`` if there is none before the end."""
    try:
        async with asyncio.timeout(None if end is None else (end - _now()).total_seconds()):
            return await anext(watch)
    except TimeoutError:
        return None


async def _all(waits: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run waits side by side until all are over or a wait fails."""
    if len(waits) == 1:  # nearly always, and thousands of times: a task less each
        await waits[0]
        return
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _timedelta(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)


def _now() -> datetime:
    return datetime.now(UTC)
