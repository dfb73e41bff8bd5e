"""Spelling of names: nearly right ones, and AWS's."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

_LONGEST: Final = 60
"""Characters from which on a name is no misspelt one; comparing it would only take time."""


def nearest(name: object, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one is nearest to: ``env`` is ``environment``."""
    if not isinstance(name, str) or not name or len(name) > _LONGEST:
        return None
    from difflib import get_close_matches  # needed for mistakes only, and slow to import

    by_letters = {_letters(each): each for each in known}
    letters = _letters(name)
    if not letters:
        return None
    like = get_close_matches(letters, by_letters, n=1) or [
        each for each in by_letters if each.startswith(letters)
    ]
    return by_letters[like[0]] if like else None


def _letters(name: str) -> str:
    """Return a name without what tells ``job_queue`` from ``jobQueue``."""
    return name.lower().replace("_", "").replace("-", "")


def camel_case(value: Any) -> Any:
    """Convert keys to camel case, as in AWS; keys in capitals, such as states, stay."""
    if not isinstance(value, Mapping):
        return value
    return {_SNAKE.sub(_upper, key): camel_case(each) for key, each in value.items()}


_SNAKE: Final = re.compile(r"_([a-z])")


def _upper(found: re.Match[str]) -> str:
    return found[1].upper()
