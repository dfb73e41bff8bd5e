"""Sizes ranked by price, for ``sizes --by price``."""

import os
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._flags import flag, not_empty
from airflow_fargate_batch.cli._prices import PricesOptions
from airflow_fargate_batch.core.fargate import Size, row_of
from airflow_fargate_batch.core.money import shown_amount, written_amount
from airflow_fargate_batch.core.pricing import Platform, Shape, hourly

DEFAULT_REGION: Final = "ap-northeast-1"
COLUMNS: Final = ("vCPU", "MiB", "an hour")


class PriceOptions(PricesOptions, title="prices"):
    """Options for the prices of sizes."""

    by = flag(
        str,
        metavar="ORDER",
        choices=("size", "price"),
        default="size",
        help="order by size, or by the price of an hour, cheapest first",
    )
    region = flag(
        not_empty,
        metavar="REGION",
        variable="AWS_REGION",
        sources=("$AWS_DEFAULT_REGION",),
        default=DEFAULT_REGION,
        help="AWS region of the prices",
    )
    platform = flag(
        str,
        metavar="PLATFORM",
        choices=tuple(platform.value for platform in Platform),
        default=Platform.X86.value,
        help="platform of the prices: linux-x86, linux-arm or windows-x86",
    )

    @property
    def place(self) -> str:
        """The region of the prices."""
        is_given = self.is_given(PriceOptions.region)
        return self.region if is_given else os.environ.get("AWS_DEFAULT_REGION") or self.region


class Priced(NamedTuple):
    """A size with its price for an hour."""

    size: Size
    amount: Decimal
    currency: str


def ranked(sizes: Iterable[Size], options: PriceOptions) -> list[Priced]:
    """Return sizes with their prices, cheapest first; sizes that the platform lacks are left out.

    No size is returned if no price is known, and a message says why.
    """
    platform, prices = Platform(options.platform), options.known_prices()
    found = []
    for size in sizes:
        row = row_of(size.vcpu)
        if platform is Platform.WINDOWS and not (row and row.windows):
            continue
        price = hourly(Shape(region=options.place, platform=platform, size=size), prices)
        if price.amount is None:
            _console.error(f"{price.reason}")
            return []
        found.append(Priced(size, price.amount, price.currency))
    return sorted(found, key=lambda priced: (priced.amount, priced.size))


def as_table(found: list[Priced]) -> str:
    """Write a table for people."""
    return _console.table(
        COLUMNS,
        [(str(each.size.vcpu), str(each.size.memory), _shown(each)) for each in found],
    )


def as_text(found: list[Priced]) -> str:
    """Write a line for each size: vCPU, MiB, price of an hour, currency."""
    return _console.text(
        (
            str(each.size.vcpu),
            str(each.size.memory),
            f"{written_amount(each.amount):f}",
            each.currency,
        )
        for each in found
    )


def as_json(found: list[Priced]) -> str:
    """Write a list of objects."""
    listed: list[dict[str, Any]] = [
        {
            "vcpu": float(each.size.vcpu),
            "memory": each.size.memory,
            "pricePerHour": written_amount(each.amount),
            "currency": each.currency,
        }
        for each in found
    ]
    return _console.as_json(listed)


def _shown(priced: Priced) -> str:
    return shown_amount(priced.amount, priced.currency)


WRITE: Final = {"table": as_table, "text": as_text, "json": as_json}
