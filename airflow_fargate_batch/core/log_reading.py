"""Reading order of a job's CloudWatch logs, and detection of new lines. Time is an argument.

Source: CloudWatch Logs API Reference, GetLogEvents. An empty page may precede full pages; only
a repeated token marks the end, and later lines follow after the same token. Tokens expire after a
day, so a position is also kept as the time of the last line, and the number of lines read with
the same time.

Other times are seconds of a monotonic clock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.core.call_rate import CallRate
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import (
    LogEvent,
    LogLine,
    LogPage,
    LogRequest,
    Source,
    sources,
)
from airflow_fargate_batch.exceptions import AccessDenied, Throttled

QUIET: Final = 10.0
"""Seconds without a new line after which the log of a stopped container counts as complete:
CloudWatch shows lines with a delay of some seconds."""
GIVE_UP: Final = 120.0
"""Seconds without a new line after the end, with failing calls, before giving up the rest."""
EMPTY_PAGES: Final = 10
"""Number of empty pages in a row after which a stream waits for the next turn. If all lines of a
stream have expired, tokens never stop changing (boto/boto3#4591)."""
PATIENT_FAILURES: Final = 3
"""Number of failed calls in a row before a warning."""
LONGEST_PAUSE: Final = 60.0

MISSING: Final = "ResourceNotFoundException"
BAD_TOKEN: Final = "InvalidParameterException"  # noqa: S105 - an error code

FASTEST: Final = 15.0
"""GetLogEvents a second; the quota, 25 in most regions, is the account's."""
SLOWEST: Final = 0.2
RECOVERY: Final = 0.05
"""Calls a second regained with every answer, after a throttle halved the rate."""

Position = dict[str, list[int]]
"""For each stream the time of the last line (milliseconds since 1970), and the number of lines read
with the same time."""


def read_position(value: object) -> Position:
    """Read a position from JSON; illegal entries are left out."""
    entries = value.items() if isinstance(value, dict) else ()
    return {
        name: list(place)
        for name, place in entries
        if isinstance(name, str)
        and isinstance(place, list | tuple)
        and len(place) == 2
        and all(isinstance(number, int) and number >= 0 for number in place)
    }


@dataclass(slots=True)
class _Stream:
    """Reading position in one stream."""

    source: Source
    due: float
    last_at: int = 0
    read_of_last: int = 0
    to_skip: int = 0
    start_time: int | None = None
    """Sent with every token: without the same start time, a token may point elsewhere."""
    next_token: str | None = None
    empty_pages: int = 0
    failures: int = 0
    is_behind: bool = True
    is_over: bool = False
    ended_at: float | None = None
    quiet_since: float = 0.0
    """Time of the last new line; used only after the end."""

    def start_over(self) -> None:
        """Continue without a token, at the time of the last line."""
        self.next_token = None
        self.empty_pages = 0  # the same pages may follow again
        self.start_time = self.last_at if self.read_of_last else None
        self.to_skip = self.read_of_last

    def is_new(self, event: LogEvent) -> bool:
        """Return whether a line is new, and count the line as read."""
        if event.at > self.last_at:
            self.last_at, self.read_of_last, self.to_skip = event.at, 1, 0
        elif event.at == self.last_at:
            if self.to_skip:
                self.to_skip -= 1
                return False
            self.read_of_last += 1
        return True


class LogReader:
    """Reader of all log streams of one job: every line once, including the last.

    The reader makes no calls: ``next_request`` returns a request, and ``take`` or ``failed``
    records the result.

    :param interval: seconds between two calls for a running container
    :param quiet: seconds without a new line after which a finished log is complete
    :param position: position of an earlier reader
    """

    def __init__(
        self,
        *,
        interval: float,
        chance: Callable[[], float],
        quiet: float = QUIET,
        position: Position | None = None,
    ) -> None:
        self._interval = interval
        self._chance = chance
        self._quiet = quiet
        self._before = dict(position or {})
        self._streams: dict[str, _Stream] = {}
        self._ended = False
        self._denied = False

    @property
    def position(self) -> Position:
        """Reading position: JSON-able, for another reader of the same job."""
        read = {name: [s.last_at, s.read_of_last] for name, s in self._streams.items()}
        return self._before | {name: place for name, place in read.items() if place[1]}

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing left to read, now or later."""
        return self._denied or (self._ended and not any(self._open()))

    def observe(self, job: Job, now: float) -> None:
        """Record the job's state: each attempt has its own stream."""
        for source in sources(job):
            if source.stream not in self._streams:
                self._streams[source.stream] = self._new(source, now)
            if source.ended:
                self._end(self._streams[source.stream], now)
        if job.status.is_final:
            self.finish(now)

    def finish(self, now: float) -> None:
        """Record that the job has ended, or that no more updates will come."""
        self._ended = True
        for stream in self._open():
            self._end(stream, now)

    def next_request(self, now: float) -> LogRequest | None:
        """Return the request to send now; ``None`` if too early."""
        for stream in self._readable():
            if stream.due <= now:
                source = stream.source
                return LogRequest(
                    group=source.group,
                    stream=source.stream,
                    next_token=stream.next_token,
                    start_time=stream.start_time,
                )
        return None

    def due_at(self) -> float | None:
        """Return when the next request is due; ``None`` if no stream is known or left."""
        return min((stream.due for stream in self._readable()), default=None)

    def take(self, request: LogRequest, page: LogPage, now: float) -> list[LogLine]:
        """Process an answer, and return the new lines."""
        stream = self._streams[request.stream]
        label = self._label(stream.source)
        lines = [LogLine.of(event, label) for event in page.events if stream.is_new(event)]
        stream.failures = 0
        stream.empty_pages = 0 if page.events else stream.empty_pages + 1
        if lines:
            stream.quiet_since = now
        stream.next_token = page.next_token
        if stream.next_token == request.next_token or stream.empty_pages >= EMPTY_PAGES:
            self._rest(stream, now)
        return lines

    def failed(self, request: LogRequest, error: Exception, code: str, now: float) -> str | None:
        """Record a failed call; return a warning, once.

        :param code: AWS's code of the error; empty if AWS did not answer
        """
        stream = self._streams[request.stream]
        if isinstance(error, AccessDenied):
            self._denied = True
            return f"Could not read the log: {error}"
        if code == MISSING:
            stream.start_over()
            self._rest(stream, now, is_behind=True)
            return _never_came(stream.source) if stream.is_over else None
        if code == BAD_TOKEN:
            stream.start_over()
        return self._failed_for_now(stream, error, now)

    def _failed_for_now(self, stream: _Stream, error: Exception, now: float) -> str | None:
        pause = full_jitter(stream.failures, self._chance(), base=1.0, cap=LONGEST_PAUSE)
        stream.failures += 1
        stream.due = now + max(1.0, pause)
        name = stream.source.stream
        if stream.ended_at is not None and now - stream.quiet_since >= GIVE_UP:
            stream.is_over = True
            return f"Gave up reading log stream {name} before the end: {error}"
        if stream.failures == PATIENT_FAILURES and not isinstance(error, Throttled):
            return f"Could not read log stream {name}; will retry: {error}"
        return None

    def _new(self, source: Source, now: float) -> _Stream:
        last_at, read_of_last = self._before.get(source.stream, (0, 0))
        stream = _Stream(source, now, last_at=last_at, read_of_last=read_of_last)
        stream.start_over()
        return stream

    def _end(self, stream: _Stream, now: float) -> None:
        """Read the last lines of a container at once, and then until no new line comes."""
        if stream.ended_at is None:
            stream.ended_at = stream.quiet_since = now
            stream.due = min(stream.due, now)

    def _rest(self, stream: _Stream, now: float, *, is_behind: bool = False) -> None:
        """Leave a stream without more lines for now, or for good."""
        stream.empty_pages = 0
        stream.is_behind = is_behind
        if stream.ended_at is None:
            stream.due = now + self._interval
        else:
            stream.is_over = now - stream.quiet_since >= self._quiet
            stream.due = stream.quiet_since + self._quiet

    def _open(self) -> Iterator[_Stream]:
        """Yield the streams that may get more lines, first attempt first."""
        return (stream for stream in self._streams.values() if not stream.is_over)

    def _readable(self) -> Iterator[_Stream]:
        """Yield the streams to read now; lines of an attempt follow those of earlier attempts."""
        behind: int | None = None
        for stream in () if self._denied else self._open():
            if behind is not None and stream.source.attempt > behind:
                return
            if stream.is_behind:
                behind = stream.source.attempt
            yield stream

    def _label(self, source: Source) -> str:
        known = [stream.source for stream in self._streams.values()]
        several = any(other.attempt > 1 for other in known)
        words = [f"attempt {source.attempt}"] if several else []
        if len({other.container for other in known}) > 1 and source.container:
            words.append(source.container)
        return " ".join(words)


def read_rate() -> CallRate:
    """Return the rate of GetLogEvents for several readers together."""
    return CallRate(fastest=FASTEST, slowest=SLOWEST, gain=RECOVERY)


def _never_came(source: Source) -> str:
    return (
        f"Log stream {source.stream} does not exist in {source.group}: "
        "the container wrote nothing, or never started"
    )
