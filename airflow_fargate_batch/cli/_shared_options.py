"""Options that several commands share."""

import sys
from collections.abc import Callable
from typing import Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._flags import Options, child_index, flag, not_empty, seconds, switch
from airflow_fargate_batch.core.secret_names import is_secret_name, with_further_names

POLL_INTERVAL: Final = flag(
    seconds,
    metavar="SECONDS",
    default="10",
    help="seconds between two reads of the jobs' states; one call reads up to 100 jobs",
)


class ConnectionOptions(Options, title="AWS"):
    """Options of every command that calls AWS."""

    region = flag(
        not_empty,
        metavar="REGION",
        variable="AWS_REGION",
        sources=("$AWS_DEFAULT_REGION", "the profile's region"),
        default="ap-northeast-1",
        help="AWS region",
    )
    profile = flag(
        not_empty,
        metavar="NAME",
        help="profile in the AWS configuration files; if not given, the AWS SDK chooses "
        "(AWS_PROFILE, AWS_ACCESS_KEY_ID, the machine's role)",
    )
    endpoint_url = flag(
        not_empty,
        metavar="URL",
        help="send the calls to this URL instead of AWS, such as the URL of 'fargate-batch local'; "
        "if not given, the AWS SDK chooses (AWS_ENDPOINT_URL)",
    )


class WaitingOptions(ConnectionOptions, title="waiting"):
    """Options of every command that waits for jobs."""

    timeout = flag(
        seconds,
        metavar="SECONDS",
        help="stop waiting after this time; if not given, wait until every job has ended",
    )
    runnable_timeout = flag(
        seconds,
        metavar="SECONDS",
        help="give up if a job stays RUNNABLE (waiting for capacity) for longer than this",
    )
    starting_timeout = flag(
        seconds,
        metavar="SECONDS",
        help="give up if a job stays STARTING (connecting to its subnet, pulling its image) for "
        "longer than this",
    )
    poll_interval = POLL_INTERVAL


class LogOptions(ConnectionOptions, title="log"):
    """Options of ``logs``."""

    index = flag(
        child_index,
        metavar="N",
        help="index of an array child, starting at 0; an array itself has no log",
    )
    follow = switch(help="keep writing new lines until the job has ended and its log is complete")
    timestamps = switch(help="prefix each line with its time in UTC")
    poll_interval = POLL_INTERVAL


class SecretOptions(Options, title="output"):
    """Option of the commands that strike out secrets."""

    secret_names = flag(
        str,
        metavar="NAME,NAME",
        variable="FARGATE_BATCH_SECRET_NAMES",
        help="further names of secrets, such as iban for IBAN and CUSTOMER_IBAN; names with words "
        "like password, token or api key, and values like a URL's password, are always secret",
    )

    @property
    def is_secret(self) -> Callable[[str], bool]:
        """Predicate for names of secrets, which includes ``--secret-names``."""
        names = self.secret_names
        return is_secret_name if names is None else with_further_names(names.split(","))


class TableOptions(Options, title="output"):
    """Option of the commands that print a table on a terminal."""

    output = flag(
        str,
        metavar="FORMAT",
        choices=("table", "text", "json"),
        help="table, text or json; if not given, a table on a terminal and text elsewhere",
    )

    @property
    def form(self) -> str:
        """``table``, ``text`` or ``json``."""
        return self.output or ("table" if _console.is_terminal(sys.stdout) else "text")
