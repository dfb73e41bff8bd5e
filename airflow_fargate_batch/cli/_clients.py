"""AWS clients made from flags. Import this module only to call AWS: importing botocore is slow."""

import logging
from collections.abc import Callable
from typing import Final, TypeVar

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.errors import connecting
from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._flags import Given
from airflow_fargate_batch.cli._secret_names import secret_names
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core.polling import PollTimes
from airflow_fargate_batch.submitting.retrying import WILL_RETRY, Timing

Answer = TypeVar("Answer")

CLOCK: Final = Timing()
POLL_TIMES: Final = PollTimes()
PATIENCE: Final = 45.0
"""Seconds to retry while AWS throttles or is unreachable. A person is waiting, so the limit is
short; it must still exceed the 30 seconds of searching for a job after an unanswered SubmitJob."""


def connect(given: Given) -> BatchApi:
    """Make the client of the command from the flags in ``CONNECTION``."""
    talk_about_what_is_logged()
    if "region" not in given:
        given.settle("region", _region_of_aws(given["profile"]) or _default_region(given))
    return BatchApi.connect(
        region_name=given["region"],
        profile_name=given["profile"],
        endpoint_url=given["endpoint_url"],
        is_secret=secret_names(given),
    )


def _region_of_aws(profile: str | None) -> str | None:
    """Return the region from AWS_DEFAULT_REGION or, if unset, from the profile."""
    from botocore.session import Session

    with connecting():
        region = Session(profile=profile).get_config_variable("region")
    return str(region) if region else None


def _default_region(given: Given) -> str:
    region: str = given["region"]
    _console.note(
        f"Using region {region}, the default. To use another region, set --region, AWS_REGION or "
        "the profile's region."
    )
    return region


def persist(call: Callable[[], Answer]) -> Answer:
    """Make an idempotent call; retry temporary failures for up to ``PATIENCE`` seconds."""
    return CLOCK.persist(call, CLOCK.now() + PATIENCE)


def talk_about_what_is_logged(*filters: logging.Filter) -> None:
    """Write the package's log records, such as "will retry", to stderr."""
    talk = _Talk()
    for each in (_OncePerRetry(), *filters):
        talk.addFilter(each)
    log = logging.getLogger("airflow_fargate_batch")
    log.setLevel(logging.INFO)
    log.handlers = [talk]


class _OncePerRetry(logging.Filter):
    """Passes the first "will retry" record for each call and drops the repetitions."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[object] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg != WILL_RETRY or not isinstance(record.args, tuple):
            return True
        what = record.args[0]
        is_new = what not in self._said
        self._said.add(what)
        return is_new


class _Talk(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say = _console.warning if record.levelno >= logging.WARNING else _console.note
        say(in_flags(record.getMessage()))
