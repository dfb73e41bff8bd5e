"""Prices: each figure dated and sourced, none invented, a user's file in their place."""

import json
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.fargate import TABLE, Size
from airflow_fargate_batch.core.pricing import (
    BUILT_IN,
    NotPrices,
    Platform,
    Prices,
    Rate,
    Shape,
    StorageRate,
    fewer_vcpus,
    hourly,
)

ROW = {"region": "mars-1", "platform": "linux-arm", "vcpuHour": "0.1", "gbHour": 0.01}
FILE = {"prices": [ROW | {"asOf": "2026-11-01"}]}


def shape(vcpu: str = "1", memory: int = 2048, **more: Any) -> Shape:
    return Shape(**{"region": "us-east-1", "size": Size(Decimal(vcpu), memory)} | more)


@pytest.mark.parametrize(
    ("wanted", "amount"),
    [
        (shape(), "0.04937"),
        (shape(region="ap-northeast-1"), "0.06162"),
        (shape(platform=Platform.ARM), "0.0395"),
        (shape(memory=2048, platform=Platform.WINDOWS), "0.1027755"),
        (shape("0.25", 512), "0.0123425"),
        (shape(storage=20), "0.04937"),
        (shape(storage=120), "0.06047"),
    ],
    ids=["x86", "tokyo", "arm", "windows", "smallest", "free storage", "100 GB more"],
)
def test_an_hour_costs_vcpus_memory_licence_and_storage_above_20_gb(
    wanted: Shape, amount: str
) -> None:
    price = hourly(wanted, BUILT_IN)
    assert (price.amount, price.currency, price.reason) == (Decimal(amount), "USD", None)


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (shape(region="mars-1"), "no price of Linux x86 in mars-1 is known"),
        (shape(region="eu-west-2", platform=Platform.WINDOWS), "no price of Windows in eu-west-2"),
        (shape(region="eu-west-2", storage=21), "no price of ephemeral storage in eu-west-2"),
        (shape(region=None), "the region is not known"),
        (shape(size=None), "vCPU and memory are not both given"),
    ],
)
def test_an_unknown_price_is_said_and_never_guessed(wanted: Shape, reason: str) -> None:
    price = hourly(wanted, BUILT_IN)
    assert price.amount is None
    assert reason in str(price.reason)


def test_the_price_is_as_old_as_its_oldest_figure() -> None:
    tokyo = shape(region="ap-northeast-1")
    assert hourly(tokyo, BUILT_IN).as_of == "2026-09-11"
    assert hourly(shape(region="ap-northeast-1", storage=30), BUILT_IN).as_of == "2026-07-01"


def test_every_figure_has_a_date_a_source_and_a_region() -> None:
    rates: list[Rate | StorageRate] = [*BUILT_IN.rates.values(), *BUILT_IN.storage.values()]
    for rate in rates:
        assert date(2026, 1, 1) <= date.fromisoformat(rate.as_of) <= date(2026, 12, 31)
        assert rate.source.startswith("AWS ")
        assert re.fullmatch(r"[a-z]{2}(-gov)?-[a-z]+-\d", rate.region)


def test_arm_is_cheaper_and_windows_dearer_wherever_both_are_known() -> None:
    for (region, platform), rate in BUILT_IN.rates.items():
        x86 = BUILT_IN.rates[region, Platform.X86]
        size = Size(Decimal(4), 8192)
        if platform is Platform.ARM:
            assert Decimal("0.5") < rate.hour(size) / x86.hour(size) < Decimal("0.85")
        if platform is Platform.WINDOWS:
            assert rate.hour(size) > x86.hour(size)


def test_a_file_takes_the_place_of_the_table_row_by_row() -> None:
    tokyo = {**ROW, "region": "ap-northeast-1", "asOf": "2027-01-01", "currency": "JPY"}
    prices = BUILT_IN.updated(Prices.from_json({"prices": [tokyo]}))
    arm = hourly(shape(region="ap-northeast-1", platform=Platform.ARM), prices)
    assert (arm.amount, arm.currency, arm.as_of) == (Decimal("0.12"), "JPY", "2027-01-01")
    assert hourly(shape(region="ap-northeast-1"), prices).currency == "USD"


def test_a_file_reads_back_as_it_was_written() -> None:
    assert Prices.from_json(json.loads(json.dumps(BUILT_IN.to_json()))) == BUILT_IN


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ([], 'must be an object with the list "prices"'),
        ({"rates": []}, 'must be an object with the list "prices"'),
        ({"prices": {"a": 1}}, '"prices" must be a list'),
        ({"prices": [{}]}, "prices[0].platform must be one of linux-x86"),
        ({"prices": [ROW]}, "prices[0].asOf must be a text"),
        ({"prices": [{**FILE["prices"][0], "gbHour": "free"}]}, "prices[0].gbHour must be a price"),
        ({"prices": [{**FILE["prices"][0], "gbHour": "NaN"}]}, "prices[0].gbHour must be a price"),
        ({"prices": [{**FILE["prices"][0], "gbHour": True}]}, "prices[0].gbHour must be a price"),
        ({"prices": [{**FILE["prices"][0], "vcpuHour": -1}]}, "prices[0].vcpuHour must be a price"),
        ({"prices": [{**FILE["prices"][0], "vcpuHour": "1e9"}]}, "prices[0].vcpuHour must be"),
        ({"storage": [{"region": ""}]}, "storage[0].region must be a text"),
    ],
)
def test_a_file_of_another_form_is_refused_with_the_place(content: object, reason: str) -> None:
    with pytest.raises(NotPrices, match=re.escape(reason)):
        Prices.from_json(content)


@pytest.mark.parametrize(
    ("runtime", "platform"),
    [
        ((None, None), Platform.X86),
        (("LINUX", "X86_64"), Platform.X86),
        (("LINUX", "ARM64"), Platform.ARM),
        (("WINDOWS_SERVER_2022_CORE", "X86_64"), Platform.WINDOWS),
    ],
)
def test_the_runtime_platform_decides_the_price(
    runtime: tuple[str | None, str | None], platform: Platform
) -> None:
    assert Platform.of(*runtime) is platform


def test_fewer_vcpus_with_the_same_memory() -> None:
    assert fewer_vcpus(Size(Decimal(2), 8192), Platform.X86) == Size(Decimal(1), 8192)
    assert fewer_vcpus(Size(Decimal(2), 4096), Platform.X86) == Size(Decimal(1), 4096)
    assert fewer_vcpus(Size(Decimal(1), 2048), Platform.WINDOWS) is None
    assert fewer_vcpus(Size(TABLE[0].vcpu, 512), Platform.X86) is None
