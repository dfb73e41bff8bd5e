"""A job's log, copied into the log of the waiting task; loaded only if *awslogs_enabled* is set."""

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from airflow_fargate_batch._airflow.compat import task_state
from airflow_fargate_batch._airflow.trigger_times import LogTimes
from airflow_fargate_batch._airflow.uncancelled import detach
from airflow_fargate_batch._airflow.xcom import LOG_POSITION
from airflow_fargate_batch.core.call_rate import CallRate
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import Position, read_position
from airflow_fargate_batch.core.results import line_for_task
from airflow_fargate_batch.exceptions import AwsError, FargateBatchError, JobLost, JobTimedOut
from airflow_fargate_batch.watching.log_follower import AsyncLogFollower

if TYPE_CHECKING:
    from airflow_fargate_batch._airflow.shared_poller import ConnectedPoller


class KeptPosition:
    """Position of a waiting task in the job's log, kept in an XCom for the next trigger.

    If the XCom cannot be read or written, a single warning is logged.

    :param task_instance: the trigger's; ``None`` if Airflow gave none.
    """

    def __init__(self, task_instance: Any, log: Any, times: LogTimes) -> None:
        self._task_instance = task_instance
        self._log = log
        self._times = times
        self._position: Position = {}
        self._is_kept = False
        self._has_warned = False

    async def read(self) -> Position:
        """Return the position of the task's earlier trigger; empty without an earlier trigger."""
        if self._task_instance is None:
            return {}
        try:
            async with asyncio.timeout(self._times.position_patience):
                kept = await detach(task_state.own_xcom(self._task_instance, LOG_POSITION))
        except Exception as error:  # noqa: BLE001 - whatever an XCom backend raises; a log is no reason to fail a task
            self._warn(error)
            return {}
        self._is_kept = kept is not None
        self._position = read_position(kept)
        return self._position

    async def keep(self, follower: AsyncLogFollower) -> None:
        """Write a follower's position from time to time, until cancelled."""
        while self._is_kept:
            await follower.moved.wait()
            await _turn(self._times.write_rate)
            follower.moved.clear()
            position = follower.position
            await asyncio.sleep(self._times.in_flight)
            self._position = self._position | position
            try:
                await detach(
                    task_state.set_own_xcom(self._task_instance, LOG_POSITION, self._position)
                )
            except Exception as error:  # noqa: BLE001 - as above
                self._warn(error)
            await asyncio.sleep(self._times.keep_every)

    def _warn(self, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            self._log.warning(
                "Could not read or write XCom %s; a restarted triggerer may repeat log lines: "
                "%s: %s",
                LOG_POSITION,
                type(error).__name__,
                error,
            )


class JobLog:
    """Logs the lines of a job during the wait, and the rest of the lines at the end.

    The wait passes updates of the job to ``observe``; updates of a child are read here.

    :param interval: seconds between two reads of the log.
    :param poll_interval: seconds between two questions about the child.
    :param index: index of the child of an array.
    :param log: the task's logger.
    :param quiet: seconds without a new line after which an ended job's log is complete.
    """

    def __init__(
        self,
        poller: "ConnectedPoller",
        place: KeptPosition,
        *,
        interval: float,
        poll_interval: float,
        index: int | None,
        log: Any,
        quiet: float,
    ) -> None:
        self._poller = poller
        self._place = place
        self._interval = interval
        self._poll_interval = poll_interval
        self._index = index
        self._log = log
        self._quiet = quiet
        self._tasks: list[asyncio.Task[None]] = []
        self._secrets: frozenset[str] = frozenset()

    async def __aenter__(self) -> Self:
        self._follower = AsyncLogFollower(
            self._poller.logs_gate,
            interval=self._interval,
            quiet=self._quiet,
            index=self._index,
            position=await self._place.read(),
        )
        self._following = asyncio.create_task(self._log_lines())
        self._tasks = [self._following, asyncio.create_task(self._place.keep(self._follower))]
        self._is_child_watched = False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None or issubclass(kind, JobTimedOut):
                await self._ask_about_the_child()
                self._follower.finish()
                await self._following
        finally:
            for task in self._tasks:
                task.cancel()

    def observe(self, job: Job) -> None:
        """Observe the job's present state."""
        self._secrets |= set(job.secrets)
        self._follower.observe(job)
        if self._follower.child_id and not self._is_child_watched:
            self._is_child_watched = True
            self._tasks.append(asyncio.create_task(self._watch(self._follower.child_id)))

    async def _log_lines(self) -> None:
        async for line in self._follower:  # a triggerer knows nothing of what the task masked
            self._log.info("%s", line_for_task(line, self._secrets))

    async def _watch(self, child_id: str) -> None:
        """Pass the child's updates to the follower.

        Polling errors are ignored here: the wait for the array reports them.
        """
        while True:
            try:
                with self._poller.watch(child_id, interval=self._poll_interval) as watch:
                    async for child in watch:
                        self._follower.observe(child)
            except JobLost:  # AWS makes the children of an array when it gets to it
                continue
            except FargateBatchError:
                return
            else:
                return

    async def _ask_about_the_child(self) -> None:
        """Ask about the child a last time: when an array has ended, all children have."""
        if child_id := self._follower.child_id:
            try:
                for child in await self._poller.describe_jobs([child_id]):
                    self._follower.observe(child)
            except AwsError as error:
                self._log.warning("Could not find the rest of the job's log: %s", error)


async def _turn(rate: CallRate) -> None:
    """Sleep until the caller may write."""
    now = time.monotonic()
    delay = rate.delay(now)
    rate.called(now + delay)
    await asyncio.sleep(delay)
