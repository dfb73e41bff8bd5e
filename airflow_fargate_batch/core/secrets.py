"""Which names say that their value is a secret, and a request with such values struck out."""

from collections.abc import Callable, Mapping
from typing import Any, Final

STRUCK_OUT: Final = "***"

SECRET_WORDS: Final = (
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "credential",
    "keyfile_dict",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "pwd",
    "secret",
    "service_account",
    "token",
)
"""Airflow documentation, "Masking sensitive data", whose words these are, and three beside them
that containers use: ``credential``, ``pwd``, ``apikey`` without a separator."""


def is_secret_name(name: str) -> bool:
    """Tell whether a name holds one of the words, in any case, with ``-`` or ``_``."""
    lowered = name.lower().replace("-", "_")
    return any(word in lowered for word in SECRET_WORDS)


def redacted(
    body: Mapping[str, Any], is_secret: Callable[[str], bool] = is_secret_name
) -> dict[str, Any]:
    """Copy a SubmitJob body, with the values of secret environment names and parameters struck out.

    An environment entry is known by its shape, ``{"name", "value"}``, wherever it stands.
    """
    return {key: _redacted(value, is_secret, secret=is_secret(key)) for key, value in body.items()}


def _redacted(value: Any, is_secret: Callable[[str], bool], *, secret: bool) -> Any:
    if isinstance(value, Mapping):
        named = value.keys() == {"name", "value"} and is_secret(str(value["name"]))
        return {
            key: _redacted(item, is_secret, secret=is_secret(key) or (named and key == "value"))
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redacted(item, is_secret, secret=secret) for item in value]
    return STRUCK_OUT if secret and isinstance(value, str) else value
