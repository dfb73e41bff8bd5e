"""What a dry run leaves in place of a job, so that the tasks after it can run dry as well."""

from typing import Any, Final

from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core.job import ArrayProgress, Job
from airflow_fargate_batch.core.request import DRY_RUN_PREFIX, JobRequest

STATUS: Final = "DRY_RUN"
"""The state that no job of AWS has: nothing ran, so nothing succeeded."""


def placeholder(request: JobRequest) -> str:
    """Return what stands for the job's id; a later dry run may depend on it."""
    return f"{DRY_RUN_PREFIX}{request.job_name}"


def summary(request: JobRequest) -> dict[str, Any]:
    """Return XCom ``job`` as a job that ended has it, with ``DRY_RUN`` as its state."""
    vcpu, memory = request.size
    size = request.array_size
    job = Job(
        id=placeholder(request),
        name=request.job_name,
        status_text=STATUS,
        status_reason="dry run: nothing was submitted",
        containers=(Container(vcpu=vcpu, memory=memory),),
        array=None if size is None else ArrayProgress(size=size),
    )
    return job.to_summary()
