"""CloudWatch Logs and a job's life on a clock that only waiting moves on."""

import heapq
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from airflow_fargate_batch.aws.logs import error_code
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import LogReader
from airflow_fargate_batch.core.log_streams import LogEvent, LogPage, LogRequest
from airflow_fargate_batch.exceptions import AwsError

CALL = 0.01
"""Seconds a call takes."""


def refusal(code: str) -> AwsError:
    error = AwsError(f"AWS refused GetLogEvents ({code})")
    error.__cause__ = ClientError({"Error": {"Code": code, "Message": ""}}, "GetLogEvents")
    return error


def job(status: str, *streams: str, ended: tuple[str, ...] = (), **more: Any) -> Job:
    """Make a job: *streams* of its containers now, *ended* of attempts that are over."""
    return Job.from_api(
        {
            "jobId": "job",
            "status": status,
            "container": {"logStreamName": next(iter(streams), None)},
            "attempts": [{"container": {"logStreamName": stream}} for stream in ended],
            **more,
        }
    )


class CloudWatch:
    """GetLogEvents, page by page.

    Attributes:
        page: Lines a page.
        empty: How many empty pages come before each that is not.
        errors: Raised by the next calls, one each; ``None`` spares a call.
    """

    def __init__(self, *, page: int = 3, empty: int = 0) -> None:
        self.page = page
        self.empty = empty
        self.streams: dict[str, list[LogEvent]] = {}
        self.errors: deque[Exception | None] = deque()
        self.calls: list[LogRequest] = []

    def write(self, stream: str, *texts: str, at: int = 1) -> None:
        self.streams.setdefault(stream, []).extend(LogEvent(at, text) for text in texts)

    def get(self, request: LogRequest) -> LogPage:
        self.calls.append(request)
        if self.errors and (error := self.errors.popleft()):
            raise error
        if request.stream not in self.streams:
            raise refusal("ResourceNotFoundException")
        events = self.streams[request.stream]
        if not request.from_head:
            return self._backward(events, request)
        events = [event for event in events if event.at >= (request.start_time or 0)]
        # As AWS's tokens do, these say where in the whole stream they point.
        offset = len(self.streams[request.stream]) - len(events)
        start, empties = map(int, (request.next_token or f"{offset}/0").split("/"))
        found = self.streams[request.stream][start : start + self.page]
        if not found:
            return LogPage([], request.next_token or f"{start}/0")
        if empties < self.empty:
            return LogPage([], f"{start}/{empties + 1}")
        return LogPage(found, f"{start + len(found)}/0")

    def _backward(self, events: list[LogEvent], request: LogRequest) -> LogPage:
        end = len(events) if request.next_token is None else int(request.next_token)
        size = min(self.page, request.limit or self.page)
        found = events[max(0, end - size) : end]
        return LogPage(found, str(end - len(found)))


class World:
    """A job, its log, and somebody who reads it.

    Attributes:
        job: What DescribeJobs says now.
        warnings: What the reader wants a person to read.
    """

    def __init__(self, *, page: int = 3, empty: int = 0) -> None:
        self.now = 0.0
        self.cloud = CloudWatch(page=page, empty=empty)
        self.job = job("RUNNING", "one")
        self.warnings: list[str] = []
        self._plan: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, when: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._plan, (when, len(self._plan), action))

    def becomes(self, when: float, later: Job) -> None:
        self.at(when, lambda: setattr(self, "job", later))

    def writes(self, when: float, stream: str, *texts: str, at: int | None = None) -> None:
        milliseconds = int(when * 1000) if at is None else at
        self.at(when, lambda: self.cloud.write(stream, *texts, at=milliseconds))

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        while self._plan and self._plan[0][0] <= self.now:
            heapq.heappop(self._plan)[2]()

    def read(self, reader: LogReader, *, until: float = math.inf) -> list[str]:
        """Read until the log is complete, or until some time."""
        self.sleep(0)
        lines: list[str] = []
        while self.now < until:
            reader.observe(self.job, self.now)
            if reader.is_complete:
                break
            request = reader.next_request(self.now)
            if request is None:
                self.sleep(0.5)
                continue
            try:
                page = self.cloud.get(request)
            except AwsError as error:
                warning = reader.failed(request, error, error_code(error), self.now)
                self.warnings += [warning] if warning else []
            else:
                lines += map(str, reader.take(request, page, self.now))
            self.sleep(CALL)
        return lines
