"""Worlds: a moto state for each LocalBatch, empty at the start.

moto has one state per process. The first LocalBatch uses moto inside this process, after clearing
the state of earlier LocalBatches. A second LocalBatch at the same time uses moto in a separate
process. Entering moto's ``mock_aws()`` in this process clears the first world too, because moto
cannot keep two states apart.
"""

import importlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, Protocol

from airflow_fargate_batch.local.messages import Request, Response
from airflow_fargate_batch.local.refusal import Refusal

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class World(Protocol):
    """moto services with separate state."""

    def call(self, request: Request) -> Response:
        """Answer one request."""

    def close(self) -> None:
        """Discard the world and its state."""


def open_world() -> World:
    """Return an empty world; raise ``ImportError`` with the install command if moto is missing."""
    application = load_moto()
    with _LOCK:
        if not _IN_USE:
            _IN_USE.append(True)
            return _InThisProcess(application)
    return _InAnotherProcess()


STOPPED: Final = Refusal("This LocalBatch has stopped", "ServiceUnavailable", 503)
_LOCK: Final = threading.Lock()
_IN_USE: Final[list[bool]] = []
"""Contains an entry while a LocalBatch uses the world inside this process."""
_EMPTY_IT: Final = Request(method="POST", path="/moto-api/reset", query="", headers={}, body=b"")


class _InThisProcess:
    def __init__(self, application: WSGI) -> None:
        self._application = application
        self._closed = False

    def call(self, request: Request) -> Response:
        if self._closed:  # the state belongs to somebody else by now
            raise STOPPED
        return call_wsgi(self._application, request)

    def close(self) -> None:
        with _LOCK:
            if not self._closed:
                self._closed = True
                call_wsgi(self._application, _EMPTY_IT)
                _IN_USE.clear()


class _InAnotherProcess:
    """Forwards requests to a child process, one at a time, through private pipes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        path = os.pathsep.join(entry or os.curdir for entry in sys.path)
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with a fixed argument
            [sys.executable, "-c", f"from {__name__} import serve; serve()"],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def call(self, request: Request) -> Response:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None  # noqa: S101 - Popen was given PIPE
        assert answers is not None  # noqa: S101 - Popen was given PIPE
        with self._lock:
            if self._process.returncode is not None:
                raise STOPPED
            pickle.dump(request, asked)
            asked.flush()
            response: Response = pickle.load(answers)  # noqa: S301 - written by our own process
        return response

    def close(self) -> None:
        with self._lock:
            self._process.kill()
            self._process.communicate()


def serve() -> None:
    """Answer requests from stdin until it ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what moto prints must not come between two answers
    application = load_moto()
    while True:
        try:
            request = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by who started us
        except EOFError:
            return
        pickle.dump(call_wsgi(application, request), answers)
        answers.flush()


def load_moto() -> WSGI:
    """Load moto's server; raise ``ImportError`` with the install command if moto is missing."""
    try:
        server = importlib.import_module("moto.server")
    except ImportError:
        hint = "pip install 'airflow-fargate-batch[local]'"
        raise ImportError(f"CloudWatch Logs, STS and other services need moto: {hint}") from None
    application: WSGI = server.DomainDispatcherApplication(server.create_backend_app)
    return application


def call_wsgi(application: WSGI, request: Request) -> Response:
    """Call a WSGI application."""
    from werkzeug.test import EnvironBuilder, run_wsgi_app  # comes with moto, and is slow to load

    environ = EnvironBuilder(
        path=request.raw_path or request.path,
        base_url=f"http://{request.headers.get('host', 'localhost')}",
        query_string=request.query,
        method=request.method,
        headers=list(request.headers.items()),
        data=request.body,
    ).get_environ()
    chunks, status, headers = run_wsgi_app(application, environ, buffered=True)
    own = tuple((name, value) for name, value in headers if name.lower() not in _OWN_HEADERS)
    return Response(status=int(status.split()[0]), headers=own, body=b"".join(chunks))


_OWN_HEADERS: Final = {"content-length", "connection", "date", "server", "transfer-encoding"}
"""Headers that LocalBatch's server sets itself."""
