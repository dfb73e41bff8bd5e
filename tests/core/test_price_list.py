"""Prices in AWS's price list: whole, on demand, and never guessed from a part."""

import json
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.price_list import prices_of, request
from airflow_fargate_batch.core.pricing import Platform


def product(usage: str, amount: object, **more: Any) -> str:
    dimension = {"unit": "hours", "pricePerUnit": {more.pop("currency", "USD"): amount}}
    terms = more.pop("terms", {"OnDemand": {"T": {"priceDimensions": {"R": dimension}}}})
    attributes = {"regionCode": "eu-west-9", "usagetype": f"EUW9-{usage}"}
    date = {"publicationDate": "2027-01-02T03:04:05Z"}
    return json.dumps({"product": {"attributes": attributes}, "terms": terms, **date, **more})


X86 = [product("Fargate-vCPU-Hours:perCPU", "0.0400000000"), product("Fargate-GB-Hours", "0.0040")]
WINDOWS = [
    product("Fargate-Windows-vCPU-Hours:perCPU", "0.05"),
    product("Fargate-Windows-GB-Hours", "0.006"),
]
LICENCE = product("Fargate-Windows-OS-Hours:perCPU", "0.046")


def test_units_of_a_platform_make_a_rate_with_its_date() -> None:
    [rate] = prices_of(X86).rates.values()
    assert (rate.region, rate.platform) == ("eu-west-9", Platform.X86)
    assert (rate.vcpu_hour, rate.gb_hour) == (Decimal("0.04"), Decimal("0.004"))
    assert (rate.currency, rate.as_of, rate.source) == ("USD", "2027-01-02", "AWS price list API")


def test_windows_includes_its_licence_and_is_unknown_without_it() -> None:
    assert not prices_of(WINDOWS).rates
    [rate] = prices_of([*WINDOWS, LICENCE]).rates.values()
    assert rate.vcpu_hour == Decimal("0.096")


def test_storage_has_a_price_of_its_own() -> None:
    prices = prices_of([product("Fargate-EphemeralStorage-GB-Hours", "0.0001110000")])
    assert prices.storage["eu-west-9"].gb_hour == Decimal("0.000111")
    assert prices.to_json()["storage"][0]["gbHour"] == "0.000111"


def test_a_usage_type_without_a_prefix_counts_too() -> None:
    assert prices_of([text.replace("EUW9-", "") for text in X86]).rates


@pytest.mark.parametrize(
    "other",
    [
        product("ECS-EC2-vCPU-Hours", "9"),
        product("Fargate-vCPU-Hours:perCPU-SpotDiscount", "9"),
        product("Fargate-vCPU-Hours:perCPU", "0.0000000000"),
        product("Fargate-vCPU-Hours:perCPU", "NaN"),
        product("Fargate-vCPU-Hours:perCPU", "free"),
        product("Fargate-vCPU-Hours:perCPU", None),
        product("Fargate-vCPU-Hours:perCPU", "9", terms={"Reserved": {}}),
        "not JSON",
        "[]",
        None,
        17,
    ],
)
def test_other_products_and_nonsense_are_left_out(other: object) -> None:
    assert prices_of([other, *X86]) == prices_of(X86)


def test_two_prices_of_one_unit_are_no_price() -> None:
    assert not prices_of([*X86, product("Fargate-GB-Hours", "0.0041")]).rates
    assert prices_of([*X86, X86[0]]).rates


def test_a_request_asks_for_the_region_of_the_prices() -> None:
    asked = request("eu-west-9", "next")
    assert asked["ServiceCode"] == "AmazonECS"
    assert asked["Filters"] == [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-9"}]
    assert (asked["NextToken"], "NextToken" in request("eu-west-9")) == ("next", False)
