"""Failures of a job that fail the task without retries, and keep their class.

Airflow fails a task without retries only for an ``AirflowFailException``; callbacks branch on the
subclasses of ``JobFailed``. So the exception is both.
"""

from typing import Any, Final, cast

from airflow_fargate_batch._airflow.compat import AirflowFailException
from airflow_fargate_batch.exceptions import JobFailed

_CLASSES: Final[dict[type[JobFailed], type[AirflowFailException]]] = {}
"""The classes made so far: equal failures have one class."""


def without_retries(failure: JobFailed, report: str | None = None) -> AirflowFailException:
    """Return the failure as an exception after which Airflow makes no retry.

    :param report: text in place of the failure's own report.
    """
    text = failure.report if report is None else report
    return _final(type(failure), text, failure.job_id)


def _final(kind: type[JobFailed], report: str, job_id: str) -> AirflowFailException:
    if kind not in _CLASSES:
        _CLASSES[kind] = _class_of(kind)
    return _CLASSES[kind](report, job_id, False)


def _class_of(kind: type[JobFailed]) -> type[AirflowFailException]:
    """Make a class that is a failure of one kind and an ``AirflowFailException``."""

    def reduce(failure: JobFailed) -> tuple[Any, ...]:  # pickle finds no class that is made here
        return _final, (kind, failure.report, failure.job_id)

    members = {"__module__": kind.__module__, "__doc__": kind.__doc__, "__reduce__": reduce}
    made = type(kind.__name__, (kind, AirflowFailException), members)
    return cast("type[AirflowFailException]", made)
