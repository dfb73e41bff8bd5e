"""Facets for OpenLineage: the job behind a task. Airflow's OpenLineage provider asks for them."""

from functools import lru_cache
from typing import Any, Final

from airflow_fargate_batch.core.job import Job

FACET: Final = "fargateBatchJob"
"""Key of the run facet: a contract with readers of OpenLineage events."""


def lineage_of(job: Job | None) -> Any:
    """Return an ``OperatorLineage`` with a run facet about the job; an empty one without a job.

    The first container stands for a job with several.
    """
    from airflow.providers.openlineage.extractors import OperatorLineage

    if job is None:
        return OperatorLineage()
    container = job.containers[0] if job.containers else None
    facet = _facet_class()(
        jobId=job.id,
        jobName=job.name,
        jobQueue=job.queue,
        jobDefinition=job.definition,
        image=container.image if container else None,
        vcpu=None if job.vcpu is None else float(job.vcpu),
        memory=job.memory,
        attempts=len(job.attempts),
        status=job.status_text or None,
        arraySize=job.array.size if job.array else None,
    )
    return OperatorLineage(run_facets={FACET: facet})


@lru_cache
def _facet_class() -> Any:
    """Make the class of the facet; OpenLineage's base class is not at hand before."""
    from attrs import define
    from openlineage.client.facet_v2 import RunFacet

    @define
    class FargateBatchJobRunFacet(RunFacet):  # type: ignore[misc]
        """The job that a task submitted, as last seen; memory is MiB."""

        jobId: str  # noqa: N815 - OpenLineage's spelling
        jobName: str | None  # noqa: N815
        jobQueue: str | None  # noqa: N815
        jobDefinition: str | None  # noqa: N815
        image: str | None
        vcpu: float | None
        memory: int | None
        attempts: int
        status: str | None
        arraySize: int | None  # noqa: N815

    return FargateBatchJobRunFacet
