"""How much to measure."""

from enum import Enum


class Size(Enum):
    """Amount of work.

    ``QUICK`` shows that everything runs, in about a minute; its figures mean little. ``BRIEF`` is
    for all parts in one go, in ten minutes. ``FULL`` is for one part; BatchOperator's side of a
    part may take 20 minutes.
    """

    QUICK = "quick"
    BRIEF = "brief"
    FULL = "full"
