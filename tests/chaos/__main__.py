"""Break everything at once and count the jobs: ``python -m tests.chaos``."""

import argparse
import secrets
import shutil
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.chaos._report import show
from tests.chaos._run import SHORT, Plan, run_chaos

HOME: Final = Path(__file__).parents[2] / ".airflow" / "chaos"


def main() -> int:
    """Return 0 where every invariant held, else 1."""
    arguments = _arguments()
    console = Console(highlight=False, markup=False, width=120)
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    default = SHORT if arguments.short else Plan()
    plan = Plan(
        task_runs=arguments.runs or default.task_runs,
        kills=arguments.kills or default.kills,
        pause=default.pause,
        seed=secrets.randbelow(10**6) if arguments.seed is None else arguments.seed,
    )
    console.print(f"Seed {plan.seed}: {plan.task_runs} task runs and {plan.kills} kills at least")
    outcome = run_chaos(plan, home=HOME, say=console.print)
    show(outcome, plan, console)
    return 1 if outcome.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, help="task runs, at least (300; short: 40)")
    parser.add_argument("--kills", type=int, help="processes killed, at least (100; short: 10)")
    parser.add_argument("--seed", type=int, help="of faults, victims and moments (a random one)")
    parser.add_argument(
        "--short", action="store_true", help="a few minutes instead of half an hour"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
