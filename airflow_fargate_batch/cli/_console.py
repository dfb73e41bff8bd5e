"""Output: data for the next program goes to stdout, messages for people go to stderr."""

import json
import os
import select
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final, TextIO

BOLD: Final = "1"

RED: Final = "1;31"
YELLOW: Final = "1;33"

_has_failed = False
"""Whether writing to stdout has failed."""


def data(text: str) -> bool:
    """Write a result to stdout and flush; return whether the write succeeded.

    The command continues after a failed write, because a submitted job exists even if nobody reads
    the job's id. A closed pipe is not an error. A full disk makes the command exit with 1.
    """
    if sys.stdout is None:
        return False
    try:
        print(_writable(text, sys.stdout), flush=True)  # noqa: T201 - this is what a command line is for
    except BrokenPipeError:
        give_up_stdout()
        return False
    except OSError as failure:
        could_not_write(failure)
        return False
    return True


def is_read() -> bool:
    """Return whether a write to stdout can still reach somebody.

    A pipe whose reader has exited reports an error before anything is written, so that a command
    that has nothing to write at the moment learns of it too. Windows has no ``poll``; there only a
    failed write tells.
    """
    if sys.stdout is None:
        return False
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # errors and hang-ups are always reported
    except (AttributeError, OSError, ValueError):
        return True
    return not poll.poll(0)


def _writable(text: str, stream: TextIO) -> str:
    """Return the text with an escape for each character that the stream's encoding lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def could_not_write(failure: OSError) -> None:
    """Report a failed write to stdout, and make the command exit with 1."""
    global _has_failed
    _has_failed = True
    error(f"Could not write the output: {failure.strerror or failure}")
    give_up_stdout()


def has_failed() -> bool:
    """Return whether writing to stdout has failed."""
    return _has_failed


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """Return a value as JSON; non-ASCII characters are escaped unless stdout is UTF-8.

    :param indent: spaces of indentation. ``None`` means one line.
    """
    is_unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=not is_unicode)


def text(rows: Iterable[Sequence[str]]) -> str:
    """Return rows for programs: a line each, columns separated by tabs."""
    return "\n".join("\t".join(row) for row in rows)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return rows for people, under a heading; columns without a value are left out."""
    used = [column for column in zip(columns, *rows, strict=True) if any(column[1:])]
    padded = [[f"{cell:{max(map(len, column))}}" for cell in column] for column in used]
    heading, *body = ["  ".join(row).rstrip() for row in zip(*padded, strict=True)]
    return "\n".join([painted(heading, BOLD, sys.stdout), *body])


def talk(text: str) -> None:
    """Write a message to stderr; ignore a closed stderr."""
    if sys.stderr is None:  # closed; print would take stdout in its place
        return
    try:
        print(_writable(text, sys.stderr), file=sys.stderr, flush=True)  # noqa: T201 - this is what a command line is for
    except OSError:
        _give_up(sys.stderr)
        sys.stderr = None  # as Python has it if it starts without one


def note(text: str) -> None:
    """Write a message labelled ``note``."""
    talk(f"{painted('note:', BOLD, sys.stderr)} {text}")


def warning(text: str) -> None:
    """Write a message labelled ``warning``, for input that is valid but suspicious."""
    talk(f"{painted('warning:', YELLOW, sys.stderr)} {text}")


def error(text: str) -> None:
    """Write a message labelled ``error``; further lines give advice or a list."""
    talk(f"{painted('error:', RED, sys.stderr)} {text}")


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether the stream is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()


def painted(text: str, style: str, stream: TextIO | None) -> str:
    """Add an ANSI style, unless NO_COLOR is set or the stream is no (or a dumb) terminal."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain or not is_terminal(stream) else f"\033[{style}m{text}\033[0m"


def give_up_stdout() -> None:
    """Close stdout and discard any buffered output."""
    _give_up(sys.stdout)
    sys.stdout = None  # as Python has it if it starts without one


def _give_up(stream: TextIO | None) -> None:
    """Redirect a stream to /dev/null: at exit Python would fail to flush it and return 120."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]
