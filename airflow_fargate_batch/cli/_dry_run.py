"""Dry run: write the requests to stdout in the form that the AWS CLI accepts."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK
from airflow_fargate_batch.cli._submit_flags import SubmitOptions
from airflow_fargate_batch.core.estimate import describe_all, estimate_request
from airflow_fargate_batch.core.listing import first_few
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.secret_texts import STRUCK_OUT
from airflow_fargate_batch.core.secrets import places_of_secrets, redacted

PLACES: Final = 20
"""Number of secrets to list: a file may have thousands of requests."""
_HOW_TO_SEE: Final = "To write the request with its secrets, use --show-secrets"


def show(requests: Sequence[JobRequest], options: SubmitOptions) -> int:
    """Write the requests to stdout; with ``--from-file``, one request per line.

    Secrets are struck out unless ``--show-secrets`` is given. A request with struck-out secrets is
    written only to a terminal: a program that reads a file or a pipe would submit the asterisks.
    """
    indent = 2 if options.from_file is None else None
    is_secret = options.is_secret
    bodies = [request.to_submit_job() for request in requests]
    places = [] if options.show_secrets else _places(bodies, is_secret)
    if places and not _console.is_terminal(sys.stdout):
        _console.error(_refusal(places))
        return INVALID
    cost = _cost(requests, options)
    _console.talk("\n".join(["Dry run: nothing was submitted.", *cost]))
    if places:
        _console.warning(
            f"{_number(places)} replaced by {STRUCK_OUT}. {_HOW_TO_SEE}:{_list_of(places)}"
        )
    shown = bodies if options.show_secrets else [redacted(body, is_secret) for body in bodies]
    _console.data("\n".join(_console.as_json(body, indent=indent) for body in shown))
    return OK


def _cost(requests: Sequence[JobRequest], options: SubmitOptions) -> list[str]:
    """Return lines about the price; the region may come from AWS_DEFAULT_REGION as well."""
    is_given = options.is_given(SubmitOptions.region)
    region = options.region if is_given else os.environ.get("AWS_DEFAULT_REGION") or options.region
    prices = options.known_prices()
    return describe_all(estimate_request(each, prices, region=region) for each in requests)


def _places(bodies: Sequence[Mapping[str, Any]], is_secret: Callable[[str], bool]) -> list[str]:
    found = []
    for number, body in enumerate(bodies, start=1):
        request = f"request {number}: " if len(bodies) > 1 else ""
        found += [f"{request}{place}" for place in places_of_secrets(body, is_secret)]
    return found


def _refusal(places: list[str]) -> str:
    return (
        f"nothing was written: {_number(places)} would be replaced by {STRUCK_OUT}, and stdout is "
        f"not a terminal (a program that reads stdout would submit {STRUCK_OUT}). {_HOW_TO_SEE}:"
        f"{_list_of(places)}"
    )


def _number(places: list[str]) -> str:
    return "1 secret" if len(places) == 1 else f"{len(places)} secrets"


def _list_of(places: list[str]) -> str:
    return "".join(f"\n  {line}" for line in first_few(places, PLACES))
