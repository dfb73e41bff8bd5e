"""A connection as triggers share it: one client and one poller for all that have the same."""

import asyncio
import gc
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from asgiref.sync import sync_to_async

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.exceptions import AccessDenied, CredentialsMissing
from airflow_fargate_batch.poller import JobPoller

if TYPE_CHECKING:
    from airflow_fargate_batch.aws import BatchApi
    from airflow_fargate_batch.hooks import FargateBatchHook
    from airflow_fargate_batch.logs import LogsApi, LogsGate

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """How to reach AWS; triggers with an equal one share a client and a poller.

    Attributes:
        botocore_config: As JSON text, which can be compared and hashed.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: str

    def connect(self) -> "BatchApi":
        """Read the connection and make a client: slow, and not for an event loop's thread.

        :raises AccessDenied: its role may not be assumed.
        :raises CredentialsMissing: any other failure, temporary or permanent. The poller keeps
            trying for ``conversation.PATIENCE`` (5 min) before it fails the triggers.
        """
        try:
            with _without_collecting():
                return self._hook().api
        except (AccessDenied, CredentialsMissing):
            raise
        except Exception as error:  # whatever the connection store, or what is in it, may raise
            text = f"No client for connection {self.aws_conn_id!r} could be made: {error}"
            raise CredentialsMissing(text, "Check the connection.") from error

    def connect_logs(self) -> "LogsApi":
        """Make a client of CloudWatch Logs, in the same way."""
        return self._hook().logs

    def _hook(self) -> "FargateBatchHook":
        from airflow_fargate_batch.hooks import FargateBatchHook

        return FargateBatchHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=json.loads(self.botocore_config),
        )


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Keep Python from looking for garbage meanwhile, and later in all that there is by now.

    A full collection holds up the event loop while it looks at every object, and a triggerer with
    a client's models has hundreds of thousands that never go. They are frozen once in a process:
    what is frozen is not freed even where it becomes garbage.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if was_enabled:
            gc.enable()


class Once(Generic[Result]):
    """Makes something once, in a thread, however many wait for it.

    A connection is read through Airflow's supervisor. On Airflow 3.0 that works only through
    ``sync_to_async``, and to cancel it breaks the triggerer: so it has a task of its own.
    """

    def __init__(self, make: Callable[[], Result]) -> None:
        self._make = make
        self._making: asyncio.Task[Result] | None = None

    async def __call__(self) -> Result:
        """Return it; a failure to make it is raised, and the next call tries again."""
        if self._making is None or _has_failed(self._making):
            self._making = asyncio.create_task(sync_to_async(self._make)())
        return await asyncio.shield(self._making)


def _has_failed(task: "asyncio.Task[Any]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)


class ConnectedPoller(JobPoller):
    """The poller of a connection, and the clients of all who wait with it.

    Attributes:
        api: Gives the client that it asks with.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(describe=self.describe_jobs)
        self.api = Once(connection.connect)
        self._connection = connection

    @classmethod
    def of(cls, connection: Connection) -> "ConnectedPoller":
        """Return the one of the running event loop."""
        return cast("ConnectedPoller", JobPoller.shared(connection, lambda: cls(connection)))

    @cached_property
    def logs_gate(self) -> "LogsGate":
        """The way to CloudWatch Logs."""
        from airflow_fargate_batch.logs import LogsGate  # loads botocore

        return LogsGate(Once(self._connection.connect_logs))

    async def describe_jobs(self, job_ids: list[str]) -> Iterable[Job]:
        """Ask once."""
        api = await self.api()
        return await asyncio.to_thread(api.describe_jobs, job_ids)
