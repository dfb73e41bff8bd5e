"""Capacity of job queues (Fargate or Fargate Spot), asked once for all triggers of a connection."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core.cost import Capacity
from airflow_fargate_batch.exceptions import FargateBatchError
from airflow_fargate_batch.watching.costs import read_capacity

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi

PATIENCE: Final = 5.0
"""Seconds that a trigger waits for an answer; without one, the cost is given as a range."""
KEPT_FOR: Final = 600.0
"""Seconds after which a queue is asked about again."""


class QueueCapacities:
    """Capacities by queue. A lookup that fails leaves the capacity unknown, and fails no trigger.

    :param api: returns the client of the connection.
    """

    def __init__(self, api: "Callable[[], Awaitable[BatchApi]]") -> None:
        self._api = api
        self._asked: dict[str, tuple[float, asyncio.Task[Capacity]]] = {}

    async def of(self, queue: str) -> Capacity:
        """Return the capacity of a queue, by name or ARN."""
        now = asyncio.get_running_loop().time()
        until, asking = self._asked.get(queue, (0.0, None))
        if asking is None or until <= now:
            asking = asyncio.create_task(self._ask(queue))
            self._asked[queue] = now + KEPT_FOR, asking
        done, _ = await asyncio.wait([asking], timeout=PATIENCE)  # a cancelled trigger cancels none
        return asking.result() if done else Capacity.UNKNOWN

    async def _ask(self, queue: str) -> Capacity:
        from airflow_fargate_batch.aws.surroundings import SurroundingsReader  # loads botocore

        try:
            reader = SurroundingsReader(await self._api(), scope=self)
        except FargateBatchError:  # no client: the triggers report the connection themselves
            return Capacity.UNKNOWN
        return await asyncio.to_thread(read_capacity, reader, queue)
