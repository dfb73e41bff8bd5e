"""An array with thousands of failed children: as many are read as are kept, all are counted."""

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.job import FAILED_INDEXES, Job
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from airflow_fargate_batch.watching.conclusion import Conclusion, conclude

FAILED = 2350
CANNOT_START = "CannotPullContainerError: manifest unknown"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        yield local


def failed_array(aws: LocalBatch, **script: Any) -> Job:
    aws.script("*", indexes=range(FAILED), **script)
    aws.client("batch").submit_job(
        jobName="array",
        jobQueue=READY_QUEUE,
        jobDefinition=READY_DEFINITION,
        arrayProperties={"size": 3000},
    )
    aws.advance(60)
    return Job.from_api(aws.jobs[0])


def concluded(aws: LocalBatch, job: Job, **how: Any) -> Conclusion:
    api = BatchApi.connect(region_name=aws.region)
    return conclude(job, task=None, api=lambda: api, **how)


def pages(aws: LocalBatch) -> int:
    return [call.operation for call in aws.requests].count("ListJobs")


def test_as_many_pages_are_read_as_the_summary_keeps(aws: LocalBatch) -> None:
    end = concluded(aws, failed_array(aws, exit_code=1))
    assert pages(aws) == FAILED_INDEXES / 100
    assert len(end.summary["array"]["failed_indexes"]) == FAILED_INDEXES
    assert end.summary["array"]["counts"]["FAILED"] == FAILED


def test_the_report_counts_all_failed_children(aws: LocalBatch) -> None:
    text = str(concluded(aws, failed_array(aws, exit_code=1)).failure)
    assert f"Failed children: {FAILED} of 3000" in text
    assert f"and {FAILED - 10} more" in text
    assert f"1000 of 1000 failed children that were read; {FAILED - 1000} were not" in text


def test_a_part_of_the_children_never_forbids_a_retry(aws: LocalBatch) -> None:
    """A child that was not read may have failed for a reason that passes."""
    job = failed_array(aws, exit_code=None, reason=CANNOT_START)
    part, whole = concluded(aws, job), concluded(aws, job, every_child=True)
    assert part.failure is not None
    assert whole.failure is not None
    assert (part.failure.retryable, whole.failure.retryable) == (True, False)


def test_exit_codes_that_a_task_asks_for_are_read_of_every_child(aws: LocalBatch) -> None:
    job = failed_array(aws, exit_code=3)
    part, whole = concluded(aws, job), concluded(aws, job, every_child=True)
    assert pages(aws) == 10 + 24
    codes = frozenset({3})
    assert (part.all_ended_with(codes), whole.all_ended_with(codes)) == (False, True)
