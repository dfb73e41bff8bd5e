"""The operator's wait after the submit; loaded by waiting tasks only, not when a DAG is parsed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from airflow_fargate_batch._airflow import compat, items
from airflow_fargate_batch._airflow.compat import (
    AirflowFailException,
    AirflowSkipException,
    Context,
    conf,
)
from airflow_fargate_batch._airflow.connection import ConnectionSettings, HasConnection
from airflow_fargate_batch._airflow.costs import cost_of_ended, cost_so_far
from airflow_fargate_batch._airflow.final_failure import without_retries
from airflow_fargate_batch._airflow.finishing import argument_for
from airflow_fargate_batch._airflow.masking import hidden
from airflow_fargate_batch._airflow.metrics import TaskMetrics
from airflow_fargate_batch._airflow.use import use_of_ended
from airflow_fargate_batch._airflow.wait_event import WaitEvent, WaitOutcome
from airflow_fargate_batch._airflow.xcom import JOB, LOG_POSITION, RESULT
from airflow_fargate_batch._machine.terminators import terminator_of
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.explanation import Explanation
from airflow_fargate_batch.core.giving_up import left_running, outcome, report
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.remote_call import read_location
from airflow_fargate_batch.core.termination import when_giving_up
from airflow_fargate_batch.core.wait_settings import Deadline, WaitSettings
from airflow_fargate_batch.exceptions import (
    AwsError,
    FargateBatchError,
    JobCannotStart,
    JobTimedOut,
    UnusableResult,
)
from airflow_fargate_batch.links import HasPages, pages_of, push_pages
from airflow_fargate_batch.triggers import FargateBatchJobTrigger
from airflow_fargate_batch.watching.conclusion import conclude, explained, last_lines
from airflow_fargate_batch.watching.result_reader import result_of

if TYPE_CHECKING:
    from airflow_fargate_batch.core.items import Items
    from airflow_fargate_batch.hooks import FargateBatchHook


class WaitingTask(HasPages, HasConnection, Protocol):
    """The part of the operator used by the wait."""

    execution_timeout: timedelta | None
    has_items: bool
    """Whether *items* is given, also if it resolves to nothing."""
    last_job: Job | None
    result: Any
    payload_location: str | None
    pushes_result: bool

    @property
    def dag_id(self) -> str:
        """Id of the DAG."""

    task_id: str

    @property
    def log(self) -> Any:
        """Logger of the task; not a ``logging.Logger`` on Airflow 3."""

    @property
    def defer(self) -> Any:
        """``BaseOperator.defer``."""

    @property
    def hook(self) -> "FargateBatchHook":
        """The hook that calls AWS."""

    def request_arguments(self) -> dict[str, Any]:
        """Return the rendered arguments of the request, secrets included."""


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
                on_change=self._push_pages_if_possible,
            )
        except JobTimedOut as error:
            kind = AirflowFailException if isinstance(error, JobCannotStart) else JobTimedOut
            raise kind(self._give_up(job_id, error)) from None
        except FargateBatchError:
            text = left_running([Job(id=job_id)], region=self._region_of(None))
            task.log.error("%s", text)  # noqa: TRY400 - Airflow logs the error itself
            raise
        self._conclude(job)

    def take_over(self, event: Mapping[str, Any]) -> str:
        """Continue after the trigger's event, and return the job id."""
        end = WaitEvent.read(event)
        job = end.jobs[0] if end.jobs else None
        if end.outcome is WaitOutcome.ENDED and job is not None:
            self._conclude(job, end.capacity, end.records_use)
            return job.id
        if job is not None:
            self._push_end(job, job.to_summary() | {"cost": cost_so_far(job)})
        if end.outcome not in (WaitOutcome.GAVE_UP, WaitOutcome.STUCK):
            raise FargateBatchError(end.message)
        text = self._report(end.message or "", job, end.advice, self._explained(job))
        raise (AirflowFailException if end.outcome is WaitOutcome.STUCK else JobTimedOut)(text)

    def _give_up(self, job_id: str, error: JobTimedOut) -> str:
        """Terminate the job if wanted and owned by this try, and write a report."""
        task, ti = self._task, self._task_instance
        terminates, because, failure = self._settings.terminate_on_kill, None, None
        if terminates:
            verdict = when_giving_up(compat.task_now(ti), error.message)
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
        return explained(job, lambda: self._task.hook.api)

    def _report(
        self, text: str, job: Job | None, advice: str | None, explanation: Explanation | None
    ) -> str:
        """Add the task, the explanation, the job's last log lines and pages to a text."""
        task = self._task
        return report(
            text,
            task=self._name,
            job=job,
            region=self._region_of(job),
            log_lines=last_lines(job, lambda: task.hook.logs) if job else (),
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

    @property
    def _name(self) -> str:
        """DAG id and task id, for messages."""
        return f"{self._task.dag_id}.{self._task.task_id}"

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
        self._push_end(job, job.to_summary() | {"cost": cost_so_far(job)})
        return job

    def _look(self, job_id: str) -> Job | None:
        """Return the job's present state; ``None`` if unreadable."""
        try:
            return next(iter(self._task.hook.describe([job_id])), None)
        except AwsError as error:
            self._task.log.warning("Could not read the state of job %s: %s", job_id, error)
            return None

    def _push_end(self, job: Job, summary: dict[str, Any]) -> None:
        self._task.last_job = job
        self._push(JOB, summary)
        self._push_pages(job)

    def _push_pages(self, job: Job) -> None:
        """Push newly known addresses of console pages."""
        push_pages(self._task, pages_of(job), self._push)

    def _push_pages_if_possible(self, job: Job) -> None:
        try:
            self._push_pages(job)
        except Exception as error:  # noqa: BLE001 - whatever an XCom backend raises; a link is no reason to fail a task
            self._task.log.warning("Could not push the links of job %s: %s", job.id, error)

    def _items_of(self, job: Job) -> "Items | None":
        """Return the list that the children of a failed job share; ``None`` if not known."""
        task = self._task
        return items.of_job(
            job,
            given=task.request_arguments(),
            lists=lambda: task.hook.lists,
            log=task.log,
        )

    def _take_result(self, job: Job) -> None:
        """Read the result of a job that succeeded, and push it."""
        task = self._task
        try:
            task.result = result_of(job, task.hook, read_location(task.payload_location))
        except UnusableResult as error:
            raise AirflowFailException(str(error)) from None  # a retry would read the same line
        if task.pushes_result:
            self._push(RESULT, task.result)

    def _conclude(
        self, job: Job, capacity: Capacity | None = None, records_use: bool | None = None
    ) -> None:
        """Push the summary of an ended job, and log its cost; fail or skip the task if it failed.

        :param capacity: capacity of the job's queue; ``None`` if nobody has asked AWS yet.
        :param records_use: whether the queue records CPU and memory; ``None`` like *capacity*.
        """
        task = self._task
        skips, fails = self._settings.skip_on_exit_code, self._settings.fail_on_exit_code
        end = conclude(
            job,
            task=self._name,
            api=lambda: task.hook.api,
            logs=lambda: task.hook.logs,
            items=partial(self._items_of, job) if task.has_items else None,
            hidden=hidden,
            every_child=bool(skips or fails),
        )
        cost = cost_of_ended(
            job,
            capacity=capacity,
            api=lambda: task.hook.api,
            connection=ConnectionSettings.of(task),
        )
        use = use_of_ended(
            job,
            records_use=records_use,
            hook=lambda: task.hook,
            connection=ConnectionSettings.of(task),
        )
        self._push_end(job, end.summary | {"cost": cost.to_summary(), "use": use})
        task.log.info("%s", cost.describe())
        TaskMetrics(task.dag_id, task.task_id).ended(job)
        if end.failure is None:
            if self._settings.result_from_log:
                self._take_result(job)
            return
        if end.all_ended_with(skips):
            said = _among(end.exit_codes & skips, "skip_on_exit_code")
            raise AirflowSkipException(f"{end.failure}\nThe task is skipped: {said}.")
        if end.any_ended_with(fails):
            said = _among(end.exit_codes & fails, "fail_on_exit_code")
            text = f"{end.failure}\nThe task fails without retries: {said}."
            raise without_retries(end.failure, text)
        if not end.failure.retryable:
            raise without_retries(end.failure)
        raise end.failure


def _among(exit_codes: Iterable[int | None], argument: str) -> str:
    """Write that exit codes are listed in an argument."""
    codes = sorted(code for code in exit_codes if code is not None)
    what = "exit code" if len(codes) == 1 else "exit codes"
    return f"{what} {', '.join(map(str, codes))} {'is' if len(codes) == 1 else 'are'} in {argument}"


def _seconds(time: timedelta | None) -> float | None:
    return None if time is None else time.total_seconds()
