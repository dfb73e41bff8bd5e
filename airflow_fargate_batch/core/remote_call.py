"""A call of a Python function in a job's container: the words of the command, and the payload.

The payload travels in the variable ``FARGATE_BATCH_CALL``: JSON, compressed by zlib, in base64. If
the payload is too long for the request, the variable has an address to fetch the JSON from. The
command is a short program that reads the variable and starts the runner, which is part of the
payload. So the image needs a Python from 3.8 on, and nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._runner import RUNNER
from airflow_fargate_batch.core.call_text import CALL_VARIABLE, PREFIX
from airflow_fargate_batch.core.items import (
    ITEMS_VARIABLE,
    PER_CHILD_VARIABLE,
    URL_VARIABLE,
    Address,
)
from airflow_fargate_batch.core.results import LINE_BYTES, MARKER, MARKER_AT
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

OLDEST_PYTHON: Final = (3, 8)
"""Oldest Python of an image: the runner uses nothing newer."""
ROOM: Final = limits.CONTAINER_OVERRIDES_LENGTH - limits.CONTAINER_OVERRIDES_HEADROOM
"""Characters of command and environment together for which a payload may travel in the request."""

_ITEMS_IN: Final = (ITEMS_VARIABLE, URL_VARIABLE, PER_CHILD_VARIABLE)
_IF_TOO_LONG: Final = "set `payload_location` to an s3:// prefix"
_IF_TOO_LONG_IN_ARRAY: Final = "lower `items_per_child`"

_START: Final = (
    "import base64,json,os,zlib\n"
    f"c=os.environ.pop({CALL_VARIABLE!r})\n"
    f"c=json.loads(zlib.decompress(base64.b64decode(c[{len(PREFIX)}:])))\n"
    "exec(c['runner'],{'call':c})"
)
_START_FROM_ADDRESS: Final = (
    "import json,os,time,urllib.error,urllib.request\n"
    f"u=os.environ.pop({CALL_VARIABLE!r})\n"
    "for n in range(6):\n"
    " try:\n"
    "  c=json.loads(urllib.request.urlopen(u,timeout=60).read());break\n"
    " except Exception as e:\n"
    "  s=getattr(e,'code',500)\n"
    "  if n==5 or s<500 and s!=429:raise SystemExit('Could not fetch the function and its "
    "arguments from S3: %s. The address expires with the credentials that made it; a retry of the "
    "task makes a new one.'%e)\n"
    "  time.sleep(2**n)\n"
    "exec(c['runner'],{'call':c})"
)


class Argument(NamedTuple):
    """A positional argument, JSON-able; the name tells whether the value is a secret."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteCall:
    """A function with its arguments.

    Attributes:
        name: Name of the function.
        source: Source of the function, from its first decorator on, without indentation.
        file: Name of the file with the source, for tracebacks.
        line: Line of the file on which the source begins, counted from 1.
        lazy_annotations: Whether the file has ``from __future__ import annotations``.
        args: Positional arguments.
        kwargs: Keyword arguments, JSON-able.
        is_array: Whether each child of an array calls the function.
        has_items: Whether the function is called once for each item, as its first argument.
        put_url: Presigned address for a result too long for a log line; ``None`` without one.
        put_name: Name of the object at *put_url*.
    """

    name: str
    source: str = field(repr=False)
    file: str
    line: int = 1
    lazy_annotations: bool = False
    args: Sequence[Argument] = field(default=(), repr=False)
    kwargs: Mapping[str, Any] = field(default_factory=dict, repr=False)
    is_array: bool = False
    has_items: bool = False
    put_url: str | None = field(default=None, repr=False)
    put_name: str | None = None

    def to_json(self) -> str:
        """Write the payload, with the runner.

        :raises TypeError: an argument is not JSON.
        :raises ValueError: an argument is not JSON (NaN, a list that contains itself).
        """
        payload = {
            "runner": RUNNER,
            "source": self.source,
            "file": self.file,
            "line": self.line,
            "name": self.name,
            "lazy_annotations": self.lazy_annotations,
            "args": [each._asdict() for each in self.args],
            "kwargs": dict(self.kwargs),
            "marker": MARKER,
            "marker_at": MARKER_AT,
            "line_bytes": LINE_BYTES,
            "items_in": _ITEMS_IN if self.has_items else None,
            "if_too_long": _IF_TOO_LONG_IN_ARRAY if self.is_array else _IF_TOO_LONG,
            "put_url": self.put_url,
            "put_name": self.put_name,
        }
        return json.dumps(payload, allow_nan=False, separators=(",", ":"))


def read_location(text: str | None) -> Address | None:
    """Read *payload_location*: ``s3://bucket/prefix``; ``None`` means not given.

    :raises InvalidRequest: the text is no such address.
    """
    if text is None:
        return None
    location = Address.parse(text.strip())
    if location is None:
        advice = "use s3://bucket/prefix"
        said = f"{text!r} is not an address of a prefix on S3: {advice}"
        raise InvalidRequest([Problem("payload_location", said, advice)])
    return location


def command(python: str, *, from_address: bool) -> list[str]:
    """Return the command that carries out the call; ``-u`` writes each print at once."""
    return [python, "-u", "-c", _START_FROM_ADDRESS if from_address else _START]
