"""Evidence about a job beside DescribeJobs: queue, line, dependencies, children, log, use."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.listing import first_few, in_a_sentence
from airflow_fargate_batch.core.queue_snapshot import SHOWN, QueueSnapshot
from airflow_fargate_batch.core.surroundings import (
    ComputeEnvironment,
    JobQueue,
    Surroundings,
    Unread,
)
from airflow_fargate_batch.exceptions import AccessDenied, Throttled

if TYPE_CHECKING:  # both load the prices, which most explanations do not need
    from airflow_fargate_batch.core.cost import Cost
    from airflow_fargate_batch.core.right_size import RightSize

LINE: Final = "the queue's line and use"
DEPENDENCIES: Final = "the dependencies"
FIRST_IN_LINE: Final = "the first job in line"
CHILD: Final = "the array's first RUNNABLE child"
SCHEDULE: Final = "the time of scheduling"
USAGE: Final = "CPU and memory use"
"""Further values of ``Unread.what``."""
DEPENDENCIES_SHOWN: Final = 5
SHARES_SHOWN: Final = 5
NOTHING_AROUND: Final = Surroundings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Answers about what stands around a job; what was not asked for is empty.

    Attributes:
        first_in_line: The job at the head of the queue, unless that is the job itself.
        runnable_child: Of an array that waits, the child whose reason AWS shows.
        dependencies: The jobs in ``dependsOn`` that AWS still knows.
        first_failure: The job whose failure made the others fail, at the end of a chain of failed
            dependencies.
        scheduled_at: When Batch requested the task of the current or last attempt.
        failed_children: Failed children of an array.
        log_lines: Last lines of the log, without secrets.
        unread: Lookups without an answer.
    """

    surroundings: Surroundings = NOTHING_AROUND
    snapshot: QueueSnapshot | None = None
    first_in_line: Job | None = None
    runnable_child: Job | None = None
    dependencies: tuple[Job, ...] = ()
    first_failure: Job | None = None
    scheduled_at: datetime | None = None
    failed_children: tuple[Job, ...] = ()
    log_lines: tuple[str, ...] = ()
    right_size: "RightSize | None" = None
    cost: "Cost | None" = None
    unread: tuple[Unread, ...] = ()

    @property
    def queue(self) -> JobQueue | None:
        """The job's queue."""
        return self.surroundings.queue

    @property
    def environments(self) -> tuple[ComputeEnvironment, ...]:
        """The queue's compute environments, in the order of preference."""
        return self.surroundings.environments

    @property
    def all_unread(self) -> tuple[Unread, ...]:
        """Every lookup without an answer."""
        return (*self.surroundings.unread, *self.unread)

    @property
    def knows_dependencies(self) -> bool:
        """Whether AWS answered about the dependencies."""
        return all(each.what != DEPENDENCIES for each in self.unread)

    @property
    def most_vcpus(self) -> int | None:
        """Sum of maxvCpus of the compute environments that can start jobs; ``None`` if unknown."""
        known = [each.max_vcpus for each in self.environments if each.can_place_jobs]
        return sum(filter(None, known)) if known and None not in known else None

    def unread_lines(self) -> list[str]:
        """Write a line for each lookup without an answer: the reason, and what to grant."""
        return [f"Could not read {each.what}: {_reason(each)}" for each in self.all_unread]

    def place_in_line(self, job: Job) -> int | None:
        """Return the place of a job, or of the first child of an array, from 1."""
        if self.snapshot is None:
            return None
        find = self.snapshot.first_place_of_children if job.is_array else self.snapshot.place_of
        return find(job.id)

    def is_beyond_the_snapshot(self, job: Job) -> bool:
        """Return whether the line is longer than the snapshot, and the job is not in it."""
        is_long = self.snapshot is not None and len(self.snapshot.front) >= SHOWN
        return is_long and self.place_in_line(job) is None


def evidence_lines(job: Job, evidence: Evidence) -> list[str]:
    """Write the evidence for people, a fact a line."""
    lines = [*_of_queue(evidence), *_of_line(job, evidence), *_of_dependencies(job, evidence)]
    if evidence.right_size is not None:
        lines += evidence.right_size.to_lines()
    if evidence.cost is not None:
        lines.append(evidence.cost.describe())
    return lines


def _reason(unread: Unread) -> str:
    error = unread.error
    if isinstance(error, AccessDenied):
        return f"access denied. {error.advice}"
    if isinstance(error, Throttled):
        return "AWS throttled the call"
    return " ".join(str(error).split())


def _of_queue(evidence: Evidence) -> Iterator[str]:
    queue = evidence.queue
    if queue is not None:
        kind = "fair share" if queue.is_fair_share else "first in, first out"
        yield f"Queue {queue.name}: {_state(queue)}, {kind}{_because(queue)}"
    for each in evidence.environments:
        most = "" if each.max_vcpus is None else f", at most {each.max_vcpus} vCPU"
        yield (
            f"Compute environment {each.name}: {_state(each)}, {each.runs_on}{most}{_because(each)}"
        )
    if evidence.surroundings.definition is not None:
        yield _of_definition(evidence.surroundings.definition)


def _of_definition(definition: JobDefinition) -> str:
    network = "public IP" if definition.assigns_public_ip else "no public IP"
    role = "" if definition.execution_role else ", no execution role"
    return (
        f"Job definition {definition}: {definition.architecture}, platform version"
        f" {definition.platform_version}, {network}{role}"
    )


def _state(resource: JobQueue | ComputeEnvironment) -> str:
    return f"{resource.state}, {resource.status}"


def _because(resource: JobQueue | ComputeEnvironment) -> str:
    """Write AWS's reason, unless the resource is healthy."""
    is_healthy = resource.status == "VALID"
    return "" if is_healthy or not resource.status_reason else f": {resource.status_reason}"


def _of_line(job: Job, evidence: Evidence) -> Iterator[str]:
    snapshot = evidence.snapshot
    if snapshot is None:
        return
    if snapshot.used_vcpus is not None:
        of = "" if evidence.most_vcpus is None else f" of at most {evidence.most_vcpus}"
        yield f"In use: {_number(snapshot.used_vcpus)}{of} vCPU"
    if snapshot.shares or snapshot.active_shares:
        yield from _of_share(job, snapshot)
    place = evidence.place_in_line(job)
    if place is not None:
        shown = len(snapshot.front)
        behind = f"{shown}" if shown < SHOWN else f"at least {shown}"
        yield f"Place in line: {place} of {behind} RUNNABLE jobs"
    elif evidence.is_beyond_the_snapshot(job):
        yield f"Place in line: behind the first {SHOWN} RUNNABLE jobs"
    elif snapshot.front:
        others = len(snapshot.front)
        yield f"In line: {others} other RUNNABLE job{'' if others == 1 else 's'}"


def _of_share(job: Job, snapshot: QueueSnapshot) -> Iterator[str]:
    share = job.share_identifier
    if share is not None:
        used = _number(snapshot.shares.get(share, Decimal(0)))
        yield f"Share {share}: {used} vCPU in use"
    others = {name: used for name, used in snapshot.shares.items() if name != share}
    if others:
        largest = sorted(others.items(), key=lambda each: -each[1])
        told = (f"{name} {_number(used)}" for name, used in largest)
        yield f"Other shares, vCPU in use: {in_a_sentence(told, SHARES_SHOWN)}"


def _of_dependencies(job: Job, evidence: Evidence) -> Iterator[str]:
    told = (f"Dependency {described_job(each)}" for each in evidence.dependencies)
    yield from first_few(told, DEPENDENCIES_SHOWN)
    first = evidence.first_failure
    if first is not None and first.id not in {job.id, *(d.id for d in evidence.dependencies)}:
        yield f"First failed job in the chain: {described_job(first)}"


def described_job(job: Job) -> str:
    """Write another job: id, name, state, exit code and reason."""
    name = f" ({job.name})" if job.name else ""
    said = job.reason or job.status_reason if job.status.value == "FAILED" else None
    code = None if job.exit_code is None else f"exit code {job.exit_code}"
    return ", ".join(filter(None, (f"{job.id}{name}: {job.status_text}", code, said)))


def evidence_json(job: Job, evidence: Evidence) -> dict[str, Any]:
    """Write the evidence for programs; ``null`` means unknown or not asked for."""
    queue, snapshot = evidence.queue, evidence.snapshot
    return {
        "jobQueue": None
        if queue is None
        else {
            "name": queue.name,
            "state": queue.state,
            "status": queue.status,
            "statusReason": queue.status_reason,
            "isFairShare": queue.is_fair_share,
        },
        "computeEnvironments": [
            {
                "name": each.name,
                "state": each.state,
                "status": each.status,
                "statusReason": each.status_reason,
                "type": each.resource_type,
                "maxVcpus": each.max_vcpus,
                "containerInsights": each.container_insights,
            }
            for each in evidence.environments
        ],
        "placeInLine": evidence.place_in_line(job),
        "vcpusInUse": None if snapshot is None else _float(snapshot.used_vcpus),
        "sharesInUse": {}
        if snapshot is None
        else {share: float(used) for share, used in snapshot.shares.items()},
        "firstInLine": None if evidence.first_in_line is None else evidence.first_in_line.id,
        "dependencies": [
            {"jobId": each.id, "status": each.status_text, "statusReason": each.status_reason}
            for each in evidence.dependencies
        ],
        "firstFailure": None if evidence.first_failure is None else evidence.first_failure.id,
        "logLines": list(evidence.log_lines),
    }


def _number(value: Decimal) -> str:
    """Write a number without needless zeros: ``0.25``, ``12``."""
    return f"{value.normalize():f}"


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
