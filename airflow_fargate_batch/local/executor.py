"""Interface between the engine and the runner of commands."""

from collections.abc import Sequence
from typing import Protocol

from airflow_fargate_batch.local.jobs import Attempt, Job


class Executor(Protocol):
    """Runner of jobs' commands."""

    def takes(self, job: Job) -> bool:
        """Return whether the job has a command to run."""

    def launch(self, job: Job) -> None:
        """Run the job as soon as a slot is free.

        Call `Engine.began`, record the containers' exit codes in the attempt, then `Engine.ended`.
        """

    def stop(self, job: Job) -> bool:
        """Kill the job's processes, so that `Engine.ended` follows; ``False`` without processes."""

    def wake(self) -> None:
        """Call `Engine.settle` when the next event is due."""

    def write_log(self, attempt: Attempt, lines: Sequence[str]) -> None:
        """Write the lines of a scripted attempt to its log stream."""
