"""Facts about job queues, asked once for all triggers of a connection.

Fargate or Fargate Spot decides the cost of a job, Container Insights whether its use is known.
"""

import asyncio
from typing import TYPE_CHECKING, Final, NamedTuple

from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.exceptions import FargateBatchError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.aws.surroundings import SurroundingsReader

PATIENCE: Final = 5.0
"""Seconds that a trigger waits for an answer; without one, the cost is given as a range."""
KEPT_FOR: Final = 600.0
"""Seconds after which a queue is asked about again."""


class QueueFacts(NamedTuple):
    """Facts about a queue.

    Attributes:
        capacity: Kind of its compute environments.
        records_use: Whether Container Insights is certainly on in one of them.
    """

    capacity: Capacity = Capacity.UNKNOWN
    records_use: bool = False


def read_facts(reader: "SurroundingsReader", queue: str | None) -> QueueFacts:
    """Ask about a queue; what AWS does not say is unknown."""
    # Here, because parsing a DAG must not load the prices.
    from airflow_fargate_batch.core.right_size import any_records_use
    from airflow_fargate_batch.watching.costs import read_queue

    found = read_queue(reader, queue)
    return QueueFacts(Capacity.of(found), any_records_use(found.environments))


class QueueCapacities:
    """Facts by queue. A lookup that fails leaves the facts unknown, and fails no trigger.

    :param api: returns the client of the connection.
    :param patience: seconds that a trigger waits for an answer.
    """

    def __init__(
        self, api: "Callable[[], Awaitable[BatchApi]]", *, patience: float = PATIENCE
    ) -> None:
        self._api = api
        self._patience = patience
        self._asked: dict[str, tuple[float, asyncio.Task[QueueFacts]]] = {}

    async def of(self, queue: str) -> QueueFacts:
        """Return the facts about a queue, by name or ARN."""
        now = asyncio.get_running_loop().time()
        until, asking = self._asked.get(queue, (0.0, None))
        if asking is None or until <= now:
            asking = asyncio.create_task(self._ask(queue))
            self._asked[queue] = now + KEPT_FOR, asking
        done, _ = await asyncio.wait(  # a cancelled trigger cancels none
            [asking], timeout=self._patience
        )
        return asking.result() if done else QueueFacts()

    async def _ask(self, queue: str) -> QueueFacts:
        # Here, because parsing a DAG must load neither botocore nor the prices.
        from airflow_fargate_batch.aws.surroundings import SurroundingsReader

        try:
            reader = SurroundingsReader(await self._api(), scope=self)
        except FargateBatchError:  # no client: the triggers report the connection themselves
            return QueueFacts()
        return await asyncio.to_thread(read_facts, reader, queue)
