"""Runner: jobs' commands as local processes, with their output in CloudWatch Logs.

Processes are started only with `LocalBatch(run_commands=True)`.
"""

import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from airflow_fargate_batch.local.engine import Engine
from airflow_fargate_batch.local.jobs import LocalAttempt, LocalJob
from airflow_fargate_batch.local.logs import LogStream
from airflow_fargate_batch.local.moto import OtherServices
from airflow_fargate_batch.local.task import Task, metadata_of


class Runner:
    """The engine's executor: threads for commands, and a thread that settles the engine."""

    def __init__(
        self,
        *,
        engine: Engine,
        services: OtherServices,
        run_commands: bool,
        at_once: int,
        metadata_url: Callable[[], str],
    ) -> None:
        engine.executor = self
        self._engine = engine
        self._services = services
        self._run_commands = run_commands
        self._at_once = at_once
        self._metadata_url = metadata_url
        self._tasks: dict[str, Task] = {}
        self._wake = threading.Event()
        self._closed = False
        self._pool: ThreadPoolExecutor | None = None
        self._ticker: threading.Thread | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> None:
        """Start to run commands, if enabled; raise ``ImportError`` without moto."""
        self._closed = False
        if not self._run_commands or self._pool:
            return
        self._services.load()  # takes the output: better to know now than when a job runs
        self._directory = tempfile.TemporaryDirectory(
            prefix="local-batch-", ignore_cleanup_errors=True
        )
        self._pool = ThreadPoolExecutor(self._at_once, thread_name_prefix="local-batch-job")
        self._ticker = threading.Thread(target=self._tick, name="local-batch-clock", daemon=True)
        self._ticker.start()

    def close(self) -> None:
        """Kill all processes, and wait until they have ended."""
        with self._engine.lock:
            self._closed = True
            tasks = list(self._tasks.values())
        for task in tasks:
            task.kill()
        self._wake.set()
        if self._ticker and self._pool and self._directory:
            self._ticker.join()
            self._pool.shutdown(cancel_futures=True)
            self._directory.cleanup()
            self._pool = None

    def metadata(self, address: str) -> dict[str, Any] | None:
        """Describe the running container with *address*, as ECS's metadata endpoint does."""
        with self._engine.lock:
            for task in self._tasks.values():
                if address in task.addresses:
                    container = task.job.attempt.containers[task.addresses.index(address)]
                    return metadata_of(task.job, container)
        return None

    # ── what the engine asks, its lock held ──────────────────────────────────────────────────

    def takes(self, job: LocalJob) -> bool:
        """Return whether commands are enabled and the job's deciding container has a command."""
        return self._run_commands and any(
            container["command"] and container.get("essential", True)
            for container in job.submission.containers
        )

    def launch(self, job: LocalJob) -> None:
        """Run the job as soon as a slot is free."""
        if self._pool and not self._closed:
            self._pool.submit(self._run, job, job.turn)

    def stop(self, job: LocalJob) -> bool:
        """Stop the job's processes; return ``False`` without processes."""
        task = self._tasks.get(job.job_id)
        if task is None:
            return False
        task.stop()
        return True

    def wake(self) -> None:
        """Settle the engine when the next event is due."""
        if self._run_commands:
            self._wake.set()

    def write_log(self, attempt: LocalAttempt, lines: Sequence[str]) -> None:
        """Write a scripted attempt's lines to its log stream, unless LocalBatch has stopped."""
        if self._closed:
            return
        stream = LogStream(self._services, attempt.deciding)
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

    def _run(self, job: LocalJob, turn: int) -> None:
        with self._engine.lock:  # nobody may stop the job before its task can be found
            self._engine.settle()
            if self._closed or self._directory is None or not self._engine.began(job, turn):
                return
            task = self._tasks[job.job_id] = Task(
                job,
                services=self._services,
                clock=self._engine.clock,
                directory=self._directory.name,
                url=self._metadata_url(),
            )
        try:
            task.run()
        finally:
            with self._engine.lock:
                del self._tasks[job.job_id]
                self._engine.settle()
                self._engine.ended(job)
