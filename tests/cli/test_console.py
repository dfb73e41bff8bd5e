"""Styles are for terminals and people who want them; data is for whatever stdout is."""

import io

import pytest

from airflow_fargate_batch.cli._console import RED, data, painted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "is_painted"),
    [
        pytest.param(Terminal(), {}, True, id="a terminal"),
        pytest.param(io.StringIO(), {}, False, id="a pipe"),
        pytest.param(None, {}, False, id="a closed stream"),
        pytest.param(Terminal(), {"NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(Terminal(), {"TERM": "dumb"}, False, id="a terminal without styles"),
    ],
)
def test_only_a_terminal_gets_styles(
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO | None,
    variables: dict[str, str],
    is_painted: bool,
) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert painted("error:", RED, stream) == ("\033[1;31merror:\033[0m" if is_painted else "error:")


def test_data_is_written_to_a_stream_that_does_not_know_its_characters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    data("day: 日")
    assert written.getvalue() == b"day: \\u65e5\n"
