"""The text of a remote call in a job's variable: JSON, compressed by zlib, in base64."""

import base64
import binascii
import zlib
from typing import Any, Final

from airflow_fargate_batch.core import json_text

CALL_VARIABLE: Final = "FARGATE_BATCH_CALL"
"""Variable with the call."""
PREFIX: Final = "call:"
"""Begin of a call that travels in the variable, so that its secrets can be found."""
PAYLOAD_BYTES: Final = 64 * 1024**2
"""Size of the largest payload that is decoded; ours."""


def in_variable(payload: str) -> str:
    """Return a payload as the text of the variable."""
    return f"{PREFIX}{base64.b64encode(zlib.compress(payload.encode(), 9)).decode()}"


def arguments_of(text: str) -> Any:
    """Return the arguments in a text of the variable; ``None`` if the text is no call.

    The source and the runner stay out: only arguments may hold secrets.
    """
    if not text.startswith(PREFIX):
        return None
    try:
        unzip = zlib.decompressobj()
        packed = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        payload = json_text.read(unzip.decompress(packed, PAYLOAD_BYTES))
    except (binascii.Error, zlib.error, ValueError):
        return None
    if not isinstance(payload, dict):
        return None
    return [payload.get("args"), payload.get("kwargs"), payload.get("put_url")]
