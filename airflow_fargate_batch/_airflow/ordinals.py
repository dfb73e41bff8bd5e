"""Ordinals of the submits of a try, to separate the jobs of several operators in a task.

A Python callable may execute an operator again and again, or several operators with the same id.
Each submit of an operator id takes the next ordinal, from 0, and the next try counts from 0 again.
A failed submit gives the ordinal back, so that a repetition in the same try looks for the job of
the failed submit. Threads may take ordinals side by side, but only operators with different ids
keep the ordinals from try to try.
"""

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(slots=True)
class Place:
    """Place of a submit in the try.

    Attributes:
        ordinal: Number of jobs submitted before by the operator in the same try.
        was_tried: An earlier submit at the same place failed, and may have left a job.
        seconds: Seconds since the try's first submit began.
    """

    ordinal: int
    was_tried: bool = False
    seconds: float = 0.0


@dataclass(slots=True)
class _Places:
    """Ordinals of an operator in a try."""

    taken: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Try:
    began: float
    operators: dict[str, _Places] = field(default_factory=dict)


_lock: Final = threading.Lock()
_tries: Final[dict[int, dict[int, _Try]]] = {}
"""Tries by try number, by the ``id()`` of the task instance."""


@contextmanager
def place_of(
    task_instance: Any, operator_id: str, *, now: Callable[[], float] = time.monotonic
) -> Iterator[Place]:
    """Take the next place of an operator in the try; give the place back if the submit fails."""
    with _lock:
        this_try = _of(task_instance).setdefault(task_instance.try_number, _Try(now()))
        known = this_try.operators.setdefault(operator_id, _Places())
        ordinal = next(
            number for number in range(len(known.taken) + 1) if number not in known.taken
        )
        known.taken.add(ordinal)
    try:
        seconds = now() - this_try.began
        yield Place(ordinal, was_tried=ordinal in known.tried, seconds=seconds)
    except BaseException:  # also Airflow's timeout and a killed task, which are no Exception
        with _lock:
            known.taken.discard(ordinal)
            known.tried.add(ordinal)
        raise


def _of(task_instance: Any) -> dict[int, _Try]:
    key = id(task_instance)
    if key not in _tries:
        weakref.finalize(task_instance, _tries.pop, key, None)
        _tries[key] = {}
    return _tries[key]
