"""Prices of Fargate: a dated table, prices of a user's file, and the price of a size.

Source: AWS Fargate pricing page. Billed are vCPU and memory (1 GB = 1024 MiB), a licence for each
vCPU of Windows, and ephemeral storage above 20 GB. On Fargate Spot the price floats, up to 70 %
below the price on demand.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import _price_table as table
from airflow_fargate_batch.core.fargate import TABLE, Size

FREE_STORAGE: Final = 20
"""GB of ephemeral storage without charge."""
SPOT_LOWEST: Final = Decimal("0.3")
"""Smallest share of the price on demand that Fargate Spot costs: AWS says "up to 70 %" off."""
MIB: Final = 1024
HOUR: Final = 3600
"""Seconds of an hour."""
_MOST_EXPENSIVE: Final = Decimal(1000)
"""Price of an hour that no unit of Fargate can have; a larger number is a mistake."""


class Platform(StrEnum):
    """Operating system and architecture: what AWS prices separately."""

    X86 = "linux-x86"
    ARM = "linux-arm"
    WINDOWS = "windows-x86"

    @classmethod
    def of(cls, operating_system: str | None, architecture: str | None) -> "Platform":
        """Return the platform of a ``runtimePlatform``; AWS's defaults are LINUX and X86_64."""
        if (operating_system or "").startswith("WINDOWS"):
            return cls.WINDOWS
        return cls.ARM if architecture == "ARM64" else cls.X86

    @property
    def label(self) -> str:
        """Name for sentences."""
        return {"linux-x86": "Linux x86", "linux-arm": "Linux ARM"}.get(self, "Windows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Prices on demand of a platform in a region.

    Attributes:
        vcpu_hour: Price of a vCPU for an hour, with the licence of Windows.
        gb_hour: Price of a GB of memory for an hour.
        as_of: Date of the figures, ISO 8601.
        source: Where the figures come from.
    """

    region: str
    platform: Platform
    vcpu_hour: Decimal
    gb_hour: Decimal
    currency: str = "USD"
    as_of: str
    source: str

    def hour(self, size: Size) -> Decimal:
        """Return the price of a size for an hour."""
        return size.vcpu * self.vcpu_hour + Decimal(size.memory) / MIB * self.gb_hour


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageRate:
    """Price of a GB of ephemeral storage above 20 GB, for an hour."""

    region: str
    gb_hour: Decimal
    currency: str = "USD"
    as_of: str
    source: str


class NotPrices(ValueError):
    """A file does not have the form of a prices file; the message names place and rule."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Rates by region and platform, and storage rates by region."""

    rates: Mapping[tuple[str, Platform], Rate] = field(default_factory=dict)
    storage: Mapping[str, StorageRate] = field(default_factory=dict)

    def rate(self, region: str, platform: Platform) -> Rate | None:
        """Return the rate; ``None`` means no price is known."""
        return self.rates.get((region, platform))

    def updated(self, newer: "Prices") -> "Prices":
        """Return these prices with those of *newer* in their place."""
        return Prices({**self.rates, **newer.rates}, {**self.storage, **newer.storage})

    @classmethod
    def of(cls, rates: Iterable[Rate], storage: Iterable[StorageRate] = ()) -> "Prices":
        """Index rates."""
        return cls(
            {(rate.region, rate.platform): rate for rate in rates},
            {rate.region: rate for rate in storage},
        )

    @classmethod
    def from_json(cls, content: object) -> "Prices":
        """Read the content of a prices file, as written by ``to_json``.

        :raises NotPrices: the content has another form.
        """
        members = read.mapping(content)
        rows = {name: _rows(members, name) for name in ("prices", "storage")}
        if not any(rows.values()):
            raise NotPrices(
                'must be an object with the list "prices", as in `prices --output json`'
            )
        return cls.of(
            [_rate(row, f"prices[{place}]") for place, row in enumerate(rows["prices"])],
            [_storage(row, f"storage[{place}]") for place, row in enumerate(rows["storage"])],
        )

    def to_json(self) -> dict[str, Any]:
        """Write the content of a prices file; amounts are texts, to keep all digits."""
        return {
            "prices": [
                {
                    "region": rate.region,
                    "platform": rate.platform.value,
                    "vcpuHour": f"{rate.vcpu_hour:f}",
                    "gbHour": f"{rate.gb_hour:f}",
                    "currency": rate.currency,
                    "asOf": rate.as_of,
                    "source": rate.source,
                }
                for _, rate in sorted(self.rates.items())
            ],
            "storage": [
                {
                    "region": rate.region,
                    "gbHour": f"{rate.gb_hour:f}",
                    "currency": rate.currency,
                    "asOf": rate.as_of,
                    "source": rate.source,
                }
                for _, rate in sorted(self.storage.items())
            ],
        }


def _rows(members: Mapping[str, object], name: str) -> list[object]:
    rows = members.get(name, [])
    if not isinstance(rows, list):
        raise NotPrices(f'"{name}" must be a list')
    return rows


def _rate(row: object, place: str) -> Rate:
    members = read.mapping(row)
    names = [platform.value for platform in Platform]
    if members.get("platform") not in names:
        raise NotPrices(f"{place}.platform must be one of {', '.join(names)}")
    return Rate(
        region=_text(members, "region", place),
        platform=Platform(str(members["platform"])),
        vcpu_hour=_amount(members, "vcpuHour", place),
        gb_hour=_amount(members, "gbHour", place),
        **_origin(members, place),
    )


def _storage(row: object, place: str) -> StorageRate:
    members = read.mapping(row)
    return StorageRate(
        region=_text(members, "region", place),
        gb_hour=_amount(members, "gbHour", place),
        **_origin(members, place),
    )


def _origin(members: Mapping[str, object], place: str) -> dict[str, str]:
    return {
        "currency": read.text(members.get("currency")) or "USD",
        "as_of": _text(members, "asOf", place),
        "source": read.text(members.get("source")) or "prices file",
    }


def _text(members: Mapping[str, object], name: str, place: str) -> str:
    text = read.text(members.get(name))
    if text is None:
        raise NotPrices(f"{place}.{name} must be a text that is not empty")
    return text


def _amount(members: Mapping[str, object], name: str, place: str) -> Decimal:
    """Read a price; a number of JSON is taken by its digits."""
    value = members.get(name)
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount < _MOST_EXPENSIVE:
        raise NotPrices(
            f"{place}.{name} must be a price of an hour, such as 0.04048, not {value!r}"
        )
    return amount


def _built_in() -> Prices:
    sources = {Platform.X86: table.X86, Platform.ARM: table.ARM, Platform.WINDOWS: table.WINDOWS}
    return Prices.of(
        [
            Rate(
                region=region,
                platform=platform,
                vcpu_hour=Decimal(vcpu),
                gb_hour=Decimal(gb),
                as_of=sourced.as_of,
                source=sourced.source,
            )
            for platform, blocks in sources.items()
            for sourced in blocks
            for region, (vcpu, gb) in sourced.figures.items()
        ],
        [
            StorageRate(
                region=region, gb_hour=Decimal(gb), as_of=sourced.as_of, source=sourced.source
            )
            for sourced in table.STORAGE
            for region, (gb,) in sourced.figures.items()
        ],
    )


BUILT_IN: Final = _built_in()
"""Prices that the package brings along."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Size, storage and platform of a job, which decide its price.

    Attributes:
        region: ``None`` means not known.
        size: vCPU and memory; ``None`` means not known.
        storage: GB of ephemeral storage.
    """

    region: str | None
    platform: Platform = Platform.X86
    size: Size | None
    storage: int = FREE_STORAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hourly:
    """Price of a shape for an hour, on demand.

    Attributes:
        amount: ``None`` means not known; *reason* then says why.
    """

    amount: Decimal | None = None
    currency: str = "USD"
    as_of: str | None = None
    reason: str | None = None


def hourly(shape: Shape, prices: Prices) -> Hourly:
    """Return the price of a shape for an hour, or the reason that no price is known."""
    if shape.size is None:
        return Hourly(reason="vCPU and memory are not both given")
    if shape.region is None:
        return Hourly(reason="the region is not known")
    rate = prices.rate(shape.region, shape.platform)
    if rate is None:
        return Hourly(reason=_unknown(f"{shape.platform.label} in {shape.region}"))
    amount, as_of = rate.hour(shape.size), rate.as_of
    extra = max(0, shape.storage - FREE_STORAGE)
    if extra:
        storage = prices.storage.get(shape.region)
        if storage is None or storage.currency != rate.currency:
            return Hourly(reason=_unknown(f"ephemeral storage in {shape.region}"))
        amount, as_of = amount + extra * storage.gb_hour, min(as_of, storage.as_of)
    return Hourly(amount=amount, currency=rate.currency, as_of=as_of)


def _unknown(what: str) -> str:
    return f"no price of {what} is known ('fargate-batch prices --refresh' reads AWS's prices)"


def fewer_vcpus(size: Size, platform: Platform) -> Size | None:
    """Return the next smaller vCPU value that Fargate offers with the same memory."""
    return max(_smaller(size, platform), default=None)


def _smaller(size: Size, platform: Platform) -> Iterator[Size]:
    for row in TABLE:
        is_offered = platform is not Platform.WINDOWS or row.windows
        if is_offered and row.vcpu < size.vcpu and size.memory in row.memory:
            yield Size(row.vcpu, size.memory)
