"""The sizes of Fargate, and what is nearest to a pair that is none of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_fargate_batch.core.fargate import (
    MEMORY_VALUES,
    SIZES,
    TABLE,
    VCPU_VALUES,
    Size,
    VcpuRow,
    either_of,
    nearest_sizes,
    neighbours,
    row_of,
    smallest_that_holds,
)

vcpus = st.decimals(0, 40, places=2)
memories = st.integers(1, 300_000)


def test_there_are_77_sizes() -> None:
    assert len(SIZES) == sum(len(row.memory) for row in TABLE) == 77


@pytest.mark.parametrize(
    ("vcpu", "count", "first", "last"),
    [
        ("0.25", 3, 512, 2048),
        ("0.5", 4, 1024, 4096),
        ("1", 7, 2048, 8192),
        ("2", 13, 4096, 16384),
        ("4", 23, 8192, 30720),
        ("8", 12, 16384, 61440),
        ("16", 12, 32768, 122880),
        ("32", 3, 61440, 249856),
    ],
)
def test_each_row_has_its_documented_ends(vcpu: str, count: int, first: int, last: int) -> None:
    row = row_of(Decimal(vcpu))
    assert row is not None
    assert (len(row.memory), row.memory[0], row.memory[-1]) == (count, first, last)
    assert list(row.memory) == sorted(row.memory)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row.vcpu))
def test_vcpu_is_spelt_as_the_api_takes_it(row: VcpuRow) -> None:
    assert str(row.vcpu) in {"0.25", "0.5", "1", "2", "4", "8", "16", "32"}


def test_windows_runs_on_one_two_and_four_vcpu() -> None:
    assert [str(row.vcpu) for row in TABLE if row.windows] == ["1", "2", "4"]


def test_eight_vcpu_and_more_need_platform_version_1_4_0() -> None:
    assert {str(row.vcpu): row.platform_version for row in TABLE if row.platform_version} == {
        "8": "1.4.0",
        "16": "1.4.0",
        "32": "1.4.0",
    }


def test_32_vcpu_take_three_values_and_no_range() -> None:
    assert TABLE[-1].memory == (61440, 122880, 249856)
    assert TABLE[-1].describe_memory() == "61440, 122880 or 249856 MiB"


def test_a_row_with_one_step_is_described_as_a_range() -> None:
    assert TABLE[5].describe_memory() == "16384 to 61440 MiB in steps of 4096"


def test_a_vcpu_value_that_fargate_lacks_has_no_row() -> None:
    assert row_of(Decimal(3)) is None


def test_the_values_of_all_sizes_are_listed_once_and_in_order() -> None:
    assert list(MEMORY_VALUES) == sorted({memory for _, memory in SIZES})
    assert list(VCPU_VALUES) == sorted({vcpu for vcpu, _ in SIZES})


@given(vcpus, memories)
def test_the_smallest_that_holds_agrees_with_trying_every_size(vcpu: Decimal, memory: int) -> None:
    found = smallest_that_holds(vcpu, memory)
    holding = [size for size in SIZES if size.vcpu >= vcpu and size.memory >= memory]
    if found is None:
        assert not holding
    else:
        assert found in holding
        assert all((found.vcpu, found.memory) <= (size.vcpu, size.memory) for size in holding)


@pytest.mark.parametrize(
    ("vcpu", "memory", "size"),
    [
        ("1", 8192, Size(Decimal(1), 8192)),
        ("1", 8193, Size(Decimal(2), 9216)),
        ("0.25", 2049, Size(Decimal("0.5"), 3072)),
        ("0.1", 1, Size(Decimal("0.25"), 512)),
        ("4", 30721, Size(Decimal(8), 32768)),
        ("16.01", 1, Size(Decimal(32), 61440)),
        ("32", 249856, Size(Decimal(32), 249856)),
        ("32", 249857, None),
        ("32.01", 1, None),
    ],
)
def test_more_memory_than_a_row_has_takes_more_vcpu(
    vcpu: str, memory: int, size: Size | None
) -> None:
    assert smallest_that_holds(Decimal(vcpu), memory) == size


@pytest.mark.parametrize(
    ("value", "expected"),
    [(500, [512]), (512, [512]), (513, [512, 1024]), (249857, [249856])],
)
def test_neighbours_are_next_below_and_next_above(value: int, expected: list[int]) -> None:
    assert neighbours(value, MEMORY_VALUES) == expected


def test_a_size_is_nearest_to_itself() -> None:
    assert all(nearest_sizes(*size) == [size] for size in SIZES)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.vcpu} vCPU")
def test_between_two_values_of_a_row_both_are_nearest(row: VcpuRow) -> None:
    for low, high in zip(row.memory, row.memory[1:], strict=False):
        for memory in (low + 1, high - 1):
            assert nearest_sizes(row.vcpu, memory) == [Size(row.vcpu, low), Size(row.vcpu, high)]


@pytest.mark.parametrize(
    ("vcpu", "memory", "expected"),
    [
        ("1", 1024, ["1 vCPU with 2048 MiB"]),
        ("1", 9000, ["1 vCPU with 8192 MiB", "2 vCPU with 9216 MiB"]),
        ("3", 8192, ["2 vCPU with 8192 MiB", "4 vCPU with 8192 MiB"]),
        ("3", 20000, ["4 vCPU with 20480 MiB"]),
        ("0.1", 512, ["0.25 vCPU with 512 MiB"]),
        ("64", 8192, ["32 vCPU with 61440 MiB"]),
        ("32", 300000, ["32 vCPU with 249856 MiB"]),
        ("64", 300000, ["32 vCPU with 249856 MiB"]),
    ],
)
def test_nearest_sizes(vcpu: str, memory: int, expected: list[str]) -> None:
    assert [str(size) for size in nearest_sizes(Decimal(vcpu), memory)] == expected


@given(vcpus, memories)
def test_nearest_are_sizes_in_order_and_one_that_holds_both_where_there_is_one(
    vcpu: Decimal, memory: int
) -> None:
    near = nearest_sizes(vcpu, memory)
    assert set(near) <= SIZES
    assert near == sorted(near)
    if smallest_that_holds(vcpu, memory):
        assert any(size.vcpu >= vcpu and size.memory >= memory for size in near)


@pytest.mark.parametrize(
    ("values", "text"),
    [([3072], "3072"), ([3072, 4096], "3072 or 4096"), ([1, 2, 3], "1, 2 or 3")],
)
def test_choices_read_as_a_sentence(values: list[int], text: str) -> None:
    assert either_of(values) == text
