"""Credentials from an Airflow connection in, core values out."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow_fargate_batch._airflow.needs import airflow_is_missing

try:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
except ImportError as missing:
    raise airflow_is_missing() from missing

from airflow_fargate_batch._airflow.masking import is_secret_in_airflow
from airflow_fargate_batch._airflow.metrics import counting_calls
from airflow_fargate_batch._airflow.worker_wait import WorkerWait
from airflow_fargate_batch._machine.terminators import terminator_here
from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.errors import connecting
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.aws.metrics import MetricsApi
from airflow_fargate_batch.aws.service import NO_HIDDEN_RETRIES
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.submitting.many import Outcome, submit_many
from airflow_fargate_batch.submitting.preflight import Preflight
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.submitting.submitter import Submitter
from airflow_fargate_batch.watching.log_follower import LogFollower

if TYPE_CHECKING:
    from botocore.config import Config

    from airflow_fargate_batch.aws.batch import Submitted
    from airflow_fargate_batch.aws.items import ItemsApi
    from airflow_fargate_batch.core.definition import JobDefinition
    from airflow_fargate_batch.core.request import JobRequest


__all__ = ["FargateBatchHook"]

TERMINATE_PATIENCE: Final = 20.0
"""Seconds during which a failed TerminateJob is retried."""


class _AwsHook(AwsBaseHook):
    """A hook of the Amazon provider that finds the name of its caller quickly."""

    def _get_caller(self, target_function_name: str = "execute") -> str:
        """Return the class of the running operator, for the user agent of a client.

        The Amazon provider reads the source files of all functions on the stack: 60 ms of the
        220 ms of CPU in which a task makes its first client.
        """
        frame = inspect.currentframe()
        while frame is not None:
            if frame.f_code.co_name == target_function_name and "self" in frame.f_locals:
                return type(frame.f_locals["self"]).__name__
            frame = frame.f_back
        return "Unknown"


class FargateBatchHook(_AwsHook):
    """Call AWS Batch through an Airflow connection.

    The hook takes the arguments of every hook of the Amazon provider (*aws_conn_id*, *region_name*,
    *verify*, *config*). boto3's own retries are switched off: after a lost answer to SubmitJob a
    hidden retry would make a second job.

    Attributes:
        submitted: The result of the last ``submit``.
        clock: Time and chance of all waits and retries, replaceable in tests.
    """

    submitted: "Submitted | None" = None
    clock: ClassVar[Timing] = Timing()

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
        return BatchApi(
            counting_calls(self.conn), is_secret=lru_cache(maxsize=1024)(is_secret_in_airflow)
        )

    @cached_property
    def logs(self) -> LogsApi:
        """The calls of CloudWatch Logs, through the same connection."""
        return LogsApi(self._client_of("logs"))

    @cached_property
    def metrics(self) -> MetricsApi:
        """The calls of CloudWatch metrics, through the same connection."""
        return MetricsApi(self._client_of("cloudwatch"))

    def _client_of(self, service: str) -> Any:
        hook = _AwsHook(
            aws_conn_id=self.aws_conn_id,
            client_type=service,
            region_name=self.region_name,
            verify=self.verify,
            config=self.config.merge(NO_HIDDEN_RETRIES),
        )
        with connecting():
            return counting_calls(hook.conn)

    @cached_property
    def lists(self) -> "ItemsApi":
        """The calls of S3 for lists of items, through the same connection."""
        from airflow_fargate_batch.aws.items import S3_CONFIG, ItemsApi  # few tasks need it

        hook = _AwsHook(
            aws_conn_id=self.aws_conn_id,
            client_type="s3",
            region_name=self.region_name,
            verify=self.verify,
            config=self.config.merge(S3_CONFIG),
        )
        with connecting():
            return ItemsApi(hook.conn)

    @cached_property
    def _submitter(self) -> Submitter:
        return Submitter(self.api, lists=lambda: self.lists, clock=self.clock)

    @cached_property
    def _preflight(self) -> Preflight:
        scope = self.aws_conn_id, self.conn_region_name, self.api.client.meta.endpoint_url
        return Preflight(self.api, scope=scope)

    def submit(
        self,
        request: "JobRequest",
        *,
        look_first: bool = False,
        tries_before: int | None = None,
        waited: float = 0.0,
        rerun_failed_only: bool = False,
        preflight: bool = False,
    ) -> str:
        """Submit a request exactly once and return the job id.

        A request without a submission gets a new submission, so that after a lost answer the job
        can be found.

        :param look_first: whether an earlier try of the same submission may have made the job.
        :param tries_before: number of such tries, if known; shortens the search.
        :param waited: seconds since the last such try can have submitted; shortens the search too.
        :param rerun_failed_only: whether to submit only the children of an array that earlier tries
            left failed.
        :param preflight: whether to judge a new job by queue, compute environments and job
            definition (see ``check``). Without it only vCPU or memory alone, and a platform
            version, are compared with the job definition.
        :raises InvalidRequest: the request does not fit its job definition or queue.
        :raises AwsError: AWS refused the request, and there is no job.
        :raises SubmissionUncertain: an answer was lost, and the job could not be looked for.
        """
        self.submitted = self._submitter.submit(
            request,
            look_first=look_first,
            tries_before=tries_before,
            waited=waited,
            rerun_failed_only=rerun_failed_only,
            check=partial(self.check, thorough=preflight),
        )
        return self.submitted.job_id

    def submit_many(
        self, requests: "Iterable[JobRequest]", *, resume: bool = False
    ) -> "Iterator[Outcome]":
        """Submit requests side by side, each exactly once, and yield an outcome for each.

        :param resume: whether an earlier call may have submitted some requests already; the jobs
            are recognised by the submissions (``core.naming.submission_of_key``).
        """
        return submit_many(self.api, requests, resume=resume, lists=lambda: self.lists)

    def check(self, request: "JobRequest", *, thorough: bool = False) -> None:
        """Judge a request by what AWS says about its job definition and queue, before the submit.

        A lookup that fails is logged and refuses nothing. A request with both or neither of vCPU
        and memory, and without a platform version, costs no call unless *thorough*.

        :param thorough: whether to judge the queue, its compute environments and all of the job
            definition, in three or four calls; the answers are kept in the process for three
            minutes.
        :raises InvalidRequest: with every problem.
        """
        self._preflight.check(request, thorough=thorough)

    def terminate_older_generations(self, request: "JobRequest", reason: str) -> list[str]:
        """Terminate running jobs that a task submitted before being cleared; return the ids."""
        return self._submitter.terminate_older_generations(request, reason)

    def terminate_submission(self, request: "JobRequest", reason: str) -> None:
        """Terminate the running job of a submission, if a job can be found."""
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
        """Wait until a job has ended, log each change, and return the ended job.

        :param poll_interval: seconds between two questions.
        :param until: moment to give up.
        :param limit: source of *until*, for the error's text.
        :param runnable_timeout: longest time in RUNNABLE (waiting for capacity).
        :param starting_timeout: longest time in STARTING.
        :param log_interval: seconds between two reads of the job's log; the lines are logged too.
            ``None`` means the log is not read.
        :param log_index: index of the child whose log is read, as an array has no log.
        :param on_change: called with the job at each change.
        :raises JobTimedOut: the job did not start or end in time, or can never start, as a last
            look confirmed; the job is left running.
        :raises JobLost: AWS no longer knows the job.
        :raises AwsError: AWS refused DescribeJobs for five minutes.
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
            lines = LogFollower(
                self.logs,
                interval=log_interval,
                index=log_index,
                now=self.clock.now,
                sleep=self.clock.sleep,
                chance=self.clock.random,
            )
        worker_wait = WorkerWait(self.api, wait, lines, self.log, clock=self.clock)
        return worker_wait.run(interval=poll_interval, on_change=on_change)

    def describe(self, job_ids: Iterable[str]) -> "list[Job]":
        """Describe jobs, a hundred a call; AWS leaves out unknown ids."""
        return self.api.describe_jobs(job_ids)

    def terminate(self, job_id: str, reason: str | None = None) -> None:
        """Terminate a job in any state; an array with all children.

        The call is retried for 20 seconds if AWS throttles or does not answer.

        :param reason: the job's ``statusReason`` afterwards; omitted: the task in this process, and
            the host.
        """
        if reason is None:
            reason = terminator_here().reason("Terminated with FargateBatchHook.terminate")
        end = partial(self.api.terminate_job, job_id, reason)
        self.clock.persist(end, self.clock.now() + TERMINATE_PATIENCE)

    def job_definition(self, name: str) -> "JobDefinition | None":
        """Return a job definition by name (the newest active one), ``name:revision`` or ARN."""
        return self.api.job_definition(name)
