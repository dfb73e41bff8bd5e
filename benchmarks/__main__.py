"""Run benchmarks and print their tables."""

import argparse
import os
import platform
import time
from importlib.metadata import version
from pathlib import Path

from rich.console import Console

from benchmarks import (
    command_line,
    constructing,
    finishing,
    importing,
    items,
    page,
    submitting,
    waiting,
)
from benchmarks._process import Skipped
from benchmarks._size import Size
from benchmarks._table import show

BENCHMARKS = {
    "import": importing,
    "construct": constructing,
    "cli": command_line,
    "waiting": waiting,
    "submit": submitting,
    "items": items,
    "finish": finishing,
    "page": page,
}
VERSIONS = ("apache-airflow", "apache-airflow-providers-amazon", "boto3", "airflow-fargate-batch")


def main() -> int:
    """Run those that are named, or all; the exit code is 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        nargs="*",
        metavar="name",
        help=f"one of {', '.join(BENCHMARKS)}, in full (default: all, in brief)",
    )
    parser.add_argument("--quick", action="store_true", help="see whether all runs, in a minute")
    arguments = parser.parse_args()
    if unknown := set(arguments.name) - set(BENCHMARKS):
        parser.error(
            f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    size = Size.QUICK if arguments.quick else Size.FULL if arguments.name else Size.BRIEF

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 120
    console.print(f"{machine()}\n{load()}")
    if arguments.quick:
        console.print("[yellow]--quick: this shows that all runs; the figures mean little.[/]")
    missed = 0
    for name in arguments.name or BENCHMARKS:
        start = time.monotonic()
        try:
            rows = BENCHMARKS[name].run(size)
        except Skipped as reason:
            console.print(f"\n[bold]{name}[/]: skipped: {reason}")
            continue
        console.print()
        show(console, BENCHMARKS[name].TITLE, rows)
        console.print(f"[dim]{name}: {time.monotonic() - start:.0f} s; {load()}[/]")
        missed += sum(row.met is False for row in rows)
    if missed and not arguments.quick:
        console.print(f"[red]{missed} targets were missed.[/]")
        return 1
    return 0


def machine() -> str:
    """Say what the figures were measured on and with."""
    cpus = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    model = cpus[0] if cpus else platform.processor() or platform.machine()
    versions = ", ".join(f"{name} {version(name)}" for name in VERSIONS)
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}, {versions}"


def load() -> str:
    """Say how busy the machine is; above its cores, figures mean little."""
    return "load average " + ", ".join(f"{average:.1f}" for average in os.getloadavg())


if __name__ == "__main__":
    raise SystemExit(main())
