"""The trigger: waits for jobs in the triggerer, where all that wait share one poller."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_fargate_batch import _compat
from airflow_fargate_batch._connection import ConnectedPoller, Connection
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.termination import (
    TaskNow,
    left_running,
    when_cancelled,
    when_giving_up,
)
from airflow_fargate_batch.core.waiting import Wait, given_up
from airflow_fargate_batch.exceptions import (
    AwsError,
    FargateBatchError,
    JobCannotStart,
    JobTimedOut,
)
from airflow_fargate_batch.poller import Watch
from airflow_fargate_batch.terminators import terminator_of

if TYPE_CHECKING:
    from airflow_fargate_batch._job_log import JobLog, Place

Result = TypeVar("Result")

TERMINATE_PAUSES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each try to end a job; in all less than ``[triggerer] on_kill_timeout``, 30 s."""

SETTLING: Final = 10.0
"""Seconds after its start before which a trigger sends no event. A task that is woken at once can
be queued again before the scheduler has heard from the executor that the worker which deferred it
is done, for a busy scheduler listens every few seconds only. It takes that for the end of the new
run, fails the task and, where it has retries, may run it from the start."""

ASK_PATIENCE: Final = 10.0
"""Seconds to wait for Airflow's answer about the task. In a triggerer that shuts down there is
none; also less than ``on_kill_timeout``, together with the first tries to terminate a job."""

POSITION_KEY: Final = "log_position"
"""The XCom that holds how far a waiting task's trigger has read the log of its job. The task pushes
it empty when it defers; where there is none, a trigger keeps none."""

ENDED, GAVE_UP, STUCK, REFUSED = "ended", "gave_up", "stuck", "refused"
"""Outcomes of an event: all jobs have ended, or one has failed; they did not in time; they never
can start; they cannot be asked about."""


class FargateBatchJobTrigger(BaseTrigger):
    """Wait until all jobs have ended or one has failed, or until their time is over.

    Its one event is a mapping with ``outcome`` (``ended``, ``gave_up``, ``stuck`` or ``refused``),
    ``jobs`` (each as ``Job.to_api()`` writes it, as far as known) and ``message``.

    :param job_ids: the jobs to wait for.
    :param poll_interval: seconds between two questions about a job.
    :param wait_until: when to give up, ISO 8601 with offset; absolute, so that a restart of the
        triggerer does not begin to count anew.
    :param runnable_timeout: seconds that a job may be RUNNABLE.
    :param terminate_on_kill: terminate the jobs when giving up, and when a person marks the waiting
        task or deletes its run; never when a triggerer restarts. The jobs of a cleared task are
        terminated by its next try.
    :param log_interval: seconds between two looks at the job's log, whose lines are logged too;
        ``None`` leaves it alone. How far it was read is kept in XCom ``log_position`` where the
        task has pushed one, and a restarted triggerer goes on from there.
    :param log_index: of an array, the child whose log it is; an array itself has none.
    :param aws_conn_id: as the operator's.
    :param region_name: as the operator's.
    :param verify: as the operator's.
    :param botocore_config: as the operator's.
    """

    def __init__(
        self,
        *,
        job_ids: Sequence[str],
        poll_interval: float = POLL_INTERVAL,
        wait_until: str | None = None,
        runnable_timeout: float | None = None,
        terminate_on_kill: bool = True,
        log_interval: float | None = None,
        log_index: int | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.job_ids = list(job_ids)
        self.poll_interval = poll_interval
        self.wait_until = wait_until
        self.runnable_timeout = runnable_timeout
        self.terminate_on_kill = terminate_on_kill
        self.log_interval = log_interval
        self.log_index = log_index
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._seen: dict[str, Job] = {}
        self._termination: asyncio.Task[str | None] | None = None
        self._questions: set[asyncio.Task[TaskNow | None]] = set()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and exactly what ``__init__`` takes."""
        return (
            "airflow_fargate_batch.triggers.FargateBatchJobTrigger",
            {
                "job_ids": self.job_ids,
                "poll_interval": self.poll_interval,
                "wait_until": self.wait_until,
                "runnable_timeout": self.runnable_timeout,
                "terminate_on_kill": self.terminate_on_kill,
                "log_interval": self.log_interval,
                "log_index": self.log_index,
                "aws_conn_id": self.aws_conn_id,
                "region_name": self.region_name,
                "verify": self.verify,
                "botocore_config": self.botocore_config,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, and yield one event."""
        loop = asyncio.get_running_loop()
        settled_at = loop.time() + SETTLING
        try:
            outcome, message = await self._wait()
            await asyncio.sleep(settled_at - loop.time())
        except asyncio.CancelledError:
            if self.terminate_on_kill and not _compat.triggers_have_on_kill():
                await _to_the_end(self._end_cancelled())
            raise
        jobs = [job.to_api() for job in self._seen.values()]
        yield TriggerEvent({"outcome": outcome, "jobs": jobs, "message": message})

    async def on_kill(self) -> None:
        """Terminate the jobs if the task has ended.

        Airflow 3.3 calls this when a person acts on the waiting task, and also when another
        triggerer has taken over from this one, for example after this one froze.
        """
        if self.terminate_on_kill:
            await _to_the_end(self._end_cancelled())

    async def _wait(self) -> tuple[str, str | None]:
        """Return the outcome, and what there is to say about it."""
        try:
            await _all([self._wait_for(job_id) for job_id in self.job_ids])
        except _OneHasFailed:
            return ENDED, None
        except JobCannotStart as error:
            return STUCK, await self._give_up(str(error))
        except JobTimedOut as error:
            if await self._have_ended_unseen():
                return ENDED, None
            return GAVE_UP, await self._give_up(str(error))
        except FargateBatchError as error:
            return REFUSED, str(error)
        return ENDED, None

    async def _wait_for(self, job_id: str) -> None:
        until, runnable = self.wait_until, self.runnable_timeout
        wait = Wait(
            job_id,
            until=None if until is None else datetime.fromisoformat(until),
            runnable_timeout=None if runnable is None else timedelta(seconds=runnable),
        )
        with self._poller.watch(job_id, interval=self.poll_interval) as watch:
            if self.log_interval is None:
                job = await self._until_it_has_ended(watch, wait)
            else:
                async with self._log_of_the_job(self.log_interval) as log:
                    job = await self._until_it_has_ended(watch, wait, log.heed)
        if job.status is JobStatus.FAILED:
            raise _OneHasFailed

    async def _until_it_has_ended(
        self, watch: Watch, wait: Wait, tell: Callable[[Job], None] | None = None
    ) -> Job:
        while True:
            job = self._seen[watch.job_id] = await _next(watch, wait)
            if line := wait.heed(job, _now()):
                self.log.info("%s", line)
            if tell is not None:
                tell(job)
            if not job.status.is_live:
                return job

    def _log_of_the_job(self, interval: float) -> "JobLog":
        from airflow_fargate_batch._job_log import JobLog  # loads botocore

        return JobLog(
            self._poller,
            self._place_in_the_log,
            interval=interval,
            poll_interval=self.poll_interval,
            index=self.log_index,
            log=self.log,
        )

    @cached_property
    def _place_in_the_log(self) -> "Place":
        from airflow_fargate_batch._job_log import Place

        return Place(self.task_instance, self.log)

    async def _have_ended_unseen(self) -> bool:
        """Look once more: a job may have ended since the last look, or while no triggerer ran."""
        try:
            jobs = await self._poller.describe_jobs(self.job_ids)
        except AwsError:
            return False
        self._seen.update((job.id, job) for job in jobs)
        return all(
            job_id in self._seen and self._seen[job_id].status.is_final for job_id in self.job_ids
        )

    @cached_property
    def _poller(self) -> ConnectedPoller:
        """The poller, kept so that a job is ended with the client that asked about it."""
        config = json.dumps(self.botocore_config, sort_keys=True)
        return ConnectedPoller.of(
            Connection(
                aws_conn_id=self.aws_conn_id,
                region_name=self.region_name,
                verify=self.verify,
                botocore_config=config,
            )
        )

    async def _give_up(self, why: str) -> str:
        """Terminate the jobs unless the task has moved on, and return the report."""
        if not self.terminate_on_kill:
            return given_up(why, terminated=False)
        verdict = when_giving_up(await self._task_now(), why)
        if not verdict.terminates:
            return given_up(why, terminated=False, because=verdict.why)
        return given_up(why, terminated=True, failure=await self._terminate(verdict.why))

    async def _end_cancelled(self) -> None:
        """Terminate the jobs if the task has ended; otherwise report that they are left running."""
        verdict = when_cancelled(await self._task_now())
        if verdict.terminates:
            await self._terminate(verdict.why)
        elif self._termination is None:
            for job_id in self._live_jobs():
                self.log.info("%s", left_running(job_id, verdict.why))

    async def _task_now(self) -> TaskNow | None:
        """Ask Airflow about the waiting task; the question is never cancelled."""
        ask = _compat.deferred_task_now(self.task_instance, self.trigger_id)
        question = asyncio.create_task(ask)
        self._questions.add(question)  # or it may vanish before its answer comes
        await asyncio.wait([question], timeout=ASK_PATIENCE)
        return question.result() if question.done() else None

    def _live_jobs(self) -> list[str]:
        """Return the jobs that have not ended, as far as is known."""
        return [
            job_id
            for job_id in self.job_ids
            if job_id not in self._seen or self._seen[job_id].status.is_live
        ]

    async def _terminate(self, why: str) -> str | None:
        """End the jobs that still live, once, whoever asks; return why one could not be ended."""
        if self._termination is None:
            reason = terminator_of(self.task_instance).reason(why)
            self._termination = asyncio.create_task(self._terminate_all(reason))
        return await asyncio.shield(self._termination)

    async def _terminate_all(self, reason: str) -> str | None:
        failure = None
        for job_id in self._live_jobs():
            failure = await self._terminate_one(job_id, reason) or failure
        return failure

    async def _terminate_one(self, job_id: str, reason: str) -> str | None:
        failure = ""
        for pause in TERMINATE_PAUSES:
            await asyncio.sleep(pause)
            try:
                api = await self._poller.api()
                await asyncio.to_thread(api.terminate_job, job_id, reason)
            except AwsError as error:
                failure = str(error)
            else:
                self.log.info("Terminated job %s: %s", job_id, reason)
                return None
        self.log.error("Job %s could not be terminated: %s", job_id, failure)
        return failure


class _OneHasFailed(Exception):
    """A job has failed: there is no point in waiting for the others."""


async def _next(watch: Watch, wait: Wait) -> Job:
    """Return the next change of a job, as long as there is time.

    :raises JobTimedOut: there is none left.
    """
    while True:
        end = wait.ends_at
        try:
            async with asyncio.timeout(None if end is None else (end - _now()).total_seconds()):
                return await anext(watch)
        except TimeoutError:
            wait.check(_now())


async def _all(waits: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Run waits side by side until all are over, or one of them fails."""
    if len(waits) == 1:  # nearly always, and thousands of times: a task less each
        await waits[0]
        return
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Finish *work* although Airflow cancels a trigger anew every second until it is done."""
    task = asyncio.create_task(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
    return task.result()


def _now() -> datetime:
    return datetime.now(UTC)
