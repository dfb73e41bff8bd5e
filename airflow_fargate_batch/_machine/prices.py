"""The prices file of a user: read, and written by ``fargate-batch prices --refresh``."""

import json
import os
from pathlib import Path
from typing import Final

from airflow_fargate_batch._machine.files import JSON_BYTES, NotReadable, read_text
from airflow_fargate_batch.core import json_text
from airflow_fargate_batch.core.pricing import BUILT_IN, NotPrices, Prices
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

FIELD: Final = "prices_file"
"""Argument that messages name."""


def default_path() -> Path | None:
    """Return the path of the prices file if none is named; the file need not exist.

    ``None`` means that the user has no home directory, as in some containers.
    """
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - Path.home() raises without a home
    return None if home.startswith("~") else Path(home) / "fargate-batch" / "prices.json"


def known_prices(path: str | None) -> Prices:
    """Return the built-in prices with those of a file in their place.

    :param path: the file. ``None`` means the default path, if there is a file.
    :raises InvalidRequest: the file cannot be read, or is not a prices file.
    """
    default = default_path()
    if path is None and (default is None or not default.is_file()):
        return BUILT_IN
    return BUILT_IN.updated(read_prices(path or str(default)))


def read_prices(path: str) -> Prices:
    """Read a prices file.

    :raises InvalidRequest: as in ``known_prices``.
    """
    try:
        return Prices.from_json(json_text.parse(read_text(path, most=JSON_BYTES, pipes=False)))
    except NotReadable as error:
        raise _refused(path, str(error)) from None
    except json_text.NotJson as error:
        place = f", line {error.line}, column {error.column}" if error.line else ""
        raise _refused(path, f"is {error.reason}{place}") from None
    except NotPrices as error:
        raise _refused(path, f"is not a prices file: {error}") from None


def add_to_file(path: str | None, prices: Prices) -> str:
    """Update the prices in a file, make the file if it is missing, and return its path.

    Readers see the old or the new file, never a half of it.

    :raises InvalidRequest: the file cannot be written, or is there and not a prices file.
    """
    named = Path(path) if path else default_path()
    if named is None:
        raise InvalidRequest([Problem(FIELD, "name a file: this user has no home directory")])
    before = read_prices(str(named)) if named.exists() else Prices()
    unfinished = named.with_name(f".{named.name}.{os.getpid()}")
    try:
        named.parent.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_text(f"{json.dumps(before.updated(prices).to_json(), indent=2)}\n")
            unfinished.replace(named)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(str(named), f"cannot be written: {error.strerror}") from None
    return str(named)


def _refused(path: str, reason: str) -> InvalidRequest:
    return InvalidRequest([Problem(FIELD, f"{path} {reason}")])
