"""``fargate-batch sizes``: list Fargate's sizes, or the sizes nearest to a given size."""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.cli import _console, _size_prices
from airflow_fargate_batch.cli._exit_codes import INVALID, OK, REFUSED
from airflow_fargate_batch.cli._flags import flag
from airflow_fargate_batch.cli._shared_options import TableOptions
from airflow_fargate_batch.cli._size_prices import PriceOptions
from airflow_fargate_batch.core import fargate
from airflow_fargate_batch.core.fargate import Size, VcpuRow
from airflow_fargate_batch.core.request import Overrides, Settled, read_size, settle_size
from airflow_fargate_batch.exceptions import InvalidRequest


class SizesOptions(PriceOptions, TableOptions, title="size"):
    """Options of ``sizes``."""

    vcpu = flag(str, metavar="N", argument="vcpu", help="number of vCPU")
    memory = flag(str, metavar="MIB", argument="memory", help='memory in MiB, or as "4 GB"')


EPILOG: Final = """\
examples:
  list all sizes
    {prog}

  check 1 vCPU with 4000 MiB, and list the nearest sizes if Fargate does not have that size
    {prog} --vcpu 1 --memory 4000

  list the vCPU values that are valid with 16 GB of memory, cheapest first
    {prog} --memory "16 GB" --by price --region eu-west-1

text has a line for each size: vCPU, MiB of memory, operating systems, first platform version,
separated by tabs.
json is a list of objects with vcpu, memory, windows and platformVersion; with --vcpu or --memory,
json is an object with legal, sizes (the size itself, or the nearest sizes) and roundUp (null if no
size is large enough).
--by price lists single sizes with the price of an hour on demand, cheapest first: text has vCPU,
MiB, price and currency; json has vcpu, memory, pricePerHour and currency.
exit codes: 0 the size is valid (or you listed all sizes); 1 the size is not valid, or its price is
not known; 2 bad usage."""


class SizeAnswer(NamedTuple):
    """SizeAnswer about a given size, or about a vCPU or memory value alone.

    Attributes:
        legal: Whether the size is valid; for a single value, whether any size has the value.
        said: The answer as a sentence.
        sizes: Sizes with the given values, or the nearest sizes.
        rounded: Result of ``--size-policy round_up``. ``None`` means no size is large enough.
    """

    legal: bool
    said: str
    sizes: Sequence[Size]
    rounded: Settled | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s [--vcpu N] [--memory MIB] [--by ORDER] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    SizesOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """List all sizes, or answer about the given size."""
    options = SizesOptions(arguments, os.environ)
    form = options.form
    try:
        wanted = read_size(vcpu=options.vcpu, memory=options.memory)
    except InvalidRequest as error:
        _console.error("\n  ".join(map(options.describe, error.problems)))
        return INVALID
    if wanted.vcpu is None and wanted.memory is None:
        if options.by == "price":
            return _write_ranked(fargate.SIZES, options)
        _console.data(_WRITE[form](sorted(fargate.SIZES)))
        return OK
    answer = look_up(wanted)
    _console.talk(answer.said)
    if not answer.legal and answer.rounded:
        _console.talk(f"--size-policy round_up would use {_described(answer.rounded)}")
    ended = OK if answer.legal else REFUSED
    if options.by == "price":
        return _write_ranked(answer.sizes, options) or ended
    _console.data(_answer_as_json(answer) if form == "json" else _WRITE[form](answer.sizes))
    return ended


def _write_ranked(sizes: Iterable[Size], options: SizesOptions) -> int:
    found = _size_prices.ranked(sizes, options)
    if not found:
        return REFUSED
    _console.data(_size_prices.WRITE[options.form](found))
    return OK


def look_up(wanted: Overrides) -> SizeAnswer:
    """Check a size, or a single value, against the table with the rules of ``submit``."""
    try:
        said = f"Fargate runs {_described(settle_size(wanted, 'strict'))}."
        legal = True
    except InvalidRequest as error:
        said = error.problems[0].message
        legal = False
    try:
        rounded = settle_size(wanted, "round_up")
    except InvalidRequest:
        rounded = None
    return SizeAnswer(
        legal=legal, said=said, sizes=sorted(_nearest(wanted.vcpu, wanted.memory)), rounded=rounded
    )


def _nearest(vcpu: Decimal | None, memory: Decimal | None) -> Iterable[Size]:
    if vcpu is not None and memory is not None:
        return fargate.nearest_sizes(vcpu, memory)
    if vcpu is not None:
        near_vcpu = fargate.neighbours(vcpu, fargate.VCPU_VALUES)
        return [size for size in fargate.SIZES if size.vcpu in near_vcpu]
    near_memory = fargate.neighbours(memory or 0, fargate.MEMORY_VALUES)
    return [size for size in fargate.SIZES if size.memory in near_memory]


def _described(size: Settled) -> str:
    if size.memory is None:
        return f"{size.vcpu} vCPU"
    return f"{size.memory} MiB" if size.vcpu is None else f"{size.vcpu} vCPU with {size.memory} MiB"


def _rows(sizes: Iterable[Size]) -> list[tuple[VcpuRow, tuple[int, ...]]]:
    by_vcpu = groupby(sizes, key=lambda size: size.vcpu)
    return [
        (row, tuple(size.memory for size in group))
        for vcpu, group in by_vcpu
        if (row := fargate.row_of(vcpu))
    ]


def _systems(row: VcpuRow) -> str:
    return "Linux, Windows" if row.windows else "Linux"


def _platform(row: VcpuRow) -> str:
    return f"{row.platform_version} or later" if row.platform_version else "any"


def _as_table(sizes: Iterable[Size]) -> str:
    lines = [("vCPU", "memory", "runs", "platform version")]
    for row, memory in _rows(sizes):
        described = f"{fargate.either_of(memory)} MiB"
        if memory == row.memory:
            described = row.describe_memory()
        lines.append((str(row.vcpu), described, _systems(row), _platform(row)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    heading, *body = [
        f"{vcpu:>{widths[0]}}  {memory:{widths[1]}}  {systems:{widths[2]}}  {platform}"
        for vcpu, memory, systems, platform in lines
    ]
    return "\n".join([_console.painted(heading, _console.BOLD, sys.stdout), *body])


def _as_text(sizes: Iterable[Size]) -> str:
    return "\n".join(
        f"{row.vcpu}\t{mib}\t{_systems(row)}\t{row.platform_version or 'any'}"
        for row, memory in _rows(sizes)
        for mib in memory
    )


def _as_json(sizes: Iterable[Size]) -> str:
    return _console.as_json(_members(sizes))


_WRITE: Final = {"table": _as_table, "text": _as_text, "json": _as_json}


def _answer_as_json(answer: SizeAnswer) -> str:
    rounded = answer.rounded
    return _console.as_json(
        {
            "legal": answer.legal,
            "sizes": _members(answer.sizes),
            "roundUp": rounded and {"vcpu": _plain(rounded.vcpu), "memory": rounded.memory},
        }
    )


def _members(sizes: Iterable[Size]) -> list[dict[str, Any]]:
    return [
        {
            "vcpu": _plain(row.vcpu),
            "memory": mib,
            "windows": row.windows,
            "platformVersion": row.platform_version,
        }
        for row, memory in _rows(sizes)
        for mib in memory
    ]


def _plain(vcpu: Decimal | None) -> float | None:
    """Convert vCPU for JSON: 0.25 stays a float, 1.0 becomes the integer 1."""
    return None if vcpu is None else int(vcpu) if vcpu == int(vcpu) else float(vcpu)
