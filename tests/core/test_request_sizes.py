"""vCPU and memory are one of the 77 sizes, or the refusal says which ones are near."""

import time
from decimal import Decimal
from typing import Any

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
)
from airflow_fargate_batch.core.request import read_size, settle_size
from airflow_fargate_batch.exceptions import InvalidRequest
from tests.core.making import body, make, problem, problems, requirements

by_row = pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.vcpu} vCPU")


@pytest.mark.parametrize("size", sorted(SIZES), ids=str)
def test_each_of_the_77_sizes_is_sent_as_aws_spells_it(size: Size) -> None:
    expected = {"VCPU": str(size.vcpu), "MEMORY": str(size.memory)}
    assert requirements(vcpu=size.vcpu, memory=size.memory) == expected
    assert requirements(vcpu=float(size.vcpu), memory=str(size.memory)) == expected
    assert make(vcpu=size.vcpu, memory=size.memory).notes == ()


@by_row
def test_every_near_miss_is_refused_with_its_neighbours(row: VcpuRow) -> None:
    first, last = row.memory[0], row.memory[-1]
    misses = {memory + by for memory in row.memory for by in (-1, 1, 512, 1024)}
    misses |= set(range(512, last, 512)) | {1, first // 2}
    for memory in sorted(misses - set(row.memory)):
        said = problem(vcpu=row.vcpu, memory=memory)
        assert f"{row.vcpu} vCPU with {memory} MiB is not a Fargate size" in said
        suggestion = said.rpartition(": use ")[2]
        below = [legal for legal in row.memory if legal < memory]
        above = [legal for legal in row.memory if legal > memory]
        if above:
            assert suggestion == " or ".join(map(str, below[-1:] + above[:1]))
        else:
            here = Size(row.vcpu, last)
            larger = sorted(size for size in SIZES if size > here and size.memory >= memory)
            choices = [here, *larger[:1]]
            assert suggestion in (" or ".join(map(str, choices)), str(last))
            assert larger or suggestion == str(last)


@pytest.mark.parametrize(
    ("vcpu", "memory", "message"),
    [
        pytest.param(
            1,
            4000,
            "memory: 1 vCPU with 4000 MiB is not a Fargate size; 1 vCPU takes 2048 to 8192 MiB in "
            "steps of 1024: use 3072 or 4096",
            id="between two values",
        ),
        pytest.param(
            "0.25",
            "3 GB",
            "memory: 0.25 vCPU with 3072 MiB is not a Fargate size; 0.25 vCPU takes 512, 1024 or "
            "2048 MiB: use 0.25 vCPU with 2048 MiB or 0.5 vCPU with 3072 MiB",
            id="more than the row has",
        ),
        pytest.param(
            4,
            4096,
            "memory: 4 vCPU with 4096 MiB is not a Fargate size; 4 vCPU takes 8192 to 30720 MiB in "
            "steps of 1024: use 8192",
            id="less than the row has",
        ),
        pytest.param(
            3,
            8192,
            "vcpu: 3 vCPU with 8192 MiB is not a Fargate size; the vCPU values are 0.25, 0.5, 1, "
            "2, 4, 8, 16 or 32: use 2 vCPU with 8192 MiB or 4 vCPU with 8192 MiB",
            id="a vCPU value that there is not",
        ),
        pytest.param(
            3, None, "vcpu: 3 vCPU is not part of any Fargate size: use 2 or 4", id="vCPU alone"
        ),
        pytest.param(
            None,
            "1.5 GB",
            "memory: 1536.0 MiB is not part of any Fargate size: use 1024 or 2048",
            id="memory alone",
        ),
        pytest.param(
            0, None, "vcpu: vCPU must be greater than 0, not 0: use 0.25 or more", id="no vCPU"
        ),
        pytest.param(
            None,
            -1,
            "memory: memory (MiB) must be greater than 0, not -1: use 512 or more",
            id="negative memory",
        ),
    ],
)
def test_a_refusal_names_the_value_the_rule_and_what_works(
    vcpu: Any, memory: Any, message: str
) -> None:
    assert problem(vcpu=vcpu, memory=memory) == message


def test_the_suggestion_stands_by_itself_too() -> None:
    (only,) = problems(vcpu=1, memory=4000)
    assert (only.field, only.suggestion) == ("memory", "use 3072 or 4096")


@pytest.mark.parametrize("vcpu", VCPU_VALUES, ids=str)
def test_vcpu_alone_leaves_memory_to_the_job_definition(vcpu: Decimal) -> None:
    assert requirements(vcpu=vcpu) == {"VCPU": str(vcpu)}


def test_memory_alone_leaves_vcpu_to_the_job_definition() -> None:
    for memory in MEMORY_VALUES:
        assert requirements(memory=memory) == {"MEMORY": str(memory)}


def test_no_size_sends_no_overrides() -> None:
    assert "containerOverrides" not in body()


# --- Spellings of numbers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "vcpu",
    [0.25, Decimal("0.25"), Decimal("0.250"), "0.25", ".25", " 0.25 ", "+0.25", "00.250"],
    ids=repr,
)
def test_a_quarter_of_a_vcpu_however_written(vcpu: Any) -> None:
    assert requirements(vcpu=vcpu) == {"VCPU": "0.25"}


@pytest.mark.parametrize("vcpu", [1, 1.0, Decimal(1), Decimal("1.00"), "1", "1.0", "1."], ids=repr)
def test_one_vcpu_is_never_sent_as_1_0(vcpu: Any) -> None:
    assert requirements(vcpu=vcpu) == {"VCPU": "1"}


@pytest.mark.parametrize("vcpu", [16, "16", Decimal("1.6E+1")], ids=repr)
def test_sixteen_vcpu_are_never_sent_with_an_exponent(vcpu: Any) -> None:
    assert requirements(vcpu=vcpu) == {"VCPU": "16"}


@pytest.mark.parametrize(
    ("memory", "mib"),
    [
        (4096, "4096"),
        (4096.0, "4096"),
        (Decimal("4096.0"), "4096"),
        ("4096", "4096"),
        ("4 GB", "4096"),
        ("4GB", "4096"),
        ("4 gb", "4096"),
        (" 4 GiB ", "4096"),
        ("4.0 GB", "4096"),
        ("0.5 GB", "512"),
        (".5GB", "512"),
        ("512 MB", "512"),
        ("512MiB", "512"),
    ],
    ids=repr,
)
def test_memory_is_mib_or_as_ecs_writes_it(memory: Any, mib: str) -> None:
    assert requirements(memory=memory) == {"MEMORY": mib}


@pytest.mark.parametrize("argument", ["vcpu", "memory"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "True is not a number"),
        (False, "False is not a number"),
        (float("nan"), "nan is not a number"),
        (float("inf"), "inf is not a number"),
        (Decimal("NaN"), "NaN is not a number"),
        (Decimal("sNaN"), "sNaN is not a number"),
        (Decimal("-Infinity"), "-Infinity is not a number"),
        ("NaN", "'NaN' is not a number"),
        ("one", "'one' is not a number"),
        ("1,5", "'1,5' is not a number"),
        ("1e3", "'1e3' is not a number"),
        ("1_000", "'1_000' is not a number"),
        ("٣", "'٣' is not a number"),
        (
            "None",
            "is the text 'None': check the template or script that sets it; no value was found",
        ),
        ("", "is empty: leave it out, or check the template or script that sets it"),
        (" ", "is empty: leave it out, or check the template or script that sets it"),
        ("{{ params.x }}", "'{{ params.x }}' is a template that was not rendered"),
        ("{% if x %}1{% endif %}", "'{% if x %}1{% endif %}' is a template that was not rendered"),
        ([1], "a list is not a number"),
        ({}, "a dict is not a number"),
        (b"1", "a bytes is not a number"),
        pytest.param(object(), "an object is not a number", id="an object"),
    ],
    ids=repr,
)
def test_what_is_no_number_is_a_problem(argument: str, value: Any, said: str) -> None:
    assert problem(**{argument: value}) == f"{argument}: {said}"


@pytest.mark.parametrize("memory", ["GB", "four GB", "4 TB", "None GB"])
def test_a_unit_without_a_number_or_an_unknown_unit_is_a_problem(memory: str) -> None:
    assert problem(memory=memory).startswith("memory: ")


@pytest.mark.parametrize("policy", ["strict", "round_up"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(10**5000, id="int of 5,000 digits"),
        pytest.param("9" * 5000, id="text of 5,000 digits"),
        pytest.param(Decimal("1e999999"), id="Decimal of a million digits"),
        pytest.param(
            Decimal("-9.99999999999999999999999999999e999999999"), id="beyond the context"
        ),
        pytest.param(1e308, id="the largest float"),
        pytest.param("1" + "0" * 1_000_010, id="text of a million digits"),
    ],
)
def test_absurd_numbers_are_refused_in_a_short_message(value: Any, policy: str) -> None:
    for each in problems(vcpu=value, memory=value, size_policy=policy):
        assert len(str(each)) < 400


def test_a_unit_does_not_make_an_absurd_number_overflow() -> None:
    said = problem(memory="1" + "0" * 1_000_010 + " GB")
    assert said.endswith("… is outside every range that AWS accepts")


def test_a_long_text_that_is_almost_a_number_is_refused_without_delay() -> None:
    started = time.process_time()
    assert problem(vcpu="9" * 200_000 + "x").endswith("… is not a number")
    assert time.process_time() - started < 10


# --- Rounding up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vcpu", "memory", "rounded"),
    [
        (1, 2048, (1, 2048)),
        (1, 2049, (1, 3072)),
        (1, 1, (1, 2048)),
        (1.01, 2048, (2, 4096)),
        (1, 8193, (2, 9216)),
        (3, "4 GB", (4, 8192)),
        ("0.25", 30721, (8, 32768)),
        (16, 122881, (32, 249856)),
        (1, "2.5 GB", (1, 3072)),
        (3, None, (4, None)),
        (0.01, None, (0.25, None)),
        (None, 513, (None, 1024)),
        (None, 122881, (None, 249856)),
        (None, None, (None, None)),
    ],
)
def test_round_up_takes_the_smallest_size_that_holds_both(
    vcpu: Any, memory: Any, rounded: tuple[Any, Any]
) -> None:
    assert make(vcpu=vcpu, memory=memory, size_policy="round_up").size == rounded


def test_a_note_says_what_became_of_what() -> None:
    assert make(vcpu=1, memory="9000 MB", size_policy="round_up").notes == (
        "1 vCPU with 9000 MiB was rounded up to 2 vCPU with 9216 MiB, the next Fargate size",
    )


@pytest.mark.parametrize(
    ("vcpu", "memory", "field"),
    [
        (33, 512, "vcpu"),
        (32, 249857, "memory"),
        (33, 249857, "vcpu"),
        (33, None, "vcpu"),
        (None, 249857, "memory"),
    ],
)
def test_what_no_size_holds_is_a_problem(vcpu: Any, memory: Any, field: str) -> None:
    (only,) = problems(vcpu=vcpu, memory=memory, size_policy="round_up")
    assert only.field == field
    assert only.message.endswith("is more than the largest Fargate size, 32 vCPU with 249856 MiB")


@given(
    st.none() | st.decimals("0.01", 34, places=2),
    st.none() | st.integers(1, 260_000),
)
def test_round_up_never_shrinks_and_is_minimal(vcpu: Decimal | None, memory: int | None) -> None:
    holding = sorted(
        size for size in SIZES if size.vcpu >= (vcpu or 0) and size.memory >= (memory or 0)
    )
    if not holding:
        assert problems(vcpu=vcpu, memory=memory, size_policy="round_up")
        return
    size = make(vcpu=vcpu, memory=memory, size_policy="round_up").size
    if vcpu is not None and memory is not None:
        assert tuple(size) == tuple(holding[0])
    else:
        assert size.vcpu == (vcpu and min(each.vcpu for each in holding))
        assert size.memory == (memory and min(each.memory for each in holding))


@given(st.sampled_from(sorted(SIZES)))
def test_round_up_leaves_a_legal_size_alone(size: Size) -> None:
    request = make(vcpu=size.vcpu, memory=size.memory, size_policy="round_up")
    assert (tuple(request.size), request.notes) == (tuple(size), ())


@pytest.mark.parametrize("policy", ["ROUND_UP", "nearest", "", True, 1, ["strict"]], ids=repr)
def test_an_unknown_policy_is_a_problem(policy: Any) -> None:
    assert problem(vcpu=1, memory=4000, size_policy=policy).startswith(
        "size_policy: must be strict or round_up, not "
    )


def test_no_policy_is_strict() -> None:
    assert "not a Fargate size" in problem(vcpu=1, memory=4000, size_policy=None)


# --- Platform versions ---------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["LATEST", "latest", "1.4.0", "1.3.0", "10.0.1"])
def test_a_platform_version_never_enters_the_body(version: str) -> None:
    request = make(platform_version=version)
    assert request.platform_version == version.upper()
    assert version not in str(request.to_submit_job())


@pytest.mark.parametrize(
    "version", ["1.4", "1.4.0.1", "v1.4.0", "newest", "1.4.x", 1.4, "1.4.0\n1"], ids=repr
)
def test_what_is_no_platform_version_is_a_problem(version: Any) -> None:
    assert problem(platform_version=version).startswith("platform_version: ")


@pytest.mark.parametrize(
    ("vcpu", "version", "runs"),
    [
        (4, "1.3.0", True),
        (8, "1.3.0", False),
        (8, "1.3.99", False),
        (8, "1.4.0", True),
        (16, "1.10.0", True),
        (32, "0.9.9", False),
        (32, "LATEST", True),
    ],
)
def test_eight_vcpu_and_more_need_1_4_0(vcpu: int, version: str, runs: bool) -> None:
    if runs:
        assert make(vcpu=vcpu, platform_version=version).size.vcpu == vcpu
    else:
        assert problem(vcpu=vcpu, platform_version=version) == (
            f"platform_version: {version} does not support {vcpu} vCPU: use 1.4.0 or LATEST"
        )


# --- A size without a request --------------------------------------------------------------------


def test_a_size_alone_is_read_and_settled_by_the_same_rules() -> None:
    wanted = read_size(vcpu="1", memory="3.5 GB")
    assert (wanted.vcpu, wanted.memory) == (Decimal(1), Decimal(3584))
    assert settle_size(wanted, "round_up") == (Decimal(1), 4096)
    with pytest.raises(InvalidRequest, match="is not a Fargate size"):
        settle_size(wanted, "strict")


def test_a_size_that_is_no_number_is_refused_with_all_problems() -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_size(vcpu="one", memory="much")
    assert [problem.field for problem in caught.value.problems] == ["vcpu", "memory"]
