"""The way to AWS: clients made of flags. Imported only to call AWS: botocore is slow."""

import logging
import os
from collections.abc import Callable
from typing import Final, TypeVar

from airflow_fargate_batch.aws import BatchApi
from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._flags import Given
from airflow_fargate_batch.cli._secret_names import secret_names
from airflow_fargate_batch.lookup import Clock

Answer = TypeVar("Answer")

CLOCK: Final = Clock()
PATIENCE: Final = 45.0
"""Seconds to go on where AWS throttles or cannot be reached: a person waits. It takes 30 of them to
look for a job whose submit was not answered."""


def connect(given: Given) -> BatchApi:
    """Make the one client that the command needs, of the flags of ``CONNECTION``."""
    talk_about_what_is_logged()
    ignored = os.environ.get("AWS_DEFAULT_REGION")
    if ignored and "region" not in given and ignored != given["region"]:
        _console.note(
            f"the region is {given['region']}: AWS_DEFAULT_REGION ({ignored}) is not read; "
            "set AWS_REGION or give --region"
        )
    return BatchApi.connect(
        region_name=given["region"],
        profile_name=given["profile"],
        endpoint_url=given["endpoint_url"],
        is_secret=secret_names(given),
    )


def persist(call: Callable[[], Answer]) -> Answer:
    """Make a call that may be made twice, again and again while AWS may yet answer it."""
    return CLOCK.persist(call, CLOCK.now() + PATIENCE)


def talk_about_what_is_logged(*filters: logging.Filter) -> None:
    """Let the package's log, such as "trying again", reach the person who waits."""
    talk = _Talk()
    for each in filters:
        talk.addFilter(each)
    log = logging.getLogger("airflow_fargate_batch")
    log.setLevel(logging.INFO)
    log.handlers = [talk]


class _Talk(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say = _console.warning if record.levelno >= logging.WARNING else _console.note
        say(record.getMessage())
