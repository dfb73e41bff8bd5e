"""Secrets in a task's arguments: kept from logs, rendered fields, XCom and exceptions."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow_fargate_batch._airflow.compat import conf, mask_secret, redact
from airflow_fargate_batch._airflow.items import preview
from airflow_fargate_batch.core import secret_names, secrets

if TYPE_CHECKING:
    from airflow_fargate_batch.core.request import JobRequest


def is_secret_in_airflow(name: str) -> bool:
    """Report whether a name is a secret's, by our words or by the words configured in Airflow.

    Of Airflow's rules only ``[core] sensitive_var_conn_names`` counts, anywhere in a name, as in
    Airflow. Airflow's built-in words would count anywhere too, and strike the ``false`` of
    ``TOKENIZERS_PARALLELISM=false`` out of every log.
    """
    if secret_names.is_secret_name(name):
        return True
    lowered = name.lower()
    return any(word in lowered for word in _configured_names())


def _configured_names() -> list[str]:
    words = conf.get("core", "sensitive_var_conn_names", fallback="") or ""
    return [word for each in words.split(",") if (word := each.strip().lower())]


def hide(rendered: Any, earlier: Any) -> tuple[Any, Any]:
    """Mask the secrets of an argument, and return it with secrets struck out, and as it is.

    :param earlier: the argument as it was at an earlier rendering: what is struck out in *rendered*
        is taken from there.
    """
    original = secrets.restored(rendered, earlier)
    shown, original = secrets.hidden(original, is_secret_in_airflow, _masked)
    _mask(secrets.texts_of_secrets(original, is_secret_in_airflow))
    return shown, original


def hide_items(rendered: Any) -> Any:
    """Mask the secrets of the first items, and show only these: a task may have a million."""
    first = preview(rendered)
    _mask(secrets.texts_of_secrets(first, is_secret_in_airflow))
    return hidden(first)


def hidden(value: Any) -> Any:
    """Copy a value with its secrets struck out."""
    return secrets.hidden(value, is_secret_in_airflow, _masked)[0]


def _masked(text: str) -> str:
    return str(redact(text))


def _mask(texts: Iterable[str]) -> None:
    """Register texts with Airflow's masker: later log lines of the task show no such text."""
    for text in texts:
        mask_secret(text)


def body_as_json(request: "JobRequest") -> str:
    """Write the body of SubmitJob as JSON, with secrets struck out."""
    body = secrets.redacted(request.to_submit_job(), is_secret_in_airflow, _masked)
    return json.dumps(body, indent=2, ensure_ascii=False)


def places_struck_out(request: "JobRequest") -> list[str]:
    """Return the places in a request with secrets struck out by ``body_as_json``."""
    return secrets.places_of_secrets(request.to_submit_job(), is_secret_in_airflow)


def mask_secrets_of(request: "JobRequest") -> None:
    """Mask the secrets of a request in all logs, also secrets read from files."""
    _mask(secrets.texts_of_secrets(request.to_submit_job(), is_secret_in_airflow))
