"""What a benchmark found, as a table that a stranger can check."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_DASH: Final = Text("-", style="dim")
_MET: Final = {
    True: Text("yes", style="green"),
    False: Text("NO", style="bold red"),
    None: Text(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison; smaller is better.

    Attributes:
        theirs: ``None`` where there is no alternative, or it was not measured.
        unit: Of both values.
        at_most: What ours may be at most.
        share_at_most: What ours may be at most as a share of theirs.
        group: A heading over rows that belong together.
    """

    what: str
    ours: float
    theirs: float | None = None
    unit: str = ""
    at_most: float | None = None
    share_at_most: float | None = None
    group: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours as a share of theirs."""
        return self.ours / self.theirs if self.theirs else None

    @property
    def met(self) -> bool | None:
        """Whether the targets are met; ``None`` where there is none."""
        checks = []
        if self.at_most is not None:
            checks.append(self.ours <= self.at_most)
        if self.share_at_most is not None and self.ratio is not None:
            checks.append(self.ratio <= self.share_at_most)
        return all(checks) if checks else None

    @property
    def target(self) -> str:
        """The targets in words."""
        targets = []
        if self.share_at_most is not None:
            targets.append(_share(self.share_at_most))
        if self.at_most is not None:
            targets.append(_amount(self.at_most, self.unit))
        return "≤ " + ", ≤ ".join(targets) if targets else ""


def show(console: Console, title: str, rows: Iterable[Row]) -> None:
    """Print one benchmark's rows."""
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("what")
    for heading in ("ours", "theirs", "ratio", "target", "met"):
        table.add_column(heading, justify="right", no_wrap=True)
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            table.add_section()
            table.add_row(Text(group, style="italic"))
        table.add_row(
            f"  {row.what}" if group else row.what,
            _amount(row.ours, row.unit),
            _DASH if row.theirs is None else _amount(row.theirs, row.unit),
            _DASH if row.ratio is None else _share(row.ratio),
            row.target,
            _MET[row.met],
        )
    console.print(table)


def _amount(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".strip()


def _number(value: float) -> str:
    """Write three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.2g}"


def _share(value: float) -> str:
    """Write a share as people say it: 0.85, 1/40."""
    return f"{value:.2f}" if value > 0.2 or value == 0 else f"1/{1 / value:,.0f}"
