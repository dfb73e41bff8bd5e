"""Credentials from an Airflow connection in, core values out."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch._airflow.needs import airflow_is_missing

try:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
except ImportError as missing:
    raise airflow_is_missing() from missing

from airflow_fargate_batch._airflow.masking import is_secret_name
from airflow_fargate_batch._airflow.worker_wait import WorkerWait
from airflow_fargate_batch._machine.terminators import terminator_here
from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.errors import connecting
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.submitting.many import Outcome, submit_many
from airflow_fargate_batch.submitting.retrying import Clock
from airflow_fargate_batch.submitting.submitter import Submitter
from airflow_fargate_batch.watching.log_follower import LogFollower

if TYPE_CHECKING:
    from botocore.config import Config

    from airflow_fargate_batch.aws.batch import Submitted
    from airflow_fargate_batch.core.definition import JobDefinition
    from airflow_fargate_batch.core.request import JobRequest


TERMINATE_PATIENCE: Final = 20.0
"""Seconds to go on trying to end a job."""


class FargateBatchHook(AwsBaseHook):
    """Talk to AWS Batch through an Airflow connection.

    Takes what every hook of the Amazon provider takes (*aws_conn_id*, *region_name*, *verify*,
    *config*). Each call of a client that it makes is sent once: boto3's own retries would make a
    second job where the answer to SubmitJob is lost.

    Attributes:
        submitted: The result of the last ``submit``.
    """

    submitted: "Submitted | None" = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "batch"
        super().__init__(*args, **kwargs)

    def get_client_type(
        self,
        region_name: str | None = None,
        config: "Config | None" = None,
        deferrable: bool = False,
    ) -> Any:
        """Make a client as the Amazon provider does, without hidden retries."""
        once = (config or self.config).merge(NO_HIDDEN_RETRIES)
        with connecting():
            return super().get_client_type(region_name, once, deferrable)

    @cached_property
    def api(self) -> BatchApi:
        """The calls of Batch, each one request."""
        return BatchApi(self.conn, is_secret=lru_cache(maxsize=1024)(is_secret_name))

    @cached_property
    def logs(self) -> LogsApi:
        """The calls of CloudWatch Logs, through the same connection."""
        hook = AwsBaseHook(
            aws_conn_id=self.aws_conn_id,
            client_type="logs",
            region_name=self.region_name,
            verify=self.verify,
            config=self.config.merge(NO_HIDDEN_RETRIES),
        )
        with connecting():
            return LogsApi(hook.conn)

    @cached_property
    def _submitter(self) -> Submitter:
        return Submitter(self.api)

    def submit(
        self,
        request: "JobRequest",
        *,
        look_first: bool = False,
        tries_before: int | None = None,
        waited: float = 0.0,
        rerun_failed_only: bool = False,
    ) -> str:
        """Submit a request exactly once and return the job id.

        A request without a submission of its own gets a new one, so that a lost answer is looked
        up rather than sent again.

        :param look_first: whether an earlier try of the same submission may have made the job.
        :param tries_before: how many such tries there were, which shortens the look.
        :param waited: seconds since the last of them can have submitted, which shortens it too.
        :param rerun_failed_only: whether to submit only what earlier tries left of an array.
        :raises AwsError: AWS refused it, and there is no job.
        :raises SubmissionUncertain: an answer was lost, and the job could not be looked for.
        """
        self.submitted = self._submitter.submit(
            request,
            look_first=look_first,
            tries_before=tries_before,
            waited=waited,
            rerun_failed_only=rerun_failed_only,
        )
        return self.submitted.job_id

    def submit_many(
        self, requests: "Iterable[JobRequest]", *, resume: bool = False
    ) -> "Iterator[Outcome]":
        """Submit requests side by side, each exactly once, and yield what became of each.

        :param resume: whether an earlier call may have submitted some of them already; they are
            recognised by their submissions (``core.naming.submission_of_key``).
        """
        return submit_many(self.api, requests, resume=resume)

    def check_platform_version(self, request: "JobRequest") -> None:
        """Compare the platform version that a request names with its job definition's.

        :raises InvalidRequest: they differ.
        """
        self._submitter.check_platform_version(request)

    def terminate_older_generations(self, request: "JobRequest", reason: str) -> list[str]:
        """End the live jobs that a task submitted before it was cleared; return their ids."""
        return self._submitter.terminate_older_generations(request, reason)

    def terminate_submission(self, request: "JobRequest", reason: str) -> None:
        """End the live job of a submission whose id is not known, if one can be found."""
        self._submitter.terminate_submission(request, reason)

    def wait(
        self,
        job_id: str,
        *,
        poll_interval: float = POLL_INTERVAL,
        until: datetime | None = None,
        limit: str | None = None,
        runnable_timeout: timedelta | None = None,
        starting_timeout: timedelta | None = None,
        log_interval: float | None = None,
        log_index: int | None = None,
        on_change: Callable[[Job], None] | None = None,
    ) -> "Job":
        """Wait until a job has ended and return it, logging each change on the way.

        :param poll_interval: seconds between two questions.
        :param until: when to give up.
        :param limit: where *until* comes from, for the error's text.
        :param runnable_timeout: how long the job may be RUNNABLE at a stretch.
        :param starting_timeout: how long the job may be STARTING at a stretch.
        :param log_interval: seconds between two looks at the job's log, whose lines are logged
            too; ``None`` leaves it alone.
        :param log_index: of an array, the child whose log it is; an array itself has none.
        :param on_change: called with the job at each change.
        :raises JobTimedOut: it did not end or start in time, or never can start, and a look at
            that moment confirmed it; the job is left running.
        :raises JobLost: AWS no longer knows the job.
        :raises AwsError: AWS refused to tell for five minutes.
        """
        wait = Wait(
            job_id,
            until=until,
            limit=limit,
            runnable_timeout=runnable_timeout,
            starting_timeout=starting_timeout,
        )
        lines = None
        if log_interval:
            lines = LogFollower(self.logs, interval=log_interval, index=log_index)
        worker_wait = WorkerWait(self.api, wait, lines, self.log)
        return worker_wait.run(interval=poll_interval, on_change=on_change)

    def describe(self, job_ids: Iterable[str]) -> "list[Job]":
        """Describe jobs, a hundred a call; AWS leaves out the ids that it does not know."""
        return self.api.describe_jobs(job_ids)

    def terminate(self, job_id: str, reason: str | None = None) -> None:
        """End a job in whatever state it is, an array with all its children.

        Tries again for a while where AWS throttles or does not answer.

        :param reason: what DescribeJobs says afterwards as the job's ``statusReason``; omitted: the
            task that runs in this process, and its host.
        """
        if reason is None:
            reason = terminator_here().reason("Terminated with FargateBatchHook.terminate")
        clock = Clock()
        end = partial(self.api.terminate_job, job_id, reason)
        clock.persist(end, clock.now() + TERMINATE_PATIENCE)

    def job_definition(self, name: str) -> "JobDefinition | None":
        """Return a job definition by name (the newest active one), ``name:revision`` or ARN."""
        return self.api.job_definition(name)
