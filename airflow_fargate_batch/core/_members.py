"""The members of AWS's answers: what is not of the expected kind counts as absent."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> Decimal | None:
    """Read the text of a number, as ``resourceRequirements`` has it."""
    return _decimal(value) if isinstance(value, str) else None


@lru_cache(maxsize=256)
def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    # int() of a "1e999999999" would not come back.
    return number if number.is_finite() and number < 10**9 else None


def moment(value: object) -> datetime | None:
    """Read milliseconds since ``EPOCH``."""
    milliseconds = integer(value)
    try:
        return None if not milliseconds else EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
