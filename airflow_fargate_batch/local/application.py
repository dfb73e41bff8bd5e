"""Dispatch of requests to LocalBatch, to moto (all other services) or to the control endpoint."""

import logging
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import uuid4

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
from airflow_fargate_batch.local.moto import OtherServices
from airflow_fargate_batch.local.operations import OPERATIONS, perform, route
from airflow_fargate_batch.local.price_list import PRICES, get_products
from airflow_fargate_batch.local.refusal import Refusal
from airflow_fargate_batch.local.signature import MISSING, Keys

log = logging.getLogger(__name__)

CALLS_KEPT: Final = 50_000
"""Number of recorded calls: memory must stay bounded in a server that runs for weeks."""
CONTROL: Final = "/_local/"
METADATA_PATH: Final = "/_metadata/v4/"
"""Prefix of the path in ``ECS_CONTAINER_METADATA_URI_V4``; a random suffix follows."""
_MOTO_API: Final = "/moto-api"
_IAM_PREFIX: Final = {"monitoring": "cloudwatch"}
"""Prefix of IAM actions, if not the name in the signature."""
_ACTIONS: Final = {"TerminateJobs": "TerminateJob", "CancelJobs": "CancelJob"}
"""IAM actions of operations that have no action of their own, as the API says. A fault of the
action strikes both operations."""
_GIVERS: Final = ("sts", "iam")
"""Services that issue credentials."""
_XML: Final = ("autoscaling", "cloudformation", "ec2", "iam", "s3", "sns", "sts")
"""Services whose errors are XML."""
_SCOPE: Final = re.compile(r"Credential=[^/,]+/\d{8}/([a-z0-9-]+)/([^/,]+)/aws4_request")
_LOOPBACK_HOST: Final = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?:[\w.-]+\.)?localhost)(?::\d+)?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One received call, for tests that count calls or check calls against an IAM policy.

    Attributes:
        operation: ``SubmitJob``; with a prefix for other services, ``logs:GetLogEvents``.
        actions: IAM actions that the call needs; the action of the operation comes first.
        resources: ARNs in the call, or ``*``.
        outcome: ``ok``, the error code, or the end of the connection.
    """

    operation: str
    region: str
    parameters: Mapping[str, Any] = field(repr=False)
    actions: tuple[str, ...]
    resources: tuple[str, ...] = ("*",)
    outcome: str = "ok"


class Application:
    """Answer requests; ``calls`` records the last `CALLS_KEPT`, oldest first."""

    def __init__(
        self,
        *,
        engine: Engine,
        configuration: Configuration,
        faults: Faults,
        control: Callable[[Request], Response],
        metadata: Callable[[str], Mapping[str, Any] | None],
        prepare: Callable[[str], None],
        keys: Keys | None = None,
    ) -> None:
        self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)
        self.others = OtherServices()
        self._engine = engine
        self._configuration = configuration
        self._faults = faults
        self._control = control
        self._metadata = metadata
        self._prepare = prepare
        self._keys = keys

    def __call__(self, request: Request) -> Response:
        """Answer any request; the ``Date`` header has the time of LocalBatch's clock."""
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
        except Exception:  # last resort: a bug in LocalBatch must not leave a client waiting
            log.exception("LocalBatch failed on %s %s", request.method, request.path)
            return refused(Refusal("LocalBatch failed", "ServerException", 500))

    def _dispatch(self, request: Request) -> Response:
        _refuse_strangers(request)
        if request.path.startswith(CONTROL):
            if self._keys is not None:
                self._keys.check_secret(request)
            return self._control(request)
        if request.path.startswith(METADATA_PATH):
            found = self._metadata(request.path)
            if found is None:
                raise Refusal("Container not found", "NotFound", 404)
            return answered(found)
        return self._aws(request)

    def _aws(self, request: Request) -> Response:
        """Answer a request to an AWS service, after checking the signature."""
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        if scope is None and request.path.startswith("/v1/"):
            raise MISSING
        region, service = scope.groups() if scope else ("", "s3")
        if self._keys is not None:
            try:
                self._keys.check(request)
            except Refusal as refusal:
                return refused(refusal, xml=service in _XML)
        if service == "batch":
            return self._batch(request, region)
        response = self._forward(request, region, service)
        if self._keys is not None and service in _GIVERS:
            self._keys.learn(response.body)
        return response

    def _batch(self, request: Request, region: str) -> Response:
        name, body = route(request.method, request.path, request.query, request.json())
        actions = [f"batch:{_ACTIONS.get(name, name)}"]
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

        response = self._with_faults(call, answer)
        identified = (*response.headers, ("x-amzn-RequestId", str(uuid4())))
        return replace(response, headers=identified)

    def _forward(self, request: Request, region: str, service: str) -> Response:
        named = _operation_of_s3(request) if service == "s3" else _operation_of(request)
        operation = f"{_IAM_PREFIX.get(service, service)}:{named}"
        call = Call(operation=operation, region=region, parameters={}, actions=(operation,))
        if operation == PRICES:
            return self._with_faults(call, lambda _: answered(get_products(request.json())))
        return self._with_faults(call, lambda hits: self.others.answer(request, hits))

    def _with_faults(self, call: Call, answer: Callable[[list[Fault]], Response]) -> Response:
        """Answer a call, apply faults, and record the outcome."""
        hits = self._faults.draw(call.actions)
        response = _struck_before(call, hits)
        if response is None:
            try:
                response = answer(hits)
            except Refusal as refusal:
                response = refused(refusal, xml=_answers_xml(call))
            for fault in hits:
                if fault.kind == "stall":
                    time.sleep(fault.seconds)
                response = fault.response(response)
        self.calls.append(replace(call, outcome=_outcome(response)))
        return response


def _refuse_strangers(request: Request) -> None:
    """Refuse requests from web pages (a page must not run commands) and to /moto-api."""
    if not _LOOPBACK_HOST.match(request.headers.get("host", "localhost")):
        # a web page's host name may resolve to 127.0.0.1
        raise Refusal("LocalBatch answers to loopback names only", "AccessDenied", 403)
    if "origin" in request.headers:
        raise Refusal("LocalBatch refuses requests with an Origin header", "AccessDenied", 403)
    if request.path.startswith(_MOTO_API):
        raise Refusal("The /moto-api endpoints are disabled", "AccessDenied", 403)


def _struck_before(call: Call, hits: list[Fault]) -> Response | None:
    """Return the answer of a fault that prevents the call, or ``None`` without such a fault."""
    for fault in hits:
        if fault.kind == "latency":
            time.sleep(fault.seconds)
    for fault in hits:
        if fault.kind in CUTS_BEFORE:
            return Response(ending=CUTS_BEFORE[fault.kind])
        if fault.kind in REFUSALS:
            return refused(_refusal(call, fault), xml=_answers_xml(call))
    return None


def _answers_xml(call: Call) -> bool:
    return call.operation.partition(":")[0] in _XML


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
    """Return the operation of another service, from the headers, form or query of the request."""
    target = request.headers.get("x-amz-target")
    if target:
        return target.rpartition(".")[2]
    form = request.body.decode(errors="replace") if request.method == "POST" else request.query
    named: list[str] = parse_qs(form).get("Action", [f"{request.method} {request.path}"])
    return named[0]


def _operation_of_s3(request: Request) -> str:
    """Return the operation on an object, such as ``PutObject``; else method and path."""
    bucket, _, key = request.path.strip("/").partition("/")
    kind = "Object" if key else "Bucket"
    names = {"GET": "Get", "PUT": "Put" if key else "Create", "DELETE": "Delete", "HEAD": "Head"}
    if not bucket or request.method not in names:
        return f"{request.method} {request.path}"
    return f"{names[request.method]}{kind}"


def _outcome(response: Response) -> str:
    if response.ending is not Ending.KEPT:
        return str(response.ending.value)
    return dict(response.headers).get(ERROR_HEADER, "ok")
