"""AWS Batch's calls: one request each, core values out, errors separated by meaning.

Nothing here imports Airflow: hook and command line both use this module. A submit reads no
job, so the calls that do import what they return.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.validate import validate_parameters

from airflow_fargate_batch.aws.botocore_hooks import _take_as_sent
from airflow_fargate_batch.aws.errors import translated
from airflow_fargate_batch.aws.surroundings_api import SurroundingsApi
from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core._members import EPOCH
from airflow_fargate_batch.core.secret_names import is_secret_name
from airflow_fargate_batch.exceptions import (
    AnswerLost,
    AwsError,
    CredentialsMissing,
    Throttled,
    Unreachable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from types_boto3_batch import BatchClient
    from types_boto3_batch.type_defs import SubmitJobRequestTypeDef

    from airflow_fargate_batch.core.job import Job

log = logging.getLogger(__name__)

_TAKEN_AS_SENT: Final = (
    "DescribeJobs",
    "ListJobs",
    "DescribeJobDefinitions",
    "DescribeJobQueues",
    "DescribeComputeEnvironments",
    "DescribeSchedulingPolicies",
)
_OF_EVERY_JOB: Final = (CredentialsMissing, Throttled, Unreachable, AnswerLost)
"""Errors of a TerminateJob call that say nothing about the job."""


class Submitted(NamedTuple):
    """Answer of SubmitJob; the same members for an adopted job.

    Attributes:
        job_queue: Name or ARN; ``None`` means the queue of the request.
    """

    job_id: str
    job_name: str
    job_arn: str | None = None
    is_adopted: bool = False
    job_queue: str | None = None


class JobPage(NamedTuple):
    """A page of ListJobs; the last page has no *next_token*."""

    jobs: list[Job]
    next_token: str | None = None


class BatchApi(SurroundingsApi):
    """The package's calls of AWS Batch.

    Every method raises subclasses of ``AwsError``. Only after ``AnswerLost`` AWS may have carried
    the call out.

    :param is_secret: reports, by the name of a job's variable, whether the value is a secret.
    """

    service = "batch"
    client: BatchClient

    def __init__(
        self, client: BatchClient, *, is_secret: Callable[[str], bool] = is_secret_name
    ) -> None:
        super().__init__(client)
        self._is_secret = is_secret
        for operation in _TAKEN_AS_SENT:
            client.meta.events.register(
                f"before-parse.batch.{operation}",
                _take_as_sent,
                unique_id=f"{__name__}.{operation}",
            )
        self.clock_ahead: timedelta | None = None
        """Lead of AWS's clock over the local clock; ``None`` before the first answer."""
        client.meta.events.register("response-received.batch", self._note_clock)

    def _note_clock(self, parsed_response: object = None, **_: object) -> None:
        """Read AWS's clock from the ``Date`` header of an answer or error."""
        metadata = read.mapping(read.mapping(parsed_response).get("ResponseMetadata"))
        date = read.text(read.mapping(metadata.get("HTTPHeaders")).get("date"))
        try:
            told = parsedate_to_datetime(date or "")
        except ValueError:
            return
        if told.tzinfo is not None:
            self.clock_ahead = told - datetime.now(UTC)

    def check(self, body: SubmitJobRequestTypeDef) -> None:
        """Check a body of SubmitJob against botocore's model, and send nothing.

        :raises InvalidRequest: the installed botocore does not know a member of *body*.
        """
        model: Any = self.client.meta.service_model.operation_model("SubmitJob")
        with translated("SubmitJob"):
            validate_parameters(body, model.input_shape)

    def submit_job(self, body: SubmitJobRequestTypeDef) -> Submitted:
        """Submit a job.

        :raises InvalidRequest: the installed botocore does not know a member of *body*.
        """
        with translated("SubmitJob"):
            answer = self.client.submit_job(**body)
            job_id = answer.get("jobId")
            if not isinstance(job_id, str) or not job_id:
                raise ValueError("no job id in the answer")
            return Submitted(job_id, body["jobName"], answer.get("jobArn"))

    def describe_jobs(self, job_ids: Iterable[str]) -> list[Job]:
        """Describe jobs, in calls of a hundred; AWS leaves out unknown jobs.

        Entries that cannot be read, and entries with other ids, are left out as well.
        """
        from airflow_fargate_batch.core.job import jobs_from_api

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
        :param job_definition: bare name of a definition, for jobs of all revisions; used if no
            *job_name* is given.
        :param next_token: token of the page before.
        """
        name, value = ("JOB_NAME", job_name) if job_name else ("JOB_DEFINITION", job_definition)
        return self._list_jobs(
            next_token, jobQueue=job_queue, filters=[{"name": name, "values": [value]}]
        )

    def jobs_since(
        self, *, job_queue: str, since: datetime, next_token: str | None = None
    ) -> JobPage:
        """Return a page of the queue's jobs created after a moment, in every state, newest first.

        Children of arrays are not among them.

        :param next_token: token of the page before.
        """
        value = str((since - EPOCH) // timedelta(milliseconds=1))
        filters = [{"name": "AFTER_CREATED_AT", "values": [value]}]
        return self._list_jobs(next_token, jobQueue=job_queue, filters=filters)

    def failed_children(self, array_job_id: str, *, most: int | None = None) -> list[Job]:
        """Return an array's failed children, by index, with the members of ListJobs.

        :param most: number of children after which no further page is read; default: all pages.
        """
        found: list[Job] = []
        page = JobPage([], next_token="")
        while page.next_token is not None and (most is None or len(found) < most):
            page = self._list_jobs(page.next_token, arrayJobId=array_job_id, jobStatus="FAILED")
            found += page.jobs
        return sorted(found, key=lambda job: (job.array and job.array.index) or 0)

    def runnable_children(self, array_job_id: str) -> list[Job]:
        """Return up to a hundred of an array's RUNNABLE children, by index."""
        page = self._list_jobs(None, arrayJobId=array_job_id, jobStatus="RUNNABLE")
        return sorted(page.jobs, key=lambda job: (job.array and job.array.index) or 0)

    def _list_jobs(self, next_token: str | None, **request: Any) -> JobPage:
        from airflow_fargate_batch.core.job import jobs_from_api

        request["maxResults"] = limits.LIST_JOBS_PAGE
        if next_token:
            request["nextToken"] = next_token
        with translated("ListJobs"):
            answer = self.client.list_jobs(**request)
            jobs = jobs_from_api({"jobs": answer.get("jobSummaryList")})
            following: object = answer.get("nextToken")
            return JobPage(jobs, following if isinstance(following, str) and following else None)

    def terminate_job(self, job_id: str, reason: str) -> None:
        """Terminate a job in any state; an array with all children."""
        from airflow_fargate_batch.core.termination import legal_reason

        with translated("TerminateJob"):
            self.client.terminate_job(jobId=job_id, reason=legal_reason(reason))

    def terminate_jobs(self, job_ids: Sequence[str], reason: str) -> dict[str, AwsError]:
        """Terminate jobs, 50 a call if the installed botocore has TerminateJobs.

        The call may be repeated. TerminateJobs needs the IAM action of TerminateJob.

        :return: the errors, by the ids of the jobs that AWS did not terminate.
        :raises AwsError: an error of every job: no credentials, a throttle, no connection, or a
            lost answer.
        """
        refused: dict[str, AwsError] = {}
        for start in range(0, len(job_ids), limits.TERMINATE_JOBS):
            chunk = job_ids[start : start + limits.TERMINATE_JOBS]
            if len(chunk) > 1 and hasattr(self.client, "terminate_jobs"):
                try:
                    refused |= self._terminate_chunk(chunk, reason)
                    continue
                except _OF_EVERY_JOB:
                    raise
                except AwsError as error:  # of the call as a whole; single calls say of which job
                    log.info("%s; terminating the jobs one by one", error.message)
            refused |= self._terminate_each(chunk, reason)
        return refused

    def _terminate_chunk(self, job_ids: Sequence[str], reason: str) -> dict[str, AwsError]:
        from airflow_fargate_batch.core.termination import legal_reason

        with translated("TerminateJobs"):
            answer = self.client.terminate_jobs(jobs=list(job_ids), reason=legal_reason(reason))
            return {
                str(error["job"]): AwsError(
                    f"AWS refused TerminateJobs: {error.get('message')} ({error.get('code')})"
                )
                for error in answer["errors"]
            }

    def _terminate_each(self, job_ids: Sequence[str], reason: str) -> dict[str, AwsError]:
        refused: dict[str, AwsError] = {}
        for job_id in job_ids:
            try:
                self.terminate_job(job_id, reason)
            except _OF_EVERY_JOB:
                raise
            except AwsError as error:
                refused[job_id] = error
        return refused
