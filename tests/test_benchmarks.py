"""Every benchmark runs, at the smallest size; what it measures is left to ``make bench``."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import ModuleType
from typing import Any

import boto3
import pytest
from rich.console import Console

pytest.importorskip("airflow.sdk", reason="the benchmarks are for the newest Airflow")

from benchmarks import command_line, constructing, importing, submitting, waiting
from benchmarks._process import Skipped
from benchmarks._size import Size
from benchmarks._table import Row, show

RowsOf = Callable[[ModuleType], list[Row]]


def call_here(function: Callable[..., Any], *arguments: Any, env: Mapping[str, str]) -> Any:
    """Do as ``call_apart`` in this process, which has loaded Airflow already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        for name, value in env.items():
            if name.startswith("AWS"):
                patch.setenv(name, value)
        return json.loads(json.dumps(function(*json.loads(json.dumps(arguments)))))


@pytest.fixture(scope="module")
def rows_of() -> Iterator[RowsOf]:
    """Run each benchmark once, without the sides that would have to be downloaded first.

    What an import or a command costs is measured in processes of their own, as in ``make bench``.
    """

    def refuse(*_: str) -> None:
        raise Skipped("tests download nothing")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_line, "made_venv", refuse)
        patch.setattr(waiting, "with_aiobotocore", refuse)
        for benchmark in (constructing, submitting):
            patch.setattr(benchmark, "call_apart", call_here)
        yield cache(lambda benchmark: benchmark.run(Size.QUICK))


@pytest.mark.parametrize(
    ("benchmark", "compared"),
    [(importing, 2), (constructing, 1), (command_line, 1), (waiting, 0), (submitting, 5)],
    ids=["import", "construct", "cli", "waiting", "submit"],
)
def test_it_runs_and_says_how_many_figures_have_a_counterpart(
    benchmark: ModuleType, compared: int, rows_of: RowsOf
) -> None:
    rows = rows_of(benchmark)
    assert sum(row.theirs is not None for row in rows) == compared
    assert all(row.ours >= 0 for row in rows)


def test_no_wait_fails_and_every_job_is_asked_about(rows_of: RowsOf) -> None:
    rows = {row.what: row for row in rows_of(waiting)}
    assert "waits that failed" not in rows
    assert rows["DescribeJobs calls a job"].ours > 0


def test_our_submits_leave_exactly_one_job_each_though_answers_are_lost(rows_of: RowsOf) -> None:
    lost = [row for row in rows_of(submitting) if "answer" in row.group]
    assert [row.ours for row in lost] == [0, 0]
    assert any(row.theirs for row in lost), "the fault must have struck"


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (Row(what="", ours=1, theirs=4, share_at_most=0.25), True),
        (Row(what="", ours=2, theirs=4, share_at_most=0.25), False),
        (Row(what="", ours=1, at_most=1), True),
        (Row(what="", ours=2, at_most=1), False),
        (Row(what="", ours=1, theirs=4, share_at_most=0.5, at_most=0.5), False),
        (Row(what="", ours=1, theirs=4), None),
        (Row(what="", ours=1, share_at_most=0.25), None),
    ],
)
def test_a_target_is_met_when_every_part_of_it_is(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_the_table_says_what_was_found() -> None:
    row = Row(what="CPU", ours=2.5, theirs=100, unit="ms", share_at_most=1 / 20, group="jobs")
    text = io.StringIO()
    show(Console(file=text, width=120), "Waiting", [row])
    assert "CPU 2.50 ms 100 ms 1/40 ≤ 1/20 yes" in " ".join(text.getvalue().split())
