"""Translation of botocore's exceptions into the errors of the package, by meaning."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore import exceptions as boto
from urllib3.exceptions import NewConnectionError

from airflow_fargate_batch.aws.botocore_hooks import _calling
from airflow_fargate_batch.core.request import read_size, settle_size
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    AwsError,
    CredentialsMissing,
    FairShareMismatch,
    InvalidRequest,
    JobDefinitionNotFound,
    JobQueueNotFound,
    OverridesMismatch,
    Problem,
    Throttled,
    Unreachable,
)

_THROTTLED: Final = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_NO_CREDENTIALS: Final = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
"""Codes from the "Common Errors" pages of AWS's API references; no service model lists them."""

_CREDENTIALS_ADVICE: Final = (
    "Check the credentials (the Airflow connection, AWS_PROFILE, AWS_ACCESS_KEY_ID, or the role of "
    "the machine), and renew expired credentials."
)
_REFUSALS: Final[tuple[tuple[re.Pattern[str], type[AwsError], str], ...]] = (
    (
        re.compile(r"JobDefinition .* does not exist|not in ACTIVE status", re.IGNORECASE),
        JobDefinitionNotFound,
        "Check `job_definition`, the region and the account; a deregistered revision is INACTIVE.",
    ),
    (
        re.compile(r"Job ?Queue .*(?:not (?:be )?found|does not exist)", re.IGNORECASE),
        JobQueueNotFound,
        "Check `job_queue`, the region and the account.",
    ),
    (
        re.compile(r"Job ?Queue .*(?:not enabled|disabled)", re.IGNORECASE),
        AwsError,
        "The queue is DISABLED: choose another `job_queue`, or ask the owner to enable the queue "
        "(aws batch update-job-queue --job-queue NAME --state ENABLED).",
    ),
    (
        re.compile(r"Either schedulingPriority .* or schedulingPriorityOverride", re.IGNORECASE),
        FairShareMismatch,
        "The queue has a fair-share policy: give `scheduling_priority` (0 to 9999).",
    ),
    (
        re.compile(r"shareIdentifier must be specified", re.IGNORECASE),
        FairShareMismatch,
        "The queue has a fair-share policy: give `share_identifier` and `scheduling_priority`.",
    ),
    (
        re.compile(r"shareIdentifier|scheduling ?(?:priority|policy)", re.IGNORECASE),
        FairShareMismatch,
        "Only a queue with a fair-share policy takes `share_identifier` and `scheduling_priority`: "
        "leave both out for a FIFO queue.",
    ),
    (
        re.compile(
            r"\boverrides?\b.*\b(?:not|only) (?:applicable|be set|be specified|supported|allowed)"
            r"|(?:container|Ecs ?Properties) ?Overrides?\b.*(?:\bnot\b|\bonly\b)",
            re.IGNORECASE,
        ),
        OverridesMismatch,
        "The job definition is of another kind than the overrides. If it has ecsProperties, give "
        "`container`, the name of a container; if it has containerProperties, leave out "
        "`container` and `ecs_properties_override`.",
    ),
)
"""Patterns of AWS's ``ClientException`` texts, each with meaning and advice; the first match
counts."""

_FARGATE_PAIR: Final = re.compile(
    r"Fargate resource requirements \((?P<vcpu>[\d.]+) vCPU, (?P<memory>[\d.]+) MiB\) not valid"
)
"""AWS's refusal of a size, also if the job definition gave vCPU or memory."""

_MISCONFIGURED: Final[tuple[tuple[type[Exception], type[AwsError], str], ...]] = (
    (boto.NoRegionError, AwsError, "Set the region: `region_name` or AWS_REGION."),
    (boto.ProfileNotFound, CredentialsMissing, "Check the name of the profile in ~/.aws/config."),
    (boto.NoCredentialsError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.PartialCredentialsError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.CredentialRetrievalError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.TokenRetrievalError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.SSOError, CredentialsMissing, "Log in again: aws sso login."),
)
"""Exceptions of a client before sending anything, each with meaning and advice."""
_CERTIFICATE_ADVICE: Final = (
    "Set the file of the certificate authority: AWS_CA_BUNDLE or, in Airflow, verify or the extra "
    "of the connection."
)
_VALUE_IN_REPORT: Final = re.compile(r"(?<=, value: ).*?(?=, (?:type|valid [a-z ]+): )", re.DOTALL)
"""The refused values in a report of ``botocore.validate``."""


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Raise a call's exceptions, also from parsing the answer, as errors of the package."""
    calling = _calling.set(True)
    try:
        yield
    except boto.ClientError as error:
        raise _of_answer(error, operation) from error
    except boto.ParamValidationError as error:
        report = _VALUE_IN_REPORT.sub("…", str(error.kwargs.get("report", "")))
        text = f"botocore refuses the request: {report}"
        # Not "from error": a traceback would show the values that are cut out here.
        raise InvalidRequest([Problem("extra_submit_args", text)]) from None
    except Exception as error:  # a cut or malformed answer leaves botocore as anything
        raise _of_no_answer(error, operation) from error
    finally:
        _calling.reset(calling)


@contextmanager
def connecting() -> Iterator[None]:
    """Raise exceptions of making a client as errors of the package; nothing was sent to Batch."""
    try:
        yield
    except boto.ClientError as error:  # of STS, where a role is assumed
        raise _of_answer(error, "AssumeRole") from error
    except (boto.BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no URL
        meaning, advice = _misconfigured(error) or (AwsError, None)
        raise meaning(f"Could not make a client for AWS Batch: {error}", advice) from error


def _of_no_answer(error: Exception, operation: str) -> AwsError:
    """Separate calls certainly not carried out from calls perhaps carried out."""
    if misconfigured := _misconfigured(error):
        meaning, advice = misconfigured
        return meaning(f"Could not send {operation}: {error}", advice)
    if _was_never_sent(error):
        return Unreachable(
            f"Could not send {operation}: {error}",
            "Check the network, the region, the endpoint URL and any proxy.",
        )
    return AnswerLost(f"the answer to {operation} was lost: {error}")


def _misconfigured(error: Exception) -> tuple[type[AwsError], str] | None:
    if isinstance(error, boto.SSLError) and any(
        isinstance(reason, ssl.SSLCertVerificationError) for reason in _reason(error).args
    ):
        return AwsError, _CERTIFICATE_ADVICE
    for kind, meaning, advice in _MISCONFIGURED:
        if isinstance(error, kind):
            return meaning, advice
    return None


def _was_never_sent(error: Exception) -> bool:
    """Report whether no connection was made; errors of a proxy or of TLS may also come later."""
    if isinstance(error, boto.ProxyConnectionError):
        return isinstance(getattr(_reason(error), "original_error", None), NewConnectionError)
    return isinstance(error, boto.EndpointConnectionError | boto.ConnectTimeoutError)


def _reason(error: boto.BotoCoreError) -> BaseException:
    """Return urllib3's error behind botocore's."""
    reason = error.kwargs.get("error")
    return reason if isinstance(reason, BaseException) else error


def _of_answer(error: boto.ClientError, operation: str) -> AwsError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    said = str(error.response.get("Error", {}).get("Message", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message = f"AWS refused {operation}: {said} ({code})"
    if is_throttle(code, status):
        return Throttled(message)
    if code in _NO_CREDENTIALS:
        return CredentialsMissing(message, _CREDENTIALS_ADVICE)
    if code in _DENIED:
        named = re.search(r"perform: ([\w-]+:\w+)", said)
        return AccessDenied(message, named[1] if named else f"batch:{operation}")
    if status >= 500 or status == 408:
        return AnswerLost(f"the answer to {operation} was lost: {said} ({code}, HTTP {status})")
    if pair := _FARGATE_PAIR.search(said):
        return AwsError(message, _size_advice(pair["vcpu"], pair["memory"]))
    for pattern, meaning, advice in _REFUSALS:
        if pattern.search(said):
            return meaning(message, advice)
    return AwsError(message)


def is_throttle(code: str, status: int) -> bool:
    """Report whether AWS refused a call because of too many calls, by AWS's code or HTTP status."""
    return code in _THROTTLED or status == 429


def _size_advice(vcpu: str, memory: str) -> str:
    """Write advice on valid sizes; a value not given is the job definition's."""
    try:
        settle_size(read_size(vcpu=vcpu, memory=memory), "strict")
    except InvalidRequest as error:
        nearest = f"{error.problems[0].message}. "
    else:
        nearest = ""
    return (
        f"{nearest}If only one is given, the job definition supplies the other: give `vcpu` and "
        "`memory` together."
    )
