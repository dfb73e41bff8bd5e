"""Control endpoint: `LocalBatch`'s Python methods over HTTP.

::

    GET    /_local/faults                list the active faults
    POST   /_local/faults   {"kind": "throttle", "operation": "SubmitJob", "every": 3}
    DELETE /_local/faults                remove all faults
    POST   /_local/scripts  {"name": "report*", "exit_code": 1}
    POST   /_local/alter    {"resource": "compute-environment/nightly", "status": "INVALID"}
    POST   /_local/advance  {"seconds": 60}
    POST   /_local/outage   {"seconds": 5}    refuse connections for 5 seconds
    GET    /_local/jobs                  list all jobs, without array children

If LocalBatch checks credentials, because it runs commands, each request must have the header
``Authorization: Bearer`` with the value of ``AWS_SECRET_ACCESS_KEY``.

POST requests must have ``Content-Type: application/json``: browsers do not let a web page send that
header to another origin without permission.
"""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from airflow_fargate_batch.local.application import CONTROL
from airflow_fargate_batch.local.context import Body
from airflow_fargate_batch.local.messages import JSON_TYPE, Request, Response, answered
from airflow_fargate_batch.local.refusal import Refusal

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from airflow_fargate_batch.local.faults import Faults


class Controlled(Protocol):
    """Methods of LocalBatch used by the control endpoint."""

    @property
    def faults(self) -> "Faults":
        """Active faults."""

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, without array children."""

    def script(self, name: str = "*", **outcome: Any) -> None:
        """Set the behaviour of jobs by name."""

    def alter(self, resource: str, **members: Any) -> None:
        """Change a resource as AWS would show it."""

    def advance(self, seconds: float) -> None:
        """Move the clock."""

    def outage(self) -> "AbstractContextManager[None]":
        """Refuse connections for *seconds*."""


def answer_control(aws: Controlled, request: Request) -> Response:
    """Answer a request to the control endpoint; status 400 reports a mistake in the request."""
    action = _ACTIONS.get((request.method, request.path.removeprefix(CONTROL)))
    if action is None:
        raise Refusal(f"There is no {request.method} {request.path}", "NotFound", 404)
    if request.method == "POST" and request.headers.get("content-type") != JSON_TYPE:
        raise Refusal(f"Content-Type must be {JSON_TYPE}", "UnsupportedMediaType", 415)
    try:
        return answered(action(aws, request.json()))
    except (KeyError, TypeError, ValueError) as error:
        raise Refusal(f"{type(error).__name__}: {error}", "BadRequest") from error


def _faults(aws: Controlled, _: Body) -> list[Body]:
    return [asdict(fault) for fault in aws.faults.listed()]


def _checked(body: Body) -> Body:
    """Return the body; raise ``TypeError`` for an unknown member or a member of a wrong type."""
    for name, value in body.items():
        types = _TYPES.get(name, ())
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise TypeError(f"{name} is unknown, or cannot be {type(value).__name__}")
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{name} must be finite")
        if isinstance(value, list) and not all(isinstance(e, _ENTRIES[name]) for e in value):
            raise TypeError(f"{name} has an entry of another type than {_ENTRIES[name].__name__}")
    return body


def _add_fault(aws: Controlled, body: Body) -> Body:
    body = _checked(body)
    return asdict(aws.faults.add(**body))


def _clear_faults(aws: Controlled, _: Body) -> Body:
    aws.faults.clear()
    return {}


def _script(aws: Controlled, body: Body) -> Body:
    aws.script(**_checked(body))
    return {}


def _alter(aws: Controlled, body: Body) -> Body:
    """Change a resource; the members are AWS's, so only the name of the resource is checked."""
    if not isinstance(body.get("resource"), str):
        raise TypeError("resource must be a text, such as job-queue/nightly")
    aws.alter(**body)
    return {}


def _advance(aws: Controlled, body: Body) -> Body:
    aws.advance(_checked(body)["seconds"])
    return {}


def _outage(aws: Controlled, body: Body) -> Body:
    """Start the outage after the answer is sent, and end it by a timer."""
    seconds = float(min(_checked(body)["seconds"], _LONGEST_OUTAGE))

    def go_down() -> None:
        with aws.outage():
            threading.Event().wait(seconds)

    threading.Timer(_ANSWER_FIRST, go_down).start()
    return {}


def _jobs(aws: Controlled, _: Body) -> list[Body]:
    return aws.jobs


_NUMBER: Final = (int, float)
_MAYBE: Final = (int, type(None))
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "kind": (str,), "operation": (str,), "every": _MAYBE, "probability": _NUMBER, "skip": (int,),
    "times": _MAYBE, "rate": (*_NUMBER, type(None)), "seconds": _NUMBER, "status": _MAYBE,
    "job": (str,),
    "name": (str,), "exit_code": _MAYBE, "reason": (str, type(None)), "starts": (bool,),
    "status_reason": (str, type(None)), "runtime": (*_NUMBER, type(None)), "attempts": _MAYBE,
    "queue": (str,), "needs_memory": _MAYBE,
    "stuck_in": (str, type(None)), "indexes": (list, type(None)), "log": (list,),
}  # fmt: skip
"""Types of the members of faults and scripts."""
_ENTRIES: Final[Mapping[str, type]] = {"indexes": int, "log": str}
_LONGEST_OUTAGE: Final = 86_400.0
_ANSWER_FIRST: Final = 0.05
_ACTIONS: Final[dict[tuple[str, str], Callable[[Controlled, Body], object]]] = {
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "scripts"): _script,
    ("POST", "alter"): _alter,
    ("POST", "advance"): _advance,
    ("POST", "outage"): _outage,
    ("GET", "jobs"): _jobs,
}
