"""CloudWatch log streams of a job, requests for pages, and lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One event of a log stream, as the container wrote it.

    Attributes:
        label: Attempt and container, if there are several; else empty.
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
        """The line with its time in front."""
        return f"[{self.at:%Y-%m-%d %H:%M:%S} UTC] {self}"


class LogEvent(NamedTuple):
    """A line from CloudWatch; the time is milliseconds since 1970."""

    at: int
    text: str


class LogPage(NamedTuple):
    """An answer of GetLogEvents: lines from old to new, and the token in the asked direction."""

    events: Sequence[LogEvent]
    next_token: str

    @classmethod
    def from_api(cls, answer: object, *, from_head: bool) -> "LogPage":
        """Parse an answer; events without time or text are skipped.

        :raises ValueError: the answer has no token.
        """
        members = read.mapping(answer)
        next_token = read.text(
            members.get("nextForwardToken" if from_head else "nextBackwardToken")
        )
        if next_token is None:
            raise ValueError("the answer of GetLogEvents has no token")
        events = [_event(entry) for entry in read.mappings(members.get("events"))]
        return cls([event for event in events if event is not None], next_token)


def _event(members: Mapping[str, object]) -> LogEvent | None:
    at, message = members.get("timestamp"), members.get("message")
    if at != 0 and read.moment(at) is None:
        return None
    text = read.text(message) if message else message
    return LogEvent(read.count(at) or 0, text) if isinstance(text, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """One GetLogEvents call."""

    group: str
    stream: str
    next_token: str | None = None
    start_time: int | None = None
    from_head: bool = True
    limit: int | None = None

    def to_api(self) -> dict[str, Any]:
        """Write the request for boto3."""
        members = {
            "logGroupName": self.group,
            "logStreamName": self.stream,
            "nextToken": self.next_token,
            "startTime": self.start_time,
            "startFromHead": self.from_head,
            "limit": self.limit,
        }
        return {name: value for name, value in members.items() if value is not None}


class Source(NamedTuple):
    """A log stream with its attempt (from 1) and container; *ended* means the attempt has ended.

    *telling* marks the container that decides the outcome of the attempt.
    """

    group: str
    stream: str
    attempt: int
    container: str | None = None
    ended: bool = False
    telling: bool = False


def sources(job: Job) -> list[Source]:
    """Return the known CloudWatch log streams of the job, first attempt first."""
    groups = {container.name: container.log_group for container in job.containers}
    found: dict[str, Source] = {}
    for number, attempt in enumerate([*job.attempts, job], start=1):
        for container in attempt.containers:
            group = groups.get(container.name, job.log_group)
            # A job that has ended repeats its last attempt.
            if group is None or not container.log_stream or container.log_stream in found:
                continue
            found[container.log_stream] = Source(
                group,
                container.log_stream,
                number,
                container.name,
                ended=number <= len(job.attempts),
                telling=container is (attempt.failed_first or attempt.telling),
            )
    return list(found.values())


def telling_source(job: Job) -> Source | None:
    """Return the log stream to read first after the job's end.

    The stream belongs to the last attempt, and to the deciding container if that container has a
    stream.
    """
    known = sources(job)
    last = [source for source in known if source.attempt == known[-1].attempt]
    telling = [source for source in last if source.telling]
    return next(iter(telling or last[-1:]), None)


def log_page(job: Job) -> str | None:
    """Return the console page of the most useful log, if stream and region are known."""
    source = telling_source(job)
    if source is None or job.region is None:
        return None
    return urls.log_stream_url(source.stream, log_group=source.group, region=job.region)


def chosen_child(job: Job, index: int | None) -> str | None:
    """Return the id of the child selected for an array's log; ``None`` if there is none.

    :param index: index of the child; in a rerun, the index in the original array.
    """
    if index is None or job.array_size is None:
        return None
    indexes = _indexes(job) or range(job.array_size)
    return f"{job.id}:{indexes.index(index)}" if index in indexes else None


def _indexes(job: Job) -> Sequence[int]:
    """Return a rerun's indexes, if plausible: users can set the variable to anything."""
    return job.indexes if len(job.indexes) == job.array_size else ()


def nothing_to_read(job: Job, index: int | None = None) -> str | None:
    """Return why a job never has a log in CloudWatch; ``None`` if the job may have a log.

    :param index: selected child of an array.
    """
    if chosen_child(job, index):
        return None
    if job.array_size is not None:
        if _indexes(job) and index is not None:
            return (
                f"Array job {job.id} reruns only failed children, and child {index} did not fail: "
                "no log to stream"
            )
        missing = "log of its own" if index is None else f"child {index}"
        return (
            f"Array job {job.id} has no {missing}: `awslogs_index` (0 to {job.array_size - 1}) "
            f"selects the child to stream; in a shell, use 'fargate-batch logs {job.id}:INDEX'"
        )
    if job.containers and all(container.log_group is None for container in job.containers):
        return f"Job {job.id} does not log to CloudWatch: no log to stream"
    return None
