"""Signatures of requests, checked if LocalBatch runs commands.

A job's command runs with the permissions of the user who started LocalBatch, and every user of the
machine can connect. So a request must be signed with this LocalBatch's credentials (Signature
Version 4,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
"""

import hashlib
import hmac
import posixpath
import re
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from airflow_fargate_batch.local.messages import Request
from airflow_fargate_batch.local.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE: Final = timedelta(minutes=5)
"""Maximum difference between a request's date and AWS's clock."""
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_GIVEN: Final = re.compile(
    r"<AccessKeyId>(\S+?)</AccessKeyId>\s*<SecretAccessKey>(\S+?)</SecretAccessKey>"
)
_WRONG: Final = Refusal(
    "The request signature we calculated does not match the signature you provided. Check your AWS"
    " Secret Access Key and signing method. Consult the service documentation for details.",
    "InvalidSignatureException",
    403,
)
MISSING: Final = Refusal("Missing Authentication Token", "MissingAuthenticationTokenException", 403)
_UNKNOWN: Final = Refusal(
    "The security token included in the request is invalid.", "UnrecognizedClientException", 403
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key and its secret."""

    access_key: str
    secret_key: str = field(repr=False)


ANY: Final = Credentials("local", "local")
"""Credentials of clients if signatures are not checked."""


def random_credentials() -> Credentials:
    """Make random credentials."""
    return Credentials(f"LOCAL{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))


class Keys:
    """Accepted credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._own = credentials
        self._lock = threading.Lock()
        self._secrets = {credentials.access_key: credentials.secret_key}

    def learn(self, answer: bytes) -> None:
        """Accept credentials issued by this LocalBatch's STS and IAM too."""
        found = _GIVEN.findall(answer.decode(errors="replace"))
        with self._lock:
            self._secrets.update(found)

    def check_secret(self, request: Request) -> None:
        """Raise `Refusal` unless the request has the secret key as a bearer token."""
        given = request.headers.get("authorization", "").encode()
        wanted = f"Bearer {self._own.secret_key}".encode()
        if not hmac.compare_digest(given, wanted):
            raise Refusal(
                "Authorization must be 'Bearer' and the value of AWS_SECRET_ACCESS_KEY",
                "AccessDenied",
                403,
            )

    def check(self, request: Request) -> None:
        """Raise `Refusal` unless the request is signed with accepted credentials."""
        signed = _read(request)
        with self._lock:
            secret = self._secrets.get(signed.access_key)
        if secret is None:
            raise _UNKNOWN
        _check_time(signed)
        expected = _signature(secret, signed, _canonical(request, signed))
        if not hmac.compare_digest(expected.encode(), signed.signature.encode()):
            raise _WRONG


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signed:
    """Signature parameters of a request.

    Attributes:
        in_query: Whether the signature is in the query, as in a presigned URL.
    """

    access_key: str
    scope: tuple[str, ...]
    headers: tuple[str, ...]
    signature: str
    date: str
    lasts: timedelta
    in_query: bool


def _read(request: Request) -> _Signed:
    query = dict(pair.partition("=")[::2] for pair in request.query.split("&"))
    members: Mapping[str, str]
    if "X-Amz-Signature" in query:
        members = {name.removeprefix("X-Amz-"): unquote(query[name]) for name in query}
    else:
        algorithm, _, rest = request.headers.get("authorization", "").partition(" ")
        pairs = (part.strip().partition("=") for part in rest.split(","))
        members = {name: value for name, _, value in pairs}
        members |= {"Date": request.headers.get("x-amz-date", ""), "Algorithm": algorithm}
    credential = members.get("Credential", "").split("/")
    if members.get("Algorithm") != _ALGORITHM or len(credential) < 5:
        raise MISSING
    seconds = members.get("Expires", "")
    return _Signed(
        access_key="/".join(credential[:-4]),
        scope=tuple(credential[-4:]),
        headers=tuple(members.get("SignedHeaders", "").split(";")),
        signature=members.get("Signature", ""),
        date=members.get("Date", ""),
        lasts=timedelta(seconds=int(seconds[:7])) if seconds.isdecimal() else TOLERANCE,
        in_query="X-Amz-Signature" in query,
    )


def _check_time(signed: _Signed) -> None:
    try:
        made = datetime.strptime(signed.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise MISSING from None
    age = datetime.now(UTC) - made
    if not -TOLERANCE <= age <= max(signed.lasts, TOLERANCE) or signed.date[:8] != signed.scope[0]:
        raise Refusal(f"Signature expired: {signed.date}", "InvalidSignatureException", 403)


def _canonical(request: Request, signed: _Signed) -> str:
    service = signed.scope[2]
    path = request.raw_path or "/"
    if service != "s3":
        path = quote(posixpath.normpath("/" + path.lstrip("/")), safe="/~")
        if request.raw_path.endswith("/") and path != "/":
            path += "/"
    pairs = sorted(
        (name, value)
        for name, _, value in (pair.partition("=") for pair in request.query.split("&") if pair)
        if name != "X-Amz-Signature"
    )
    headers = [
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed.headers
    ]
    return "\n".join(
        (
            request.method,
            path,
            "&".join(f"{name}={value}" for name, value in pairs),
            "".join(headers),
            ";".join(signed.headers),
            _payload(request, signed),
        )
    )


def _payload(request: Request, signed: _Signed) -> str:
    """Return the signed hash of the body; only S3 permits an unsigned body."""
    digest = hashlib.sha256(request.body).hexdigest()
    if signed.scope[2] != "s3":
        return digest
    said = request.headers.get("x-amz-content-sha256", digest)
    if signed.in_query or said.startswith(("UNSIGNED-PAYLOAD", "STREAMING-")):
        return "UNSIGNED-PAYLOAD" if signed.in_query else said
    return digest


def _signature(secret: str, signed: _Signed, canonical: str) -> str:
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((_ALGORITHM, signed.date, "/".join(signed.scope), digest))
    key = f"AWS4{secret}".encode()
    for part in (*signed.scope, text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()
