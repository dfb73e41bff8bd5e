"""What the engine asks of whoever runs commands for real."""

from collections.abc import Sequence
from typing import Protocol

from airflow_fargate_batch.local.jobs import Attempt, Job


class Executor(Protocol):
    """Whoever runs a job's command for real."""

    def takes(self, job: Job) -> bool:
        """Tell whether the job has a command to run."""

    def launch(self, job: Job) -> None:
        """Run it as soon as there is room.

        Call `Engine.began`, say in the attempt how its containers ended, and call `Engine.ended`.
        """

    def stop(self, job: Job) -> bool:
        """Kill what runs for it, so that `Engine.ended` follows; ``False`` if nothing does."""

    def wake(self) -> None:
        """Look again when the next event is due."""

    def write_log(self, attempt: Attempt, lines: Sequence[str]) -> None:
        """Put the lines of a scripted attempt into its log stream."""
