"""Calls that a task makes for its report only, within a few seconds."""

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

from airflow_fargate_batch.exceptions import AwsError

Answer = TypeVar("Answer")


def in_time(call: Callable[[], Answer], patience: float) -> Answer:
    """Make a call in a thread, and return its answer.

    The thread is a daemon: a call that hangs holds up neither the caller nor the end of the
    process.

    :raises AwsError: there is no answer after *patience* seconds.
    :raises Exception: whatever the call raises.
    """
    answers: list[Answer] = []
    failures: list[Exception] = []

    def make() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - raised again, in the caller's thread
            failures.append(error)

    thread = Thread(target=make, daemon=True)
    thread.start()
    thread.join(patience)
    if failures:
        raise failures[0]
    if not answers:
        raise AwsError(f"AWS did not answer within {patience:g} s")
    return answers[0]
