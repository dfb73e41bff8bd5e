"""The operator's rendered fields, with their secrets struck out before Airflow stores them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch._airflow.compat import masking_context
from airflow_fargate_batch.core.literals import is_literal

if TYPE_CHECKING:
    from airflow_fargate_batch._airflow.compat import BaseOperator, Context
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
            except Exception:  # whatever a template raises; raised again below
                self.log.error("Could not render %s", name)  # noqa: TRY400 - Airflow logs the rest
                raise
            if parent is self and name in MAY_HOLD_SECRETS:
                rendered = self._hide(name, rendered)
            setattr(parent, name, rendered)

    def _hide(self, name: str, rendered: Any) -> Any:
        from airflow_fargate_batch._airflow import masking  # here: reading a DAG renders nothing
        from airflow_fargate_batch._airflow.items import listed

        if name == "items":
            original = listed(rendered)
            shown = self._shown_items = masking.hide_items(original)
        else:
            shown, original = masking.hide(rendered, self._originals.get(name))
        self._originals = {**self._originals, name: original}
        return shown

    def _argument(self, name: str) -> Any:
        from airflow_fargate_batch.core import secrets  # here: reading a DAG renders nothing

        if name == "items":
            is_ours = self._shown_items is not None and self.items is self._shown_items
            return self._originals["items"] if is_ours else self.items
        return secrets.restored(getattr(self, name), self._originals.get(name))
