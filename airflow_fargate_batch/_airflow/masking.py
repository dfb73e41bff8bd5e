"""Secrets in a task's arguments: kept from logs, rendered fields, XCom and exceptions."""

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch._airflow.compat import conf, mask_secret, masking_context, redact
from airflow_fargate_batch._airflow.items import listed, preview
from airflow_fargate_batch.core import secret_names, secrets
from airflow_fargate_batch.core.literals import is_literal

if TYPE_CHECKING:
    from airflow_fargate_batch._airflow.compat import BaseOperator, Context
    from airflow_fargate_batch.core.request import JobRequest
else:
    BaseOperator = object  # what this is mixed into brings Airflow's own

MAY_HOLD_SECRETS: Final = (
    "command",
    "container_overrides",
    "ecs_properties_override",
    "environment",
    "extra_submit_args",
    "items",
    "op_args",
    "op_kwargs",
    "parameters",
    "tags",
)


class HidesSecrets(BaseOperator):
    """An operator with secrets struck out of all attributes after rendering.

    Airflow stores the rendered fields right after setting the attributes. Airflow's masker reads
    neither a list of ``{name, value}`` nor a JSON text; in the API server of 3.0 the masker does
    not know the secrets masked by a task. So after rendering the attributes show secrets struck
    out, and ``_argument`` returns the real value.
    """

    items: Any
    _originals: Mapping[str, Any] = MappingProxyType({})
    _shown_items: Any = None
    """What *items* show after rendering: the first items. Rendered again, they stay."""

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: "Context",
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        """Render as Airflow does, but after a failure log no template, and so no literal secret.

        Airflow calls this method for mapped tasks too; `render_template_fields` would miss them.
        """
        context = masking_context(context)
        for name in template_fields:
            value = getattr(parent, name)
            if name == "items" and value is not None and value is self._shown_items:
                continue
            try:
                if callable(value):
                    rendered = value(context=context, jinja_env=jinja_env)
                elif name == "items" and isinstance(value, list):
                    rendered = [  # Jinja compiles a template for each text, with braces or without
                        item
                        if is_literal(item)
                        else self.render_template(item, context, jinja_env, seen_oids)
                        for item in value
                    ]
                else:
                    rendered = self.render_template(value, context, jinja_env, seen_oids)
            except Exception:  # whatever a template raises; it goes on as it came
                self.log.error("Could not render %s", name)  # noqa: TRY400 - Airflow logs the rest
                raise
            if parent is self and name in MAY_HOLD_SECRETS:
                rendered = self._hide(name, rendered)
            setattr(parent, name, rendered)

    def _hide(self, name: str, rendered: Any) -> Any:
        if name == "items":
            return self._hide_items(listed(rendered))
        original = secrets.restored(rendered, self._originals.get(name))
        shown, original = secrets.hidden(original, is_secret_name, _masked)
        self._originals = {**self._originals, name: original}
        _mask(secrets.texts_of_secrets(original, is_secret_name))
        return shown

    def _hide_items(self, rendered: Any) -> Any:
        """Show the first items only: a task may have a million."""
        self._originals = {**self._originals, "items": rendered}
        first = preview(rendered)
        self._shown_items, _ = secrets.hidden(first, is_secret_name, _masked)
        _mask(secrets.texts_of_secrets(first, is_secret_name))
        return self._shown_items

    def _argument(self, name: str) -> Any:
        if name == "items":
            is_ours = self._shown_items is not None and self.items is self._shown_items
            return self._originals["items"] if is_ours else self.items
        return secrets.restored(getattr(self, name), self._originals.get(name))


def is_secret_name(name: str) -> bool:
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


def hidden(value: Any) -> Any:
    """Copy a value with its secrets struck out."""
    return secrets.hidden(value, is_secret_name, _masked)[0]


def _masked(text: str) -> str:
    return str(redact(text))


def _mask(texts: Iterable[str]) -> None:
    """Register texts with Airflow's masker: later log lines of the task show no such text."""
    for text in texts:
        mask_secret(text)


def as_json(request: "JobRequest") -> str:
    """Write the body of SubmitJob as JSON, with secrets struck out."""
    body = secrets.redacted(request.to_submit_job(), is_secret_name, _masked)
    return json.dumps(body, indent=2, ensure_ascii=False)


def places_struck_out(request: "JobRequest") -> list[str]:
    """Return the places in a request with secrets struck out by ``as_json``."""
    return secrets.places_of_secrets(request.to_submit_job(), is_secret_name)


def mask_secrets_of(request: "JobRequest") -> None:
    """Mask the secrets of a request in all logs, also secrets read from files."""
    _mask(secrets.texts_of_secrets(request.to_submit_job(), is_secret_name))
