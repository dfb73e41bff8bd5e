"""Long lists in messages: the first few entries, and the number of the others."""

from collections.abc import Iterable


def first_few(texts: Iterable[str], limit: int) -> list[str]:
    """Return the first *limit* texts; if there are more, ``and N more`` as the last entry."""
    entries = list(texts)
    others = len(entries) - limit
    return [*entries[:limit], f"and {others} more"] if others > 0 else entries


def in_a_sentence(texts: Iterable[str], limit: int) -> str:
    """Return the first *limit* texts for a sentence: ``a, b, c and 4 more``."""
    *shown, last = first_few(texts, limit)
    joint = " " if last.startswith("and ") else ", "
    return f"{', '.join(shown)}{joint}{last}" if shown else last


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a number with its noun: ``1 attempt``, ``2 children``."""
    return f"1 {one}" if count == 1 else f"{count} {many or one + 's'}"
