"""Retries that learn: what a later try changes because of how earlier tries ended.

Everything follows from the earlier jobs of the same submission, which a retry reads anyway. Nothing
else is stored, so a crashed worker loses nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from airflow_fargate_batch.core import fargate
from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core._request.containers import ContainerOverrides, EcsTask
from airflow_fargate_batch.core._request.size import Settled
from airflow_fargate_batch.core.failure import diagnose
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import JobFailed, NoCapacity, OutOfMemory, SpotReclaimed

_NO_ROOM = {
    SpotReclaimed: "Fargate Spot reclaimed the capacity of",
    NoCapacity: "AWS had no capacity for",
}


@dataclass(frozen=True, slots=True)
class EarlierJob:
    """The job of an earlier try.

    Attributes:
        children: Failed children of an array, as far as they are known.
        try_number: ``None`` if it cannot be told.
    """

    job: Job
    children: tuple[Job, ...] = ()
    try_number: int | None = None

    def failed_by(self, exception: type[JobFailed]) -> Job | None:
        """Return the job, or the first child, that failed in one way."""
        each = self.children or (self.job,)
        return next((job for job in each if diagnose(job).exception is exception), None)

    def __str__(self) -> str:
        """Write ``try 1``, or the job if the number of the try cannot be told."""
        return f"job {self.job.id}" if self.try_number is None else f"try {self.try_number}"


class Lesson(NamedTuple):
    """A request for the next try.

    Attributes:
        says: A sentence for each change, or for a change that is not possible.
    """

    request: JobRequest
    says: tuple[str, ...] = ()


def tries_of(jobs: Sequence[Job], *, tries_before: int | None, generation: int) -> list[EarlierJob]:
    """Return the earlier tries, oldest first, numbered if each of them made a job.

    :param tries_before: number of earlier tries; ``None`` means not known.
    :param generation: number of tries before a person last cleared the task.
    """
    ordered = sorted(jobs, key=lambda job: (job.created_at is not None, job.created_at))
    is_known = tries_before == len(jobs)
    return [
        EarlierJob(job, try_number=generation + number if is_known else None)
        for number, job in enumerate(ordered, start=1)
    ]


def learned(request: JobRequest, earlier: Sequence[EarlierJob], *, this: str) -> Lesson:
    """Return the request of the next try.

    :param earlier: oldest first.
    :param this: name of the next try, ``try 2``.
    """
    says: list[str] = []
    if request.learning.grows:
        request = _grown(request, earlier, this, says)
    if request.learning.fallback_job_queue is not None:
        request = _in_another_queue(
            request, request.learning.fallback_job_queue, earlier, this, says
        )
    return Lesson(request, tuple(says))


def _in_another_queue(
    request: JobRequest, queue: str, earlier: Sequence[EarlierJob], this: str, says: list[str]
) -> JobRequest:
    """Take the fallback queue from the first try on that found no room in a queue."""
    for one in earlier:
        for exception, what in _NO_ROOM.items():
            if one.failed_by(exception):
                says.append(f"{this}: queue {queue}, because {what} {one}")
                return replace(request, job_queue=queue)
    return request


class _RanOut(NamedTuple):
    """A container that ran out of memory, its size, and the size of all containers together."""

    one: EarlierJob
    container: Container
    task: fargate.Size
    share: fargate.Size


def _grown(
    request: JobRequest, earlier: Sequence[EarlierJob], this: str, says: list[str]
) -> JobRequest:
    """Ask for more memory than the largest task that ran out of memory."""
    failed = [one for one in earlier if one.failed_by(OutOfMemory)]
    if not failed:
        return request
    known = [share for one in failed for share in _ran_out(one, request)]
    if not known:
        says.append(f"{this}: the same size, because AWS does not tell the size of {failed[-1]}")
        return request
    one, container, task, share = max(known, key=lambda each: each.task.memory)
    most = request.learning.max_memory
    size = fargate.next_size(task, at_least=task.memory + share.memory, at_most=most)
    if size is None:
        is_limited = most < fargate.MEMORY_VALUES[-1]
        why = f"`max_memory` is {most}" if is_limited else "Fargate has no more"
        says.append(f"{this}: {task.memory} MiB again, although {one} ran out of them: {why}")
        return request
    grown = fargate.Size(
        share.vcpu + size.vcpu - task.vcpu, share.memory + size.memory - task.memory
    )
    whose = f" for container {container.name}" if container.name else ""
    vcpu = f" with {grown.vcpu} vCPU" if grown.vcpu != share.vcpu else ""
    if (_size_of(request, container.name).memory or 0) >= grown.memory:
        return request  # somebody has given the task more since
    says.append(f"{this}: {grown.memory} MiB{vcpu}{whose}, because {one} ran out of {share.memory}")
    return _with_size(request, container.name, Settled(*grown))


def _ran_out(one: EarlierJob, request: JobRequest) -> Iterator[_RanOut]:
    """Yield the container that ran out of memory, if AWS tells the sizes of all containers."""
    job = one.job
    ended = one.failed_by(OutOfMemory) or job
    sizes = [fargate.Size(c.vcpu, c.memory) for c in job.containers if c.vcpu and c.memory]
    if not sizes or len(sizes) < len(job.containers):
        return
    container = _container_of(job, ended, request)
    share = sizes[job.containers.index(container)]
    task = fargate.Size(sum((s.vcpu for s in sizes), Decimal(0)), sum(s.memory for s in sizes))
    yield _RanOut(one, container, task, share)


def _container_of(job: Job, ended: Job, request: JobRequest) -> Container:
    """Return the container that decided; of a child that ListJobs shows, its name is not known."""
    own = request.ecs.own.name if request.ecs and request.ecs.own else None
    for name in (ended.telling.name, own):
        for container in job.containers:
            if name is not None and container.name == name:
                return container
    return next((each for each in job.containers if each.essential), job.containers[0])


def _size_of(request: JobRequest, container: str | None) -> Settled:
    sizes = [each.size for each in request.containers if each.name == container]
    return sizes[0] if sizes else Settled()


def _with_size(request: JobRequest, container: str | None, size: Settled) -> JobRequest:
    """Return the request with another size for one container."""
    ecs = request.ecs
    if container is None or (ecs is not None and ecs.own and ecs.own.name == container):
        return replace(request, size=size)
    if ecs is None:  # no override so far: the job definition decided everything
        return replace(request, size=size, ecs=EcsTask((ContainerOverrides(name=container),), 0))
    containers = list(ecs.containers)
    for index, each in enumerate(containers):
        if each.name == container:
            containers[index] = replace(each, size=size)
            return replace(request, ecs=ecs._replace(containers=tuple(containers)))
    containers.append(ContainerOverrides(name=container, size=size))
    return replace(request, ecs=ecs._replace(containers=tuple(containers)))
