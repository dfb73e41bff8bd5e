"""Price of a job before it runs."""

from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.estimate import describe_all, estimate, estimate_request
from airflow_fargate_batch.core.fargate import Size
from airflow_fargate_batch.core.pricing import BUILT_IN, Platform, Prices, Rate, Shape
from tests.core.making import make

QUEUE = "arn:aws:batch:us-east-1:123456789012:job-queue/queue"


def shape(**more: Any) -> Shape:
    return Shape(**{"region": "us-east-1", "size": Size(Decimal(2), 8192)} | more)


def test_an_estimate_names_an_hour_the_timeout_and_a_cheaper_size() -> None:
    assert estimate(shape(), BUILT_IN, jobs=10, timeout=1800).describe() == [
        "Cost: 0.1165 USD an hour for 2 vCPU with 8192 MiB, 1.1652 USD for 10 children (Linux x86 "
        "in us-east-1, on demand, prices of 2026-09-11)",
        "Cost: at most 0.5826 USD for one attempt of each child that runs until its timeout of "
        "30 min 0 s, image pull excluded",
        "Cost: 1 vCPU with 8192 MiB has the same memory and costs 0.0760 USD an hour, 35 % less",
    ]


def test_an_estimate_without_a_price_says_why() -> None:
    assert estimate(shape(region=None), BUILT_IN).describe() == [
        "Cost: no estimate, because the region is not known"
    ]
    [line] = estimate(shape(platform=Platform.ARM, region="mars-1"), BUILT_IN).describe()
    assert "no price of Linux ARM in mars-1 is known" in line


def test_storage_of_the_cheaper_size_counts_too() -> None:
    with_storage = estimate(shape(storage=120), BUILT_IN)
    assert with_storage.cheaper is not None
    assert with_storage.cheaper[1] == Decimal("0.07604") + Decimal("0.0111")


def test_a_request_is_priced_by_its_size_array_and_timeout() -> None:
    request = make(vcpu=1, memory=2048, array_size=4, job_timeout=3600)
    found = estimate_request(request, BUILT_IN, region="us-east-1")
    assert (found.hour.amount, found.jobs, found.timeout) == (Decimal("0.04937"), 4, 3600)
    assert found.until_timeout == Decimal("0.04937") * 4


@pytest.mark.parametrize(
    ("arguments", "region"),
    [({}, "eu-west-1"), ({"job_queue": QUEUE}, "us-east-1")],
    ids=["given", "ARN"],
)
def test_the_region_of_an_arn_counts_before_the_given_one(
    arguments: dict[str, str], region: str
) -> None:
    found = estimate_request(make(**arguments), BUILT_IN, region="eu-west-1")
    assert found.shape.region == region


def test_one_job_without_a_timeout_is_priced_by_the_hour_alone() -> None:
    request = make(vcpu="0.25", memory=512)
    assert estimate_request(request, BUILT_IN, region="us-east-1").describe() == [
        "Cost: 0.0123 USD an hour for 0.25 vCPU with 512 MiB (Linux x86 in us-east-1, on demand, "
        "prices of 2026-09-11)"
    ]


def test_without_both_values_there_is_no_estimate() -> None:
    assert estimate_request(make(vcpu=1), BUILT_IN, region="us-east-1").describe() == [
        "Cost: no estimate, because vCPU and memory are not both given"
    ]


def test_containers_that_the_request_does_not_name_are_not_guessed() -> None:
    request = make(vcpu=1, memory=2048, container="main")
    assert estimate_request(request, BUILT_IN, region="us-east-1").describe() == [
        "Cost: no estimate, because the job definition may have containers that the request does "
        "not name"
    ]


def test_several_requests_are_summed_by_currency() -> None:
    yen = Rate(
        region="moon-1",
        platform=Platform.X86,
        vcpu_hour=Decimal(10),
        gb_hour=Decimal(1),
        currency="JPY",
        as_of="2026-01-01",
        source="test",
    )
    prices = BUILT_IN.updated(Prices.of([yen]))
    shapes = [shape(), shape(), shape(region="moon-1"), shape(size=None), shape(region="mars-1")]
    assert describe_all(estimate(each, prices, jobs=2) for each in shapes) == [
        "Cost: 56.0000 JPY an hour if all jobs of 1 request run at once (on demand, prices of "
        "2026-01-01)",
        "Cost: 0.4661 USD an hour if all jobs of 2 requests run at once (on demand, prices of "
        "2026-09-11)",
        "Cost: no estimate for 1 request, because no price of Linux x86 in mars-1 is known "
        "('fargate-batch prices --refresh' reads AWS's prices)",
        "Cost: no estimate for 1 request, because vCPU and memory are not both given",
    ]
    assert describe_all([estimate(shape(), prices)])[0].startswith("Cost: 0.1165 USD an hour for")
