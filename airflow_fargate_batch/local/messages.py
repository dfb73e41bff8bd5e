"""HTTP messages: request, response, and the ways to end a connection."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final
from xml.sax.saxutils import escape  # writes XML only

from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.local.refusal import Refusal

JSON_TYPE: Final = "application/json"
ERROR_HEADER: Final = "x-amzn-ErrorType"


class Ending(Enum):
    """End of the connection, instead of an answer or after it."""

    KEPT = "kept"
    CLOSED = "closed without an answer (FIN)"
    RESET = "reset without an answer (RST)"
    CUT_SHORT = "closed in the middle of the answer"
    LAST = "closed after the answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request; header names are in lower case, and *raw_path* is not decoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    raw_path: str = ""

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object; an empty one is an empty object."""
        try:
            read = json_text.read(
                self.body or b"{}",
                parse_constant=_refuse_constant,
                object_hook=_without_nulls if b"null" in self.body else None,
            )
            if b"\\u" in self.body:
                json.dumps(read, ensure_ascii=False).encode()  # half a character is no text
        except ValueError:
            read = None
        if not isinstance(read, dict):
            raise Refusal("The body is not a JSON object.", "SerializationException")
        return read


def _without_nulls(read: dict[str, Any]) -> dict[str, Any]:
    """Remove members that are null: AWS treats null as absent."""
    return {key: value for key, value in read.items() if value is not None}


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response, and how the connection ends."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", JSON_TYPE),)
    body: bytes = field(default=b"{}", repr=False)
    ending: Ending = Ending.KEPT


def answered(content: object) -> Response:
    """Make a response with a JSON body."""
    return Response(body=json.dumps(content, separators=(",", ":")).encode())


def refused(refusal: Refusal, *, xml: bool = False) -> Response:
    """Make an error response in the form of both AWS JSON protocols, or of the XML protocols."""
    if xml:
        code, message = escape(refusal.code), escape(refusal.message)
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        return Response(
            status=refusal.status,
            headers=(("Content-Type", "text/xml"), (ERROR_HEADER, refusal.code)),
            body=f"<ErrorResponse>{error}</ErrorResponse>".encode(),
        )
    body = {"message": refusal.message, "__type": refusal.code}
    headers = (("Content-Type", JSON_TYPE), (ERROR_HEADER, refusal.code))
    return Response(status=refusal.status, headers=headers, body=json.dumps(body).encode())
