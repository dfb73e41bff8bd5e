"""A container's command as a local process: environment, output, exit code."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.local.jobs import LocalJob

METADATA: Final = "ECS_CONTAINER_METADATA_URI_V4"
"""Variable with a different value in each container; also identifies leftover processes."""
_LINE_LENGTH: Final = 200_000
"""Maximum length of a line; longer lines are split. CloudWatch Logs accepts slightly more."""
_ROUNDS: Final = 100
"""Number of searches for leftover processes: a process may start others during a search."""


class Process:
    """A command, and all processes started by the command."""

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str], directory: str
    ) -> None:
        """Start the command; ``OSError`` or ``ValueError`` if missing, not allowed, or not text."""
        self._variable = f"{METADATA}={environment[METADATA]}".encode()
        self._rest = b""
        self._open = True
        self._popen = subprocess.Popen(  # noqa: S603 - to run it is what run_commands asks for
            command,
            env=environment,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def signal(self, number: signal.Signals) -> None:
        """Signal the process and its group."""
        with suppress(ProcessLookupError, PermissionError):  # nobody is left in it
            os.killpg(self._popen.pid, number)

    def kill(self) -> None:
        """Kill the process and all processes started by it, in every session.

        On Linux, processes outside the group are found by a variable in their environment. A
        process that leaves the session and clears its environment is not found.
        """
        self.signal(signal.SIGKILL)
        for _ in range(_ROUNDS):
            left = list(_processes_with(self._variable))
            if not left:
                return
            for pid in left:
                with suppress(ProcessLookupError, PermissionError):  # gone by itself
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def exit_code(self) -> int | None:
        """Return the exit code as ECS reports it, or ``None`` while the process is running."""
        code = self._popen.poll()
        # a signal's number below 0 is Python's way to say what ECS says above 128
        return 128 - code if code is not None and code < 0 else code

    @property
    def output(self) -> IO[bytes] | None:
        """Output of the process, for ``select``; ``None`` after the output was closed."""
        return self._popen.stdout if self._open else None

    def read(self) -> list[str]:
        """Return the available lines."""
        pipe = self.output
        if pipe is None or not select.select([pipe], [], [], 0)[0]:
            return []
        chunk = os.read(pipe.fileno(), 65536)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk:
            self._open = False
            pipe.close()
        if len(self._rest) > _LINE_LENGTH or (not chunk and self._rest):
            lines, self._rest = [*lines, self._rest], b""
        return [line.decode(errors="replace") for line in lines]

    def last_lines(self) -> Iterator[str]:
        """Kill leftover processes, and yield the last lines, after the process has ended."""
        self.kill()
        self._popen.wait()
        while self.output is not None and select.select([self.output], [], [], 0)[0]:
            yield from self.read()
        if self._rest:
            yield self._rest.decode(errors="replace")
        if self._popen.stdout is not None:
            self._popen.stdout.close()


def _processes_with(variable: bytes) -> Iterator[int]:
    """Find this user's processes with a variable in their environment (on Linux only)."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another person's, or gone
            if variable in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)


def container_environment(
    job: LocalJob, given: Sequence[Mapping[str, str]], *, home: str, metadata: str
) -> dict[str, str]:
    """Build a container's environment: container and AWS variables, none of this process."""
    own = {
        entry["name"]: entry.get("value", "")
        for entry in given
        if not entry["name"].startswith(limits.ENVIRONMENT_RESERVED_PREFIX)
    }
    batch = {
        "AWS_BATCH_JOB_ID": job.job_id,
        "AWS_BATCH_JOB_ATTEMPT": str(job.attempt.number),
        "AWS_BATCH_JQ_NAME": job.submission.queue.rpartition("/")[2],
        "AWS_BATCH_CE_NAME": job.submission.environment,
        "AWS_EXECUTION_ENV": "AWS_ECS_FARGATE",
        METADATA: metadata,
    }
    if job.index is not None:
        batch["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
        batch["AWS_BATCH_JOB_ARRAY_SIZE"] = str(job.submission.size)
    # this Python's directory comes last, so that `python` is found where nothing else has it
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))
    return {"PATH": path, "HOME": home, "LANG": "C.UTF-8"} | own | batch


def why_not(program: str, error: Exception) -> str:
    """Return the reason why a container did not start; Docker's message for a missing program."""
    if isinstance(error, FileNotFoundError):
        why = f'exec: "{program}": executable file not found in $PATH: unknown'
    else:
        why = f"{getattr(error, 'strerror', None) or error}: {program}"
    return f"CannotStartContainerError: {why}"
