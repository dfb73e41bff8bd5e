"""Times that a trigger waits; one value, so that a test can wait less."""

from dataclasses import dataclass, field
from typing import Final

from airflow_fargate_batch.core.call_rate import CallRate
from airflow_fargate_batch.core.log_reading import QUIET
from airflow_fargate_batch.core.polling import POLL_TIMES, PollTimes
from airflow_fargate_batch.core.waiting import LOOK_TIMES, LookTimes

SETTLING: Final = 10.0
"""Least number of seconds from the start of a trigger to its event.

A busy scheduler reads the executor's reports only every few seconds. If a task is resumed at once,
the task is queued again before the scheduler has read that the worker which deferred the task is
done. The scheduler then takes that report for the end of the new run: the scheduler fails the task
or, if retries are left, runs the task from the start. Ten seconds leave time for the report to be
read first."""
TERMINATE_PAUSES: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each attempt to terminate a job; the sum is less than ``[triggerer]
on_kill_timeout`` (30 s)."""
ASK_PATIENCE: Final = 10.0
"""Seconds to wait for Airflow's answer about the task. A triggerer that shuts down gives no answer.
Together with the first attempts to terminate a job, the wait must be shorter than
``on_kill_timeout``."""
ASK_AGAIN: Final = 2.0
"""Seconds between two questions, if Airflow could not answer the first."""
GIVE_UP_PATIENCE: Final = 300.0
"""Seconds to wait for Airflow's answer before a job is given up: nothing hurries then, and a job
that is left running costs money. A triggerer that was just restarted may be busy for a minute."""

KEEP_EVERY: Final = 15.0
"""Least number of seconds between two writes of a log position."""
WRITES: Final = 5.0
"""Writes a second of all triggers together: a write keeps Airflow 3's supervisor busy for up to
40 ms."""
IN_FLIGHT: Final = 1.0
"""Seconds until a logged line has reached the task's log. A line counts as read only after this
time, because a killed triggerer loses the lines still on the way."""
POSITION_PATIENCE: Final = 60.0
"""Seconds to wait for a kept position: a restarted triggerer asks for the positions of all logs."""
_WRITE_RATE: Final = CallRate(fastest=WRITES, slowest=WRITES, gain=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogTimes:
    """Times of a job's log, in seconds.

    Attributes:
        quiet: Time without a new line after which an ended job's log is complete.
        write_rate: Shared by all triggers of the process.
    """

    quiet: float = QUIET
    keep_every: float = KEEP_EVERY
    in_flight: float = IN_FLIGHT
    position_patience: float = POSITION_PATIENCE
    write_rate: CallRate = field(default_factory=lambda: _WRITE_RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerTimes:
    """Times of a trigger, in seconds: the constants of this module explain each."""

    settling: float = SETTLING
    terminate_pauses: tuple[float, ...] = TERMINATE_PAUSES
    ask_patience: float = ASK_PATIENCE
    ask_again: float = ASK_AGAIN
    give_up_patience: float = GIVE_UP_PATIENCE
    poll: PollTimes = POLL_TIMES
    look: LookTimes = LOOK_TIMES
    log: LogTimes = field(default_factory=LogTimes)
