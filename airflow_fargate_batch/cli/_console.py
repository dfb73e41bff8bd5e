"""Where words go: stdout is data, for the next program; stderr is talk, for a person."""

import json
import os
import sys
from contextlib import suppress
from typing import Any, Final, TextIO

BOLD: Final = "1"
DIM: Final = "2"
RED: Final = "1;31"
YELLOW: Final = "1;33"

_has_failed = False
"""Whether some output could not be written."""


def data(text: str) -> bool:
    """Write a result to stdout, now; return whether stdout took it.

    The command goes on if it did not: a job is neither lost nor unsubmitted because nobody reads.
    A reader that has gone away is no error; a full disk is one, of the whole command.
    """
    if sys.stdout is None:
        return False
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    writable = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        print(writable, flush=True)  # noqa: T201 - this is what a command line is for
    except BrokenPipeError:
        give_up_stdout()
        return False
    except OSError as failure:
        could_not_write(failure)
        return False
    return True


def could_not_write(failure: OSError) -> None:
    """Say that stdout takes no more, and remember it for the exit code."""
    global _has_failed
    _has_failed = True
    error(f"Could not write the output: {failure.strerror or failure}")
    give_up_stdout()


def has_failed() -> bool:
    """Tell whether some output could not be written."""
    return _has_failed


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """Write a value as JSON for stdout, which may not know every character.

    :param indent: ``None`` for one line.
    """
    is_unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=not is_unicode)


def talk(text: str) -> None:
    """Say something on stderr, unless nobody listens: that is no reason to fail."""
    if sys.stderr is None:  # closed; print would take stdout in its place
        return
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what a command line is for
    except OSError:
        _give_up(sys.stderr)
        sys.stderr = None  # as Python has it if it starts without one


def note(text: str) -> None:
    """Say what became of something."""
    talk(f"{painted('note:', BOLD, sys.stderr)} {text}")


def warning(text: str) -> None:
    """Say what is allowed but suspicious."""
    talk(f"{painted('warning:', YELLOW, sys.stderr)} {text}")


def error(text: str) -> None:
    """Say what is wrong; further lines are what to do, or a list."""
    talk(f"{painted('error:', RED, sys.stderr)} {text}")


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether a person reads the stream as it is written."""
    return stream is not None and not stream.closed and stream.isatty()


def painted(text: str, style: str, stream: TextIO | None) -> str:
    """Give text a style, on a terminal that has styles and a person who wants them."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain or not is_terminal(stream) else f"\033[{style}m{text}\033[0m"


def give_up_stdout() -> None:
    """Write nothing more to stdout, also not what it still holds."""
    _give_up(sys.stdout)
    sys.stdout = None  # as Python has it if it starts without one


def _give_up(stream: TextIO | None) -> None:
    """Let a stream lead nowhere: Python would fail on what it holds, with an exit code of 120."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]
