"""Log streams in CloudWatch Logs: names for containers, and a buffered writer."""

import time
from collections.abc import Mapping
from typing import Any, Final

from airflow_fargate_batch.local.account import LOG_GROUP
from airflow_fargate_batch.local.jobs import AcceptedJob, LocalContainer
from airflow_fargate_batch.local.moto import OtherServices

BATCH: Final = 500
LATE: Final = 0.3
"""Seconds that a line may stay buffered."""


def container_of(
    submission: AcceptedJob, properties: Mapping[str, Any], task: str
) -> LocalContainer:
    """Make a container of an attempt; ``logConfiguration`` names the log stream."""
    name = properties.get("name") or "default"
    configuration = properties.get("logConfiguration") or {}
    options = configuration.get("options") or {}
    prefix = options.get("awslogs-stream-prefix") or submission.definition_name
    awslogs = configuration.get("logDriver", "awslogs") == "awslogs"
    return LocalContainer(
        name=name,
        log_region=options.get("awslogs-region") or submission.region,
        log_group=options.get("awslogs-group") or LOG_GROUP,
        log_stream=f"{prefix}/{name}/{task}" if awslogs else None,
    )


class LogStream:
    """Writer of a container's log. Lines are buffered until `flush` or until the buffer is full.

    Timestamps never decrease: moto and AWS sort events by timestamp, and a reader could miss a late
    event. A missing log group is created; AWS would not start the container.
    """

    def __init__(self, services: OtherServices, container: LocalContainer) -> None:
        self._services = services
        self._container = container
        self._lines: list[dict[str, Any]] = []
        self._latest = 0
        self._flushed = time.monotonic()
        self._call("CreateLogStream")

    def add(self, line: str, when: float) -> None:
        """Buffer a line, written at *when* (seconds since the epoch)."""
        self._latest = max(self._latest, int(when * 1000))
        # AWS takes no empty message
        self._lines.append({"timestamp": self._latest, "message": line or " "})
        if len(self._lines) >= BATCH or time.monotonic() - self._flushed > LATE:
            self.flush()

    def flush(self) -> None:
        """Write buffered lines to CloudWatch Logs."""
        self._flushed = time.monotonic()
        if self._lines:
            lines, self._lines = self._lines, []
            self._call("PutLogEvents", logEvents=lines)

    def _call(self, operation: str, **parameters: object) -> None:
        container = self._container
        if container.log_stream is not None:
            self._services.logs(
                container.log_region,
                operation,
                group=container.log_group,
                logStreamName=container.log_stream,
                **parameters,
            )
