"""What TaskFlow's decorators are made of."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
else:
    try:
        from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
    except ImportError:  # 2.11
        from airflow.decorators.base import DecoratedOperator, task_decorator_factory

__all__ = ["DecoratedOperator", "known_context_keys", "task_decorator_factory"]


def known_context_keys() -> frozenset[str]:
    """Return the names that Airflow passes to a TaskFlow function by themselves."""
    try:
        from airflow.sdk.definitions.context import KNOWN_CONTEXT_KEYS
    except ImportError:  # 2.11
        from airflow.utils.context import (  # type: ignore[attr-defined,no-redef]
            KNOWN_CONTEXT_KEYS,
        )
    return frozenset(KNOWN_CONTEXT_KEYS)
