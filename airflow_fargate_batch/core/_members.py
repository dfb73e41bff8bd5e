"""The members of AWS's answers: what is not of the expected kind counts as absent.

Nothing here raises, and nothing that comes out makes trouble later: a number can be written, a text
can be printed, and seconds can be added to a moment.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_LARGEST: Final = 2**63 - 1
"""Of AWS's longs. Python reads longer integers, but refuses to write those of 4,300 digits."""
_LAST_MOMENT: Final = int(datetime(3000, 1, 1, tzinfo=UTC).timestamp()) * 1000
_NUMBER: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
"""Of what AWS writes; a Decimal of ``-1e99999999`` would keep ``int`` busy for years."""


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    if not isinstance(value, str) or not value:
        return None
    # JSON can hold half of a surrogate pair, which nothing can encode.
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def integer(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return int(value) if -_LARGEST <= value <= _LARGEST else None


def count(value: object) -> int | None:
    """Read an integer that cannot be negative."""
    number = integer(value)
    return None if number is None or number < 0 else number


def number(value: object) -> Decimal | None:
    """Read the text of a number, as ``resourceRequirements`` has it."""
    return _decimal(value) if isinstance(value, str) else None


@lru_cache(maxsize=256)
def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def moment(value: object) -> datetime | None:
    """Read milliseconds since ``EPOCH``; the end of days leaves no room for a timeout."""
    milliseconds = count(value)
    if not milliseconds or milliseconds >= _LAST_MOMENT:
        return None
    return EPOCH + timedelta(milliseconds=milliseconds)
