"""Amounts of money in sentences and JSON. Both round half up, and amounts are exact before."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

SHOWN: Final = Decimal("0.0001")
"""Smallest part of an amount in sentences and tables."""
WRITTEN: Final = Decimal("0.000001")
"""Smallest part of an amount in JSON, XCom and CSV."""


def shown_amount(amount: Decimal, currency: str) -> str:
    """Write an amount for people: four decimals below 100, two from there on."""
    if 0 < amount < SHOWN:
        return f"less than {SHOWN} {currency}"
    places = SHOWN if amount < 100 else Decimal("0.01")
    return f"{amount.quantize(places, ROUND_HALF_UP):,} {currency}"


def written_amount(amount: Decimal) -> float:
    """Return an amount for JSON, rounded to six decimals."""
    return float(amount.quantize(WRITTEN, ROUND_HALF_UP))


def shown_range(low: Decimal, high: Decimal, currency: str) -> str:
    """Write an amount, or both ends of a range."""
    if low == high:
        return shown_amount(low, currency)
    lower = shown_amount(low, currency).removesuffix(f" {currency}")
    return f"{lower} to {shown_amount(high, currency)}"
