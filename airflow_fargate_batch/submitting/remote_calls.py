"""The payload of a remote call: in the request if it fits, else on S3."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core.call_text import CALL_VARIABLE, in_variable
from airflow_fargate_batch.core.items import Address
from airflow_fargate_batch.core.remote_call import ROOM, RemoteCall, command
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import InvalidRequest, Problem
from airflow_fargate_batch.submitting.retrying import Timing

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.items import ItemsApi

log = logging.getLogger(__name__)

PATIENCE: Final = 60.0
"""Seconds during which a failed call to S3 is retried."""
_ADVICE: Final = "set `payload_location` to an s3:// prefix, or pass the address of a file"
_NO_NAME: Final = "job"

Store = Callable[[], "ItemsApi"]
"""Returns the client for S3, made at the first call: most calls need none."""


def with_call(
    request: JobRequest,
    call: RemoteCall,
    *,
    python: str,
    location: Address | None,
    store: Store | None,
    clock: Timing | None = None,
) -> JobRequest:
    """Return the request with a call as its command.

    :param python: program that starts Python in the image.
    :param location: prefix on S3 for what is too long for the request or the log.
    :param store: ``None`` in a dry run, which writes nothing.
    :raises InvalidRequest: the request is too long, and there is no *location*.
    :raises AwsError: S3 refused the payload; nothing is submitted.
    """
    if location is None:
        return _inside(request, call, python)
    name = _name_of(request)
    if store is not None and not call.is_array:  # children would write the same object
        put_name = f"{name}-result.json"
        put_url = store().presigned_write(location.below(put_name))
        call = replace(call, put_name=put_name, put_url=put_url)
    try:
        inside = _inside(request, call, python)
    except InvalidRequest:
        return _on_s3(request, call, python, location.below(f"{name}-call.json"), store, clock)
    if inside.overrides_length <= ROOM:
        return inside
    return _on_s3(request, call, python, location.below(f"{name}-call.json"), store, clock)


def _inside(request: JobRequest, call: RemoteCall, python: str) -> JobRequest:
    text = in_variable(call.to_json())
    words = command(python, from_address=False)
    try:
        return request.calling(words, CALL_VARIABLE, text)
    except InvalidRequest as error:
        said = (
            f"{call.name}() and its arguments have {len(text)} characters, compressed, which is "
            f"too long for a request"
        )
        problem = Problem("payload_location", f"{said}: {_ADVICE}", _ADVICE)
        raise InvalidRequest([problem, *error.problems]) from None


def _on_s3(
    request: JobRequest,
    call: RemoteCall,
    python: str,
    address: Address,
    store: Store | None,
    clock: Timing | None,
) -> JobRequest:
    words = command(python, from_address=True)
    if store is None:
        return request.calling(words, CALL_VARIABLE, str(address))
    api, clock, text = store(), clock or Timing(), call.to_json()
    clock.persist(partial(api.write, address, text), clock.now() + PATIENCE)
    presigned = api.presigned(address)
    log.info(
        "Wrote %s() and its arguments (%d bytes) to %s; the job can read them until %s%s",
        call.name,
        len(text),
        address,
        presigned.expires_at.isoformat(timespec="seconds"),
        "" if presigned.is_certain else ", or until the credentials expire",
    )
    return request.calling(words, CALL_VARIABLE, presigned.url)


def _name_of(request: JobRequest) -> str:
    """Return a name for the objects of one submit: of the submission, and never used before.

    So a job never writes the result of another job, and no result can be guessed.
    """
    mark = request.submission.mark if request.submission else _NO_NAME
    return f"{mark}/{secrets.token_hex(8)}"
