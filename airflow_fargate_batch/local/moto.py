"""All services except AWS Batch: moto's server, loaded at the first request."""

import json
import threading
from typing import Any, Final

from airflow_fargate_batch.local.account import LOG_GROUP
from airflow_fargate_batch.local.faults import Fault
from airflow_fargate_batch.local.messages import Request, Response
from airflow_fargate_batch.local.refusal import Refusal
from airflow_fargate_batch.local.world import STOPPED, World, open_world

_EMPTY_PAGE: Final = "empty-page/"
"""Prefix of the token in an injected empty page; the request's own token follows."""


class OtherServices:
    """Forwards requests to moto. Loading moto takes about a second and 170 MiB, once."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # whoever makes the log group also loads moto
        self._world: World | None = None
        self._closed = False
        self._log_groups: set[tuple[str, str]] = set()

    @property
    def loaded(self) -> bool:
        """Whether moto has been loaded."""
        return self._world is not None

    def open(self) -> None:
        """Accept requests; the first request loads moto."""
        with self._lock:
            self._closed = False

    def close(self) -> None:
        """Discard all state, and refuse later requests."""
        with self._lock:
            self._closed = True
            if self._world is not None:
                self._world.close()
            self._world = None
            self._log_groups.clear()

    def answer(self, request: Request, faults: list[Fault]) -> Response:
        """Answer a request to another service; status 501 if moto is not installed."""
        try:
            self.load()
        except ImportError as error:
            raise Refusal(str(error), "ServiceUnavailable", 501) from None
        region_logs = _log_region(request)
        if region_logs is not None:
            self._make_log_group(region_logs)
        if request.headers.get("x-amz-target", "").endswith(".GetLogEvents"):
            return self._get_log_events(request, any(f.kind == "empty_page" for f in faults))
        return self.load().call(request)

    def load(self) -> World:
        """Load moto if needed; raise ``ImportError`` with the install command if missing."""
        with self._lock:
            if self._closed:
                raise STOPPED
            if self._world is None:
                self._world = open_world()
            return self._world

    def logs(
        self, region: str, operation: str, *, group: str = LOG_GROUP, **parameters: object
    ) -> dict[str, Any]:
        """Call CloudWatch Logs directly: without network and faults, and not recorded."""
        self._make_log_group(region, group)
        return self._logs(region, operation, logGroupName=group, **parameters)

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
        answer: dict[str, Any] = json.loads(self.load().call(request).body or b"{}")
        return answer

    def _make_log_group(self, region: str, group: str = LOG_GROUP) -> None:
        with self._lock:
            if (region, group) not in self._log_groups:
                self._logs(region, "CreateLogGroup", logGroupName=group)
                self._log_groups.add((region, group))

    def _get_log_events(self, request: Request, empty: bool) -> Response:
        """Answer GetLogEvents, with an empty page if a fault asks for one (moto returns none)."""
        parameters = request.json()
        next_token = str(parameters.get("nextToken") or "")
        if next_token.startswith(_EMPTY_PAGE):
            parameters["nextToken"] = next_token.removeprefix(_EMPTY_PAGE) or None
        elif empty:
            tokens = {"nextForwardToken": _EMPTY_PAGE + next_token, "nextBackwardToken": next_token}
            return Response(body=json.dumps({"events": [], **tokens}).encode())
        wanted = {key: value for key, value in parameters.items() if value is not None}
        body = json.dumps(wanted).encode()
        headers = {**request.headers, "content-length": str(len(body))}
        return self.load().call(
            Request(
                method=request.method,
                path=request.path,
                query=request.query,
                headers=headers,
                body=body,
            )
        )


def _log_region(request: Request) -> str | None:
    if not request.headers.get("x-amz-target", "").startswith("Logs_20140328."):
        return None
    _, found, rest = request.headers.get("authorization", "").partition("/")
    return rest.split("/")[1] if found else None
