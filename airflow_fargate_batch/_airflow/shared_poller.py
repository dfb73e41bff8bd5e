"""A client and a poller for all triggers with equal connection settings."""

import asyncio
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from asgiref.sync import sync_to_async

from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.queue_capacity import QueueCapacities
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.polling import POLL_TIMES, PollTimes
from airflow_fargate_batch.watching.poller import JobPoller

if TYPE_CHECKING:
    from airflow_fargate_batch.watching.log_follower import LogsGate

Returned = TypeVar("Returned")


class Once(Generic[Returned]):
    """Makes a value once, in a thread, for any number of waiters.

    Reading a connection asks Airflow's supervisor. On Airflow 3.0 the question runs on the
    triggerer's event loop by ``async_to_sync``, which finds the loop only from a thread started by
    ``sync_to_async``. A cancelled question leaves the answer to the next question, and the
    triggerer dies. So ``make`` runs by ``sync_to_async``, in a separate task that is never
    cancelled.
    """

    def __init__(self, make: Callable[[], Returned]) -> None:
        self._make = make
        self._making: asyncio.Task[Returned] | None = None

    async def __call__(self) -> Returned:
        """Return the value; after a failure, the next call retries."""
        if self._making is None or _has_failed(self._making):
            self._making = asyncio.create_task(sync_to_async(self._make)())
        return await asyncio.shield(self._making)


def _has_failed(task: "asyncio.Task[Any]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class ConnectedPoller(JobPoller):
    """The poller of a connection, and the clients shared by all waiters.

    Attributes:
        api: Returns the poller's client.
        capacities: Capacities of the queues, by the same client.
    """

    def __init__(self, connection: ConnectionSettings, times: PollTimes = POLL_TIMES) -> None:
        super().__init__(describe=self.describe_jobs, times=times)
        self.api = Once(connection.connect)
        self._connection = connection
        self.capacities = QueueCapacities(self.api)

    @classmethod
    def of(cls, connection: ConnectionSettings, times: PollTimes = POLL_TIMES) -> "ConnectedPoller":
        """Return the connection's poller in the running event loop."""
        made = JobPoller.shared(connection, lambda: cls(connection, times))
        return cast("ConnectedPoller", made)

    @cached_property
    def logs_gate(self) -> "LogsGate":
        """The gate to CloudWatch Logs."""
        from airflow_fargate_batch.watching.log_follower import LogsGate  # loads botocore

        return LogsGate(Once(self._connection.connect_logs))

    async def describe_jobs(self, job_ids: list[str]) -> Iterable[Job]:
        """Make a single DescribeJobs call."""
        api = await self.api()
        return await asyncio.to_thread(api.describe_jobs, job_ids)
