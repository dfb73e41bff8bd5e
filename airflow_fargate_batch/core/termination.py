"""Whether a process may terminate the job that it waits for, and the reason it gives to AWS.

A process can outlive its own try. Airflow starts the next try after a missed heartbeat, or after a
scheduler was restarted, while the old process still runs. The next try adopts the job; only then
does the old process get its SIGTERM, or notice that its time is over. So a process terminates a
job only if Airflow says that the task has ended, or that the process still runs the current try.
If Airflow does not answer, the process leaves the job running and reports it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core import limits

DELETED: Final = "deleted"
"""State of a task instance that Airflow no longer has: somebody deleted the DAG run."""
OUTSIDE_AIRFLOW: Final = "outside Airflow"
"""State of a task that no Airflow runs, for example in a unit test: no other try can exist."""

ENDED: Final[Mapping[str, str]] = {
    "success": "The task was set to success",
    "failed": "The task was set to failed",
    "skipped": "The task was set to skipped",
    "upstream_failed": "The task was set to upstream_failed",
    "removed": "The task was removed from its DAG",
    "restarting": "The task was cleared",
    DELETED: "The DAG run was deleted",
    OUTSIDE_AIRFLOW: "The task was stopped",
}
"""States in which no try of a task runs or will adopt its job, with the reason to terminate it.

Source: ``airflow.utils.state.TaskInstanceState``. A person sets them, or Airflow does: a DAG run's
timeout sets ``skipped``, a missed heartbeat without retries sets ``failed``. A cleared task passes
through ``restarting`` if it was running; later states of a cleared task equal those of a retry, and
the first try after a clear terminates the older jobs itself."""

TIMED_OUT: Final = "The task's execution_timeout expired"
CLEARED: Final = "The task was cleared"

OTHER_TRY: Final = "another try of the task has begun, and may have adopted the job"
TAKEN_OVER: Final = "the task is no longer deferred, and the next try may adopt the job"
STILL_DEFERRED: Final = "the task is still deferred, and a triggerer will watch the job"
SHUT_DOWN: Final = "Airflow stops the process, but not the task; the next try adopts the job"
LAST_TRY: Final = "Airflow stops the process, but not the task, and the task has no retries left"
UNKNOWN: Final = "Airflow did not answer whether the task has ended"
"""Why a job is left running."""

_ID_LENGTH: Final = 160
_SENTENCE_LENGTH: Final = 300
_CUT: Final = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskNow:
    """A task instance as Airflow has it at this moment.

    Attributes:
        state: The task instance's state, ``DELETED`` or ``OUTSIDE_AIRFLOW``; ``None`` while the
            task waits to be scheduled.
        is_own_try: Whether the process that asks runs the current try; for a trigger, whether the
            task still waits for it.
    """

    state: str | None
    is_own_try: bool

    @property
    def end(self) -> str | None:
        """End of the task, as a sentence; ``None`` if the task has not ended."""
        return ENDED.get(self.state or "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to terminate a job, and why, or why not."""

    terminates: bool
    why: str


def when_killed(now: TaskNow | None, *, timed_out: bool = False, is_last_try: bool) -> Verdict:
    """Decide what a worker's process does with its job when Airflow calls ``on_kill``.

    :param now: the task instance; ``None`` if Airflow did not answer.
    :param timed_out: whether Airflow calls because the task's execution_timeout expired.
    :param is_last_try: whether the task has no retries left.
    """
    if now is None:
        return Verdict(False, UNKNOWN)
    if now.end:
        return Verdict(True, now.end)
    if not now.is_own_try:
        return Verdict(False, OTHER_TRY)
    if timed_out:
        return Verdict(True, TIMED_OUT)
    return Verdict(False, LAST_TRY if is_last_try else SHUT_DOWN)


def when_cancelled(now: TaskNow | None) -> Verdict:
    """Decide what a trigger does with its jobs when Airflow cancels it or calls ``on_kill``.

    Airflow 3.3 calls ``on_kill`` also in a triggerer that froze and whose triggers another
    triggerer has taken over.
    """
    if now is None:
        return Verdict(False, UNKNOWN)
    if now.end:
        return Verdict(True, now.end)
    return Verdict(False, STILL_DEFERRED if now.is_own_try else TAKEN_OVER)


def when_giving_up(now: TaskNow | None, why: str) -> Verdict:
    """Decide what a process does with a job whose wait is over.

    :param why: what the process waited for in vain.
    """
    if now is None:
        return Verdict(False, UNKNOWN)
    if now.end or now.is_own_try:
        return Verdict(True, why)
    return Verdict(False, OTHER_TRY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminator:
    """The task that terminates a job, as far as it is known.

    Attributes:
        dag_id: The DAG; ``None`` outside Airflow, like all others.
        task_id: The task.
        run_id: The DAG run.
        map_index: The index of a mapped task; -1 for a task that is not mapped.
        try_number: The try that terminates the job.
        host: The machine.
    """

    dag_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    map_index: int = -1
    try_number: int | None = None
    host: str | None = None

    def reason(self, why: str) -> str:
        """Return the reason for TerminateJob, which becomes the job's ``statusReason``.

        :param why: one sentence; only its first line is used.
        """
        known = {
            "DAG": self.dag_id,
            "task": self.task_id,
            "run": self.run_id,
            "map index": self.map_index if self.map_index >= 0 else None,
            "try": self.try_number,
            "host": self.host,
        }
        who = ", ".join(
            f"{name} {_cut(str(value), _ID_LENGTH)}"
            for name, value in known.items()
            if value is not None
        )
        sentence = _cut(why.strip().partition("\n")[0].rstrip("."), _SENTENCE_LENGTH)
        return legal_reason(f"{sentence} ({who})" if who else sentence)


def legal_reason(text: str) -> str:
    """Return a reason that AWS takes: one line, cut to the API's limit."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return _cut(" ".join(line.split()), limits.REASON_LENGTH) or "Terminated"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - len(_CUT)] + _CUT
