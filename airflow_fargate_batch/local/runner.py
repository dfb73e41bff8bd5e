"""Run jobs' commands as local processes, and keep their output in CloudWatch Logs.

Nothing here starts a process unless `LocalBatch(run_commands=True)` asked for it.
"""

import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from airflow_fargate_batch.core import limits
from airflow_fargate_batch.local.engine import Engine
from airflow_fargate_batch.local.jobs import Attempt, Job
from airflow_fargate_batch.local.logs import LogStream
from airflow_fargate_batch.local.others import OtherServices

GRACE: Final = 2.0
"""Seconds from SIGTERM to SIGKILL; 30 at AWS."""
_LOOK_EVERY: Final = 0.25
_LINE_LENGTH: Final = 200_000
"""A line without an end is cut here, below what CloudWatch Logs takes as one event."""


class Runner:
    """The engine's executor: threads for commands, and one that moves the engine on."""

    def __init__(
        self, *, engine: Engine, services: OtherServices, run_commands: bool, at_once: int
    ) -> None:
        engine.executor = self
        self._engine = engine
        self._services = services
        self._run_commands = run_commands
        self._at_once = at_once
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._wake = threading.Event()
        self._closed = False
        self._pool: ThreadPoolExecutor | None = None
        self._ticker: threading.Thread | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> None:
        """Begin to run commands, if that was asked for; ``ImportError`` without moto."""
        if not self._run_commands or self._pool:
            return
        self._services.load()  # takes the output: better to know now than when a job runs
        self._directory = tempfile.TemporaryDirectory(prefix="local-batch-")
        self._pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="local-batch-job")
        self._ticker = threading.Thread(target=self._tick, name="local-batch-clock", daemon=True)
        self._ticker.start()

    def close(self) -> None:
        """Kill what runs, and wait until it is gone."""
        with self._engine.lock:
            self._closed = True
            for process in self._processes.values():
                _signal(process, signal.SIGKILL)
        self._wake.set()
        if self._ticker and self._pool and self._directory:
            self._ticker.join()
            self._pool.shutdown(cancel_futures=True)
            self._directory.cleanup()

    # ── what the engine asks, its lock held ──────────────────────────────────────────────────

    def takes(self, job: Job) -> bool:
        """Tell whether the job has a command, and commands are to be run."""
        return self._run_commands and bool(job.submission.container["command"])

    def launch(self, job: Job) -> None:
        """Run the job as soon as there is room."""
        if self._pool and not self._closed:
            self._pool.submit(self._run, job, job.turn)

    def stop(self, job: Job) -> bool:
        """Kill the job's process; ``False`` if it has none."""
        process = self._processes.get(job.job_id)
        if process is None:
            return False
        _signal(process, signal.SIGTERM)
        later = threading.Timer(GRACE, self._kill, (job.job_id, process))
        later.daemon = True
        later.start()
        return True

    def wake(self) -> None:
        """Look again when the next event is due."""
        if self._run_commands:
            self._wake.set()

    def write_log(self, job: Job, attempt: Attempt, lines: Sequence[str]) -> None:
        """Put a scripted attempt's lines into its stream."""
        stream = LogStream(self._services, job.submission.region, attempt.log_stream)
        for line in lines:
            stream.add(line, attempt.started_at or 0.0)
        stream.flush()

    # ── threads ──────────────────────────────────────────────────────────────────────────────

    def _tick(self) -> None:
        while not self._closed:
            with self._engine.lock:
                now = self._engine.settle()
                due = self._engine.next_due()
            self._wake.wait(None if due is None else max(0.0, due - now))
            self._wake.clear()

    def _run(self, job: Job, turn: int) -> None:
        with self._engine.lock:  # nobody may stop the job before its process can be found
            self._engine.settle()
            if self._closed or not self._engine.began(job, turn):
                return
            attempt = job.attempt
            try:
                process = self._spawn(job)
            except (OSError, ValueError) as error:  # not there, not allowed, or a NUL in it
                reason = _why_not(job.submission.container["command"][0], error)
                self._engine.ended(job, exit_code=None, reason=reason)
                return
            self._processes[job.job_id] = process
        try:
            stream = LogStream(self._services, job.submission.region, attempt.log_stream)
            self._read(process, stream)
        finally:
            _signal(process, signal.SIGKILL)
            code = process.wait()
            with self._engine.lock:
                del self._processes[job.job_id]
                self._engine.settle()
                # a signal's number below 0 is Python's way to say what ECS says above 128
                self._engine.ended(job, exit_code=128 - code if code < 0 else code)

    def _spawn(self, job: Job) -> subprocess.Popen[bytes]:
        if self._directory is None:
            raise RuntimeError("the runner was not started")
        return subprocess.Popen(  # noqa: S603 - to run it is what run_commands asks for
            job.submission.container["command"],
            env=_environment(job, self._directory.name),
            cwd=self._directory.name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _read(self, process: subprocess.Popen[bytes], stream: LogStream) -> None:
        """Read lines until the process is over, which ends whatever it started, as in Fargate."""
        assert process.stdout is not None  # noqa: S101 - Popen was told PIPE
        rest = b""
        with process.stdout as pipe:
            while True:
                over = process.poll() is not None
                if over:
                    _signal(process, signal.SIGKILL)
                readable = select.select([pipe], [], [], 0 if over else _LOOK_EVERY)[0]
                chunk = os.read(pipe.fileno(), 65536) if readable else b""
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LINE_LENGTH or (over and not chunk and rest):
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    stream.add(line.decode(errors="replace"), self._engine.clock.now())
                if not chunk:
                    stream.flush()
                    if over:
                        return
                    if readable:  # it closed its output and works on
                        process.wait()

    def _kill(self, job_id: str, process: subprocess.Popen[bytes]) -> None:
        with self._engine.lock:
            if self._processes.get(job_id) is process:
                _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Signal the process and whatever it started: it leads a group of its own."""
    with suppress(ProcessLookupError, PermissionError):  # nobody is left in it
        os.killpg(process.pid, number)


def _environment(job: Job, home: str) -> dict[str, str]:
    """Build the job's environment: its own variables, AWS Batch's, and nothing of this process."""
    own = {
        entry["name"]: entry["value"]
        for entry in job.submission.container["environment"]
        if not entry["name"].startswith(limits.ENVIRONMENT_RESERVED_PREFIX)
    }
    batch = {
        "AWS_BATCH_JOB_ID": job.job_id,
        "AWS_BATCH_JQ_NAME": job.submission.queue.rpartition("/")[2],
        "AWS_BATCH_JOB_ATTEMPT": str(job.attempt.number),
    }
    if job.index is not None:
        batch["AWS_BATCH_JOB_ARRAY_INDEX"] = str(job.index)
        batch["AWS_BATCH_JOB_ARRAY_SIZE"] = str(job.submission.size)
    # this Python's directory comes last, so that `python` is found where nothing else has it
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)))
    return {"PATH": path, "HOME": home, "LANG": "C.UTF-8"} | own | batch


def _why_not(program: str, error: Exception) -> str:
    """Say why a container did not start, in Docker's words for a program that is not there."""
    if isinstance(error, FileNotFoundError):
        why = f'exec: "{program}": executable file not found in $PATH: unknown'
    else:
        why = f"{getattr(error, 'strerror', None) or error}: {program}"
    return f"CannotStartContainerError: {why}"
