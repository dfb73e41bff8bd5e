"""Interface between the engine and the runner of commands."""

from collections.abc import Sequence
from typing import Protocol

from airflow_fargate_batch.local.jobs import LocalAttempt, LocalJob


class Executor(Protocol):
    """Runner of jobs' commands."""

    def takes(self, job: LocalJob) -> bool:
        """Return whether the job has a command to run."""

    def launch(self, job: LocalJob) -> None:
        """Run the job as soon as a slot is free.

        Call `Engine.began`, record the containers' exit codes in the attempt, then `Engine.ended`.
        """

    def stop(self, job: LocalJob) -> bool:
        """Kill the job's processes, so that `Engine.ended` follows; ``False`` without processes."""

    def wake(self) -> None:
        """Call `Engine.settle` when the next event is due."""

    def write_log(self, attempt: LocalAttempt, lines: Sequence[str]) -> None:
        """Write the lines of a scripted attempt to its log stream."""
