"""Which names say that their value is a secret, and what to do with such values."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

STRUCK_OUT: Final = "***"
WORTH_MASKING: Final = 5
"""Characters from which on a secret is struck out of all logs, as Airflow 3 does it: to strike out
every ``1`` or ``yes`` would make a log unreadable."""

SECRET_WORDS: Final = (
    "access_key",
    "access_token",
    "api_key",
    "apikey",
    "auth_header",
    "authorization",
    "bearer",
    "connection_string",
    "dsn",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxies",
    "proxy",
    "secret",
    "service_account",
    "service_key",
    "token",
    "webhook_url",
)
"""Airflow documentation, "Masking sensitive data": the names that Airflow 3.3 takes for secret. The
setting ``[core] sensitive_var_conn_names`` adds to them, for the operator as for all of Airflow."""


_SPELLINGS: Final = {*SECRET_WORDS, *(word.replace("_", "") for word in SECRET_WORDS)}


@lru_cache(maxsize=1024)
def is_secret_name(name: str) -> bool:
    """Tell whether a name holds one of the words, as in ``API_KEY``, ``api-key`` and ``apiKey``."""
    lowered = name.lower().replace("-", "_")
    return any(spelling in lowered for spelling in _SPELLINGS)


def without(secrets: Iterable[str], text: str) -> str:
    """Strike some secrets out of a text."""
    for secret in secrets:
        text = text.replace(secret, STRUCK_OUT)
    return text


def _as_it_is(text: str) -> str:
    return text


def redacted(
    body: Mapping[str, Any],
    is_secret: Callable[[str], bool] = is_secret_name,
    masked: Callable[[str], str] = _as_it_is,
) -> dict[str, Any]:
    """Copy a SubmitJob body, with the values of secret environment names and parameters struck out.

    An environment entry is known by its shape, ``{"name", "value"}``, wherever it stands.

    :param masked: what else strikes secrets out of a text, wherever it stands.
    """
    copy: dict[str, Any] = _redacted(body, is_secret, masked, secret=False)
    return copy


def hidden(
    value: Any, is_secret: Callable[[str], bool], masked: Callable[[str], str]
) -> tuple[Any, Any]:
    """Copy a rendered argument with its secrets struck out; return the copy and the original.

    A JSON text comes back parsed where it holds a secret, so that the names in it count. A text
    that is no JSON is struck out as a whole where it speaks of a secret: nobody knows its parts.
    """
    try:
        return _hidden(value, is_secret, masked)
    except RecursionError:  # nothing that is nested so deep is a legal request
        return STRUCK_OUT, value


def _hidden(
    value: Any, is_secret: Callable[[str], bool], masked: Callable[[str], str]
) -> tuple[Any, Any]:
    if isinstance(value, str):
        said = _parsed(value)
        if said is None:
            return (STRUCK_OUT if is_secret(value) else masked(value)), value
        copy = _redacted(said, is_secret, masked, secret=False)
        return (value, value) if copy == said else (copy, said)
    return _redacted(value, is_secret, masked, secret=False), value


def restored(shown: Any, original: Any) -> Any:
    """Undo ``hidden``: put back what was struck out, and keep whatever else was changed since."""
    if isinstance(shown, Mapping) and isinstance(original, Mapping):
        return {key: restored(item, original.get(key, item)) for key, item in shown.items()}
    if isinstance(shown, list) and isinstance(original, list | tuple):
        return [
            *(restored(item, before) for item, before in zip(shown, original, strict=False)),
            *shown[len(original) :],
        ]
    return original if isinstance(shown, str) and STRUCK_OUT in shown else shown


def struck_texts(shown: Any, original: Any) -> Iterator[str]:
    """Yield the texts of which ``hidden`` left nothing."""
    if isinstance(shown, Mapping) and isinstance(original, Mapping):
        for key, item in shown.items():
            yield from struck_texts(item, original[key])
    elif isinstance(shown, list):
        for item, before in zip(shown, original, strict=True):
            yield from struck_texts(item, before)
    elif shown == STRUCK_OUT and isinstance(original, str):
        yield original


def _redacted(
    value: Any, is_secret: Callable[[str], bool], masked: Callable[[str], str], *, secret: bool
) -> Any:
    if isinstance(value, Mapping):
        named = is_secret(str(value.get("name", "")))
        return {
            key: _redacted(
                item,
                is_secret,
                masked,
                secret=secret or is_secret(str(key)) or (named and key == "value"),
            )
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(item, is_secret, masked, secret=secret) for item in value]
    if value is None or not (secret or isinstance(value, str)):
        return value
    return STRUCK_OUT if secret or _holds_secrets(value, is_secret) else masked(value)


def _holds_secrets(text: str, is_secret: Callable[[str], bool]) -> bool:
    """Tell whether a text, such as a variable's value, is JSON with secrets in it."""
    said = _parsed(text)
    try:
        return said is not None and _redacted(said, is_secret, _as_it_is, secret=False) != said
    except RecursionError:  # nobody knows
        return True


def _parsed(text: str) -> Any:
    """Parse the JSON text of a mapping or a list; any other text is ``None``."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
