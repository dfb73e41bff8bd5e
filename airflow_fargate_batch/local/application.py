"""What answers a request: AWS Batch here, every other service by moto, the control endpoint."""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import parse_qs

from airflow_fargate_batch.local.account import ACCOUNT
from airflow_fargate_batch.local.configuration import Configuration
from airflow_fargate_batch.local.engine import Engine
from airflow_fargate_batch.local.faults import (
    CUTS_BEFORE,
    REFUSALS,
    Distortion,
    Fault,
    Faults,
)
from airflow_fargate_batch.local.messages import (
    ERROR_HEADER,
    Ending,
    Request,
    Response,
    answered,
    refused,
)
from airflow_fargate_batch.local.operations import OPERATIONS, perform, route
from airflow_fargate_batch.local.others import OtherServices
from airflow_fargate_batch.local.refusal import Refusal

log = logging.getLogger(__name__)

CONTROL: Final = "/_local/"
_SCOPE: Final = re.compile(r"Credential=[^/,]+/\d{8}/([^/,]+)/([^/,]+)/aws4_request")
_LOOPBACK_HOST: Final = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[\w.-]+\.)?localhost)(?::\d+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call that came in, as tests count them and check them against an IAM policy.

    Attributes:
        operation: ``SubmitJob``; with the service before it where that is not AWS Batch.
        actions: The IAM actions it needs, its own one first.
        resources: The ARNs it names, or ``*``.
        outcome: ``ok``, the error's code, or how the connection ended.
    """

    operation: str
    region: str
    parameters: Mapping[str, Any] = field(repr=False)
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    outcome: str = "ok"


class Application:
    """Answer requests; ``calls`` records them all, oldest first."""

    def __init__(
        self,
        *,
        engine: Engine,
        configuration: Configuration,
        faults: Faults,
        control: Callable[[Request], Response],
        prepare: Callable[[str], None],
    ) -> None:
        self.calls: list[Call] = []
        self.others = OtherServices()
        self._engine = engine
        self._configuration = configuration
        self._faults = faults
        self._control = control
        self._prepare = prepare

    def __call__(self, request: Request) -> Response:
        """Answer one request, whatever it is; the ``Date`` header tells the clock jobs live by."""
        response = self._answer(request)
        if any(name.lower() == "date" for name, _ in response.headers):
            return response
        date = formatdate(self._engine.clock.now(), usegmt=True)
        return replace(response, headers=(*response.headers, ("Date", date)))

    def _answer(self, request: Request) -> Response:
        try:
            return self._dispatch(request)
        except Refusal as refusal:
            return refused(refusal)
        except Exception:  # the server's last line: a bug here must not leave a client hanging
            log.exception("LocalBatch failed on %s %s", request.method, request.path)
            return refused(Refusal("LocalBatch failed", "ServerException", 500))

    def _dispatch(self, request: Request) -> Response:
        if not _LOOPBACK_HOST.match(request.headers.get("host", "localhost")):
            # A web page may have its own name resolve to 127.0.0.1: it shall not run commands here.
            raise Refusal("LocalBatch answers to loopback names only", "AccessDenied", 403)
        if request.path.startswith(CONTROL):
            return self._control(request)
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        if scope is None and request.path.startswith("/v1/"):
            raise Refusal(
                "Missing Authentication Token", "MissingAuthenticationTokenException", 403
            )
        if scope is None or scope[2] != "batch":
            return self._forward(request, *(scope.groups() if scope else ("", "s3")))
        return self._batch(request, scope[1])

    def _batch(self, request: Request, region: str) -> Response:
        name, body = route(request.method, request.path, request.query, request.json())
        actions = [f"batch:{name}"]
        if body.get("tags") and name != "TagResource":
            actions.append("batch:TagResource")
        call = Call(
            operation=name,
            region=region,
            parameters=body,
            actions=tuple(actions),
            resources=OPERATIONS[name].arns(region, body),
        )

        def answer(hits: list[Fault]) -> Response:
            self._prepare(region)
            content = perform(
                name,
                body,
                engine=self._engine,
                configuration=self._configuration,
                region=region,
                distortion=Distortion(tuple(hits)),
            )
            return answered(content)

        return self._with_faults(call, answer)

    def _forward(self, request: Request, region: str, service: str) -> Response:
        operation = f"{service}:{_operation_of(request)}"
        call = Call(operation=operation, region=region, parameters={}, actions=(operation,))
        return self._with_faults(call, lambda hits: self.others.answer(request, hits))

    def _with_faults(self, call: Call, answer: Callable[[list[Fault]], Response]) -> Response:
        """Answer a call, unless a fault has it otherwise; record what became of it."""
        hits = self._faults.draw(call.actions)
        response = _struck_before(call, hits)
        if response is None:
            try:
                response = answer(hits)
            except Refusal as refusal:
                response = refused(refusal)
            for fault in hits:
                if fault.kind == "stall":
                    time.sleep(fault.seconds)
                response = fault.response(response)
        self.calls.append(replace(call, outcome=_outcome(response)))
        return response


def _struck_before(call: Call, hits: list[Fault]) -> Response | None:
    """Return the answer to a call that is refused out of hand or never arrives, else ``None``."""
    for fault in hits:
        if fault.kind == "latency":
            time.sleep(fault.seconds)
    for fault in hits:
        if fault.kind in CUTS_BEFORE:
            return Response(ending=CUTS_BEFORE[fault.kind])
        if fault.kind in REFUSALS:
            return refused(_refusal(call, fault))
    return None


def _refusal(call: Call, fault: Fault) -> Refusal:
    plain = REFUSALS[fault.kind]
    if fault.kind == "denied":
        action = next(action for action in call.actions if fnmatchcase(action, fault.action))
        message = (
            f"User: arn:aws:iam::{ACCOUNT}:user/local is {plain.message} to perform: {action} on"
            f" resource: {call.resources[0]} because no identity-based policy allows the"
            f" {action} action"
        )
        return Refusal(message, plain.code, plain.status)
    if fault.kind == "throttle" and not call.actions[0].startswith("batch:"):
        return Refusal("Rate exceeded", "ThrottlingException", 400)
    return Refusal(plain.message, plain.code, fault.status or plain.status)


def _operation_of(request: Request) -> str:
    """Return the operation of a service other than AWS Batch, as its protocol names it."""
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    form = request.body.decode(errors="replace") if request.method == "POST" else request.query
    named: list[str] = parse_qs(form).get("Action", [f"{request.method} {request.path}"])
    return named[0]


def _outcome(response: Response) -> str:
    if response.ending is not Ending.KEPT:
        return str(response.ending.value)
    return dict(response.headers).get(ERROR_HEADER, "ok")
