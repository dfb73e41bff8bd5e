"""The operator's wait after the submit; loaded by waiting tasks only, not when a DAG is parsed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from airflow_fargate_batch._airflow.compat import AirflowFailException, Context, conf, task_state
from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.costs import cost_so_far
from airflow_fargate_batch._airflow.finishing import argument_for
from airflow_fargate_batch._airflow.operator_end import TaskEnd, WaitingTask, name_of, tail_of
from airflow_fargate_batch._airflow.wait_event import WaitEvent, WaitOutcome
from airflow_fargate_batch._airflow.xcom import LOG_POSITION
from airflow_fargate_batch._machine.terminators import terminator_of
from airflow_fargate_batch.core.explanation import Explanation
from airflow_fargate_batch.core.giving_up import left_running, outcome, report
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.termination import when_giving_up
from airflow_fargate_batch.core.wait_settings import Deadline, WaitSettings
from airflow_fargate_batch.exceptions import (
    AwsError,
    FargateBatchError,
    JobCannotStart,
    JobTimedOut,
)
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from airflow_fargate_batch.watching.conclusion import explained, last_lines


class Waiting:
    """A task's wait for a job, in the worker or deferred.

    :param push: pushes an XCom of the task: key and value.
    """

    def __init__(
        self,
        task: WaitingTask,
        context: Context,
        *,
        settings: WaitSettings,
        push: Callable[[str, Any], None],
    ) -> None:
        self._task = task
        self._settings = settings
        self._task_instance = context["ti"]
        self._started_at: datetime | None = context["ti"].start_date
        self._try_number: int = context["ti"].try_number
        self._push = push
        self._end = TaskEnd(task, settings=settings, push=push)

    def wait(self, job_id: str, *, log_index: int | None = None) -> None:
        """Wait as the task's *deferrable* says.

        :param log_index: index of the child of an array whose log is streamed.
        :raises TaskDeferred: to wait in the triggerer; ``take_over`` continues.
        :raises JobTimedOut: the time is over; with *terminate_on_kill* the job was terminated.
        """
        if self._is_deferrable():
            self._defer(job_id, log_index)
        task, settings = self._task, self._settings
        until, limit = self._deadline()
        try:
            job = task.hook.wait(
                job_id,
                poll_interval=settings.poll_interval,
                until=until,
                limit=limit,
                runnable_timeout=settings.runnable_timeout,
                starting_timeout=settings.starting_timeout,
                log_interval=settings.log_interval,
                log_index=log_index,
                on_change=self._end.push_pages_if_possible,
            )
        except JobTimedOut as error:
            kind = AirflowFailException if isinstance(error, JobCannotStart) else JobTimedOut
            raise kind(self._give_up(job_id, error)) from None
        except FargateBatchError:
            text = left_running([Job(id=job_id)], region=self._region_of(None))
            task.log.error("%s", text)  # noqa: TRY400 - Airflow logs the error itself
            raise
        self._end.conclude(job)

    def take_over(self, event: Mapping[str, Any]) -> str:
        """Continue after the trigger's event, and return the job id."""
        end = WaitEvent.read(event)
        job = end.jobs[0] if end.jobs else None
        if end.outcome is WaitOutcome.ENDED and job is not None:
            self._end.conclude(job, end.capacity, end.records_use)
            return job.id
        if job is not None:
            self._end.push(job, job.to_summary() | {"cost": cost_so_far(job)})
        if end.outcome not in (WaitOutcome.GAVE_UP, WaitOutcome.STUCK):
            raise FargateBatchError(end.message)
        text = self._report(end.message or "", job, end.advice, self._explained(job))
        raise (AirflowFailException if end.outcome is WaitOutcome.STUCK else JobTimedOut)(text)

    def _give_up(self, job_id: str, error: JobTimedOut) -> str:
        """Terminate the job if wanted and owned by this try, and write a report."""
        task, ti = self._task, self._task_instance
        terminates, because, failure = self._settings.terminate_on_kill, None, None
        if terminates:
            verdict = when_giving_up(task_state.task_now(ti), error.message)
            if not verdict.terminates:
                terminates, because = False, verdict.why
        before = self._look(job_id)  # a terminated job has left its queue
        explanation = self._explained(before)
        if terminates:
            try:
                task.hook.terminate(job_id, terminator_of(ti).reason(error.message))
            except AwsError as refusal:
                failure = str(refusal)
        job = self._last_seen(job_id)
        became = outcome(
            [job],
            terminated=terminates,
            failure=failure,
            because=because,
            region=self._region_of(job),
        )
        text = "\n".join(line for line in (error.message, error.state, became) if line)
        return self._report(text, job, error.advice, explanation)

    def _explained(self, job: Job | None) -> Explanation | None:
        """Explain a job; a job that AWS did not show has no explanation."""
        if job is None or not job.status_text:
            return None
        return explained(job, lambda: self._task.hook.api, patience=self._task.end_times.evidence)

    def _report(
        self, text: str, job: Job | None, advice: str | None, explanation: Explanation | None
    ) -> str:
        """Add the task, the explanation, the job's last log lines and pages to a text."""
        task = self._task
        return report(
            text,
            task=name_of(task),
            job=job,
            region=self._region_of(job),
            log_lines=last_lines(job, partial(tail_of, task)) if job else (),
            advice=advice,
            explanation=explanation,
        )

    def _region_of(self, job: Job | None) -> str | None:
        """Return a job's region or, if unknown, the connection's; ``None`` if both are unknown."""
        if job and job.region:
            return job.region
        try:
            return self._task.hook.conn_region_name
        except AwsError:
            return None

    def _is_deferrable(self) -> bool:
        if self._settings.deferrable is not None:
            return self._settings.deferrable
        return bool(conf.getboolean("operators", "default_deferrable", fallback=False))

    def _defer(self, job_id: str, log_index: int | None) -> None:
        task, settings = self._task, self._settings
        until, limit = self._deadline()
        trigger = FargateBatchJobTrigger(
            job_ids=[job_id],
            poll_interval=settings.poll_interval,
            wait_until=until.isoformat() if until else None,
            wait_limit=limit,
            runnable_timeout=_seconds(settings.runnable_timeout),
            starting_timeout=_seconds(settings.starting_timeout),
            terminate_on_kill=settings.terminate_on_kill,
            log_interval=settings.log_interval,
            log_index=log_index,
            finish=argument_for(task) if settings.finish_in_triggerer else None,
            **ConnectionSettings.of(task).arguments(),
        )
        if settings.log_interval is not None:
            self._push(LOG_POSITION, {})  # where the trigger keeps how far it has read
        task.defer(
            trigger=trigger,
            method_name="execute_complete",
            kwargs={"try_number": self._try_number},
        )

    def _deadline(self) -> Deadline:
        return self._settings.deadline(
            datetime.now(UTC),
            execution_timeout=self._task.execution_timeout,
            started_at=self._started_at,
        )

    def _last_seen(self, job_id: str) -> Job:
        """Push the job's present state and return the job; if unreadable, with the id only."""
        job = self._look(job_id)
        if job is None:
            return Job(id=job_id)
        self._end.push(job, job.to_summary() | {"cost": cost_so_far(job)})
        return job

    def _look(self, job_id: str) -> Job | None:
        """Return the job's present state; ``None`` if unreadable."""
        try:
            return next(iter(self._task.hook.describe([job_id])), None)
        except AwsError as error:
            self._task.log.warning("Could not read the state of job %s: %s", job_id, error)
            return None


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()
