"""``fargate-batch sizes`` answers: what does Fargate run, and what is near?"""

import json
from decimal import Decimal

import pytest

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.core.fargate import SIZES, Size
from tests.cli.conftest import Run


def test_text_has_one_line_for_each_size(run: Run) -> None:
    outcome = run("sizes")
    rows = [line.split("\t") for line in outcome.out.splitlines()]
    assert {Size(Decimal(row[0]), int(row[1])) for row in rows} == SIZES
    assert len(rows) == len(SIZES)
    assert (outcome.code, outcome.err) == (0, "")
    assert rows[0] == ["0.25", "512", "Linux", "any"]
    assert rows[-1] == ["32", "249856", "Linux", "1.4.0"]


def test_json_has_one_object_for_each_size(run: Run) -> None:
    sizes = json.loads(run("sizes", "--output", "json").out)
    assert len(sizes) == len(SIZES)
    assert sizes[0] == {"vcpu": 0.25, "memory": 512, "windows": False, "platformVersion": None}
    assert [repr(size["vcpu"]) for size in sizes][-1] == "32"


def test_a_terminal_gets_a_table_with_one_row_a_vcpu_value(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_console, "is_terminal", lambda _: True)
    lines = run("sizes").out.splitlines()
    assert lines[0].split() == ["vCPU", "memory", "runs", "platform", "version"]
    assert lines[3] == "   1  2048 to 8192 MiB in steps of 1024     Linux, Windows  any"
    assert len(lines) == 1 + 8


@pytest.mark.parametrize(
    ("words", "code", "sizes", "rounded"),
    [
        pytest.param(
            ["--vcpu", "1", "--memory", "2048"], 0, [(1, 2048)], (1, 2048), id="a legal pair"
        ),
        pytest.param(
            ["--vcpu", "1", "--memory", "4000"],
            1,
            [(1, 3072), (1, 4096)],
            (1, 4096),
            id="memory between two steps",
        ),
        pytest.param(
            ["--vcpu", "0.5", "--memory", "6 GB"],
            1,
            [(0.5, 4096), (1, 6144)],
            (1, 6144),
            id="memory that needs more vCPU",
        ),
        pytest.param(
            ["--vcpu", "64", "--memory", "2048"], 1, [(32, 61440)], None, id="nothing is so large"
        ),
        pytest.param(["--memory", "249856"], 0, [(32, 249856)], (None, 249856), id="memory alone"),
        pytest.param(
            ["--vcpu", "0.1"],
            1,
            [(0.25, 512), (0.25, 1024), (0.25, 2048)],
            (0.25, None),
            id="vCPU alone, illegal",
        ),
    ],
)
def test_a_size_is_held_against_the_table(
    run: Run,
    words: list[str],
    code: int,
    sizes: list[tuple[float, int]],
    rounded: tuple[float | None, int | None] | None,
) -> None:
    outcome = run("sizes", *words, "--output", "json")
    answer = json.loads(outcome.out)
    assert outcome.code == code
    assert answer["legal"] is (code == 0)
    assert [(size["vcpu"], size["memory"]) for size in answer["sizes"]] == sizes
    assert answer["roundUp"] == (rounded and {"vcpu": rounded[0], "memory": rounded[1]})


def test_the_verdict_is_talk_and_the_neighbours_are_data(run: Run) -> None:
    outcome = run("sizes", "--vcpu", "1", "--memory", "4000")
    assert "1 vCPU with 4000 MiB is not a Fargate size" in outcome.err
    assert "--size-policy round_up would use 1 vCPU with 4096 MiB" in outcome.err
    assert outcome.out == "1\t3072\tLinux, Windows\tany\n1\t4096\tLinux, Windows\tany\n"


def test_a_legal_size_is_said_to_be_one(run: Run) -> None:
    assert run("sizes", "--vcpu", "1", "--memory", "2048").err == (
        "Fargate runs 1 vCPU with 2048 MiB.\n"
    )


@pytest.mark.parametrize("number", ["one", "", "NaN", "1e3"])
def test_what_is_not_a_number_is_bad_usage(run: Run, number: str) -> None:
    outcome = run("sizes", "--vcpu", number)
    assert (outcome.code, outcome.out) == (2, "")
    assert "--vcpu: " in outcome.err


@pytest.mark.parametrize("number", ["0", "-1", "9" * 18])
def test_any_number_has_an_answer(run: Run, number: str) -> None:
    assert run("sizes", "--memory", number).code == 1
    assert run("sizes", "--vcpu", "1", "--memory", number).code == 1


def test_a_number_beyond_all_use_is_bad_usage(run: Run) -> None:
    outcome = run("sizes", "--memory", "9" * 5000)
    assert (outcome.code, outcome.out) == (2, "")
    assert len(outcome.err) < 200


def test_sizes_are_ranked_by_price(run: Run) -> None:
    lines = run("sizes", "--by", "price", "--region", "us-east-1").out.splitlines()
    assert lines[0] == "0.25\t512\t0.012343\tUSD"
    assert lines[1] == "0.25\t1024\t0.014565\tUSD"
    prices = [float(line.split("\t")[2]) for line in lines]
    assert prices == sorted(prices)
    assert len(lines) == len(SIZES)


def test_the_sizes_with_the_same_memory_are_ranked_too(run: Run) -> None:
    outcome = run("sizes", "--memory", "8192", "--by", "price", "--output", "json")
    assert [(each["vcpu"], each["memory"]) for each in json.loads(outcome.out)] == [
        (1.0, 8192),
        (2.0, 8192),
        (4.0, 8192),
    ]


def test_windows_and_arm_have_prices_of_their_own(run: Run) -> None:
    words = ("sizes", "--vcpu", "1", "--memory", "2048", "--by", "price", "--region", "us-east-1")
    found = {
        platform: run(*words, "--platform", platform).out.split("\t")[2]
        for platform in ("linux-x86", "linux-arm", "windows-x86")
    }
    assert found == {
        "linux-x86": "0.049370",
        "linux-arm": "0.039500",
        "windows-x86": "0.102776",
    }


def test_without_a_price_there_is_no_rank(run: Run) -> None:
    outcome = run("sizes", "--by", "price", "--region", "eu-west-9")
    assert (outcome.code, outcome.out) == (1, "")
    assert "no price of Linux x86 in eu-west-9 is known" in outcome.err


def test_the_table_of_prices_is_for_people(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_console, "is_terminal", lambda _: True)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    heading, first, *_ = run("sizes", "--by", "price").out.splitlines()
    assert heading == "vCPU  MiB     an hour"
    assert first == "0.25  512     0.0123 USD"
