"""Reading of files named by users, with limits: no devices, a maximum size, a maximum time."""

import os
import select
import shutil
import stat
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.core.request import JsonFile

STDIN: Final = "-"
JSON_BYTES: Final = 32 * limits.REQUEST_BYTES
"""Maximum size of a JSON file of one request: enough for indents and escapes."""
LINES_BYTES: Final = 256 * 1024 * 1024
"""Maximum size of a file of many requests."""
PATIENCE: Final = 60.0
"""Maximum seconds without data from a pipe: the writing program may have hung or never started."""
_CHUNK: Final = 64 * 1024


class NotReadable(Exception):
    """A file cannot be read; the message is the reason, without the path."""


def read_json_file(
    path: str, *, named: str | None = None, pipes: bool = False, patience: float = PATIENCE
) -> JsonFile:
    """Read the JSON file of a request; an error is kept in the result, for a later report.

    :param named: the path for messages. ``None`` means *path*.
    :param pipes: whether the path may be a pipe, or ``-`` for stdin.
    :param patience: most seconds without data from a pipe.
    """
    named = named or ("stdin" if pipes and path == STDIN else path)
    try:
        text = read_text(path, most=JSON_BYTES, pipes=pipes, patience=patience)
        return JsonFile(named, text=text)
    except NotReadable as error:
        return JsonFile(named, error=str(error))


def read_text(path: str, *, most: int, pipes: bool, patience: float = PATIENCE) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    :param most: maximum size in bytes.
    :param pipes: whether the path may be a pipe, or ``-`` for stdin.
    :param patience: most seconds without data from a pipe.
    :raises NotReadable: not a readable UTF-8 file, too large, or a pipe without data.
    """
    try:
        if pipes and path == STDIN:
            data = _read_stdin(most, patience)
        else:
            data = _read(path, most, patience if pipes else None)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotReadable(f"is not UTF-8 text, from byte {error.start} on") from None
    except (OSError, ValueError) as error:
        raise _not_readable(error) from None


def read_bytes(path: str, *, most: int) -> bytes:
    """Read a regular file.

    :param most: maximum size in bytes.
    :raises NotReadable: not a readable file, or too large.
    """
    try:
        return _read(path, most, None)
    except (OSError, ValueError) as error:
        raise _not_readable(error) from None


def replace_bytes(path: str, data: bytes) -> None:
    """Replace the contents of a file as a whole, and keep its mode; follow a symbolic link.

    A crash or a full disk leaves the old file.

    :raises OSError: the file or its folder cannot be written.
    """
    target = Path(path).resolve()
    with target.open(
        "r+b"
    ):  # a file without write permission stays, though its folder may be written
        pass
    with tempfile.NamedTemporaryFile(
        dir=target.parent, prefix=f".{target.name}.", delete=False
    ) as new:
        try:
            new.write(data)
            new.flush()
            shutil.copymode(target, new.name)
            Path(new.name).replace(target)
        except BaseException:  # also Ctrl-C: no unfinished file stays beside the user's
            Path(new.name).unlink()
            raise


def _not_readable(error: OSError | ValueError) -> NotReadable:
    """Word an error of the system; of a NUL in the path, each Python has words of its own."""
    if isinstance(error, OSError):
        return NotReadable(f"cannot be read: {error.strerror or error}")
    return NotReadable("cannot be read: the path contains a NUL character")


def _read(path: str, most: int, patience: float | None) -> bytes:
    """Read a regular file or, with *patience*, a pipe."""
    # Without O_NONBLOCK, opening a pipe waits until a program opens it for writing.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return _until_end(descriptor, most)
        if patience is not None and stat.S_ISFIFO(mode):
            return _until_end(descriptor, most, patience=patience)
        raise NotReadable(f"is {_kind(mode)}, not a file")
    finally:
        os.close(descriptor)


def _read_stdin(most: int, patience: float) -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise NotReadable("cannot be read: stdin is closed")
    if sys.stdin.isatty():  # a person types: no time limit
        return _until_end(sys.stdin.fileno(), most)
    mode = os.fstat(sys.stdin.fileno()).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise NotReadable(f"is {_kind(mode)}, not a file")
    return _until_end(sys.stdin.fileno(), most, patience=patience)


def _until_end(descriptor: int, most: int, *, patience: float | None = None) -> bytes:
    """Read to the end.

    :param patience: seconds to wait for the next byte. ``None`` means no limit.
    """
    chunks: list[bytes] = []
    size = 0
    while size <= most:
        chunk = _next_chunk(descriptor, patience)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
    raise NotReadable(f"is larger than {most // 1024} KiB, the maximum")


def _next_chunk(descriptor: int, patience: float | None) -> bytes:
    if patience is None:
        return os.read(descriptor, _CHUNK)
    until = time.monotonic() + patience
    while True:
        left = max(0.0, until - time.monotonic())
        poll = select.poll()
        poll.register(descriptor, select.POLLIN | select.POLLHUP)
        if not poll.poll(left * 1000):
            raise NotReadable(f"is a pipe without data for {patience:.0f} s")
        try:
            return os.read(descriptor, _CHUNK)
        except BlockingIOError:
            continue


def _kind(mode: int) -> str:
    kinds = (
        (stat.S_ISDIR, "a directory"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((name for is_one, name in kinds if is_one(mode)), "something else")
