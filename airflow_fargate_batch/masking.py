"""Secrets in a task's arguments: kept from logs, rendered fields, XCom and exceptions."""

import json
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch._compat import mask_secret, masking_context, redact
from airflow_fargate_batch.core import secrets

if TYPE_CHECKING:
    from airflow_fargate_batch._compat import BaseOperator, Context
    from airflow_fargate_batch.core.request import JobRequest
else:
    BaseOperator = object  # what this is mixed into brings Airflow's own

MAY_HOLD_SECRETS: Final = (
    "command",
    "container_overrides",
    "environment",
    "extra_submit_args",
    "parameters",
)


class HidesSecrets(BaseOperator):
    """An operator that uses its secrets and shows none.

    Airflow stores the rendered fields right after it has set them, and its masker reads neither a
    list of ``{name, value}`` nor a JSON text, nor, in the API server of 3.0, what a task has told
    it to mask. So once rendered, the attributes themselves show secrets struck out, and
    ``_argument`` gives what is to be used.
    """

    _originals: Mapping[str, Any] = MappingProxyType({})

    def _do_render_template_fields(
        self,
        parent: Any,
        template_fields: Iterable[str],
        context: "Context",
        jinja_env: Any,
        seen_oids: set[int],
    ) -> None:
        """Render as Airflow does, but log no template, with the literals in it, where that fails.

        Airflow calls this for mapped tasks too, which `render_template_fields` would miss.
        """
        context = masking_context(context)
        for name in template_fields:
            value = getattr(parent, name)
            try:
                if callable(value):
                    rendered = value(context=context, jinja_env=jinja_env)
                else:
                    rendered = self.render_template(value, context, jinja_env, seen_oids)
            except Exception:  # whatever a template raises; it goes on as it came
                self.log.error("%s cannot be rendered", name)  # noqa: TRY400 - Airflow logs the rest
                raise
            if parent is self and name in MAY_HOLD_SECRETS:
                rendered = self._hide(name, rendered)
            setattr(parent, name, rendered)

    def _hide(self, name: str, rendered: Any) -> Any:
        original = secrets.restored(rendered, self._originals.get(name))
        shown, original = secrets.hidden(original, is_secret_name, _masked)
        self._originals = {**self._originals, name: original}
        for text in secrets.struck_texts(shown, original):
            if len(text) >= secrets.WORTH_MASKING:
                mask_secret(text)
        return shown

    def _argument(self, name: str) -> Any:
        return secrets.restored(getattr(self, name), self._originals.get(name))


def is_secret_name(name: str) -> bool:
    """Tell a secret's name by our words, or by those that Airflow is configured with."""
    return secrets.is_secret_name(name) or redact("value", name) != "value"


def _masked(text: str) -> str:
    return str(redact(text))


def as_json(request: "JobRequest") -> str:
    """Write the body of SubmitJob as JSON, what is secret struck out."""
    body = secrets.redacted(request.to_submit_job(), is_secret_name, _masked)
    return json.dumps(body, indent=2, ensure_ascii=False)


def mask_secrets_of(request: "JobRequest") -> None:
    """Mask what secret variables and parameters hold in all logs, files' contents included."""
    for texts in (request.environment, request.parameters):
        for name, text in texts.items():
            if len(text) >= secrets.WORTH_MASKING and is_secret_name(name):
                mask_secret(text)
