"""Every service but AWS Batch: moto's server, inside this process, loaded when first asked for."""

import importlib
import io
import json
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from airflow_fargate_batch.local.account import LOG_GROUP
from airflow_fargate_batch.local.faults import Fault
from airflow_fargate_batch.local.messages import Request, Response
from airflow_fargate_batch.local.refusal import Refusal

_EMPTY_PAGE: Final = "empty-page/"
"""Begins the token that an injected empty page hands out; the token it was given follows."""

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class OtherServices:
    """Pass requests on to moto. It costs about a second and 170 MiB, once, and only if used."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # whoever makes the log group also loads moto
        self._application: WSGI | None = None
        self._log_groups: set[str] = set()

    def answer(self, request: Request, faults: list[Fault]) -> Response:
        """Answer a request to another service; 501 where moto is not installed."""
        try:
            self.load()
        except ImportError as error:
            raise Refusal(str(error), "ServiceUnavailable", 501) from None
        region_logs = _log_region(request)
        if region_logs is not None:
            self._make_log_group(region_logs)
        if request.headers.get("x-amz-target", "").endswith(".GetLogEvents"):
            return self._get_log_events(request, any(f.kind == "empty_page" for f in faults))
        return self._call(request)

    def load(self) -> WSGI:
        """Load moto, unless that was done; ``ImportError`` says how to install it."""
        with self._lock:
            if self._application is None:
                self._application = _load_moto()
            return self._application

    def logs(self, region: str, operation: str, **parameters: object) -> dict[str, Any]:
        """Call CloudWatch Logs from within: no network, no faults, not recorded."""
        self._make_log_group(region)
        return self._logs(region, operation, **parameters)

    def _logs(self, region: str, operation: str, **parameters: object) -> dict[str, Any]:
        scope = f"made-up/20000101/{region}/logs/aws4_request"
        request = Request(
            method="POST",
            path="/",
            query="",
            headers={
                "host": f"logs.{region}.amazonaws.com",
                "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0",
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": f"Logs_20140328.{operation}",
            },
            body=json.dumps(parameters).encode(),
        )
        answer: dict[str, Any] = json.loads(self._call(request).body or b"{}")
        return answer

    def _make_log_group(self, region: str) -> None:
        with self._lock:
            if region not in self._log_groups:
                self._logs(region, "CreateLogGroup", logGroupName=LOG_GROUP)
                self._log_groups.add(region)

    def _get_log_events(self, request: Request, empty: bool) -> Response:
        """Answer GetLogEvents; AWS may give an empty page with more behind it, moto never does."""
        parameters = request.json()
        token = str(parameters.get("nextToken") or "")
        if token.startswith(_EMPTY_PAGE):
            parameters["nextToken"] = token.removeprefix(_EMPTY_PAGE) or None
        elif empty:
            tokens = {"nextForwardToken": _EMPTY_PAGE + token, "nextBackwardToken": token}
            return Response(body=json.dumps({"events": [], **tokens}).encode())
        wanted = {key: value for key, value in parameters.items() if value is not None}
        body = json.dumps(wanted).encode()
        headers = {**request.headers, "content-length": str(len(body))}
        return self._call(
            Request(
                method=request.method,
                path=request.path,
                query=request.query,
                headers=headers,
                body=body,
            )
        )

    def _call(self, request: Request) -> Response:
        caught: dict[str, Any] = {}

        def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
            caught["status"], caught["headers"] = int(status.split()[0]), headers

        chunks = self.load()(_environ(request), start_response)
        body = b"".join(chunks)
        headers = tuple(
            (name, value) for name, value in caught["headers"] if name.lower() not in _OWN_HEADERS
        )
        return Response(status=caught["status"], headers=headers, body=body)


_OWN_HEADERS: Final = {"content-length", "connection", "date", "server", "transfer-encoding"}


def _load_moto() -> WSGI:
    try:
        server = importlib.import_module("moto.server")
    except ImportError:
        hint = "pip install 'airflow-fargate-batch[local]'"
        raise ImportError(f"CloudWatch Logs, STS and the like come from moto: {hint}") from None
    application: WSGI = server.DomainDispatcherApplication(server.create_backend_app)
    return application


def _log_region(request: Request) -> str | None:
    if not request.headers.get("x-amz-target", "").startswith("Logs_20140328."):
        return None
    _, found, rest = request.headers.get("authorization", "").partition("/")
    return rest.split("/")[1] if found else None


def _environ(request: Request) -> dict[str, Any]:
    host, _, port = request.headers.get("host", "localhost").partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        if key == "CONTENT_TYPE":
            environ[key] = value
        elif key != "CONTENT_LENGTH":
            environ[f"HTTP_{key}"] = value
    return environ
