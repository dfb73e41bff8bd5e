"""The children of an array, as a grid, as counts, and as a list of the failed ones."""

from bisect import bisect_left
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus

CELLS: Final = 400
"""Most cells of the grid of an array's children: a cell stands for one child or for several."""
FAILED_LISTED: Final = 100
"""Failed children listed below the grid; more make the page too long to read."""
WIDTH: Final = 1000
"""Width of a chart, in units of its drawing."""


class Cell(NamedTuple):
    """A cell of an array's grid: children *first* to *last*.

    Attributes:
        failed: The first failed child; ``None`` if none has failed.
        is_listed: Whether that child is listed below the grid.
    """

    first: int
    last: int
    failed: int | None = None
    is_listed: bool = False

    @property
    def name(self) -> str:
        """Index, or range of indexes."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


class Count(NamedTuple):
    """Number of children in a state, as a part of a chart that is ``WIDTH`` wide."""

    state: str
    number: int
    left: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayView:
    """Children of an array.

    Attributes:
        cells: Grid, in order of the indexes.
        failed: Failed children with index and outcome, the first ones.
        more_failed: Number of further failed children.
    """

    size: int
    counts: Sequence[Count]
    cells: Sequence[Cell]
    failed: Sequence[tuple[int, str]]
    more_failed: int


def array_of(job: Job, failed: Sequence[Job], summary: Mapping[str, Any]) -> ArrayView | None:
    """Return the children as AWS described them; ``None`` if the job is no array.

    :param failed: failed children, the first ones.
    :param summary: XCom ``job`` of the task; has the indexes of all failed children.
    """
    if job.array_size is None:
        return None
    outcomes = {
        child.array.index: _outcome(child)
        for child in failed
        if child.array is not None and child.array.index is not None
    }
    recorded = dict.fromkeys(_recorded_failures(summary), "")
    counts = {status.value: number for status, number in job.counts.items()}
    return _array_view(job.array_size, counts, recorded | outcomes)


def recorded_array(summary: Mapping[str, Any]) -> ArrayView | None:
    """Return the children as Airflow recorded them; ``None`` if the job is no array."""
    array = summary.get("array")
    if not isinstance(array, Mapping) or not isinstance(array.get("size"), int):
        return None
    given = array.get("counts")
    counts = given if isinstance(given, Mapping) else {}
    return _array_view(
        array["size"],
        {str(state): number for state, number in counts.items() if isinstance(number, int)},
        dict.fromkeys(_recorded_failures(summary), ""),
    )


def _recorded_failures(summary: Mapping[str, Any]) -> Iterator[int]:
    """Yield the failed indexes in a task's XCom, which has all if the array has ended."""
    array = summary.get("array")
    indexes = array.get("failed_indexes") if isinstance(array, Mapping) else None
    yield from (index for index in indexes or () if isinstance(index, int))


def _array_view(size: int, counts: Mapping[str, int], failed: Mapping[int, str]) -> ArrayView:
    listed = sorted(failed.items())[:FAILED_LISTED]
    return ArrayView(
        size=size,
        counts=_counts(size, counts),
        cells=_cells(size, sorted(failed), {index for index, _ in listed}),
        failed=listed,
        more_failed=max(counts.get("FAILED", 0) - len(listed), 0),
    )


def _cells(size: int, failed: Sequence[int], listed: Container[int]) -> list[Cell]:
    each = -(-size // CELLS)
    cells = []
    for first in range(0, size, each):
        last = min(first + each, size) - 1
        place = bisect_left(failed, first)
        index = failed[place] if place < len(failed) and failed[place] <= last else None
        cells.append(Cell(first, last, index, index in listed))
    return cells


def _counts(size: int, counts: Mapping[str, int]) -> list[Count]:
    found: list[Count] = []
    left = 0.0
    for state in [status.value for status in JobStatus]:
        if number := counts.get(state, 0):
            width = number / max(size, 1) * WIDTH
            found.append(Count(state, number, round(left, 1), round(width, 1)))
            left += width
    return found


def _outcome(child: Job) -> str:
    code = None if child.exit_code is None else f"exit code {child.exit_code}"
    return ", ".join(filter(None, (code, child.reason or child.status_reason)))
