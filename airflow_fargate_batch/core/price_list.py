"""Prices of Fargate in the answers of AWS's price list API (GetProducts).

Source: AWS Price List API, service code ``AmazonECS``. Each product is a JSON text. Its
``usagetype`` is a region's prefix and the name of the unit: ``APN1-Fargate-ARM-vCPU-Hours:perCPU``.
Windows has a price of the vCPU and a licence beside it. Products of ECS on other machines have
other usage types.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core.pricing import Platform, Prices, Rate, StorageRate

SERVICE_CODE: Final = "AmazonECS"
API_REGION: Final = "us-east-1"
"""Region of the API's endpoint; it has the prices of all regions."""
SOURCE: Final = "AWS price list API"

_UNITS: Final[Mapping[str, tuple[Platform | None, str]]] = {
    "vCPU-Hours:perCPU": (Platform.X86, "vcpu"),
    "GB-Hours": (Platform.X86, "gb"),
    "ARM-vCPU-Hours:perCPU": (Platform.ARM, "vcpu"),
    "ARM-GB-Hours": (Platform.ARM, "gb"),
    "Windows-vCPU-Hours:perCPU": (Platform.WINDOWS, "vcpu"),
    "Windows-GB-Hours": (Platform.WINDOWS, "gb"),
    "Windows-OS-Hours:perCPU": (Platform.WINDOWS, "licence"),
    "EphemeralStorage-GB-Hours": (None, "gb"),
}
"""Platform (``None`` for storage) and unit, by the end of the usage type."""
_USAGE_TYPE: Final = re.compile(r"(?:[A-Z0-9]+-)?Fargate-(.+)")
_NEEDED: Final = {
    Platform.X86: ("vcpu", "gb"),
    Platform.ARM: ("vcpu", "gb"),
    Platform.WINDOWS: ("vcpu", "gb", "licence"),
}


@dataclass(slots=True)
class _UnitPrices:
    """Prices of one platform, or of storage, in one region.

    Attributes:
        amounts: Prices by unit.
        currency: Currency of all prices.
        as_of: Newest date of publication.
        contradicts_itself: A unit has two prices, so that neither can be trusted.
    """

    currency: str
    amounts: dict[str, Decimal] = field(default_factory=dict)
    as_of: str = ""
    contradicts_itself: bool = False

    def add(self, unit: str, price: "_Price") -> None:
        known = self.amounts.setdefault(unit, price.amount)
        self.contradicts_itself |= known != price.amount or price.currency != self.currency
        self.as_of = max(self.as_of, price.as_of)

    def has(self, *units: str) -> bool:
        return not self.contradicts_itself and all(unit in self.amounts for unit in units)


def request(region: str, next_token: str | None = None) -> dict[str, Any]:
    """Return the parameters of GetProducts for the prices of a region."""
    wanted = {"Type": "TERM_MATCH", "Field": "regionCode", "Value": region}
    page = {"NextToken": next_token} if next_token else {}
    return {"ServiceCode": SERVICE_CODE, "Filters": [wanted], "MaxResults": 100, **page}


def prices_of(products: Iterable[object]) -> Prices:
    """Return the prices in products of GetProducts; a product that cannot be read is left out.

    A platform counts only if all its units are there: Windows without its licence would be too
    cheap.
    """
    found: dict[tuple[str, Platform | None], _UnitPrices] = {}
    for region, platform, unit, price in _units(products):
        found.setdefault((region, platform), _UnitPrices(price.currency)).add(unit, price)
    rates = [
        Rate(
            region=region,
            platform=platform,
            vcpu_hour=group.amounts["vcpu"] + group.amounts.get("licence", Decimal(0)),
            gb_hour=group.amounts["gb"],
            **_origin(group),
        )
        for (region, platform), group in found.items()
        if platform is not None and group.has(*_NEEDED[platform])
    ]
    storage = [
        StorageRate(region=region, gb_hour=group.amounts["gb"], **_origin(group))
        for (region, platform), group in found.items()
        if platform is None and group.has("gb")
    ]
    return Prices.of(rates, storage)


def _origin(group: _UnitPrices) -> dict[str, str]:
    return {"currency": group.currency, "as_of": group.as_of, "source": SOURCE}


@dataclass(frozen=True, slots=True)
class _Price:
    amount: Decimal
    currency: str
    as_of: str


def _units(products: Iterable[object]) -> Iterator[tuple[str, Platform | None, str, _Price]]:
    for text in products:
        product = _parsed(text)
        attributes = read.mapping(read.mapping(product.get("product")).get("attributes"))
        region = read.text(attributes.get("regionCode"))
        usage = _USAGE_TYPE.fullmatch(read.text(attributes.get("usagetype")) or "")
        price = _on_demand(product)
        if region and usage and usage[1] in _UNITS and price is not None:
            yield region, *_UNITS[usage[1]], price


def _parsed(text: object) -> Mapping[str, object]:
    """Parse a product: the API sends each as JSON in a text."""
    if not isinstance(text, str):
        return read.mapping(text)
    try:
        return read.mapping(json_text.parse(text))
    except json_text.NotJson:
        return {}


def _on_demand(product: Mapping[str, object]) -> _Price | None:
    """Return the only price on demand; ``None`` if there is none, or more than one."""
    on_demand = read.mapping(read.mapping(product.get("terms")).get("OnDemand"))
    terms = [read.mapping(term) for term in on_demand.values()]
    dimensions = [
        read.mapping(each)
        for term in terms
        for each in read.mapping(term.get("priceDimensions")).values()
    ]
    if len(dimensions) != 1:
        return None
    amounts = read.mapping(dimensions[0].get("pricePerUnit"))
    dates = [read.text(product.get("publicationDate")), read.text(terms[0].get("effectiveDate"))]
    as_of = next((date[:10] for date in dates if date), "unknown date")
    for currency, amount in amounts.items():
        try:
            number = Decimal(str(amount))
        except InvalidOperation:
            return None
        if number.is_finite() and number > 0:
            return _Price(number.normalize(), currency, as_of)
    return None
