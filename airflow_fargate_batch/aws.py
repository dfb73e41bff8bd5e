"""AWS Batch's calls: one request each, core values out, and errors told apart by what they mean.

Nothing here knows Airflow: the hook and the command line both stand on it.
"""

import json
import logging
import re
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Self

from botocore import exceptions as boto
from botocore.config import Config
from botocore.validate import validate_parameters
from urllib3.exceptions import NewConnectionError

from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.job import Job, jobs_from_api
from airflow_fargate_batch.core.request import read_size, settle_size
from airflow_fargate_batch.core.secret_names import is_secret_name
from airflow_fargate_batch.core.termination import legal_reason
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    AwsError,
    CredentialsMissing,
    FairShareMismatch,
    InvalidRequest,
    JobDefinitionNotFound,
    JobQueueNotFound,
    Problem,
    Throttled,
    Unreachable,
)

if TYPE_CHECKING:
    from types_boto3_batch import BatchClient
    from types_boto3_batch.type_defs import SubmitJobRequestTypeDef

NO_HIDDEN_RETRIES: Final = Config(retries={"total_max_attempts": 1})
"""What a client for ``BatchApi`` is made with: SubmitJob has no client token, so where boto3 sends
a call again whose answer was lost, it makes a second job."""

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
    "Check the credentials (in Airflow the connection's; AWS_PROFILE, AWS_ACCESS_KEY_ID, or the "
    "role of the machine), and renew expired ones."
)
_REFUSALS: Final[tuple[tuple[re.Pattern[str], type[AwsError], str], ...]] = (
    (
        re.compile(r"JobDefinition .* does not exist|not in ACTIVE status", re.IGNORECASE),
        JobDefinitionNotFound,
        "Check job_definition, the region and the account; a deregistered revision is INACTIVE.",
    ),
    (
        re.compile(r"Job ?Queue .*(?:not (?:be )?found|does not exist)", re.IGNORECASE),
        JobQueueNotFound,
        "Check job_queue, the region and the account.",
    ),
    (
        re.compile(r"Job ?Queue .*(?:not enabled|disabled)", re.IGNORECASE),
        AwsError,
        "The queue is DISABLED: choose another in job_queue, or let its owner enable it "
        "(aws batch update-job-queue --job-queue NAME --state ENABLED).",
    ),
    (
        re.compile(r"Either schedulingPriority .* or schedulingPriorityOverride", re.IGNORECASE),
        FairShareMismatch,
        "The queue has a fair-share policy: give scheduling_priority (0 to 9999).",
    ),
    (
        re.compile(r"shareIdentifier must be specified", re.IGNORECASE),
        FairShareMismatch,
        "The queue has a fair-share policy: give share_identifier and scheduling_priority.",
    ),
    (
        re.compile(r"shareIdentifier|scheduling ?(?:priority|policy)", re.IGNORECASE),
        FairShareMismatch,
        "Only a queue with a fair-share policy takes share_identifier and scheduling_priority: "
        "leave both out for a FIFO queue.",
    ),
)
"""What AWS says in a ``ClientException``, what it means, and what to do; the first match counts."""

_FARGATE_PAIR: Final = re.compile(
    r"Fargate resource requirements \((?P<vcpu>[\d.]+) vCPU, (?P<memory>[\d.]+) MiB\) not valid"
)
"""How AWS refuses a size, also one of which the job definition gave a half."""

_MISCONFIGURED: Final[tuple[tuple[type[Exception], type[AwsError], str], ...]] = (
    (boto.NoRegionError, AwsError, "Name the region: region_name, --region or AWS_REGION."),
    (boto.ProfileNotFound, CredentialsMissing, "Check the profile's name in ~/.aws/config."),
    (boto.NoCredentialsError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.PartialCredentialsError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.CredentialRetrievalError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.TokenRetrievalError, CredentialsMissing, _CREDENTIALS_ADVICE),
    (boto.SSOError, CredentialsMissing, "Log in again: aws sso login."),
)
"""What makes a client refuse to send anything."""
_CERTIFICATE_ADVICE: Final = (
    "Give the certificate authority's file: AWS_CA_BUNDLE; in Airflow also verify, or the "
    "connection's extra."
)
_VALUE_IN_REPORT: Final = re.compile(r"(?<=, value: ).*?(?=, (?:type|valid [a-z ]+): )", re.DOTALL)
"""``botocore.validate`` writes the values it refuses into its reports."""


class Submitted(NamedTuple):
    """What SubmitJob answers, or of a job that an earlier try submitted, the same."""

    job_id: str
    job_name: str
    job_arn: str | None = None
    is_adopted: bool = False


class JobPage(NamedTuple):
    """One page of ListJobs; the last one has no token for the next."""

    jobs: list[Job]
    next_token: str | None = None


class ServiceApi:
    """Some calls of an AWS service, each request sent once.

    :param client: a client of the service made with ``NO_HIDDEN_RETRIES``.
    """

    service: ClassVar[str]

    def __init__(self, client: Any) -> None:
        self.client = client

    @property
    def region(self) -> str:
        """The region that the calls go to."""
        return str(self.client.meta.region_name)

    @classmethod
    def connect(
        cls,
        *,
        region_name: str | None = None,
        profile_name: str | None = None,
        endpoint_url: str | None = None,
        **options: Any,
    ) -> Self:
        """Make a client by AWS's own rules for what is not given.

        :param options: what the class itself takes beside the client.
        """
        from botocore.session import Session  # boto3 would add its resources, and their time

        with connecting():
            client: Any = Session(profile=profile_name).create_client(
                cls.service,
                region_name=region_name,
                endpoint_url=endpoint_url,
                config=NO_HIDDEN_RETRIES,
            )
        return cls(client, **options)


class BatchApi(ServiceApi):
    """The calls of AWS Batch that this package makes.

    Every method raises the subclasses of ``AwsError``; ``AnswerLost`` is the only one after which
    the call may have been carried out.

    :param is_secret: tells by the name of a job's variable whether its value is a secret.
    """

    service = "batch"
    client: "BatchClient"

    def __init__(
        self, client: "BatchClient", *, is_secret: Callable[[str], bool] = is_secret_name
    ) -> None:
        super().__init__(client)
        self._is_secret = is_secret
        for operation in ("DescribeJobs", "ListJobs", "DescribeJobDefinitions"):
            client.meta.events.register(
                f"before-parse.batch.{operation}",
                _take_as_sent,
                unique_id=f"{__name__}.{operation}",
            )
        self.clock_ahead: timedelta | None = None
        """How far AWS's clock is ahead of this machine's; ``None`` until an answer told."""
        client.meta.events.register("response-received.batch", self._note_clock)

    def _note_clock(self, parsed_response: object = None, **_: object) -> None:
        """Read AWS's clock from the ``Date`` header of an answer, an error's included."""
        metadata = read.mapping(read.mapping(parsed_response).get("ResponseMetadata"))
        date = read.text(read.mapping(metadata.get("HTTPHeaders")).get("date"))
        try:
            told = parsedate_to_datetime(date or "")
        except ValueError:
            return
        if told.tzinfo is not None:
            self.clock_ahead = told - datetime.now(UTC)

    def check(self, body: "SubmitJobRequestTypeDef") -> None:
        """Check what ``submit_job`` would send against botocore's model, and send nothing.

        :raises InvalidRequest: the installed botocore does not know a member of *body*.
        """
        model: Any = self.client.meta.service_model.operation_model("SubmitJob")
        with translated("SubmitJob"):
            validate_parameters(body, model.input_shape)

    def submit_job(self, body: "SubmitJobRequestTypeDef") -> Submitted:
        """Submit a job.

        :raises InvalidRequest: where the installed botocore does not know a member of *body*.
        """
        with translated("SubmitJob"):
            answer = self.client.submit_job(**body)
            job_id = answer.get("jobId")
            if not isinstance(job_id, str) or not job_id:
                raise ValueError("it has no job id")
            return Submitted(job_id, body["jobName"], answer.get("jobArn"))

    def describe_jobs(self, job_ids: Iterable[str]) -> list[Job]:
        """Describe jobs, in calls of a hundred; AWS leaves out those it does not know.

        An entry that cannot be read, or that nobody asked for, is left out as well.
        """
        ids = list(job_ids)
        found: list[Job] = []
        for start in range(0, len(ids), limits.DESCRIBE_JOBS):
            with translated("DescribeJobs"):
                answer = self.client.describe_jobs(jobs=ids[start : start + limits.DESCRIBE_JOBS])
                found += jobs_from_api(answer, is_secret=self._is_secret)
        asked = set(ids)
        return [job for job in found if job.id in asked]

    def find_jobs(
        self,
        *,
        job_queue: str,
        job_name: str | None = None,
        job_definition: str | None = None,
        next_token: str | None = None,
    ) -> JobPage:
        """Return a page of the queue's jobs of a name or of a definition, in every state.

        The newest jobs come first. AWS groups the jobs of a name by definition and revision.

        :param job_name: compared without regard to case; may end in ``*``.
        :param job_definition: bare name of a definition, whose revisions all count; used if no
            *job_name* is given.
        :param next_token: token of the page before.
        """
        name, value = ("JOB_NAME", job_name) if job_name else ("JOB_DEFINITION", job_definition)
        return self._list_jobs(
            next_token, jobQueue=job_queue, filters=[{"name": name, "values": [value]}]
        )

    def failed_children(self, array_job_id: str) -> list[Job]:
        """Return an array's failed children, by index, as ListJobs tells of them."""
        found: list[Job] = []
        page = JobPage([], next_token="")
        while page.next_token is not None:
            page = self._list_jobs(page.next_token, arrayJobId=array_job_id, jobStatus="FAILED")
            found += page.jobs
        return sorted(found, key=lambda job: (job.array and job.array.index) or 0)

    def _list_jobs(self, next_token: str | None, **request: Any) -> JobPage:
        request["maxResults"] = limits.LIST_JOBS_PAGE
        if next_token:
            request["nextToken"] = next_token
        with translated("ListJobs"):
            answer = self.client.list_jobs(**request)
            jobs = jobs_from_api({"jobs": answer.get("jobSummaryList")})
            token: object = answer.get("nextToken")
            return JobPage(jobs, token if isinstance(token, str) and token else None)

    def terminate_job(self, job_id: str, reason: str) -> None:
        """End a job in whatever state it is; an array takes its children along."""
        with translated("TerminateJob"):
            self.client.terminate_job(jobId=job_id, reason=legal_reason(reason))

    def job_definition(self, name: str) -> JobDefinition | None:
        """Return a definition by name, the newest active one, by ``name:revision`` or by ARN."""
        if name.startswith("arn:") or re.search(r":[0-9]+\Z", name):
            return self._newest_definition(jobDefinitions=[name])
        return self._newest_definition(jobDefinitionName=name, status="ACTIVE")

    def _newest_definition(self, **request: Any) -> JobDefinition | None:
        newest: JobDefinition | None = None
        while True:
            with translated("DescribeJobDefinitions"):
                answer = self.client.describe_job_definitions(**request)
                for entry in answer["jobDefinitions"]:
                    with suppress(ValueError):  # an entry without a name hurts no other
                        definition = JobDefinition.from_api(entry)
                        if newest is None or definition.revision > newest.revision:
                            newest = definition
            if not answer.get("nextToken"):
                return newest
            request["nextToken"] = answer["nextToken"]


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Raise what a call raises, parsing its answer included, as an error of this package."""
    calling = _calling.set(True)
    try:
        yield
    except boto.ClientError as error:
        raise _of_answer(error, operation) from error
    except boto.ParamValidationError as error:
        report = _VALUE_IN_REPORT.sub("…", str(error.kwargs.get("report", "")))
        text = f"botocore refuses it: {report}"
        # Not "from error": a traceback would show the values that are cut out here.
        raise InvalidRequest([Problem("extra_submit_args", text)]) from None
    except Exception as error:  # a cut or malformed answer leaves botocore as anything
        raise _of_no_answer(error, operation) from error
    finally:
        _calling.reset(calling)


@contextmanager
def connecting() -> Iterator[None]:
    """Raise what making a client raises as an error of this package; nothing was sent to Batch."""
    try:
        yield
    except boto.ClientError as error:  # of STS, where a role is assumed
        raise _of_answer(error, "AssumeRole") from error
    except (boto.BotoCoreError, ValueError) as error:  # ValueError: an endpoint that is no URL
        meaning, advice = _misconfigured(error) or (AwsError, None)
        raise meaning(f"No client for AWS Batch could be made: {error}", advice) from error


def _of_no_answer(error: Exception, operation: str) -> AwsError:
    """Tell apart what certainly did nothing from what may have been carried out."""
    if misconfigured := _misconfigured(error):
        meaning, advice = misconfigured
        return meaning(f"{operation} could not be sent: {error}", advice)
    if _was_never_sent(error):
        return Unreachable(
            f"{operation} could not be sent: {error}",
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
    """Tell whether no connection was made; a proxy's and TLS's errors may also come later."""
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
    if code in _THROTTLED or status == 429:
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


def _size_advice(vcpu: str, memory: str) -> str:
    """Say what goes with what; a value that was not given is the job definition's."""
    try:
        settle_size(read_size(vcpu=vcpu, memory=memory), "strict")
    except InvalidRequest as error:
        nearest = f"{error.problems[0].message}. "
    else:
        nearest = ""
    return (
        f"{nearest}A value that you do not give is the job definition's: give `vcpu` and "
        "`memory` together."
    )


_calling: ContextVar[bool] = ContextVar("_calling", default=False)


def _take_as_sent(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Spare a hundred jobs botocore's walk through its model, half of what asking costs.

    The walk changes no good answer: the members have the same names on the wire, and ``from_api``
    trusts none of them. It would refuse all jobs for one odd member. Only for our own calls; an
    answer without jobs or definitions is left to botocore.
    """
    if not _calling.get() or response_dict["status_code"] >= 300:
        return
    answer = _parsed(response_dict["body"])
    if isinstance(answer, dict) and not _LISTS.isdisjoint(answer):
        customized_response_dict |= {
            name: value for name, value in answer.items() if name in _TAKEN
        }
        response_dict["body"] = b"{}"


_LISTS: Final = frozenset({"jobs", "jobSummaryList", "jobDefinitions"})
_TAKEN: Final = _LISTS | {"nextToken"}


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError:  # also of one integer with more digits than Python reads
        return json.loads(body, parse_int=lambda text: int(text) if len(text) < 20 else None)


class _WithoutOurCalls(logging.Filter):
    """Keep bodies out of botocore's DEBUG log: they hold the environments of jobs."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - logging's signature
        return not _calling.get()


for _name in ("botocore.endpoint", "botocore.parsers"):
    logging.getLogger(_name).addFilter(_WithoutOurCalls())
