"""HTTP server on loopback that can also break connections like a real network."""

import os
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import unquote_to_bytes

from airflow_fargate_batch.local.messages import Ending, Request, Response, refused
from airflow_fargate_batch.local.refusal import Refusal

LOOPBACK: Final = "127.0.0.1"
Responder = Callable[[Request], Response]
BODY_LIMIT: Final = 1 << 28
"""Maximum size of a request's body; clients upload larger S3 objects in parts."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with a timeout of 0: closing the socket discards unsent data and sends RST."""


class _Handler(BaseHTTPRequestHandler):
    """One connection, kept open for many requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):  # the client left, or we hung up on it: both are ordinary
            self.close_connection = True

    def _serve(self) -> None:
        try:
            request = self._read()
        except Refusal as refusal:  # where its body ends is not known, so nothing can follow
            self.close_connection = True
            self._send(replace(refused(refusal), ending=Ending.LAST))
            return
        self._send(self.server.answer(request))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _serve  # noqa: N815 - http.server's names

    def _read(self) -> Request:
        raw_path, _, query = self.path.partition("?")
        length = self._length()
        return Request(
            method=self.command,
            # WSGI's convention for paths: bytes in the shape of Latin-1 text
            path=unquote_to_bytes(raw_path).decode("latin-1"),
            query=query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            raw_path=raw_path,
        )

    def _length(self) -> int:
        said = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding"):
            raise Refusal("Content-Length is required", "MissingContentLength", 411)
        if not (said.isascii() and said.isdigit()):
            raise Refusal("Content-Length is not a number", "InvalidRequest", 400)
        if len(said) > len(str(BODY_LIMIT)) or int(said) > BODY_LIMIT:
            raise Refusal(f"The body has more than {BODY_LIMIT} bytes", "RequestTooLarge", 413)
        return int(said)

    def _send(self, response: Response) -> None:
        if response.ending is Ending.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self.close_connection = True
            os.close(self.connection.detach())
            return
        if response.ending is Ending.CLOSED:
            self._hang_up()
            return
        self.wfile.write(self._message(response))
        if response.ending in (Ending.CUT_SHORT, Ending.LAST):
            self._hang_up()

    def _message(self, response: Response) -> bytes:
        """Write the message in one call, so that a small message is sent in one packet."""
        phrase = self.responses.get(HTTPStatus(response.status), ("",))[0]
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        lines += [f"Content-Length: {len(response.body)}", "", ""]
        body = b"" if self.command == "HEAD" else response.body
        if response.ending is Ending.CUT_SHORT:
            body = body[: len(body) // 2]
        return "\r\n".join(lines).encode("latin-1") + body

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Log nothing: `LocalBatch.calls` is the record."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answer: Responder) -> None:
        self.answer = answer
        self.connections: set[socket.socket] = set()
        super().__init__((LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse DNS lookup of ``HTTPServer``."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])


class Server:
    """Serves *answer* from a thread; can be stopped and started again on the same port."""

    def __init__(self, *, port: int, answer: Responder) -> None:
        self._answer = answer
        self.port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Port of the server."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start to listen; return when connections are accepted."""
        self._server = _Server(self.port, self._answer)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="local-batch", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Refuse new connections, and cut open connections."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        server.shutdown()
        server.server_close()
        thread.join()
        for connection in list(server.connections):
            with suppress(OSError):  # gone by itself
                connection.shutdown(socket.SHUT_RDWR)
