"""The last marked line of a log is the job's result: JSON, or the name of an object."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.core.log_streams import LogLine
from airflow_fargate_batch.core.results import (
    MARKER,
    MARKER_AT,
    SHOWN,
    NotAResult,
    Result,
    last_result,
    line_for_task,
    result_without,
)

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([f"{MARKER}1", "later", f"{MARKER} 2 ", "end"], 2),
        ([f'{MARKER}{{"a": [null, true]}}'], {"a": [None, True]}),
        ([f'{MARKER}"text"'], "text"),
        ([f"{MARKER}null"], None),
    ],
    ids=["the last", "mapping", "text", "null"],
)
def test_the_last_marked_line_is_the_result(lines: list[str], value: Any) -> None:
    assert last_result(lines) == Result(value)


@pytest.mark.parametrize("line", [f"+ echo {MARKER}1", f" {MARKER}1", MARKER[:-1], ""])
def test_only_a_line_that_begins_with_the_marker_counts(line: str) -> None:
    assert last_result([line]) is None


@pytest.mark.parametrize("text", ["", "s3://b/x", "{'a': 1}", '{"a": 1', "NaN", "1 2", "1e999"])
def test_a_text_that_is_not_json_is_never_a_result(text: str) -> None:
    with pytest.raises(NotAResult, match=r"JSON.*double quotes"):
        last_result([f"{MARKER}1", f"{MARKER}{text}"])


def test_an_object_s_name_is_one_of_ours() -> None:
    assert last_result([f"{MARKER_AT}a-0/b_1.json"]) == Result(object_name="a-0/b_1.json")
    for name in ("../a/b.json", "a.json", "s3://b/a/b.json", "a/b/c.json", "a/b.txt", ""):
        with pytest.raises(NotAResult):
            last_result([f"{MARKER_AT}{name}"])


def test_secrets_are_struck_out_of_texts_and_keys_and_leave_the_rest() -> None:
    value = {"hunter22": ["a hunter22 b", 22, None], "x": True}
    assert result_without(("hunter22",), value) == {"***": ["a *** b", 22, None], "x": True}


def test_a_long_result_is_cut_in_a_streamed_log_and_nothing_else_is() -> None:
    long = MARKER + "x" * SHOWN
    shown = line_for_task(LogLine(text=long, at=NOON), ())
    stamp = re.escape("[2026-02-03 12:00:00 UTC] ")
    assert re.fullmatch(rf"{stamp}{MARKER}x+… \({len(long)} characters\)", shown)
    for text in (MARKER + "1", "x" * 10_000):
        assert line_for_task(LogLine(text=text, at=NOON), ()).endswith(f"] {text}")


def test_a_secret_at_the_place_of_the_cut_is_not_halved() -> None:
    secret = "hunter2-of-mine"
    text = MARKER + "x" * (SHOWN - len(MARKER) - 35) + secret + "x" * SHOWN
    assert "hunter" not in line_for_task(LogLine(text=text, at=NOON), (secret,))


def test_the_lines_of_the_documentation_make_a_result(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "taskflow.md").read_text()
    [block] = re.findall(r"^```sh\n([^`]*FARGATE_BATCH_RESULT[^`]*)^```$", page, re.MULTILINE)
    (tmp_path / "input").write_text("one\ntwo\n")
    done = subprocess.run(
        ["sh", "-euc", block],
        env={"INPUT": str(tmp_path / "input"), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert last_result(done.stdout.splitlines()) == Result({"rows": 2})
