"""A log stream of CloudWatch Logs, written in batches."""

import time
from typing import Any, Final

from airflow_fargate_batch.local.account import LOG_GROUP
from airflow_fargate_batch.local.others import OtherServices

BATCH: Final = 500
LATE: Final = 0.3
"""Seconds that a line may wait for others."""


class LogStream:
    """One writer's stream: lines are kept until `flush`, or until there are many.

    Timestamps never decrease: moto, as AWS, orders by them, and a reader could miss a late one.
    """

    def __init__(self, services: OtherServices, region: str, name: str) -> None:
        self._services = services
        self._region = region
        self._name = {"logGroupName": LOG_GROUP, "logStreamName": name}
        self._lines: list[dict[str, Any]] = []
        self._latest = 0
        self._flushed = time.monotonic()
        services.logs(region, "CreateLogStream", **self._name)

    def add(self, line: str, when: float) -> None:
        """Add a line, written at *when* (seconds since the epoch)."""
        self._latest = max(self._latest, int(when * 1000))
        # AWS takes no empty message
        self._lines.append({"timestamp": self._latest, "message": line or " "})
        if len(self._lines) >= BATCH or time.monotonic() - self._flushed > LATE:
            self.flush()

    def flush(self) -> None:
        """Put what was kept into CloudWatch Logs."""
        self._flushed = time.monotonic()
        if self._lines:
            lines, self._lines = self._lines, []
            self._services.logs(self._region, "PutLogEvents", logEvents=lines, **self._name)
