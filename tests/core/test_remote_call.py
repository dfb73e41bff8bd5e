"""A call travels in a variable, runs with any Python from 3.8 on, and prints its result."""

import ast
import base64
import inspect
import json
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.core import call_text
from airflow_fargate_batch.core._runner import RUNNER
from airflow_fargate_batch.core.call_text import (
    CALL_VARIABLE,
    PREFIX,
    arguments_of,
    in_variable,
)
from airflow_fargate_batch.core.remote_call import (
    OLDEST_PYTHON,
    ROOM,
    Argument,
    RemoteCall,
    command,
)
from airflow_fargate_batch.core.results import LINE_BYTES, MARKER, MARKER_AT
from airflow_fargate_batch.core.secrets import places_of_secrets, redacted, texts_of_secrets

PYTHONS = [
    path for name in os.environ.get("OTHER_PYTHONS", "").split() if (path := Path(name)).exists()
]
"""Further Pythons to run the runner with, such as 3.8."""


def deco(*_: Any, **__: Any) -> Callable[..., Any]:
    return lambda function: function


MODULE_CONSTANT = 3


@deco(
    of="several lines",
)
def add(a: int, b: "Any" = MODULE_CONSTANT, *rest: Any, c: Any = MODULE_CONSTANT) -> Any:
    print("printed", a)
    return {"sum": a + b + c, "rest": list(rest)}


class Place:
    @staticmethod
    def indented() -> str:
        return """
  less indented
"""


def ends_without_line_break() -> str:
    print("no end", end="")
    return "ü\n"


def raises(a: int) -> None:
    def deeper() -> None:
        raise ValueError(f"no {a}")

    deeper()


def returns_a_set() -> Any:
    return {1}


def returns_nan() -> float:
    return float("nan")


def returns_much(size: int) -> str:
    return "x" * size


def lacks_module() -> None:
    import no_such_module  # type: ignore[import-not-found]  # noqa: F401


def exits() -> None:
    raise SystemExit(17)


def forgets_its_call() -> list[str]:
    import os

    return [name for name in os.environ if name.startswith("FARGATE")]


def call_of(function: Callable[..., Any], *args: Any, **kwargs: Any) -> RemoteCall:
    lines, line = inspect.getsourcelines(function)
    options = {name: kwargs.pop(name) for name in ("put_url", "put_name") if name in kwargs}
    return RemoteCall(
        name=function.__name__,
        source="".join(lines),
        file="test_remote_call.py",
        line=line,
        args=[Argument("a", each) for each in args],
        kwargs=kwargs,
        **options,
    )


def run(call: RemoteCall, python: str = sys.executable) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(python, from_address=False),
        env={CALL_VARIABLE: in_variable(call.to_json())},
        capture_output=True,
        text=True,
        timeout=60,
    )


def result(done: "subprocess.CompletedProcess[str]") -> Any:
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if line.startswith(MARKER)]
    return json.loads(line.removeprefix(MARKER))


@pytest.mark.parametrize("python", [sys.executable, *map(str, PYTHONS)])
def test_a_function_gets_its_arguments_and_prints_its_result(python: str) -> None:
    done = run(call_of(add, 1, 2, "x", c=4), python)
    assert result(done) == {"sum": 7, "rest": ["x"]}
    assert done.stdout.startswith("printed 1\n")


def test_the_runner_is_python_of_the_oldest_version() -> None:
    ast.parse(RUNNER, feature_version=OLDEST_PYTHON)
    for from_address in (False, True):
        ast.parse(command("python", from_address=from_address)[-1], feature_version=OLDEST_PYTHON)


def test_texts_of_several_lines_stay_as_they_are() -> None:
    assert result(run(call_of(Place.indented))) == "\n  less indented\n"


def test_the_result_begins_a_line_whatever_was_printed_before() -> None:
    assert result(run(call_of(ends_without_line_break))) == "ü\n"


def test_an_exception_shows_the_lines_of_the_dag_and_not_the_runner_s() -> None:
    done = run(call_of(raises, 7))
    assert done.returncode == 1
    line = inspect.getsourcelines(raises)[1] + 2
    assert f'File "test_remote_call.py", line {line}, in deeper' in done.stderr
    assert 'raise ValueError(f"no {a}")' in done.stderr
    assert done.stderr.endswith("ValueError: no 7\n")
    assert "<string>" not in done.stderr
    assert MARKER not in done.stdout


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        (call_of(returns_a_set), 1, "result of returns_a_set() is not JSON"),
        (call_of(returns_nan), 1, "result of returns_nan() is not JSON"),
        (call_of(lacks_module), 1, "install the module there"),
        (call_of(exits), 17, ""),
        (call_of(returns_much, LINE_BYTES), 1, "set `payload_location` to an s3:// prefix"),
        (
            RemoteCall(name="f", source="def f(:\n  pass", file="f.py"),
            1,
            "of the image cannot read the function f()",
        ),
    ],
    ids=["set", "nan", "module", "exit", "size", "syntax"],
)
def test_what_cannot_work_ends_with_a_sentence(call: RemoteCall, code: int, said: str) -> None:
    done = run(call)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert MARKER not in done.stdout


def test_the_longest_result_fits_into_a_line() -> None:
    assert len(result(run(call_of(returns_much, LINE_BYTES - 2)))) == LINE_BYTES - 2


def test_processes_that_the_function_starts_do_not_inherit_the_call() -> None:
    assert result(run(call_of(forgets_its_call))) == []


class Store(BaseHTTPRequestHandler):
    """An S3 that refuses the first requests."""

    objects: dict[str, bytes]
    refusals: list[int]

    def do_GET(self) -> None:
        self._answer(self.objects.get(self.path, b""))

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.refusals:
            self.objects[self.path] = body
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        status = self.refusals.pop() if self.refusals else 200
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def store() -> Iterator[tuple[str, type[Store]]]:
    handler = type("OneStore", (Store,), {"objects": {}, "refusals": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


def fetch(url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(sys.executable, from_address=True),
        env={CALL_VARIABLE: url},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_call_is_fetched_from_an_address_and_a_long_result_written_to_one() -> None:
    with store() as (url, s3):
        size = LINE_BYTES + 1
        call = call_of(returns_much, size, put_url=f"{url}/result?sig=1", put_name="m-0/r.json")
        s3.objects["/call?sig=1"] = call.to_json().encode()
        s3.refusals = [503]
        done = fetch(f"{url}/call?sig=1")
        assert done.returncode == 0, done.stderr
        assert done.stdout.split() == [f"{MARKER_AT}m-0/r.json"]
        assert json.loads(s3.objects["/result?sig=1"]) == "x" * size


def test_an_expired_address_ends_with_a_sentence_that_shows_no_address() -> None:
    with store() as (url, s3):
        s3.refusals = [403]
        done = fetch(f"{url}/call?sig=secret")
        assert done.returncode == 1
        assert "Could not fetch the function" in done.stderr
        assert "a retry of the task makes a new one" in done.stderr
        assert "sig" not in done.stderr


def test_8_kb_of_source_fit_into_a_request() -> None:
    """The README says so."""
    source = Path(inspect.getfile(RemoteCall)).parent.joinpath("request.py").read_text()[:8000]
    call = RemoteCall(name="f", source=source, file="a_dag_with_a_long_name.py")
    words = command("python", from_address=False)
    length = sum(map(len, words)) + len(in_variable(call.to_json()))
    assert length < ROOM - 500


def test_arguments_are_found_in_the_variable_and_nothing_else_is_a_call() -> None:
    text = in_variable(call_of(add, 1, c={"d": 2}).to_json())
    assert arguments_of(text) == [[{"name": "a", "value": 1}], {"c": {"d": 2}}, None]
    for other in ("", PREFIX, f"{PREFIX}!!", f"{PREFIX}eA==", text[:-9], "x" + text):
        assert arguments_of(other) is None


def test_secret_arguments_are_struck_out_of_a_request() -> None:
    call = call_of(add, 1, password="hunter2-of-mine", url="x://me:urlsecret@h/")
    value = in_variable(call.to_json())
    body = {"containerOverrides": {"environment": [{"name": CALL_VARIABLE, "value": value}]}}
    assert value not in json.dumps(redacted(body))
    assert {"hunter2-of-mine", "urlsecret"} <= set(texts_of_secrets(body))
    assert places_of_secrets(body) == [f"containerOverrides.environment[{CALL_VARIABLE}]"]


def test_a_call_without_secrets_is_shown_as_it_is() -> None:
    value = in_variable(call_of(add, 1, c="plain").to_json())
    body = {"containerOverrides": {"environment": [{"name": CALL_VARIABLE, "value": value}]}}
    assert redacted(body) == body


def test_a_text_with_the_marker_of_a_call_may_hold_anything() -> None:
    packed = base64.b64encode(zlib.compress(b"[1]")).decode()
    assert call_text.arguments_of(call_text.PREFIX + packed) is None
