"""The settings of a task's wait for its job, parsed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final, NamedTuple, Protocol, Self, TypeVar

from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.request import read_exit_codes, read_seconds
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

Value = TypeVar("Value")

TIMEOUT_MARGIN: Final = timedelta(seconds=30)
"""Time between giving up and Airflow's execution_timeout, needed to terminate the job."""

_RESULT_OF_NO_WAIT: Final = Problem(
    "result_from_log",
    "the task does not wait for the job, so there is no result to read: set deferrable=True or "
    "wait_for_completion=True",
    "set deferrable=True or wait_for_completion=True",
    involves=("wait_for_completion", "deferrable"),
)
_RESULT_OF_A_PART: Final = Problem(
    "result_from_log",
    "is set together with rerun_failed_only, and a retry then has the results of the failed "
    "children only: remove one of them",
    "remove one of them",
    involves=("rerun_failed_only",),
)
_FINISH_OF_NO_DEFERRAL: Final = Problem(
    "finish_in_triggerer",
    "the task does not wait in the triggerer, so it cannot end there: set deferrable=True, or "
    "remove finish_in_triggerer",
    "set deferrable=True, or remove finish_in_triggerer",
    involves=("wait_for_completion", "deferrable"),
)
_FINISH_WITH_A_RESULT: Final = Problem(
    "finish_in_triggerer",
    "is set together with result_from_log, and only a worker reads the result: remove one of them",
    "remove one of them",
    involves=("result_from_log",),
)


class Deadline(NamedTuple):
    """Moment to give up a wait, with its source for people; ``None`` means no limit."""

    until: datetime | None = None
    limit: str | None = None


class WaitArguments(Protocol):
    """The operator's arguments about waiting, as given: times are seconds or timedeltas."""

    deferrable: bool | None
    poll_interval: Any
    runnable_timeout: Any
    starting_timeout: Any
    wait_timeout: Any
    terminate_on_kill: bool
    skip_on_exit_code: Any
    fail_on_exit_code: Any
    awslogs_enabled: bool
    awslogs_fetch_interval: Any
    wait_for_completion: bool | None
    result_from_log: bool
    rerun_failed_only: bool
    finish_in_triggerer: bool


DEFAULTS: Final[Mapping[str, object]] = {
    "deferrable": None,
    "poll_interval": POLL_INTERVAL,
    "runnable_timeout": None,
    "starting_timeout": None,
    "wait_timeout": None,
    "terminate_on_kill": True,
    "skip_on_exit_code": None,
    "fail_on_exit_code": None,
    "awslogs_enabled": False,
    "awslogs_fetch_interval": 30.0,
    "wait_for_completion": None,
    "result_from_log": False,
    "rerun_failed_only": False,
    "finish_in_triggerer": False,
}
"""The operator's defaults: a task that gives nothing else needs no check."""
_NOTHING_GIVEN: Final = tuple(DEFAULTS.values())
_as_given: Final = attrgetter(*DEFAULTS)


def _contradictions(given: WaitArguments) -> Iterator[Problem]:
    if given.result_from_log and not given.wait_for_completion:
        yield _RESULT_OF_NO_WAIT
    if given.result_from_log and given.rerun_failed_only:
        yield _RESULT_OF_A_PART
    if given.finish_in_triggerer and (not given.wait_for_completion or given.deferrable is False):
        yield _FINISH_OF_NO_DEFERRAL
    if given.finish_in_triggerer and given.result_from_log:
        yield _FINISH_WITH_A_RESULT


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitSettings:
    """All settings of a wait; timeouts of ``None`` mean no limit.

    Attributes:
        deferrable: Whether to wait in the triggerer; ``None`` leaves the choice to Airflow's
            ``default_deferrable``.
        poll_interval: Seconds between two polls of the job.
        runnable_timeout: Longest time in RUNNABLE (waiting for capacity).
        starting_timeout: Longest time in STARTING.
        wait_timeout: Longest time from the submit to the job's end.
        terminate_on_kill: Whether to terminate the job at the end of the wait.
        log_interval: Seconds between two reads of the job's log; ``None`` means no reads.
        skip_on_exit_code: Exit codes that skip the task.
        fail_on_exit_code: Exit codes that fail the task without retries.
        result_from_log: Whether the job's result is read from the log.
        finish_in_triggerer: Whether a deferred task whose job succeeded ends in the triggerer.
    """

    deferrable: bool | None = None
    poll_interval: float = POLL_INTERVAL
    runnable_timeout: timedelta | None = None
    starting_timeout: timedelta | None = None
    wait_timeout: timedelta | None = None
    terminate_on_kill: bool = True
    log_interval: float | None = None
    skip_on_exit_code: frozenset[int] = frozenset()
    fail_on_exit_code: frozenset[int] = frozenset()
    result_from_log: bool = False
    finish_in_triggerer: bool = False

    @classmethod
    def read(cls, given: WaitArguments) -> Self:
        """Parse the arguments.

        :raises InvalidRequest: with all problems.
        """
        if _as_given(given) == _NOTHING_GIVEN:  # nearly always, for every task when a DAG is read
            return cls()
        problems: list[Problem] = []

        def parsed(read: Callable[[object, str], Value], value: object, name: str) -> Value | None:
            try:
                return read(value, name)
            except InvalidRequest as error:
                problems.extend(error.problems)
                return None

        def time(value: object, name: str) -> timedelta | None:
            seconds = parsed(read_seconds, value, name)
            return None if seconds is None else timedelta(seconds=seconds)

        interval = parsed(read_seconds, given.poll_interval, "poll_interval")
        log_interval = parsed(read_seconds, given.awslogs_fetch_interval, "awslogs_fetch_interval")
        skips = parsed(read_exit_codes, given.skip_on_exit_code, "skip_on_exit_code")
        fails = parsed(read_exit_codes, given.fail_on_exit_code, "fail_on_exit_code")
        problems += _contradictions(given)
        settings = cls(
            deferrable=given.deferrable,
            poll_interval=interval or POLL_INTERVAL,
            runnable_timeout=time(given.runnable_timeout, "runnable_timeout"),
            starting_timeout=time(given.starting_timeout, "starting_timeout"),
            wait_timeout=time(given.wait_timeout, "wait_timeout"),
            terminate_on_kill=given.terminate_on_kill,
            log_interval=log_interval if given.awslogs_enabled else None,
            skip_on_exit_code=skips or frozenset(),
            fail_on_exit_code=fails or frozenset(),
            result_from_log=given.result_from_log,
            finish_in_triggerer=given.finish_in_triggerer,
        )
        if problems:
            raise InvalidRequest(problems)
        return settings

    def deadline(
        self, now: datetime, *, execution_timeout: timedelta | None, started_at: datetime | None
    ) -> Deadline:
        """Return the moment to give up: before Airflow's own timeout, to terminate the job first.

        :param now: moment after the submit.
        :param started_at: start of the task, from which *execution_timeout* counts.
        """
        ends: list[Deadline] = []
        if self.wait_timeout:
            said = f"`wait_timeout` is {duration(self.wait_timeout)}"
            ends.append(Deadline(now + self.wait_timeout, said))
        if execution_timeout and started_at:
            margin = min(TIMEOUT_MARGIN, execution_timeout / 10)
            said = (
                f"execution_timeout is {duration(execution_timeout)}, "
                f"less {duration(margin)} to clean up"
            )
            ends.append(Deadline(started_at + execution_timeout - margin, said))
        return min(ends, default=Deadline())
