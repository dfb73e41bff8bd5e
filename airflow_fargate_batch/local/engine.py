"""Engine: moves jobs through their states by a heap of events, processed at each call."""

import heapq
import itertools
import random
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core.status import FINAL, JobStatus
from airflow_fargate_batch.local.account import arn, cluster_name
from airflow_fargate_batch.local.clock import Clock
from airflow_fargate_batch.local.jobs import NORMAL_EXIT, AcceptedJob, LocalAttempt, LocalJob
from airflow_fargate_batch.local.logs import container_of
from airflow_fargate_batch.local.retry import wants_retry
from airflow_fargate_batch.local.script import Pace, Script
from airflow_fargate_batch.local.stock import Stock

if TYPE_CHECKING:
    from airflow_fargate_batch.local.executor import Executor

TIMED_OUT: Final = "Job attempt duration exceeded timeout"
DEPENDENCY_FAILED: Final = "Dependent Job failed"
CHILD_FAILED: Final = "Array Child Job failed"
KILLED: Final = 137
"""Exit code of a container killed by SIGKILL: 128 + 9."""
_TASKS: Final = uuid.UUID("6c6f6361-6c62-4174-9368-7461736b7321")
"""Namespace of task ids, which are derived from job ids: drawing random task ids would make later
random values depend on the times of calls."""

Event = tuple[float, int, int, LocalJob, Callable[[LocalJob, float], None]]


class Engine:
    """All jobs and their transitions. Callers must hold ``lock`` and call `settle` first.

    ``submitted`` are the jobs of SubmitJob, oldest first; ``jobs`` are the same jobs and all array
    children, by id.

    Nothing happens between two calls: `settle` processes due events in order, each at its due time.
    Ten thousand idle jobs therefore need no thread and no timer.
    """

    def __init__(
        self, *, clock: Clock, pace: Pace, speed: float, seed: int | None, stock: Stock
    ) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be greater than 0, not {speed}")
        self.lock = threading.RLock()
        self.clock = clock
        self.jobs: dict[str, LocalJob] = {}
        self.submitted: list[LocalJob] = []
        self.scripts: list[Script] = []
        self.executor: Executor | None = None
        self._stock = stock
        self._pace = pace
        self._speed = speed
        self._random = random.Random(seed)  # noqa: S311 - ids of made-up jobs, repeatable
        self._events: list[Event] = []
        self._tickets = itertools.count()

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def settle(self) -> float:
        """Process all due events, and return the current time."""
        now = self.clock.now()
        while self._events and self._events[0][0] <= now:
            when, _, turn, job, action = heapq.heappop(self._events)
            if turn == job.turn:
                action(job, when)
        return now

    def next_due(self) -> float | None:
        """Return the due time of the next event, or ``None`` without an event."""
        return self._events[0][0] if self._events else None

    # ── being told ───────────────────────────────────────────────────────────────────────────

    def submit(self, submission: AcceptedJob) -> LocalJob:
        """Accept a job."""
        now = self.clock.now()
        job = self._make(submission, self._uuid(), now, JobStatus.SUBMITTED)
        self.submitted.append(job)
        self._plan(job, now, self._pace.submitted, self._check_dependencies)
        return job

    def terminate(self, job: LocalJob, reason: str) -> None:
        """Stop a started job, or cancel a waiting job; for an array, also all children."""
        now = self.clock.now()
        if job.status in FINAL:
            return
        job.terminated_at = job.terminated_at or now
        if job.children:
            job.stop_reason = reason
            for child in job.children:
                self.terminate(child, reason)
        elif not job.has_started:
            job.cancelled_at = job.cancelled_at or now
            self._finish(job, now, JobStatus.FAILED, reason)
        elif job.stop_reason is None:
            job.stop_reason = reason
            if not (self.executor and self.executor.stop(job)):
                self._plan(job, now, self._pace.stopping, self._stopped)

    def cancel(self, job: LocalJob, reason: str) -> None:
        """Cancel a job that has not started; otherwise do nothing and succeed, as AWS does."""
        now = self.clock.now()
        if job.has_started:
            return
        job.cancelled_at = job.cancelled_at or now
        job.stop_reason = job.stop_reason or reason
        if job.children:
            for child in job.children:
                self.cancel(child, reason)
        elif not job.waiting_for:
            self._finish(job, now, JobStatus.FAILED, reason)

    def began(self, job: LocalJob, turn: int) -> bool:
        """Record that the executor starts the job; return ``False`` if the job was stopped."""
        if job.turn != turn or job.status is not JobStatus.STARTING:
            return False
        now = self.clock.now()
        job.attempt.started_at = now
        self._enter(job, now, JobStatus.RUNNING)
        timeout = job.submission.timeout.get("attemptDurationSeconds")
        if timeout:  # a real command is not sped up, so its timeout is not either
            self._plan(job, now, timeout * self._speed, self._overdue)
        return True

    def ended(self, job: LocalJob) -> None:
        """Record that the executor's task has ended; the attempt has the result."""
        now = self.clock.now()
        if job.status is not JobStatus.RUNNING:
            return
        attempt = job.attempt
        if job.stop_reason is not None:
            self._stopped(job, now)
        elif attempt.status_reason == TIMED_OUT:
            self._attempt_over(job, now, KILLED, None, TIMED_OUT)
        else:
            self._attempt_over(job, now, attempt.exit_code, attempt.reason, None)

    def supplied(self) -> None:
        """Start the jobs that wait for a consumable resource, if enough is available."""
        self._try_again(self._stock.waiting(), self.clock.now())

    # ── from state to state ──────────────────────────────────────────────────────────────────

    def _try_again(self, jobs: list[LocalJob], now: float) -> None:
        for job in jobs:
            if job.status is JobStatus.RUNNABLE:
                self._plan(job, now, 0, self._launch)

    def _make(
        self, submission: AcceptedJob, job_id: str, now: float, status: JobStatus
    ) -> LocalJob:
        job = LocalJob(
            job_id=job_id,
            number=len(self.jobs),
            submission=submission,
            created_at=now,
            history=[(now, status, None)],
        )
        self.jobs[job_id] = job
        return job

    def _plan(
        self, job: LocalJob, now: float, delay: float, action: Callable[[LocalJob, float], None]
    ) -> None:
        """Schedule *action* after *delay* at normal speed; cancel the job's earlier event."""
        job.turn += 1
        event = (now + delay / self._speed, next(self._tickets), job.turn, job, action)
        heapq.heappush(self._events, event)
        if self.executor:
            self.executor.wake()

    def _enter(
        self, job: LocalJob, now: float, status: JobStatus, reason: str | None = None
    ) -> None:
        parent = job.parent
        if parent is not None:
            parent.counts[job.status] -= 1
            parent.counts[status] += 1
        job.history.append((now, status, reason))

    def _check_dependencies(self, job: LocalJob, now: float) -> None:
        """Move from SUBMITTED to PENDING; create the children of an array."""
        self._enter(job, now, JobStatus.PENDING)
        failure = None
        for dependency in job.submission.depends_on:
            if dependency.get("jobId") and dependency.get("type") != "N_TO_N":
                failure = self._wait_for(job, dependency["jobId"]) or failure
        if failure:
            self._finish(job, now, JobStatus.FAILED, failure)
            return
        if job.is_parent:
            self._spawn(job, now)
        elif not job.waiting_for:
            self._released(job, now)

    def _wait_for(self, job: LocalJob, dependency_id: str) -> str | None:
        """Make *job* wait for its dependencies; return a reason if the job must fail instead."""
        dependency = self.jobs.get(dependency_id)
        elsewhere = dependency and dependency.submission.region != job.submission.region
        if dependency is None or elsewhere:  # what AWS does here is not documented
            return f"{DEPENDENCY_FAILED}: there is no job {dependency_id}"
        if dependency.status is JobStatus.FAILED:
            return DEPENDENCY_FAILED
        if dependency.status is not JobStatus.SUCCEEDED:
            dependency.dependents.append(job)
            job.waiting_for += 1
        return None

    def _spawn(self, parent: LocalJob, now: float) -> None:
        submission = parent.submission
        for index in range(submission.size or 0):
            child = self._make(submission, f"{parent.job_id}:{index}", now, JobStatus.PENDING)
            child.index = index
            child.parent = parent
            child.waiting_for = 1  # for the parent itself
            parent.children.append(child)
        parent.counts[JobStatus.PENDING] = len(parent.children)
        for child in parent.children:
            failure = self._wait_for_siblings(parent, child)
            if failure:
                self._plan(child, now, 0, self._dependency_failed)
        if not parent.waiting_for:
            self._release_children(parent, now)

    def _wait_for_siblings(self, parent: LocalJob, child: LocalJob) -> str | None:
        """Make a child wait for its predecessor (SEQUENTIAL) and for equal indexes (N_TO_N)."""
        submission, failure = child.submission, None
        if submission.sequential and child.index:
            failure = self._wait_for(child, f"{parent.job_id}:{child.index - 1}")
        for dependency in submission.depends_on:
            if dependency.get("type") == "N_TO_N":
                other = f"{dependency['jobId']}:{child.index}"
                if other not in self.jobs:  # unequal sizes: wait for all of the other array
                    other = dependency["jobId"]
                failure = self._wait_for(child, other) or failure
        return failure

    def _release_children(self, parent: LocalJob, now: float) -> None:
        for child in parent.children:
            self._dependency_succeeded(child, now)

    def _dependency_succeeded(self, job: LocalJob, now: float) -> None:
        job.waiting_for -= 1
        if job.waiting_for or job.status is not JobStatus.PENDING:
            return
        if job.children:
            self._release_children(job, now)
        else:
            self._released(job, now)

    def _dependency_failed(self, job: LocalJob, now: float) -> None:
        for child in job.children:
            if not child.has_started:
                self._finish(child, now, JobStatus.FAILED, DEPENDENCY_FAILED)
        if not job.children and not job.has_started:
            self._finish(job, now, JobStatus.FAILED, DEPENDENCY_FAILED)

    def _released(self, job: LocalJob, now: float) -> None:
        """Move to RUNNABLE, from PENDING or after a failed attempt."""
        if job.cancelled_at is not None:
            self._finish(job, now, JobStatus.FAILED, job.stop_reason)
            return
        script = self._script(job, len(job.attempts) + 1)
        stuck = script.stuck_in == JobStatus.RUNNABLE
        self._enter(job, now, JobStatus.RUNNABLE, script.status_reason if stuck else None)
        if stuck:
            job.turn += 1
        else:
            self._plan(job, now, self._pace.runnable, self._launch)

    def _launch(self, job: LocalJob, now: float) -> None:
        """Move from RUNNABLE to STARTING: Batch requests a Fargate task."""
        if not self._stock.take(job):
            job.turn += 1
            return
        self._enter(job, now, JobStatus.STARTING)
        submission = job.submission
        number = len(job.attempts) + 1
        task = uuid.uuid5(_TASKS, f"{job.job_id}/{number}").hex
        cluster = cluster_name(submission.environment)
        job.attempts.append(
            LocalAttempt(
                number=number,
                task_arn=arn(submission.region, f"task/{cluster}/{task}", service="ecs"),
                containers=[container_of(submission, c, task) for c in submission.containers],
                decides=submission.deciding,
            )
        )
        if self._script(job).stuck_in == JobStatus.STARTING:
            job.turn += 1
        else:
            self._plan(job, now, self._pace.starting, self._start)

    def _start(self, job: LocalJob, now: float) -> None:
        """Move from STARTING to RUNNING, unless the container cannot start."""
        script = self._script(job)
        if job.submission.doom is not None:
            self._finish(job, now, JobStatus.FAILED, job.submission.doom)
        elif not script.starts:
            self._attempt_over(job, now, None, script.reason, script.status_reason)
        elif self.executor and script is _PLAIN and self.executor.takes(job):
            self.executor.launch(job)
        else:
            self._run(job, now, script)

    def _run(self, job: LocalJob, now: float, script: Script) -> None:
        job.attempt.started_at = now
        self._enter(job, now, JobStatus.RUNNING)
        if self.executor and script.log:
            self.executor.write_log(job.attempt, script.log)
        runtime = self._pace.running if script.runtime is None else script.runtime
        timeout = job.submission.timeout.get("attemptDurationSeconds")
        endless = script.stuck_in == JobStatus.RUNNING
        if timeout and (endless or timeout < runtime):
            self._plan(job, now, timeout, self._overdue)
        elif endless:
            job.turn += 1
        else:
            self._plan(job, now, runtime, self._exit)

    def _exit(self, job: LocalJob, now: float) -> None:
        script = self._script(job)
        for container in job.attempt.containers:  # no script tells of those that do not decide
            container.exit_code = 0
        self._attempt_over(job, now, script.exit_code, script.reason, script.status_reason)

    def _overdue(self, job: LocalJob, now: float) -> None:
        job.attempt.status_reason = TIMED_OUT
        if not (self.executor and self.executor.stop(job)):
            self._attempt_over(job, now, KILLED, None, TIMED_OUT)

    def _stopped(self, job: LocalJob, now: float) -> None:
        """End a terminated job after its container has stopped."""
        job.attempt.stopped_at = now
        exit_code = None if job.attempt.started_at is None else KILLED
        job.attempt.end(exit_code)
        job.attempt.status_reason = job.stop_reason
        self._finish(job, now, JobStatus.FAILED, job.stop_reason)

    def _attempt_over(
        self,
        job: LocalJob,
        now: float,
        exit_code: int | None,
        reason: str | None,
        status_reason: str | None,
    ) -> None:
        attempt = job.attempt
        attempt.stopped_at = now
        attempt.end(exit_code, reason)
        self._try_again(self._stock.give_back(job), now)
        attempt.status_reason = NORMAL_EXIT if status_reason is None else status_reason
        if exit_code == 0:
            self._finish(job, now, JobStatus.SUCCEEDED, attempt.status_reason)
        elif status_reason != TIMED_OUT and wants_retry(job):
            self._released(job, now)
        else:
            self._finish(job, now, JobStatus.FAILED, attempt.status_reason)

    def _finish(self, job: LocalJob, now: float, status: JobStatus, reason: str | None) -> None:
        """Enter a final state, and update the parent and the dependents."""
        if job.status in FINAL:
            return
        job.turn += 1
        self._enter(job, now, status, reason)
        self._try_again(self._stock.give_back(job), now)
        succeeded = status is JobStatus.SUCCEEDED
        told = self._dependency_succeeded if succeeded else self._dependency_failed
        dependents, job.dependents = job.dependents, []
        for dependent in dependents:
            # As events of their own: a chain of 10,000 must not become a recursion. The turn stays
            # as it is, for one job may hear from many.
            heapq.heappush(
                self._events, (now, next(self._tickets), dependent.turn, dependent, told)
            )
        if job.parent is not None:
            self._child_over(job.parent, now)

    def _child_over(self, parent: LocalJob, now: float) -> None:
        failed = parent.counts[JobStatus.FAILED]
        if failed + parent.counts[JobStatus.SUCCEEDED] < len(parent.children):
            return
        if failed:
            reason = parent.stop_reason or CHILD_FAILED
            self._finish(parent, now, JobStatus.FAILED, reason)
        else:
            self._finish(parent, now, JobStatus.SUCCEEDED, None)

    # ── what happens to it ───────────────────────────────────────────────────────────────────

    def _script(self, job: LocalJob, attempt: int | None = None) -> Script:
        """Return the newest script for the job's current attempt (or *attempt*), or the default."""
        number = attempt or len(job.attempts)
        for script in reversed(self.scripts):
            if script.applies_to(job, number):
                return script
        return _PLAIN

    def _uuid(self) -> str:
        """Make a random id; equal seeds give equal ids in the same order."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


_PLAIN: Final = Script()
