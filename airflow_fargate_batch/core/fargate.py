"""Sizes of AWS Fargate (pairs of vCPU and memory), and the sizes nearest to any pair.

Source: AWS Batch API Reference, ``ResourceRequirement.value`` (the table stands under
``MEMORY`` and again under ``VCPU``); operating systems and platform versions: Amazon ECS Developer
Guide, "Task definition parameters for Fargate", *Task size*. 1 GB is 1024 MiB in all tables.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Final, NamedTuple, TypeVar

Number = TypeVar("Number", int, Decimal)

LATEST: Final = "LATEST"
"""The platform version that AWS takes if a request names none."""


class Size(NamedTuple):
    """One size of Fargate."""

    vcpu: Decimal
    memory: int
    """MiB."""

    def __str__(self) -> str:
        """Write the size as messages do: ``1 vCPU with 3072 MiB``."""
        return f"{self.vcpu} vCPU with {self.memory} MiB"


class VcpuRow(NamedTuple):
    """The sizes of one vCPU value.

    Attributes:
        vcpu: In AWS's spelling: the API accepts ``str(row.vcpu)``.
        memory: The legal values in MiB, ascending.
        windows: Whether Windows containers may have the size.
        platform_version: First Fargate platform version with the size; ``None`` for any.
    """

    vcpu: Decimal
    memory: tuple[int, ...]
    windows: bool = False
    platform_version: str | None = None

    def describe_memory(self) -> str:
        """Write the legal memory values: ``2048 to 8192 MiB in steps of 1024``."""
        steps = {high - low for low, high in zip(self.memory, self.memory[1:], strict=False)}
        if len(steps) == 1:
            return f"{self.memory[0]} to {self.memory[-1]} MiB in steps of {steps.pop()}"
        return f"{either_of(self.memory)} MiB"


def _row(vcpu: str, first: int, last: int, step: int, **more: bool | str) -> VcpuRow:
    return VcpuRow(Decimal(vcpu), tuple(range(first, last + 1, step)), **more)  # type: ignore[arg-type]


TABLE: Final[tuple[VcpuRow, ...]] = (
    VcpuRow(Decimal("0.25"), (512, 1024, 2048)),
    _row("0.5", 1024, 4096, 1024),
    _row("1", 2048, 8192, 1024, windows=True),
    _row("2", 4096, 16384, 1024, windows=True),
    _row("4", 8192, 30720, 1024, windows=True),
    _row("8", 16384, 61440, 4096, platform_version="1.4.0"),
    _row("16", 32768, 122880, 8192, platform_version="1.4.0"),
    VcpuRow(Decimal(32), (61440, 122880, 249856), platform_version="1.4.0"),
)

SIZES: Final[frozenset[Size]] = frozenset(
    Size(row.vcpu, memory) for row in TABLE for memory in row.memory
)
MEMORY_VALUES: Final[tuple[int, ...]] = tuple(sorted({size.memory for size in SIZES}))
VCPU_VALUES: Final[tuple[Decimal, ...]] = tuple(row.vcpu for row in TABLE)
_ROWS: Final = {row.vcpu: row for row in TABLE}


def row_of(vcpu: Decimal) -> VcpuRow | None:
    """Return the table's row for *vcpu*, or ``None`` if Fargate has no such value."""
    return _ROWS.get(vcpu)


def smallest_that_holds(vcpu: Decimal, memory: int | Decimal) -> Size | None:
    """Return the size with the fewest vCPU, then the least memory, with at least both.

    ``None`` if even the largest size is too small.
    """
    holding = (size for size in SIZES if size.vcpu >= vcpu and size.memory >= memory)
    return min(holding, default=None)


def next_size(size: Size, *, at_least: int, at_most: int) -> Size | None:
    """Return the size for a task that ran out of memory; ``None`` if no size has more.

    The result has at least as many vCPU, then as few as possible. If *at_most* is too small for
    *at_least*, the result is the largest size within *at_most*.

    :param at_least: MiB wanted.
    :param at_most: MiB allowed.
    """
    more = [
        each for each in SIZES if each.vcpu >= size.vcpu and size.memory < each.memory <= at_most
    ]
    enough = [each for each in more if each.memory >= at_least]
    if enough:
        return min(enough)
    return min(more, key=lambda each: (-each.memory, each.vcpu), default=None)


def neighbours(value: int | Decimal, legal: tuple[Number, ...]) -> list[Number]:
    """Return the legal values next below and next above *value*: one or two."""
    below: list[Number] = [number for number in legal if number <= value]
    above: list[Number] = [number for number in legal if number >= value]
    return sorted(set(below[-1:] + above[:1]))


def nearest_sizes(vcpu: Decimal, memory: int | Decimal) -> list[Size]:
    """Return the legal sizes nearest to a pair, smallest first; the pair alone if legal.

    The result has the neighbours in memory at the same vCPU value, and the smallest size with at
    least both. If Fargate lacks the vCPU value, the result also has the largest size below, with
    the memory. If both values are too large, the result is the largest size.
    """
    return sorted(set(_nearest(vcpu, memory))) or [max(SIZES)]


def _nearest(vcpu: Decimal, memory: int | Decimal) -> Iterator[Size]:
    row = row_of(vcpu)
    if row is not None:
        yield from (Size(vcpu, legal) for legal in neighbours(memory, row.memory))
        if memory <= row.memory[-1]:
            return
    holding = smallest_that_holds(vcpu, memory)
    if holding is not None:
        yield holding
    if row is None:
        fewer = [size for size in SIZES if size.vcpu < vcpu and size.memory >= memory]
        if fewer:
            yield min(fewer, key=lambda size: (-size.vcpu, size.memory))


def either_of(values: Iterable[object]) -> str:
    """Join values for a sentence: ``3072 or 4096``, ``512, 1024 or 2048``."""
    *others, last = map(str, values)
    return f"{', '.join(others)} or {last}" if others else last
