"""The end of a task that waited for its job: XComs, cost, result, and success, skip or failure."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from airflow_fargate_batch._airflow import items
from airflow_fargate_batch._airflow.compat import AirflowFailException, AirflowSkipException
from airflow_fargate_batch._airflow.connection import ConnectionSettings, HasConnection
from airflow_fargate_batch._airflow.costs import cost_of_ended
from airflow_fargate_batch._airflow.end_times import EndTimes
from airflow_fargate_batch._airflow.final_failure import without_retries
from airflow_fargate_batch._airflow.masking import hidden
from airflow_fargate_batch._airflow.metrics import TaskMetrics
from airflow_fargate_batch._airflow.use import use_of_ended
from airflow_fargate_batch._airflow.xcom import JOB, RESULT
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.remote_call import read_location
from airflow_fargate_batch.core.wait_settings import WaitSettings
from airflow_fargate_batch.exceptions import JobFailed, UnusableResult
from airflow_fargate_batch.links import HasPages, pages_of, push_pages
from airflow_fargate_batch.watching.conclusion import Conclusion, conclude
from airflow_fargate_batch.watching.log_tail import LogTail
from airflow_fargate_batch.watching.result_reader import result_of

if TYPE_CHECKING:
    from airflow_fargate_batch.core.items import Items
    from airflow_fargate_batch.hooks import FargateBatchHook


class WaitingTask(HasPages, HasConnection, Protocol):
    """The part of the operator used by the wait and at its end."""

    end_times: ClassVar[EndTimes]
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


class TaskEnd:
    """The end of a task that waited for its job.

    :param push: pushes an XCom of the task: key and value.
    """

    def __init__(
        self, task: WaitingTask, *, settings: WaitSettings, push: Callable[[str, Any], None]
    ) -> None:
        self._task = task
        self._settings = settings
        self._push = push

    def push(self, job: Job, summary: dict[str, Any]) -> None:
        """Push the summary of a job as last seen, and the addresses of its console pages."""
        self._task.last_job = job
        self._push(JOB, summary)
        self._push_pages(job)

    def _push_pages(self, job: Job) -> None:
        """Push newly known addresses of console pages."""
        push_pages(self._task, pages_of(job), self._push)

    def push_pages_if_possible(self, job: Job) -> None:
        """Push newly known addresses of console pages while the task still waits."""
        try:
            self._push_pages(job)
        except Exception as error:  # noqa: BLE001 - whatever an XCom backend raises; a link is no reason to fail a task
            self._task.log.warning("Could not push the links of job %s: %s", job.id, error)

    def conclude(
        self, job: Job, capacity: Capacity | None = None, records_use: bool | None = None
    ) -> None:
        """Push the summary of an ended job, and log its cost; fail or skip the task if it failed.

        :param capacity: capacity of the job's queue; ``None`` if nobody has asked AWS yet.
        :param records_use: whether the queue records CPU and memory; ``None`` like *capacity*.
        """
        task, connection = self._task, ConnectionSettings.of(self._task)
        end = self._conclusion(job)
        cost = cost_of_ended(
            job,
            capacity=capacity,
            api=lambda: task.hook.api,
            connection=connection,
            patience=task.end_times.cost,
        )
        use = use_of_ended(
            job,
            records_use=records_use,
            hook=lambda: task.hook,
            connection=connection,
            patience=task.end_times.use,
        )
        self.push(job, end.summary | {"cost": cost.to_summary(), "use": use})
        task.log.info("%s", cost.describe())
        TaskMetrics(task.dag_id, task.task_id).ended(job)
        if end.failure is not None:
            raise self._error(end, end.failure)
        if self._settings.result_from_log:
            self._take_result(job)

    def _conclusion(self, job: Job) -> Conclusion:
        task, settings = self._task, self._settings
        return conclude(
            job,
            task=name_of(task),
            api=lambda: task.hook.api,
            tail=partial(tail_of, task),
            items=partial(self._items_of, job) if task.has_items else None,
            hidden=hidden,
            every_child=bool(settings.skip_on_exit_code or settings.fail_on_exit_code),
            patience=task.end_times.evidence,
        )

    def _items_of(self, job: Job) -> "Items | None":
        """Return the list that the children of a failed job share; ``None`` if not known."""
        task = self._task
        return items.of_job(
            job,
            given=task.request_arguments(),
            lists=lambda: task.hook.lists,
            log=task.log,
        )

    def _error(self, end: Conclusion, failure: JobFailed) -> Exception:
        """Return the exception that skips the task, fails it for good, or lets Airflow retry."""
        skips, fails = self._settings.skip_on_exit_code, self._settings.fail_on_exit_code
        if end.all_ended_with(skips):
            said = _among(end.exit_codes & skips, "skip_on_exit_code")
            return AirflowSkipException(f"{failure}\nThe task is skipped: {said}.")
        if end.any_ended_with(fails):
            said = _among(end.exit_codes & fails, "fail_on_exit_code")
            return without_retries(failure, f"{failure}\nThe task fails without retries: {said}.")
        return failure if failure.retryable else without_retries(failure)

    def _take_result(self, job: Job) -> None:
        """Read the result of a job that succeeded, and push it."""
        task = self._task
        try:
            location, clock = read_location(task.payload_location), task.hook.clock
            task.result = result_of(job, task.hook, location, now=clock.date, sleep=clock.sleep)
        except UnusableResult as error:
            raise AirflowFailException(str(error)) from None  # a retry would read the same line
        if task.pushes_result:
            self._push(RESULT, task.result)


def name_of(task: WaitingTask) -> str:
    """Return DAG id and task id, for messages."""
    return f"{task.dag_id}.{task.task_id}"


def tail_of(task: WaitingTask) -> LogTail:
    """Return a reader of the last log lines of the task's job."""
    return LogTail(task.hook.logs, sleep=task.hook.clock.sleep)


def _among(exit_codes: Iterable[int | None], argument: str) -> str:
    """Write that exit codes are listed in an argument."""
    codes = sorted(code for code in exit_codes if code is not None)
    what = "exit code" if len(codes) == 1 else "exit codes"
    return f"{what} {', '.join(map(str, codes))} {'is' if len(codes) == 1 else 'are'} in {argument}"
