"""Prices of Fargate that the package brings along: each figure with its date and source.

All prices are on demand, in USD, per hour. A region or platform without a reliable figure is left
out: no price is better than a wrong one. ``fargate-batch prices --refresh`` reads today's prices
from AWS.
"""

from typing import Final, NamedTuple


class Sourced(NamedTuple):
    """Figures of one source.

    Attributes:
        as_of: Date of the figures, ISO 8601.
        figures: By region, the price per vCPU-hour and per GB-hour; of storage, per GB-hour.
    """

    as_of: str
    source: str
    figures: dict[str, tuple[str, ...]]


_PUBLISHED: Final = "AWS price list of AmazonECS, published 2026-09-11"

X86: Final = (
    Sourced(
        "2026-09-11",
        _PUBLISHED,
        {
            "af-south-1": ("0.0546", "0.006"),
            "ap-east-1": ("0.0556", "0.0061"),
            "ap-northeast-1": ("0.05056", "0.00553"),
            "ap-northeast-2": ("0.04656", "0.00511"),
            "ap-south-1": ("0.04256", "0.004655"),
            "ap-southeast-1": ("0.05056", "0.00553"),
            "ap-southeast-2": ("0.04856", "0.00532"),
            "ca-central-1": ("0.04456", "0.004865"),
            "eu-central-1": ("0.04656", "0.00511"),
            "eu-north-1": ("0.0445", "0.0049"),
            "eu-south-1": ("0.0486", "0.0053"),
            "eu-west-1": ("0.04048", "0.004445"),
            "eu-west-2": ("0.04656", "0.00511"),
            "eu-west-3": ("0.0486", "0.0053"),
            "me-south-1": ("0.0526", "0.0058"),
            "sa-east-1": ("0.0696", "0.0076"),
            "us-east-1": ("0.04048", "0.004445"),
            "us-east-2": ("0.04048", "0.004445"),
            "us-gov-east-1": ("0.0486", "0.0053"),
            "us-gov-west-1": ("0.0486", "0.0053"),
            "us-west-1": ("0.04656", "0.00511"),
            "us-west-2": ("0.04048", "0.004445"),
        },
    ),
)

ARM: Final = (
    Sourced(
        "2026-09-11",
        _PUBLISHED,
        {
            "ap-northeast-2": ("0.03725", "0.00409"),
            "ap-south-1": ("0.02383", "0.00261"),
            "eu-west-1": ("0.03238", "0.00356"),
            "us-east-1": ("0.03238", "0.00356"),
        },
    ),
    Sourced(
        "2026-07-01", "AWS price list of AmazonECS", {"ap-northeast-1": ("0.04045", "0.00442")}
    ),
    Sourced("2026-08-21", "AWS price list API", {"ap-southeast-1": ("0.04045", "0.00442")}),
    Sourced("2026-09-24", "AWS Pricing Calculator", {"eu-central-1": ("0.03725", "0.00409")}),
    Sourced("2026-05-11", "AWS price list API", {"us-east-2": ("0.03238", "0.00356")}),
)

WINDOWS: Final = (
    # vCPU 0.046552, with the licence of 0.046 for each vCPU-hour.
    Sourced("2026-09-11", _PUBLISHED, {"us-east-1": ("0.092552", "0.00511175")}),
    Sourced("2026-05-11", "AWS price list API", {"us-east-2": ("0.092552", "0.00511175")}),
)

STORAGE: Final = (
    Sourced("2026-09-11", _PUBLISHED, {"us-east-1": ("0.000111",)}),
    Sourced("2026-07-01", "AWS price list of AmazonECS", {"ap-northeast-1": ("0.000133",)}),
    Sourced("2026-05-11", "AWS price list API", {"us-east-2": ("0.000111",)}),
)
