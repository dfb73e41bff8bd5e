"""``fargate-batch cost``: what the jobs of a queue have cost."""

import argparse
import csv
import io
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import FAILED, INVALID, OK
from airflow_fargate_batch.cli._flags import flag, not_empty
from airflow_fargate_batch.cli._prices import PricesOptions
from airflow_fargate_batch.cli._shared_options import ConnectionOptions
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost_report import GROUPINGS, Group, grouped, total
from airflow_fargate_batch.core.money import shown_amount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_fargate_batch.watching.costs import QueueCosts

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN: Final = re.compile(r"([0-9]{1,5})([mhdw])")
PLOTS: Final = (".svg", ".png")


def moment_or_span(text: str) -> datetime | timedelta:
    """Parse ``7d`` or ``12h`` as a span, and ``2026-11-01`` or a date with a time as a moment."""
    if span := _SPAN.fullmatch(text.strip()):
        return timedelta(**{_UNITS[span[2]]: int(span[1])})
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise argparse.ArgumentTypeError(
            "must be a span (30m, 12h, 7d, 2w) or a date (2026-11-01, 2026-11-01T09:00+09:00)"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def plot_file(text: str) -> str:
    """Check the end of a plot file's name."""
    if Path(text).suffix.lower() not in PLOTS:
        raise argparse.ArgumentTypeError("must end in .svg or .png")
    return text


class CostOptions(ConnectionOptions, PricesOptions, title="jobs"):
    """Options of ``cost``."""

    job_queue = flag(
        not_empty,
        metavar="QUEUE",
        variable="AWS_BATCH_JOB_QUEUE",
        default="awa-batch-dev-fargate-high-priority",
        help="name or ARN of the job queue",
    )
    since = flag(
        moment_or_span,
        metavar="TIME",
        default="7d",
        help="count jobs created since then: a span (30m, 12h, 7d) or a date, in UTC unless the "
        "date has an offset; AWS keeps ended jobs for 7 days at least",
    )
    by = flag(
        str,
        metavar="GROUP",
        choices=tuple(GROUPINGS),
        default="dag",
        help="sum by dag, task, share (share identifier) or definition (job definition)",
    )
    output = flag(
        str,
        metavar="FORMAT",
        choices=("table", "csv", "json"),
        help="table, csv or json; if not given, a table on a terminal and csv elsewhere",
    )
    plot = flag(
        plot_file,
        metavar="FILE",
        help="also draw the costs as bars into an SVG or PNG file (needs matplotlib: pip install "
        "'airflow-fargate-batch[plot]')",
    )

    @property
    def form(self) -> str:
        """``table``, ``csv`` or ``json``."""
        return self.output or ("table" if _console.is_terminal(sys.stdout) else "csv")


COLUMNS: Final = ("group", "jobs", "billed hours", "on demand", "if all on Spot", "without price")

EPILOG: Final = """\
examples:
  show what the DAGs of the last week have cost
    {prog} --job-queue $queue

  draw the costs of each job definition since a date
    {prog} --job-queue $queue --since 2026-11-01 --by definition --plot cost.svg

A cost is the least that AWS bills: vCPU, memory and ephemeral storage from the start of each
attempt to its end, a minute at least, at the prices of 'fargate-batch prices'. The image pull is
billed too, but AWS does not report its length. On Fargate Spot a cost is between "if all on Spot"
(70 % off) and "on demand". Running jobs count until now. Of an array up to 1,000 children are read,
and the others are estimated. Discounts of your account (Savings Plans), network and logs are not
counted.
csv and json have amounts of six decimals. json has jobQueue, region, since, by, capacity, currency,
groups, total and isComplete.
exit codes: 0 done; 1 AWS refused, or the prices of some jobs are not known; 2 bad usage."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s [--job-queue QUEUE] [--since TIME] [--by GROUP] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    CostOptions.add_to(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the queue's jobs, and write their costs."""
    options = CostOptions(arguments, os.environ)
    prices = options.known_prices()
    if options.plot and not _can_plot():
        return INVALID
    # Here, because help must not wait for botocore.
    from airflow_fargate_batch.aws.surroundings import SurroundingsReader
    from airflow_fargate_batch.cli._clients import CLOCK, connect, persist
    from airflow_fargate_batch.watching.costs import costs_of_queue, read_capacity

    api = connect(options)
    queue, now, since = options.job_queue, CLOCK.date(), options.since
    since = since if isinstance(since, datetime) else now - since
    reader = SurroundingsReader(api, scope=object(), call=persist)  # nothing kept to share
    capacity = read_capacity(reader, queue)
    found = costs_of_queue(
        api, queue, prices, since=since, now=now, capacity=capacity, call=persist
    )
    report = CostReport(options, found, capacity, since=since, region=api.region)
    report.talk()
    report.write()
    return FAILED if report.total.without_price else OK


class CostReport:
    """The costs of a queue, in each form."""

    def __init__(
        self,
        options: CostOptions,
        found: "QueueCosts",
        capacity: Capacity,
        *,
        since: datetime,
        region: str,
    ) -> None:
        self._options = options
        self._region = region
        self._found = found
        self._capacity = capacity
        self._since = since
        self._currency = next((cost.currency for _, cost in found.costs if cost.high), "USD")
        self.groups = grouped(found.costs, options.by)
        self.total = total(self.groups)

    def talk(self) -> None:
        """Say on stderr what the figures leave out."""
        if not self._found.costs:
            queue, since = self._options.job_queue, self._since.isoformat(" ", "minutes")
            _console.note(f"No job of {queue} was created since {since}.")
        if not self._found.is_complete:
            _console.warning(
                f"The queue has more jobs than the {len(self._found.costs):,} that were read: "
                "choose a later --since."
            )
        reasons = {cost.reason for _, cost in self._found.costs if cost.reason}
        for reason in sorted(reasons):
            jobs = sum(cost.reason == reason for _, cost in self._found.costs)
            _console.warning(f"{_jobs(jobs)} not counted: {reason}.")
        if self._capacity is not Capacity.ON_DEMAND and self._found.costs:
            uses = "may use" if self._capacity is Capacity.UNKNOWN else "uses"
            _console.note(f"The queue {uses} Fargate Spot, whose price floats: costs are a range.")

    def write(self) -> None:
        """Write the costs to stdout, and the plot if wanted."""
        form = self._options.form
        if form == "json":
            _console.data(_console.as_json(self._json()))
        elif form == "csv":
            _console.data(self._csv())
        elif self.groups:
            rows = [self._row(group) for group in (*self.groups, self.total)]
            _console.data(_console.table(COLUMNS, rows))
        if self._options.plot:
            self._plot(self._options.plot)

    def _row(self, group: Group) -> tuple[str, ...]:
        hours = f"{group.billed_seconds / 3600:,.1f}"
        on_spot = "" if group.low == group.high else shown_amount(group.low, self._currency)
        without = str(group.without_price) if group.without_price else ""
        amounts = (shown_amount(group.high, self._currency), on_spot)
        return group.name, f"{group.jobs:,}", hours, *amounts, without

    def _csv(self) -> str:
        text = io.StringIO()
        rows = [group.to_json() | {"currency": self._currency} for group in self.groups]
        columns: Sequence[str] = [*total([]).to_json(), "currency"]
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().rstrip("\n")

    def _json(self) -> dict[str, Any]:
        unknown = self._capacity is Capacity.UNKNOWN
        return {
            "jobQueue": self._options.job_queue,
            "region": self._region,
            "since": self._since.isoformat(),
            "by": self._options.by,
            "capacity": None if unknown else self._capacity.value,
            "currency": self._currency,
            "groups": [group.to_json() for group in self.groups],
            "total": self.total.to_json(),
            "isComplete": self._found.is_complete,
        }

    def _plot(self, path: str) -> None:
        from airflow_fargate_batch.cli._plot import draw

        title = f"{self._options.job_queue}: cost by {self._options.by}"
        title += f" since {self._since:%Y-%m-%d %H:%M} UTC"
        draw(path, self.groups, currency=self._currency, title=title)
        _console.note(f"Drew {path}.")


def _jobs(count: int) -> str:
    return "1 job is" if count == 1 else f"{count:,} jobs are"


def _can_plot() -> bool:
    from importlib.util import find_spec

    if find_spec("matplotlib") is not None:
        return True
    _console.error("--plot needs matplotlib. Install it: pip install 'airflow-fargate-batch[plot]'")
    return False
