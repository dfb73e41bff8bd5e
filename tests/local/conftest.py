from collections.abc import Callable, Iterator
from typing import Any

import pytest

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE

Submit = Callable[..., str]


@pytest.fixture
def aws() -> Iterator[LocalBatch]:
    """LocalBatch whose jobs stand still until the test advances the clock."""
    with LocalBatch(manual_clock=True, seed=1) as aws:
        yield aws


@pytest.fixture
def batch(aws: LocalBatch) -> Any:
    return aws.client("batch")


@pytest.fixture
def submit(batch: Any) -> Submit:
    def submit(name: str = "job", **more: Any) -> str:
        target = {"jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
        job_id: str = batch.submit_job(jobName=name, **(target | more))["jobId"]
        return job_id

    return submit


@pytest.fixture
def describe(batch: Any) -> Callable[[str], dict[str, Any]]:
    def describe(job_id: str) -> dict[str, Any]:
        [job] = batch.describe_jobs(jobs=[job_id])["jobs"]
        return dict(job)

    return describe
