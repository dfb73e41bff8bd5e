"""Submit under every fault, in every mode, and count the jobs: ``python -m tests.faults``."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from tests.faults._line import OURS, THEIRS, Cell, Line

ROOT: Final = Path(__file__).parents[2]


def main() -> int:
    """Return 0 where every submit of ours left one job, else 1."""
    arguments = _arguments()
    lines = [_run(python, arguments.submits) for python in arguments.python]
    _show(lines, Console(highlight=False, markup=False, width=132))
    ours = [cell for line in lines for cell in line.cells if cell.mode in OURS]
    return int(not all(cell.is_as_expected for cell in ours))


def _run(python: str, submits: int) -> Line:
    """Have a line's own interpreter do it: one process cannot import two Airflows."""
    command = [python, "-m", "tests.faults._line", str(submits)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Line.from_json(done.stdout)


def _show(lines: Sequence[Line], console: Console) -> None:
    """Print one table of all lines."""
    table = Table(title="Jobs found / expected", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("fault of every third SubmitJob", no_wrap=True)
    table.add_column("mode")
    names = [line.versions["apache-airflow"] for line in lines]
    for heading in (*names, *(f"BatchOperator\n{name}" for name in names)):
        table.add_column(heading, justify="right")
    cells = [{(cell.fault, cell.mode): cell for cell in line.cells} for line in lines]
    for fault in dict.fromkeys(cell.fault for cell in lines[0].cells):
        for mode in OURS:
            first = mode == OURS[0]
            ours = [_text(of_line[fault, mode]) for of_line in cells]
            theirs = [str(of_line[fault, THEIRS]) if first else "" for of_line in cells]
            table.add_row(fault if first else "", mode, *ours, *theirs)
    console.print(table)
    for line in lines:
        versions = ", ".join(f"{name} {version}" for name, version in line.versions.items())
        console.print(f"{versions}: {line.seconds:.0f} s")


def _text(cell: Cell) -> str:
    return f"{cell}" if cell.is_as_expected else f"! {cell}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "python", nargs="*", default=[sys.executable], help="interpreters, one an Airflow line"
    )
    parser.add_argument("--submits", type=int, default=6, help="a mode and fault (6)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
