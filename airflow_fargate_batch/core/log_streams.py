"""Where a job's CloudWatch logs are, how they are asked for, and what a line is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One event of a log stream, as the container wrote it.

    Attributes:
        label: Which attempt and container, where there are several; else empty.
    """

    text: str
    at: datetime
    label: str = ""

    @classmethod
    def of(cls, event: "LogEvent", label: str = "") -> "LogLine":
        """Make a line of an event."""
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=event.at)
        return cls(text=event.text.rstrip("\r\n"), at=at, label=label)

    def __str__(self) -> str:
        """Write the label, if there is one, and the text."""
        return f"[{self.label}] {self.text}" if self.label else self.text

    @property
    def stamped(self) -> str:
        """The same behind the time at which the container wrote it."""
        return f"[{self.at:%Y-%m-%d %H:%M:%S} UTC] {self}"


class LogEvent(NamedTuple):
    """A line as CloudWatch tells of it; the time is milliseconds since 1970."""

    at: int
    text: str


class LogPage(NamedTuple):
    """An answer of GetLogEvents: lines from old to new, and the token in the asked direction."""

    events: Sequence[LogEvent]
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """One GetLogEvents call."""

    group: str
    stream: str
    token: str | None = None
    start_time: int | None = None
    from_head: bool = True
    limit: int | None = None

    def to_api(self) -> dict[str, Any]:
        """Write the request for boto3."""
        members = {
            "logGroupName": self.group,
            "logStreamName": self.stream,
            "nextToken": self.token,
            "startTime": self.start_time,
            "startFromHead": self.from_head,
            "limit": self.limit,
        }
        return {name: value for name, value in members.items() if value is not None}


class Source(NamedTuple):
    """A log stream, and whose it is; attempts count from 1, *ended* tells of the attempt."""

    group: str
    stream: str
    attempt: int
    container: str | None = None
    exit_code: int | None = None
    ended: bool = False


def sources(job: Job) -> list[Source]:
    """Return the job's log streams that are known by now and in CloudWatch, first attempt first."""
    groups = {container.name: container.log_group for container in job.containers}
    attempts = [attempt.containers for attempt in job.attempts] + [job.containers]
    found: dict[str, Source] = {}
    for number, containers in enumerate(attempts, start=1):
        for container in containers:
            group = groups.get(container.name, job.log_group)
            # A job that has ended repeats its last attempt.
            if group is None or not container.log_stream or container.log_stream in found:
                continue
            found[container.log_stream] = Source(
                group,
                container.log_stream,
                number,
                container.name,
                container.exit_code,
                ended=number <= len(job.attempts),
            )
    return list(found.values())


def log_page(job: Job) -> str | None:
    """Return the console's page of the last attempt's log, where stream and region are known."""
    known = sources(job)
    if not known or job.region is None:
        return None
    return urls.log_stream_url(known[-1].stream, log_group=known[-1].group, region=job.region)


def chosen_child(job: Job, index: int | None) -> str | None:
    """Return the id of the child whose log stands for an array's; ``None`` where there is none.

    :param index: which child; of a rerun, the one that has it in the first array.
    """
    if index is None or job.array is None or job.array.size is None:
        return None
    indexes = job.indexes or range(job.array.size)
    return f"{job.id}:{indexes.index(index)}" if index in indexes else None


def nothing_to_read(job: Job, index: int | None = None) -> str | None:
    """Say why a job has no log in CloudWatch, nor ever will; ``None`` where it may have one.

    :param index: which child of an array was chosen.
    """
    if chosen_child(job, index):
        return None
    if job.array is not None and job.array.size is not None:
        if job.indexes and index is not None:
            return (
                f"Array job {job.id} runs again what failed, and child {index} did not: there is "
                "nothing to stream"
            )
        missing = "log of its own" if index is None else f"child {index}"
        return (
            f"Array job {job.id} has no {missing}: awslogs_index, 0 to {job.array.size - 1}, "
            f"chooses the child whose log is streamed, as 'fargate-batch logs {job.id}:INDEX' does "
            "in a shell"
        )
    if job.containers and all(container.log_group is None for container in job.containers):
        return f"Job {job.id} does not log to CloudWatch: there is nothing to stream"
    return None
