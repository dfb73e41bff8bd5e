"""The children of an array left to run after earlier tries of the same submission."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_fargate_batch.core.status import JobStatus

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.core.job import Job


def indexes_left(api: BatchApi, earlier: list[Job]) -> list[int] | None:
    """Return the indexes of an array left failed by earlier tries; ``None`` means all.

    A try after the first ran only the indexes left by the try before, so a child's index counts
    within the indexes left by the try before.

    :param earlier: the jobs of the earlier tries.
    :raises AwsError: the failed children cannot be listed.
    """
    left: list[int] | None = None
    for job in sorted(earlier, key=lambda job: (job.created_at is not None, job.created_at)):
        if job.status is not JobStatus.FAILED:
            return None
        if job.array is None:  # the one index that was left, run as a plain job
            continue
        failed = sorted({_index(child) for child in api.failed_children(job.id)})
        size = job.array_size if left is None else len(left)
        is_odd = failed and (failed[0] < 0 or (size is not None and failed[-1] >= size))
        if is_odd or len(failed) < job.counts.get(JobStatus.FAILED, 0):
            return None  # a child that failed is not among them, and must not be left out
        left = failed if left is None else [left[index] for index in failed]
    return left or None


def _index(child: Job) -> int:
    """Return a child's index, from the entry or else from the id; -1 if unknown."""
    if child.array is not None and child.array.index is not None:
        return child.array.index
    index = child.id.rpartition(":")[2]
    return int(index) if index.isascii() and index.isdecimal() and len(index) < 10 else -1
