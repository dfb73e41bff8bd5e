"""Files are read within bounds: what never ends, or never begins, is refused in good time."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch._machine.files import JSON_BYTES, read_json_file
from tests.patience import PATIENCE


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


@pytest.fixture
def pipe() -> Iterator[tuple[str, int]]:
    """Give a path such as a shell's process substitution has, and the end to write into."""
    reading, writing = os.pipe()
    yield f"/dev/fd/{reading}", writing
    os.close(reading)


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in (b"{}", b"\xef\xbb\xbf{}"):
        path.write_bytes(content)
        assert read_json_file(str(path)).text == "{}"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/dev/zero", "is a device, not a file"),
        ("/dev/null", "is a device, not a file"),
        ("/", "is a directory, not a file"),
        ("nowhere", "cannot be read: No such file or directory"),
        ("a\0b", "cannot be read: the path contains a NUL character"),
        ("-", "cannot be read: No such file or directory"),
    ],
)
def test_what_is_no_file_is_refused(path: str, error: str) -> None:
    assert read_json_file(path).error == error


def test_a_file_of_more_than_any_request_needs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b" " * JSON_BYTES)
    assert read_json_file(str(path)).error is None
    path.write_bytes(b" " * (JSON_BYTES + 1))
    assert read_json_file(str(path)).error == "is larger than 960 KiB, the maximum"


def test_a_pipe_is_for_who_may_read_one(fifo: Path) -> None:
    assert read_json_file(str(fifo)).error == "is a pipe, not a file"


def test_a_pipe_that_somebody_fills_is_read_to_its_end(pipe: tuple[str, int]) -> None:
    path, writing = pipe

    def fill() -> None:
        for part in (b'{"a": ', b'"', b"x" * 200_000, b'"}'):
            os.write(writing, part)
        os.close(writing)

    thread = threading.Thread(target=fill)
    thread.start()
    file = read_json_file(path, pipes=True)
    thread.join()
    assert file.text == f'{{"a": "{"x" * 200_000}"}}'


def test_a_pipe_that_nobody_fills_is_given_up(fifo: Path, pipe: tuple[str, int]) -> None:
    path, writing = pipe
    for silent in (str(fifo), path):
        said = read_json_file(silent, pipes=True, patience=0.2).error
        assert said == "is a pipe without data for 0 s"
    os.close(writing)


def test_a_pipe_without_an_end_is_given_up(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    endless = subprocess.Popen(["yes"], stdout=writing)
    os.close(writing)
    said = read_json_file(path, pipes=True).error
    endless.kill()
    endless.wait()
    assert said == "is larger than 960 KiB, the maximum"


READ_STDIN = (
    "from airflow_fargate_batch._machine.files import *; f = read_json_file('-', pipes=True); "
)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("echo {} | PYTHON", "{}\n None stdin"),
        ("PYTHON < /dev/zero", "None is a device, not a file stdin"),
        ("PYTHON <&-", "None cannot be read: stdin is closed stdin"),
        ("yes | PYTHON", "None is larger than 960 KiB, the maximum stdin"),
    ],
)
def test_a_minus_is_stdin(command: str, said: str) -> None:
    program = f'{sys.executable} -c "{READ_STDIN} print(f.text, f.error, f.path)"'
    done = subprocess.run(
        ["bash", "-c", command.replace("PYTHON", program)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stdout.strip() == said
