"""Progress of a benchmark on stderr: a full run takes minutes, and its tables come at each end."""

import time

from rich.console import Console

_console = Console(stderr=True, highlight=False)
_started = time.monotonic()


def step(text: str) -> None:
    """Print the step that begins, behind the seconds since the start."""
    _console.print(f"[dim]{time.monotonic() - _started:5.0f} s  {text}[/]")
