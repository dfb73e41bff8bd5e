"""The size of an array, and the index of the child whose log is read.

Source: AWS Batch API Reference, ``SubmitJob.arrayProperties``.
"""

from typing import Final, NamedTuple

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._request.values import Findings, parse_integer


class Array(NamedTuple):
    """Whether a job is an array, and of how many children.

    Attributes:
        is_wanted: Whether the arguments ask for an array, of a legal size or not.
        children: Number of children; ``None`` means not an array, or not known.
    """

    is_wanted: bool = False
    children: int | None = None

    @property
    def is_single(self) -> bool:
        """Whether the array has one child: a plain job is submitted, because AWS refuses 1."""
        return self.children == 1

    @property
    def size(self) -> int | None:
        """``arrayProperties.size``; ``None`` for a plain job."""
        return None if self.is_single else self.children


NONE: Final = Array()
"""No array."""


def read(given: object, findings: Findings) -> Array:
    """Read *array_size*; 1 makes a plain job."""
    return NONE if given is None else Array(is_wanted=True, children=_size(given, findings))


def _size(given: object, findings: Findings) -> int | None:
    size = parse_integer(given, "array_size", findings)
    if size is None or size in limits.ARRAY_SIZE:
        return size
    if size == 1:
        findings.notes.append(
            "`array_size` 1 submits a plain job: AWS refuses an array of one child"
        )
        return size
    smallest, largest = limits.ARRAY_SIZE[0], limits.ARRAY_SIZE[-1]
    if size == 0:
        findings.problem("array_size", "is 0: there is nothing to submit")
    else:
        findings.problem(
            "array_size",
            f"{size} is outside {smallest} to {largest}",
            f"use {largest}, or several array jobs" if size > largest else f"use {smallest}",
        )
    return None


def read_index(given: object, array: Array, findings: Findings) -> int | None:
    """Read *awslogs_index*: an array of one is a plain job, without indexes."""
    if given is None:
        return None
    index = parse_integer(given, "awslogs_index", findings, legal=range(limits.ARRAY_SIZE[-1]))
    if index is None:
        return None
    involves = ("array_size", "items")
    if not array.is_wanted:
        text = "selects a child of an array, but `array_size` is not set"
        findings.problem("awslogs_index", text, "remove `awslogs_index`", involves)
    elif array.children is not None and index >= array.children:
        text = f"{index} is outside the {array.children} children"
        findings.problem("awslogs_index", text, f"use at most {array.children - 1}", involves)
    return None if array.is_single else index
