"""A DAG that needs nothing: the harness's own smoke test."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.triggers.temporal import TimeDeltaTrigger  # type: ignore[import-not-found]

try:
    from airflow.sdk import DAG, BaseOperator, task
except ImportError:
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined,no-redef]
    from airflow.models import BaseOperator


class Defers(BaseOperator):
    """Wait in the triggerer."""

    def __init__(self, *, seconds: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seconds = seconds

    def execute(self, context: Any) -> None:  # noqa: ARG002  Airflow names it
        wait = TimeDeltaTrigger(timedelta(seconds=self.seconds))
        self.defer(trigger=wait, method_name="execute_complete")

    def execute_complete(self, context: Any, event: Any = None) -> str:  # noqa: ARG002  as above
        self.log.info("resumed after the trigger")
        return "resumed"


class Renders(BaseOperator):
    """Give back what was rendered."""

    template_fields = ("text",)

    def __init__(self, *, text: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.text = text

    def execute(self, context: Any) -> str:  # noqa: ARG002  Airflow names it
        return self.text


with DAG("smoke", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):

    @task
    def double(number: int) -> int:
        print(f"doubling {number}")
        return 2 * number

    @task
    def total(numbers: Any) -> int:
        return sum(numbers)

    Renders(task_id="render", text="{{ ds }} {{ dag_run.conf.get('word') }}")
    total(double.expand(number=[1, 2, 3]))
    # A trigger that fires before its task's process is known to have ended fails the task on 3.0.
    Defers(task_id="defer", seconds=10)


with DAG("patient", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    Defers(task_id="defer", seconds=600)

with DAG("sleeper", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):

    @task(task_id="sleep")
    def sleep_long() -> None:
        time.sleep(600)

    sleep_long()
