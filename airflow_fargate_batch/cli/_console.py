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


def data(text: str) -> None:
    """Write a result to stdout, now: an error in writing it is an error of the command."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    writable = text.encode(encoding, "backslashreplace").decode(encoding)
    print(writable, flush=True)  # noqa: T201 - this is what a command line is for


def as_json(value: Any, *, indent: int | None = 2) -> str:
    """Write a value as JSON for stdout, which may not know every character.

    :param indent: ``None`` for one line.
    """
    is_unicode = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=not is_unicode)


def talk(text: str) -> None:
    """Say something on stderr."""
    if sys.stderr is None:  # closed; print would take stdout in its place
        return
    with suppress(OSError):  # nobody listens: that is no reason to fail
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is what a command line is for


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
    """Let what stdout still holds go nowhere, so that Python does not fail on it at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
