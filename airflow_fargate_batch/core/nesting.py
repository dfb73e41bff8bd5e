"""The guard for values nested deeper than Python's recursion goes."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def unless_too_deep(
    otherwise: Answer, read: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs
) -> Answer:
    """Return what *read* returns, or *otherwise* if its argument is nested too deeply.

    A fixed limit of levels would not do: a secret may be JSON text in JSON text, so the levels of
    several texts add up, and how much of the stack is left differs between a task and a triggerer.
    A legal request has a few levels, so whatever is nested so deeply is a mistake, or an attack.

    :param read: walks through a value by recursion, and returns a whole (no generator).
    """
    try:
        return read(*args, **kwargs)
    except RecursionError:
        return otherwise
