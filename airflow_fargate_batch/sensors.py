"""The sensor: waits for jobs of other tasks, and never terminates a job."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow_fargate_batch._airflow.compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    Context,
    conf,
)
from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.final_failure import without_retries
from airflow_fargate_batch._airflow.wait_event import WaitEvent, WaitOutcome
from airflow_fargate_batch.core.explanation import Explanation
from airflow_fargate_batch.core.giving_up import left_running, report
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.narration import duration, progress
from airflow_fargate_batch.core.polling import REFUSAL_PATIENCE
from airflow_fargate_batch.core.request import DRY_RUN_PREFIX, read_job_ids
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.core.watchlist import Watchlist
from airflow_fargate_batch.exceptions import (
    AnswerLost,
    FargateBatchError,
    InvalidRequest,
    JobCannotStart,
    JobFailed,
    JobLost,
    Throttled,
    Unreachable,
)
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from airflow_fargate_batch.watching.conclusion import conclude, explained
from airflow_fargate_batch.watching.conversation import REFUSALS

if TYPE_CHECKING:
    from airflow_fargate_batch.hooks import FargateBatchHook
    from airflow_fargate_batch.watching.log_tail import LogTail

__all__ = ["FargateBatchJobSensor"]

REFUSED_PAUSE: Final = 15.0
"""Seconds between two calls, at most, while AWS refuses DescribeJobs."""


class FargateBatchJobSensor(BaseSensorOperator):
    """Wait until jobs have succeeded; fail as soon as a job has failed.

    Each poke makes one DescribeJobs call per hundred jobs.

    :param job_ids: a job id, several ids separated by commas, or lists: ``.output`` of an operator
        or of a mapped operator, nested or not. Job ids of dry runs are ignored, so that a DAG can
        run dry as a whole.
    :param deferrable: whether to wait in the triggerer, with a question every *poke_interval*
        seconds; default: ``[operators] default_deferrable``.
    :param aws_conn_id: Airflow connection; ``None`` for boto3's own search for credentials.
    :param region_name: region; omitted: the connection's.
    :param verify: as in every hook of the Amazon provider.
    :param botocore_config: as in every hook of the Amazon provider.
    """

    template_fields: Sequence[str] = ("job_ids", "aws_conn_id", "region_name", "verify")
    ui_color = "#f0ede4"
    clock: ClassVar[Timing] = Timing()
    """Time and chance, replaceable in tests."""

    def __init__(
        self,
        *,
        job_ids: Any,
        deferrable: bool | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_ids = job_ids
        self.deferrable = deferrable
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._waits: dict[str, Wait] = {}
        self._watchlist = Watchlist(chance=self.clock.random)

    def execute(self, context: Context) -> Any:
        """Wait as *mode* and *deferrable* say; return at once if all jobs have ended."""
        default = conf.getboolean("operators", "default_deferrable", fallback=False)
        if not (default if self.deferrable is None else self.deferrable):
            return super().execute(context)
        return self._defer(context)

    def poke(self, context: Context) -> bool:  # noqa: ARG002 - Airflow's signature
        """Read the state of all jobs once; after a temporary error, wait for the next poke.

        :raises JobCannotStart: AWS reports that a job can never start.
        :raises JobLost: AWS has not known a job for some time, by the rules of the trigger. With
            ``mode="reschedule"`` every poke runs in a new process and cannot count earlier
            absences: only *timeout* ends the wait.
        :raises AwsError: AWS refused DescribeJobs for five minutes.
        """
        return self._look(REFUSAL_PATIENCE)

    def _look(self, patience: float) -> bool:
        ids = self._ids
        if not ids:
            return True
        try:
            jobs = {job.id: job for job in self._describe(ids, patience)}
        except (Throttled, Unreachable, AnswerLost) as error:
            self.log.warning(
                "Could not read the state of the jobs; will retry in %.0f s: %s",
                self.poke_interval,
                error,
            )
            return False
        if unknown := [job_id for job_id in ids if job_id not in jobs]:
            self.log.warning("Jobs unknown to AWS Batch: %s", ", ".join(unknown))
        lost = self._lost(ids, jobs.values(), self.clock.now())
        self._report(jobs.values(), len(ids))
        self._raise_failure(jobs.values())
        if lost:
            raise lost
        return all(job_id in jobs and jobs[job_id].status.is_final for job_id in ids)

    def _describe(self, ids: list[str], patience: float) -> list[Job]:
        """Describe the jobs; retry refused calls, because a refusal may pass within seconds."""
        until = self.clock.now() + patience
        refused: str | None = None
        while True:
            try:
                jobs = self.hook.describe(ids)
            except REFUSALS as error:
                left = until - self.clock.now()
                if left <= 0:
                    text = left_running(map(_only_known_by_id, ids), region=self.region_name)
                    self.log.error("%s", text)  # noqa: TRY400 - Airflow logs the error itself
                    raise
                if refused != str(error):
                    refused = str(error)
                    plan = f"will retry for {duration(timedelta(seconds=left))}"
                    self.log.warning("Could not read the state of the jobs; %s: %s", plan, error)
                self.clock.sleep(min(self.poke_interval, REFUSED_PAUSE))
                continue
            if refused is not None:
                self.log.info("The state of the jobs can be read again")
            return jobs

    def _report(self, jobs: Iterable[Job], expected: int) -> None:
        """Log the changes; in a process with a single poke, log the counts in one line.

        :raises JobCannotStart: AWS reports that a job can never start.
        """
        found = list(jobs)
        in_one_line = self.reschedule and expected > 1
        if in_one_line:
            counts = Counter(job.status for job in found)
            self.log.info("%s", progress(counts, expected, "jobs"))
        for job in found:
            wait = self._waits.setdefault(job.id, Wait(job.id))
            try:
                line = wait.decide(job, self.clock.date())
            except JobCannotStart as error:
                state = f"{error.state}\n{left_running([job], region=self.region_name)}"
                raise JobCannotStart(error.message, state, error.advice) from None
            if line and not in_one_line:
                self.log.info("%s", line)

    def _lost(self, ids: list[str], jobs: Iterable[Job], now: float) -> JobLost | None:
        """Count absences, and return the first job that has been absent for too long."""
        for job_id in ids:
            self._watchlist.add(job_id, interval=self.poke_interval, now=now)
        update = self._watchlist.answered(ids, jobs, now)
        return next((each for each in update if isinstance(each, JobLost)), None)

    def execute_complete(
        self, context: Context, event: Mapping[str, Any], try_number: int | None = None
    ) -> None:
        """Resume after the trigger's event; after an event of an earlier try, defer again."""
        if try_number is not None and try_number != context["ti"].try_number:
            return self._defer(context)
        result = WaitEvent.read(event)
        is_late = result.outcome is WaitOutcome.GAVE_UP
        if result.outcome is WaitOutcome.ENDED:
            self._raise_failure(result.jobs)
            return None
        explanation = None
        if result.outcome is not WaitOutcome.REFUSED:
            explanation = self._explained(result.jobs)
        message = report(result.message or "", advice=result.advice, explanation=explanation)
        if self.never_fail or (self.soft_fail and is_late):
            raise AirflowSkipException(message)
        raise AirflowSensorTimeout(message) if is_late else FargateBatchError(message)

    def _explained(self, jobs: Iterable[Job]) -> Explanation | None:
        """Explain the first job that has not ended."""
        live = next((job for job in jobs if job.status.is_live), None)
        return None if live is None else explained(live, lambda: self.hook.api)

    def _defer(self, context: Context) -> None:
        try:
            if self._look(0.0):
                return
        except REFUSALS as error:
            self.log.warning("Could not read the state of the jobs; the trigger retries: %s", error)
        except FargateBatchError as error:
            if self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise
        trigger = FargateBatchJobTrigger(
            job_ids=self._ids,
            poll_interval=self.poke_interval,
            wait_until=(self.clock.date() + timedelta(seconds=self.timeout)).isoformat(),
            wait_limit=f"timeout is {duration(timedelta(seconds=self.timeout))}",
            terminate_on_kill=False,
            **ConnectionSettings.of(self).arguments(),
        )
        self.defer(
            trigger=trigger,
            method_name="execute_complete",
            kwargs={"try_number": context["ti"].try_number},
        )

    @cached_property
    def hook(self) -> "FargateBatchHook":
        """The hook that calls AWS."""
        return ConnectionSettings.of(self).hook()

    @cached_property
    def _ids(self) -> list[str]:
        try:
            ids = read_job_ids(self.job_ids, "job_ids", dry_run=True)
        except InvalidRequest as error:
            raise AirflowFailException(str(error)) from None
        real = [job_id for job_id in ids if not job_id.startswith(DRY_RUN_PREFIX)]
        if dry := len(ids) - len(real):
            self.log.info("Ignored %d job ids of dry runs: a dry run submits no job", dry)
        return real

    def _raise_failure(self, jobs: Iterable[Job]) -> None:
        """Fail if a job has failed, and log the jobs that are still running."""
        found = list(jobs)
        for job in found:
            if job.status.is_final:
                task = f"{self.dag_id}.{self.task_id}"
                end = conclude(job, task=task, api=lambda: self.hook.api, tail=self._tail)
                if end.failure is not None:
                    if others := left_running(found, region=self.region_name):
                        self.log.warning("%s", others)
                    self._fail(end.failure)

    def _tail(self) -> "LogTail":
        from airflow_fargate_batch.watching.log_tail import LogTail  # loads botocore

        return LogTail(self.hook.logs, sleep=self.clock.sleep)

    def _fail(self, failure: JobFailed) -> None:
        """Fail without retries: a retry would find the same failed job."""
        if self.soft_fail or self.never_fail:
            raise AirflowSkipException(str(failure))
        raise without_retries(failure)


def _only_known_by_id(job_id: str) -> Job:
    return Job(id=job_id)
