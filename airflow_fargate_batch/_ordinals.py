"""Ordinals of the submits of one try, so that several operators in one task keep apart.

A Python callable may execute an operator again and again, or several operators with one id. Each
submit of an operator id takes the next ordinal, from 0, and the next try counts from 0 again. A
submit that fails gives its ordinal back, so that a repetition in the same try looks for the job of
the failed one. Threads may take ordinals side by side, but only operators with different ids keep
theirs from one try to the next.
"""

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(slots=True)
class Place:
    """Place of one submit in its try.

    Attributes:
        ordinal: How many jobs the operator has submitted before in this try.
        was_tried: An earlier submit at this place failed, and may have left a job.
    """

    ordinal: int
    was_tried: bool = False


@dataclass(slots=True)
class _Try:
    taken: set[int] = field(default_factory=set)
    tried: set[int] = field(default_factory=set)


_lock: Final = threading.Lock()
_tries: Final[dict[int, dict[tuple[int, str], _Try]]] = {}
"""Places that are taken, by the task instance's object, which a process has one of for each try."""


@contextmanager
def place_of(task_instance: Any, operator_id: str) -> Iterator[Place]:
    """Take the next place of an operator in this try; give it back if the submit fails."""
    with _lock:
        known = _of(task_instance).setdefault((task_instance.try_number, operator_id), _Try())
        ordinal = next(
            number for number in range(len(known.taken) + 1) if number not in known.taken
        )
        known.taken.add(ordinal)
    try:
        yield Place(ordinal, was_tried=ordinal in known.tried)
    except BaseException:
        with _lock:
            known.taken.discard(ordinal)
            known.tried.add(ordinal)
        raise


def _of(task_instance: Any) -> dict[tuple[int, str], _Try]:
    key = id(task_instance)
    if key not in _tries:
        weakref.finalize(task_instance, _tries.pop, key, None)
        _tries[key] = {}
    return _tries[key]
