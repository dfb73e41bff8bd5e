"""GetProducts of AWS's price list API, with the prices that the package brings along.

moto has no price list. The answers have the form of AWS's, among them products of other machines.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from airflow_fargate_batch.core.pricing import BUILT_IN, Platform
from airflow_fargate_batch.local.refusal import Refusal

PRICES: Final = "pricing:GetProducts"
PAGE: Final = 5
"""Products a page: few, so that callers meet more than one page."""
_PREFIX: Final = {Platform.X86: "", Platform.ARM: "ARM-", Platform.WINDOWS: "Windows-"}
_LICENCE: Final = "0.046"


def get_products(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Answer GetProducts for the service AmazonECS, filtered by ``regionCode``."""
    if parameters.get("ServiceCode") != "AmazonECS":
        raise Refusal("LocalBatch has prices of AmazonECS only", "InvalidParameterException", 400)
    wanted = {each["Field"]: each["Value"] for each in parameters.get("Filters", ())}
    products = list(_products(str(wanted.get("regionCode", ""))))
    start = int(parameters.get("NextToken") or 0)
    end = start + min(PAGE, int(parameters.get("MaxResults") or PAGE))
    more = {"NextToken": str(end)} if end < len(products) else {}
    page = [json.dumps(product) for product in products[start:end]]
    return {"FormatVersion": "aws_v1", "PriceList": page, **more}


def _products(region: str) -> Iterator[dict[str, Any]]:
    yield _product(region, "ECS-EC2-GB-Hours", "0.0000000000", "2026-01-01")
    yield _product(region, "ECS-Anywhere-Instance-hours", "0.0102500000", "2026-01-01")
    for (of_region, platform), rate in BUILT_IN.rates.items():
        if of_region != region:
            continue
        unit = f"Fargate-{_PREFIX[platform]}"
        vcpu = rate.vcpu_hour
        if platform is Platform.WINDOWS:
            vcpu -= type(vcpu)(_LICENCE)
            yield _product(region, f"{unit}OS-Hours:perCPU", _LICENCE, rate.as_of)
        yield _product(region, f"{unit}vCPU-Hours:perCPU", f"{vcpu:.10f}", rate.as_of)
        yield _product(region, f"{unit}GB-Hours", f"{rate.gb_hour:.10f}", rate.as_of)
    if storage := BUILT_IN.storage.get(region):
        name, amount = "Fargate-EphemeralStorage-GB-Hours", f"{storage.gb_hour:.10f}"
        yield _product(region, name, amount, storage.as_of)


def _product(region: str, unit: str, amount: str, date: str) -> dict[str, Any]:
    moment = f"{date}T00:00:00Z"
    dimension = {"unit": "hours", "beginRange": "0", "pricePerUnit": {"USD": amount}}
    return {
        "product": {
            "productFamily": "Compute",
            "attributes": {"regionCode": region, "usagetype": f"REG1-{unit}"},
        },
        "serviceCode": "AmazonECS",
        "terms": {
            "OnDemand": {
                f"{unit}.TERM": {
                    "effectiveDate": moment,
                    "priceDimensions": {f"{unit}.TERM.RATE": dimension},
                }
            }
        },
        "publicationDate": moment,
    }
