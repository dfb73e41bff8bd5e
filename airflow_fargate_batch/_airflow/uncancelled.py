"""Work that a cancelled trigger must finish.

Airflow cancels a trigger again every second until the trigger is done. A termination under way must
be completed all the same. On Airflow 3.0 a cancelled question to the supervisor leaves the answer
to the next question: the triggerer dies.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

Returned = TypeVar("Returned")

_detached: Final[set["asyncio.Task[Any]"]] = set()
"""Tasks with no caller left, perhaps: asyncio keeps only weak references."""


async def insist(work: Coroutine[Any, Any, Returned]) -> Returned:
    """Return the result of *work* and ignore every cancellation until then."""
    task = asyncio.create_task(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
    return task.result()


async def detach(work: Coroutine[Any, Any, Returned]) -> Returned:
    """Return the result of *work*; if the caller is cancelled, *work* continues."""
    task = asyncio.create_task(work)
    _detached.add(task)
    task.add_done_callback(_detached.discard)
    return await asyncio.shield(task)
