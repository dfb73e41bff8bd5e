"""Long lists in messages: the first few entries, and the number of the others.

``exceptions.InvalidRequest`` writes the same words by itself, because ``exceptions`` stands below
the core.
"""

from collections.abc import Iterable
from typing import TypeVar

Entry = TypeVar("Entry")


def first_few(
    entries: Iterable[Entry], limit: int, *, noun: str = "", count: int | None = None
) -> list[Entry | str]:
    """Return the first *limit* entries; if there are more, ``and N more`` as the last entry.

    :param noun: kind of the entries, if a line would not tell by itself: ``and 3 more jobs``.
    :param count: number of all entries. ``None`` means that *entries* has all.
    """
    known = list(entries)
    shown: list[Entry | str] = [*known[:limit]]
    others = (len(known) if count is None else count) - len(shown)
    return [*shown, f"and {others} more {noun}".rstrip()] if others > 0 else shown


def in_a_sentence(texts: Iterable[str], limit: int, *, count: int | None = None) -> str:
    """Return the first *limit* texts for a sentence: ``a, b, c and 4 more``.

    :param count: as in ``first_few``.
    """
    *shown, last = first_few(texts, limit, count=count)
    joint = " " if last.startswith("and ") else ", "
    return f"{', '.join(shown)}{joint}{last}" if shown else last


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: ``1 attempt``, ``2 children``."""
    return f"1 {one}" if count == 1 else f"{count} {many or one + 's'}"
