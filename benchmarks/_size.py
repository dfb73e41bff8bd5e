"""How much to measure."""

from enum import Enum


class Size(Enum):
    """``QUICK`` shows that everything runs, in about a minute; its figures mean little."""

    QUICK = "quick"
    FULL = "full"
