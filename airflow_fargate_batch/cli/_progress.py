"""What a person sees while a command goes on: a bar on a terminal, lines in a pipe."""

import os
import sys
from types import TracebackType
from typing import Protocol, Self

from airflow_fargate_batch.cli import _console


class View(Protocol):
    """What is told about work under way; each way to show it leaves out what it has no place for.

    What else is said on stderr in the meantime appears above it.
    """

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def tell(self, change: str) -> None:
        """Show a change."""

    def show(self, what: str, done: int, total: int, said: str) -> None:
        """Show how many of how many are done, and a few words on the others."""


def view() -> View:
    """Choose a view for whoever reads stderr."""
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

    def tell(self, change: str) -> None:
        """Say it."""
        _console.talk(change)

    def show(self, what: str, done: int, total: int, said: str) -> None:
        """Leave it out: the changes add up to it."""


class Bars:
    """A progress bar for each sort of thing that is counted."""

    def __init__(self) -> None:
        from rich.console import Console  # here, because only terminals need it
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
            console=Console(stderr=True, soft_wrap=True),  # what is said stays whole: it has links
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

    def tell(self, change: str) -> None:
        """Leave it out: the bars show what it comes to."""

    def show(self, what: str, done: int, total: int, said: str) -> None:
        """Move the bar."""
        if what not in self._rows:
            self._rows[what] = self._progress.add_task(what, total=total, said=said)
        self._progress.update(self._rows[what], completed=done, total=total, said=said)
