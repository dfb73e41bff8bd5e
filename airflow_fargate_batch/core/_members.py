"""Readers for members of AWS's answers. Members of an unexpected type count as absent.

No reader raises, and every result is safe to use: numbers can be written, texts can be printed,
and seconds can be added to moments.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_LARGEST: Final = 2**63 - 1
"""Largest long of AWS. Python refuses to write integers of 4,300 digits."""
_LAST_MOMENT: Final = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp()) * 1000
_NUMBER: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
"""Numbers as AWS writes them; ``int`` of Decimal ``-1e99999999`` would take years."""


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    return _encodable(value) if isinstance(value, str) and value else None


def _encodable(text: str) -> str:
    """Return the text without halves of surrogate pairs, which JSON holds and nothing encodes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def text_mapping(value: object) -> dict[str, str]:
    """Read texts by text; entries of other types count as absent."""
    return {
        _encodable(key): _encodable(each)
        for key, each in mapping(value).items()
        if isinstance(key, str) and isinstance(each, str)
    }


def texts(value: object) -> list[str]:
    listed = value if isinstance(value, list) else []
    return [_encodable(item) for item in listed if isinstance(item, str)]


def integer(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return int(value) if -_LARGEST <= value <= _LARGEST else None


def count(value: object) -> int | None:
    """Read an integer; a negative integer counts as absent."""
    number = integer(value)
    return None if number is None or number < 0 else number


def number(value: object) -> Decimal | None:
    """Read a number from text, as in ``resourceRequirements``."""
    return _decimal(value) if isinstance(value, str) else None


@lru_cache(maxsize=256)
def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def decimal(value: object) -> Decimal | None:
    """Read a number that is not negative, from a JSON number."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LARGEST:
        return None  # NaN is in no range
    return Decimal(str(value))


def moment(value: object) -> datetime | None:
    """Read milliseconds since ``EPOCH``; after year 3000 a timeout could overflow."""
    milliseconds = count(value)
    if not milliseconds or milliseconds >= _LAST_MOMENT:
        return None
    return EPOCH + timedelta(milliseconds=milliseconds)


def milliseconds(moment: datetime) -> int:
    """Write a moment as AWS does: milliseconds since ``EPOCH``."""
    return (moment - EPOCH) // timedelta(milliseconds=1)
