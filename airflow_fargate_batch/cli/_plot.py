"""Bars of costs in an SVG or PNG file, drawn with matplotlib (the extra ``plot``)."""

from collections.abc import Sequence
from typing import Final

from airflow_fargate_batch.core.cost_report import Group

MOST_BARS: Final = 30
"""Groups with a bar of their own; the others share the last bar."""
_LONGEST_NAME: Final = 60
_ON_DEMAND: Final = "#3b6fb6"
_SPOT: Final = "#9dbde3"


def draw(path: str, groups: Sequence[Group], *, currency: str, title: str) -> None:
    """Draw a bar for each group, the most expensive on top.

    A range of Fargate Spot is a dark bar up to its lower end, and a pale bar up to its upper end.

    :param path: file that ends in ``.svg`` or ``.png``.
    :raises OSError: the file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure  # without pyplot, which needs a display and keeps state

    bars = _bars(groups)
    figure = Figure(figsize=(9, 1.5 + 0.32 * max(1, len(bars))), layout="constrained")
    axes = figure.add_subplot()
    names = [_shortened(name) for name, _, _ in bars]
    places = range(len(bars))
    axes.barh(places, [high for _, _, high in bars], color=_SPOT, label="on demand")
    axes.barh(places, [low for _, low, _ in bars], color=_ON_DEMAND, label="if all on Fargate Spot")
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    axes.set_xlabel(f"{currency}, at least (image pull not counted)")
    axes.set_title(title, fontsize=10, loc="left")
    for place, (_, _, high) in zip(places, bars, strict=True):
        axes.annotate(f" {_amount(high)}", (high, place), va="center", fontsize=8)
    axes.margins(x=0.12)
    if any(low < high for _, low, high in bars):
        axes.legend(fontsize=8, loc="lower right")
    with rc_context({"svg.hashsalt": "fargate-batch", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.endswith(".svg") else None)


def _amount(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 else f"{amount:.4f}"


def _bars(groups: Sequence[Group]) -> list[tuple[str, float, float]]:
    shown_groups = list(groups[:MOST_BARS])
    bars = [(group.name, float(group.low), float(group.high)) for group in shown_groups]
    if rest := groups[MOST_BARS:]:
        low, high = sum(each.low for each in rest), sum(each.high for each in rest)
        bars.append((f"{len(rest)} others", float(low), float(high)))
    return bars


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
