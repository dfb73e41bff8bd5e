"""Progress of a command on stderr: bars on a terminal, a line for each change elsewhere."""

import os
import sys
from types import TracebackType
from typing import Protocol, Self

from airflow_fargate_batch.cli import _console


class View(Protocol):
    """Progress display. Bars show only counts, and lines show only changes.

    Other messages on stderr appear above the bars.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def report(self, change: str) -> None:
        """Show a change as a line."""

    def show(self, what: str, done: int, total: int, said: str) -> None:
        """Show the count *done* of *total*, and a few words about the rest."""


def view() -> View:
    """Return bars if stderr is a terminal that can draw bars, else lines."""
    is_drawable = _console.is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
    return Bars() if is_drawable else Lines()


class Lines:
    """A line for each change."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def report(self, change: str) -> None:
        """Write the change to stderr."""
        _console.talk(change)

    def show(self, what: str, done: int, total: int, said: str) -> None:
        """Show nothing: the changes add up to the counts."""


class Bars:
    """A progress bar for each counted noun, such as ``jobs``."""

    def __init__(self) -> None:
        from rich.console import Console  # imported here: only terminals need rich
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TaskID,
            TextColumn,
            TimeElapsedColumn,
        )

        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            console=Console(stderr=True, soft_wrap=True),  # messages contain links: do not wrap
            redirect_stdout=False,
        )
        self._rows: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def report(self, change: str) -> None:
        """Show nothing: the bars show the resulting counts."""

    def show(self, what: str, done: int, total: int, said: str) -> None:
        """Update the bar for *what*."""
        if what not in self._rows:
            self._rows[what] = self._progress.add_task(what, total=total, said=said)
        self._progress.update(self._rows[what], completed=done, total=total, said=said)
