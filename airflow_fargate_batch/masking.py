"""Secrets in a task's arguments: kept from logs, rendered fields, XCom and exceptions."""

import json
from typing import TYPE_CHECKING, Any

from airflow_fargate_batch._compat import mask_secret, redact
from airflow_fargate_batch.core import secrets

if TYPE_CHECKING:
    from airflow_fargate_batch._compat import BaseOperator
    from airflow_fargate_batch.core.request import JobRequest


class MayHoldSecrets:
    """An argument kept in the form that Airflow's masker reads, its secrets masked once rendered.

    Airflow stores the rendered fields right after it has set them, and nothing of an operator runs
    in between where the task is mapped; so the setting itself does it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"_{name}"

    def __get__(self, operator: "BaseOperator | None", owner: type) -> Any:
        return self if operator is None else operator.__dict__.get(self._slot)

    def __set__(self, operator: "BaseOperator", value: object) -> None:
        named = secrets.by_name(value)
        operator.__dict__[self._slot] = named
        if operator.__dict__.get("_is_built"):
            for secret in secrets.secret_values(named, is_secret_name):
                mask_secret(secret)


def is_secret_name(name: str) -> bool:
    """Tell a secret's name by our words, or by those that Airflow is configured with."""
    return secrets.is_secret_name(name) or redact("value", name) != "value"


def as_json(request: "JobRequest") -> str:
    """Write the body of SubmitJob as JSON, what is secret struck out."""
    body = secrets.redacted(request.to_submit_job(), is_secret_name)
    return json.dumps(redact(body), indent=2, ensure_ascii=False)
