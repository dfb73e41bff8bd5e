"""``fargate-batch prices``: the known prices, and AWS's prices in a file of the user."""

import json
from pathlib import Path

import pytest

from airflow_fargate_batch.aws.prices import MOST_PAGES, PriceListApi
from airflow_fargate_batch.cli import _clients, _console
from airflow_fargate_batch.core.pricing import BUILT_IN, Prices
from airflow_fargate_batch.local import LocalBatch
from tests.cli.conftest import Run


@pytest.fixture
def prices_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name the default prices file, which does not exist yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "fargate-batch" / "prices.json"


def test_text_has_a_row_for_each_price(run: Run) -> None:
    outcome = run("prices")
    rows = [line.split("\t") for line in outcome.out.splitlines()]
    assert len(rows) == len(BUILT_IN.rates) + len(BUILT_IN.storage)
    assert rows[0][:6] == ["af-south-1", "linux-x86", "0.0546", "0.006", "USD", "2026-09-11"]
    assert ["us-east-1", "storage", "", "0.000111", "USD", "2026-09-11"] in [
        row[:6] for row in rows
    ]
    assert outcome.err == ""


def test_a_terminal_gets_a_table(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_console, "is_terminal", lambda _: True)
    assert run("prices").out.startswith("region          platform     vCPU-hour  GB-hour")


def test_json_is_a_prices_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(run("prices", "--output", "json").out)
    assert run("prices", "--prices-file", str(file)).out == run("prices").out


def test_a_prices_file_takes_the_place_of_built_in_prices(run: Run, prices_file: Path) -> None:
    mine = {"region": "eu-west-1", "platform": "linux-x86", "vcpuHour": 1, "gbHour": 2}
    prices_file.parent.mkdir()
    prices_file.write_text(json.dumps({"prices": [mine | {"asOf": "2027-01-01"}]}))
    assert "eu-west-1\tlinux-x86\t1\t2\tUSD\t2027-01-01\tprices file\n" in run("prices").out


def test_refresh_reads_a_region_from_aws_and_keeps_it(
    run: Run, aws: LocalBatch, prices_file: Path
) -> None:
    outcome = run("prices", "--refresh", "--region", "us-east-1")
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == (
        "us-east-1\tlinux-arm\t0.03238\t0.00356\tUSD\t2026-09-11\tAWS price list API"
    )
    assert f"Wrote 4 prices of us-east-1 to {prices_file}." in outcome.err
    kept = Prices.from_json(json.loads(prices_file.read_text()))
    assert {region for region, _ in kept.rates} == {"us-east-1"}
    assert {call.region for call in aws.requests} == {"us-east-1"}
    assert len(aws.requests) > 1  # more than one page
    run("prices", "--refresh", "--region", "ap-northeast-1")
    kept = Prices.from_json(json.loads(prices_file.read_text()))
    assert {region for region, _ in kept.rates} == {"us-east-1", "ap-northeast-1"}


@pytest.mark.usefixtures("aws")
def test_refresh_of_a_region_without_fargate_changes_nothing(run: Run, prices_file: Path) -> None:
    outcome = run("prices", "--refresh", "--region", "mars-1")
    assert (outcome.code, outcome.out) == (1, "")
    assert "no prices of Fargate in mars-1" in outcome.err
    assert not prices_file.exists()


def test_a_denied_refresh_names_the_iam_action(
    run: Run, aws: LocalBatch, prices_file: Path
) -> None:
    aws.faults.add("denied", operation="pricing:GetProducts")
    outcome = run("prices", "--refresh", "--region", "us-east-1")
    assert outcome.code == 1
    assert "pricing:GetProducts" in outcome.err
    assert not prices_file.exists()


@pytest.mark.usefixtures("prices_file", "time")
@pytest.mark.parametrize(
    "fault", ["throttle", "error_before", "cut_before", "malformed", "truncate"]
)
def test_a_passing_fault_is_retried(run: Run, aws: LocalBatch, fault: str) -> None:
    aws.faults.add(fault, operation="pricing:GetProducts", times=1)
    assert run("prices", "--refresh", "--region", "us-east-1").code == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "is not valid JSON: Expecting property name"),
        ("[]", 'is not a prices file: must be an object with the list "prices"'),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_a_bad_prices_file_is_bad_usage(
    run: Run, tmp_path: Path, content: str | None, reason: str
) -> None:
    file = tmp_path / "prices.json"
    if content is not None:
        file.write_text(content)
    outcome = run("prices", "--prices-file", str(file))
    assert (outcome.code, outcome.out) == (2, "")
    assert f"--prices-file: {file} {reason}" in outcome.err


@pytest.mark.usefixtures("aws")
def test_refresh_keeps_a_file_that_is_no_prices_file(run: Run, tmp_path: Path) -> None:
    notes = tmp_path / "notes.json"
    notes.write_text('{"mine": 1}')
    refresh = ("prices", "--refresh", "--region", "us-east-1")
    outcome = run(*refresh, "--prices-file", str(notes))
    assert outcome.code == 2
    assert notes.read_text() == '{"mine": 1}'
    assert [path.name for path in tmp_path.iterdir()] == ["notes.json"]


@pytest.mark.usefixtures("aws")
def test_a_place_that_cannot_be_written_is_named(run: Run) -> None:
    outcome = run("prices", "--refresh", "--region", "us-east-1", "--prices-file", "/proc/x/y")
    assert outcome.code == 2
    assert "--prices-file: /proc/x/y cannot be written" in outcome.err


@pytest.mark.usefixtures("aws")
def test_a_user_without_a_home_directory_must_name_the_file(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert run("prices").code == 0
    outcome = run("prices", "--refresh", "--region", "us-east-1")
    assert outcome.code == 2
    assert "--prices-file: name a file: this user has no home directory" in outcome.err


class EndlessPrices:
    """A client of the price list whose pages never end."""

    def get_products(self, **_: object) -> dict[str, object]:
        return {"PriceList": [], "NextToken": "more"}


@pytest.mark.usefixtures("prices_file", "time")
def test_pages_that_never_end_are_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    api = PriceListApi(EndlessPrices())
    monkeypatch.setattr(_clients, "connect_prices", lambda _: api)
    outcome = run("prices", "--refresh", "--region", "us-east-1")
    assert outcome.code == 1
    assert f"has more than {MOST_PAGES} pages" in outcome.err
