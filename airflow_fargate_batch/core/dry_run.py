"""Placeholders for a job in a dry run, so that later tasks can run dry as well."""

from typing import Any, Final

from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core.cost import cost_of
from airflow_fargate_batch.core.job import ArrayProgress, Job
from airflow_fargate_batch.core.pricing import Prices
from airflow_fargate_batch.core.request import DRY_RUN_PREFIX, JobRequest

STATUS: Final = "DRY_RUN"
"""State of a dry run. No job of AWS has this state: nothing ran, so nothing succeeded."""


def placeholder(request: JobRequest) -> str:
    """Return a placeholder for the job id; a later dry run may depend on the placeholder."""
    return f"{DRY_RUN_PREFIX}{request.job_name}"


def dry_run_summary(request: JobRequest) -> dict[str, Any]:
    """Return XCom ``job`` in the form of a finished job, with state ``DRY_RUN``."""
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
    cost = cost_of(job, Prices()).to_summary() | {"reason": "nothing ran in a dry run"}
    return job.to_summary() | {"cost": cost}
