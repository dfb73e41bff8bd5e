"""Reading a job's log for the command line."""

from collections.abc import Iterable

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.cli import _clients, _console
from airflow_fargate_batch.cli._shared_options import ConnectionOptions, LogOptions
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_reading import QUIET
from airflow_fargate_batch.core.log_streams import LogLine, LogPage, LogRequest
from airflow_fargate_batch.core.narration import Narrator
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.watching.following import follow
from airflow_fargate_batch.watching.log_follower import LogFollower
from airflow_fargate_batch.watching.log_tail import LogTail


class Logs(LogsApi):
    """CloudWatch Logs client that records failures, because a follower only logs a warning.

    Attributes:
        is_readable: Whether the last call succeeded; a missing stream counts as success.
    """

    is_readable = True

    def get(self, request: LogRequest) -> LogPage:
        """Read a page."""
        try:
            page = super().get(request)
        except AwsError as error:
            self.is_readable = type(error) is AwsError
            raise
        self.is_readable = True
        return page


def write_log(job: Job, logs: Logs, options: LogOptions) -> bool:
    """Write the job's log so far; return whether the log was readable."""
    follower = _follower(logs, options, quiet=0.0)
    follower.observe(job)
    _write(follower.rest(), options)
    return logs.is_readable


def follow_log(api: BatchApi, job: Job, logs: Logs, options: LogOptions) -> tuple[Job, bool]:
    """Write the job's log until the job ends; return the last state and whether reading worked."""
    clock = _clients.CLOCK
    follower = _follower(logs, options)
    narrator = Narrator()
    changes = follow(
        [job.id],
        describe=api.describe_jobs,
        interval=options.poll_interval,
        now=clock.now,
        sleep=clock.sleep,
        chance=clock.random,
    )
    for update in changes:
        if update is not None:
            job = update
            follower.observe(update)
            if change := narrator.report(update, clock.date()):
                _console.talk(change)
        if not _write(follower.read(), options) or not _console.is_read():
            return job, logs.is_readable
    _write(follower.rest(), options)
    return job, logs.is_readable


def connect_logs(options: ConnectionOptions, region: str) -> Logs:
    """Make a CloudWatch Logs client; *region* is the region of ``connect``."""
    return Logs.connect(
        region_name=region,
        profile_name=options.profile,
        endpoint_url=options.endpoint_url,
    )


def connect_tail(options: ConnectionOptions, region: str) -> LogTail:
    """Make a reader of the last log lines of jobs."""
    return LogTail(connect_logs(options, region), sleep=_clients.CLOCK.sleep)


def _follower(logs: Logs, options: LogOptions, quiet: float = QUIET) -> LogFollower:
    clock = _clients.CLOCK
    return LogFollower(
        logs,
        interval=options.poll_interval,
        quiet=quiet,
        now=clock.now,
        sleep=clock.sleep,
        chance=clock.random,
    )


def _write(lines: Iterable[LogLine], options: LogOptions) -> bool:
    """Write lines to stdout; return whether stdout is still open."""
    return all(_console.data(line.stamped if options.timestamps else str(line)) for line in lines)
