"""AWS clients made from flags. Import this module only to call AWS: importing botocore is slow."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.errors import connecting
from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._shared_options import ConnectionOptions
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core.secret_names import is_secret_name
from airflow_fargate_batch.submitting.retrying import WILL_RETRY, Timing

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.items import ItemsApi
    from airflow_fargate_batch.aws.prices import PriceListApi

Answer = TypeVar("Answer")

CLOCK: Final = Timing()
LOOKUP_PATIENCE: Final = 30.0
"""Seconds for all lookups that explain a job."""
PATIENCE: Final = 45.0
"""Seconds to retry while AWS throttles or is unreachable. A person is waiting, so the limit is
short; it must still exceed the 30 seconds of searching for a job after an unanswered SubmitJob."""


def connect(
    options: ConnectionOptions, is_secret: Callable[[str], bool] = is_secret_name
) -> BatchApi:
    """Make the client of the command; its ``region`` is the region for further clients.

    :param is_secret: returns by a variable's name whether the value is a secret.
    """
    talk_about_what_is_logged()
    return BatchApi.connect(
        region_name=region_of(options),
        profile_name=options.profile,
        endpoint_url=options.endpoint_url,
        is_secret=is_secret,
    )


def connect_lists(options: ConnectionOptions, region: str) -> "ItemsApi":
    """Make the client for lists of items on S3."""
    from airflow_fargate_batch.aws.items import ItemsApi  # few commands need it

    return ItemsApi.connect(
        region_name=region, profile_name=options.profile, endpoint_url=options.endpoint_url
    )


def connect_prices(options: ConnectionOptions) -> "PriceListApi":
    """Make a client of AWS's price list API, whose endpoint has the prices of all regions."""
    from airflow_fargate_batch.aws.prices import PriceListApi  # few commands need it
    from airflow_fargate_batch.core.price_list import API_REGION

    talk_about_what_is_logged()
    return PriceListApi.connect(
        region_name=API_REGION,
        profile_name=options.profile,
        endpoint_url=options.endpoint_url,
    )


def region_of(options: ConnectionOptions) -> str:
    """Return the region of the command: flag, variable, AWS configuration, or the default."""
    if options.is_given(ConnectionOptions.region):
        return options.region
    return _region_of_aws(options.profile) or _default_region(options)


def _region_of_aws(profile: str | None) -> str | None:
    """Return the region from AWS_DEFAULT_REGION or, if unset, from the profile."""
    from botocore.session import Session

    with connecting():
        region = Session(profile=profile).get_config_variable("region")
    return str(region) if region else None


def _default_region(options: ConnectionOptions) -> str:
    _console.note(
        f"Using region {options.region}, the default. To use another region, set --region, "
        "AWS_REGION or the profile's region."
    )
    return options.region


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
