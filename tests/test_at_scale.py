"""docs/at-scale.md: the numbers are those of the constants in the code."""

import re
import time
from pathlib import Path

import pytest

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.items import FAILED_ITEMS, FAILED_ITEMS_LENGTH, fewest_per_child
from airflow_fargate_batch.core.job import FAILED_INDEXES
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.polling import FASTEST
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.submitting.many import RATE
from tests.core.making import WHERE

TEXT = (Path(__file__).parents[1] / "docs" / "at-scale.md").read_text()
UNITS = (1_000, 10_000, 100_000)
BURST = 100


def row(start: str) -> list[str]:
    found = re.search(rf"^\| {re.escape(start)}[^|]* \| (.+) \|$", TEXT, re.MULTILINE)
    assert found, start
    return found[1].split(" | ")


def children(units: int) -> int:
    return -(-units // fewest_per_child(units))


def seconds(value: float) -> str:
    return f"{max(1, round(value)):,} s"


def pages(count: int) -> int:
    return -(-count // limits.LIST_JOBS_PAGE)


def test_an_array_holds_any_number_of_units() -> None:
    assert row("children of one array") == [f"{children(units):,}" for units in UNITS]
    assert row("items for each child") == [f"{fewest_per_child(units):,}" for units in UNITS]


def test_calls_and_times() -> None:
    assert row("SubmitJob calls") == [f"1 / {units:,}" for units in UNITS]
    assert row("submitting at 50") == [f"1 s / {seconds(units / RATE)}" for units in UNITS]
    rounds = [units // limits.DESCRIBE_JOBS for units in UNITS]
    assert row("DescribeJobs calls") == [f"1 / {calls:,}" for calls in rounds]
    assert row("one poll of all") == [f"1 s / {seconds(calls / FASTEST)}" for calls in rounds]
    launched = [(children(units) - BURST) / limits.FARGATE_LAUNCHES for units in UNITS]
    assert row("launching all of them") == [seconds(each) for each in launched]
    report, retry = pages(FAILED_INDEXES), [pages(children(units)) for units in UNITS]
    assert row("ListJobs calls if every child failed") == [f"{report} / {each}" for each in retry]


def test_numbers_in_sentences() -> None:
    minutes = (UNITS[-1] - BURST) / limits.FARGATE_LAUNCHES / 60
    assert f"{minutes:.0f} minutes until the last one starts" in " ".join(TEXT.split())
    most = FASTEST * limits.DESCRIBE_JOBS * 30
    assert f"Beyond {most:,.0f} single jobs" in TEXT
    assert f"at most {FAILED_ITEMS:,} items and {FAILED_ITEMS_LENGTH // 1024} KiB" in TEXT


def test_airflows_defaults() -> None:
    from airflow.configuration import conf

    assert f"{conf.getint('core', 'max_map_length'):,}; a longer XCom" in TEXT
    assert f"{conf.getint('core', 'max_templated_field_length'):,} characters" in TEXT
    try:
        capacity = conf.getint("triggerer", "capacity")
    except Exception:  # noqa: BLE001 - Airflow 2 has the older name
        capacity = conf.getint("triggerer", "default_capacity")
    assert f"{capacity:,}; further deferred tasks" in TEXT


@pytest.mark.parametrize("count", [1_000, 10_000, 100_000])
def test_a_request_is_made_about_as_fast_as_the_page_says(count: int) -> None:
    listed = [f"s3://bucket/day/{number:06d}.par" for number in range(count)]
    start = time.process_time()
    request = JobRequest.from_arguments(
        **WHERE, items=listed, items_location="s3://lists", submission=Submission(token="t")
    )
    request.to_submit_job()
    said = row(f"{count:,}")[1]
    assert time.process_time() - start < 20 * float(said.removesuffix(" s")) + 1  # busy machines
