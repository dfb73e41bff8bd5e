"""An attempt with real commands: a process for each container, watched by one thread."""

import select
import shutil
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from airflow_fargate_batch.local.clock import Clock
from airflow_fargate_batch.local.jobs import LocalContainer, LocalJob
from airflow_fargate_batch.local.logs import LogStream
from airflow_fargate_batch.local.moto import OtherServices
from airflow_fargate_batch.local.process import Process, container_environment, why_not

GRACE: Final = 2.0
"""Seconds from SIGTERM to SIGKILL; AWS waits 30 seconds."""
_CHECK_EVERY: Final = 0.25


class Task:
    """Runs the containers of a job's latest attempt in the order of ``dependsOn``.

    Each container has an empty working directory, also its home, which is deleted at the end. When
    an essential container ends, all other containers are stopped, and the attempt takes the
    essential container's result. A container without a command ends at once, because LocalBatch
    does not have the image's command.
    """

    def __init__(
        self, job: LocalJob, *, services: OtherServices, clock: Clock, directory: str, url: str
    ) -> None:
        self.job = job
        self._attempt = job.attempt
        self._services = services
        self._clock = clock
        self._directory = directory
        self._lock = threading.Lock()
        self._over = False
        self._kill_at: float | None = None
        self._waiting = list(range(len(self._attempt.containers)))
        self._running: dict[int, tuple[Process, LogStream, str]] = {}
        self._ended: set[int] = set()
        self._started: set[int] = set()
        self.addresses = [f"{url}{uuid.uuid4().hex}" for _ in self._attempt.containers]

    def run(self) -> None:
        """Run until all containers have ended; record the exit codes in the attempt."""
        while True:
            self._start_what_can()
            if not self._running:
                return
            self._wait()
            for position in list(self._running):
                self._watch(position)
            if self._kill_at is not None and time.monotonic() > self._kill_at:
                self._signal(signal.SIGKILL)

    def stop(self) -> None:
        """Stop all containers, with SIGTERM and later SIGKILL; start no more containers."""
        with self._lock:
            self._over = True
            self._kill_at = self._kill_at or time.monotonic() + GRACE
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill all containers; start no more containers."""
        with self._lock:
            self._over = True
        for process, _, _ in list(self._running.values()):
            process.kill()

    def _signal(self, number: signal.Signals) -> None:
        for process, _, _ in list(self._running.values()):
            process.signal(number)

    # ── one container after the other ────────────────────────────────────────────────────────

    def _start_what_can(self) -> None:
        again = True
        while again:  # what ends at once may let the next one start
            again = False
            for position in list(self._waiting):
                with self._lock:
                    verdict = None if self._over else self._may_start(position)
                    if verdict:
                        self._waiting.remove(position)
                        self._start(position)
                        again = True
                if verdict is False:
                    self._waiting.remove(position)
                    self._end(position, None, "A container that it depends on did not succeed")

    def _may_start(self, position: int) -> bool | None:
        """Return whether a container may start, or ``None`` if not decided yet."""
        names = [container.name for container in self._attempt.containers]
        for dependency in self._properties(position).get("dependsOn") or ():
            other = names.index(dependency["containerName"])
            condition = dependency["condition"]
            if condition == "START":
                met = other in self._started or other in self._ended
            else:
                met = other in self._ended
            if not met:
                return None
            if condition == "SUCCESS" and self._attempt.containers[other].exit_code != 0:
                return False
        return True

    def _start(self, position: int) -> None:
        container, properties = self._attempt.containers[position], self._properties(position)
        stream = LogStream(self._services, container)
        self._started.add(position)
        if not properties["command"]:
            self._end(position, 0)
            return
        directory = tempfile.mkdtemp(dir=self._directory)
        environment = container_environment(
            self.job,
            properties["environment"],
            home=directory,
            metadata=self.addresses[position],
        )
        try:
            process = Process(properties["command"], environment=environment, directory=directory)
        except (OSError, ValueError) as error:  # not there, not allowed, or a NUL in it
            shutil.rmtree(directory, ignore_errors=True)
            self._end(position, None, why_not(properties["command"][0], error))
        else:
            self._running[position] = process, stream, directory

    def _wait(self) -> None:
        """Wait briefly for output, or for the end of a process with closed output."""
        outputs = [process.output for process, _, _ in self._running.values()]
        heard = [output for output in outputs if output is not None]
        select.select(heard, [], [], _CHECK_EVERY if len(heard) == len(outputs) else 0.02)

    def _watch(self, position: int) -> None:
        process, stream, directory = self._running[position]
        code = process.exit_code()
        lines: Sequence[str] = process.read() if code is None else list(process.last_lines())
        for line in lines:
            stream.add(line, self._clock.now())
        if not lines:
            stream.flush()
        if code is not None:
            stream.flush()
            del self._running[position]
            shutil.rmtree(directory, ignore_errors=True)
            self._end(position, code)

    def _end(self, position: int, code: int | None, reason: str | None = None) -> None:
        container = self._attempt.containers[position]
        container.exit_code, container.reason = code, reason
        self._ended.add(position)
        essential = self._properties(position).get("essential", True)
        if essential and self._properties(position)["command"] and not self._over:
            self._attempt.decides = position
            self._over = True
            self._kill_at = time.monotonic() + GRACE
            self._signal(signal.SIGTERM)

    def _properties(self, position: int) -> Mapping[str, Any]:
        return self.job.submission.containers[position]


def metadata_of(job: LocalJob, container: LocalContainer) -> dict[str, Any]:
    """Describe a container as ECS's metadata endpoint does, in short."""
    submission, attempt = job.submission, job.attempt
    options = {
        "awslogs-group": container.log_group,
        "awslogs-region": container.log_region,
        "awslogs-stream": container.log_stream,
    }
    return {
        "Name": container.name,
        "DockerName": container.name,
        "Image": submission.containers[attempt.containers.index(container)].get("image"),
        "Labels": {"com.amazonaws.ecs.task-arn": attempt.task_arn},
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Type": "NORMAL",
        "LogDriver": "awslogs",
        "LogOptions": options if container.log_stream else {},
    }
