"""The half of the operator that waits: tasks that wait load it, the DAGs that name them do not."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch._compat import (
    AirflowFailException,
    AirflowSkipException,
    Context,
    conf,
    task_now,
)
from airflow_fargate_batch.completion import conclude
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import read_exit_codes, read_seconds
from airflow_fargate_batch.core.termination import when_giving_up
from airflow_fargate_batch.core.waiting import given_up
from airflow_fargate_batch.exceptions import (
    AwsError,
    FargateBatchError,
    JobCannotStart,
    JobTimedOut,
)
from airflow_fargate_batch.links import LOG_XCOM_KEY, log_address
from airflow_fargate_batch.terminators import terminator_of
from airflow_fargate_batch.triggers import (
    ENDED,
    GAVE_UP,
    POSITION_KEY,
    STUCK,
    FargateBatchJobTrigger,
)

if TYPE_CHECKING:
    from airflow_fargate_batch.operators import FargateBatchSubmitOperator

TIMEOUT_MARGIN: Final = timedelta(seconds=30)
"""How long before Airflow's execution_timeout to give up, so that there is time to end the job."""


class Waiting:
    """One task's wait for its job, in its worker or deferred.

    :param push: pushes an XCom of the task: key and value.
    """

    def __init__(
        self,
        task: "FargateBatchSubmitOperator",
        context: Context,
        *,
        push: Callable[[str, Any], None],
    ) -> None:
        self._task = task
        self._task_instance = context["ti"]
        self._started_at: datetime | None = context["ti"].start_date
        self._try_number: int = context["ti"].try_number
        self._push = push

    def wait(self, job_id: str, *, log_index: int | None = None) -> None:
        """Wait in the way that the task's *deferrable* says.

        :param log_index: of an array, the child whose log is streamed.
        :raises TaskDeferred: to wait in the triggerer; ``take_over`` goes on.
        :raises JobTimedOut: the time is over; the job was ended, unless the task is told not to.
        """
        if self._is_deferrable():
            self._defer(job_id, log_index)
        task = self._task
        try:
            job = task.hook.wait(
                job_id,
                poll_interval=self._poll_interval,
                until=self._gives_up_at(),
                runnable_timeout=_timedelta(self._seconds("runnable_timeout")),
                log_interval=self._log_interval(),
                log_index=log_index,
            )
        except JobTimedOut as error:
            self._push_last_seen(job_id)
            kind = AirflowFailException if isinstance(error, JobCannotStart) else JobTimedOut
            raise kind(self._give_up(job_id, str(error))) from None
        self._conclude(job)

    def take_over(self, event: Mapping[str, Any]) -> str:
        """Go on after the trigger's event, and return the job id."""
        job = Job.from_api(event["jobs"][0]) if event["jobs"] else None
        if event["outcome"] == ENDED and job is not None:
            self._conclude(job)
            return job.id
        if job is not None:
            self._push_end(job, job.to_summary())
        if event["outcome"] == STUCK:
            raise AirflowFailException(event["message"])
        raise (JobTimedOut if event["outcome"] == GAVE_UP else FargateBatchError)(event["message"])

    def _give_up(self, job_id: str, why: str) -> str:
        """Terminate the job unless another try owns it, and return the report."""
        if not self._task.terminate_on_kill:
            return given_up(why, terminated=False)
        verdict = when_giving_up(task_now(self._task_instance), why)
        if not verdict.terminates:
            return given_up(why, terminated=False, because=verdict.why)
        failure = None
        try:
            self._task.hook.terminate(job_id, terminator_of(self._task_instance).reason(why))
        except AwsError as error:
            failure = str(error)
        return given_up(why, terminated=True, failure=failure)

    def _is_deferrable(self) -> bool:
        if self._task.deferrable is not None:
            return self._task.deferrable
        return bool(conf.getboolean("operators", "default_deferrable", fallback=False))

    def _defer(self, job_id: str, log_index: int | None) -> None:
        task = self._task
        until = self._gives_up_at()
        trigger = FargateBatchJobTrigger(
            job_ids=[job_id],
            poll_interval=self._poll_interval,
            wait_until=until.isoformat() if until else None,
            runnable_timeout=self._seconds("runnable_timeout"),
            terminate_on_kill=task.terminate_on_kill,
            log_interval=self._log_interval(),
            log_index=log_index,
            aws_conn_id=task.aws_conn_id,
            region_name=task.region_name,
            verify=task.verify,
            botocore_config=task.botocore_config,
        )
        if trigger.log_interval is not None:
            self._push(POSITION_KEY, {})  # where the trigger keeps how far it has read
        task.defer(
            trigger=trigger,
            method_name="execute_complete",
            kwargs={"try_number": self._try_number},
        )

    def _log_interval(self) -> float | None:
        """Return the seconds between two looks at the job's log; ``None`` leaves it alone."""
        return self._seconds("awslogs_fetch_interval") if self._task.awslogs_enabled else None

    @property
    def _poll_interval(self) -> float:
        return self._seconds("poll_interval") or POLL_INTERVAL

    def _seconds(self, argument: str) -> float | None:
        return read_seconds(getattr(self._task, argument), argument)

    def _gives_up_at(self) -> datetime | None:
        """Return when to give up: before Airflow's own timeout leaves the job running."""
        ends = []
        if wait_timeout := _timedelta(self._seconds("wait_timeout")):
            ends.append(datetime.now(UTC) + wait_timeout)
        timeout = self._task.execution_timeout
        if timeout and self._started_at:
            margin = min(TIMEOUT_MARGIN, timeout / 10)
            ends.append(self._started_at + timeout - margin)
        return min(ends, default=None)

    def _exit_codes(self, argument: str) -> frozenset[int]:
        return read_exit_codes(getattr(self._task, argument), argument)

    def _push_last_seen(self, job_id: str) -> None:
        try:
            jobs = self._task.hook.describe([job_id])
        except AwsError as error:
            self._task.log.warning("How job %s is cannot be told: %s", job_id, error)
            return
        for job in jobs:
            self._push_end(job, job.to_summary())

    def _push_end(self, job: Job, summary: dict[str, Any]) -> None:
        self._push("job", summary)
        if page := log_address(job):
            self._push(LOG_XCOM_KEY, page)
            self._task.has_pushed_log_page = self._task.do_xcom_push

    def _conclude(self, job: Job) -> None:
        """Push what is known of a job that has ended; fail or skip the task if it failed."""
        task = self._task
        end = conclude(
            job,
            task=f"{task.dag_id}.{task.task_id}",
            api=lambda: task.hook.api,
            logs=lambda: task.hook.logs,
        )
        self._push_end(job, end.summary)
        if end.failure is None:
            return
        if end.all_ended_with(self._exit_codes("skip_on_exit_code")):
            raise AirflowSkipException(str(end.failure))
        is_hopeless = end.any_ended_with(self._exit_codes("fail_on_exit_code"))
        if is_hopeless or not end.failure.retryable:
            raise AirflowFailException(str(end.failure))
        raise end.failure


def _timedelta(seconds: float | None) -> timedelta | None:
    return None if seconds is None else timedelta(seconds=seconds)
