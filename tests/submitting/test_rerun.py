"""A retry of an array's task runs only the children that are left, by their first indexes."""

import subprocess
from collections.abc import Iterator
from typing import Any, cast

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.submitting.rerun import indexes_left
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.submitting.submitter import Submitter

LONG_ENOUGH = 60.0


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        yield local


def request(**arguments: Any) -> JobRequest:
    return JobRequest.from_arguments(
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        submission=Submission(token="0123456789abcdef"),
        **arguments,
    )


def try_again(aws: LocalBatch, wanted: JobRequest, *, tries_before: int) -> dict[str, Any]:
    """Submit as a later try does, let the job end, and return it."""
    submitter = Submitter(
        BatchApi.connect(region_name=aws.region), clock=Timing(sleep=lambda _: None)
    )
    job_id = submitter.submit(
        wanted, look_first=tries_before > 0, tries_before=tries_before, rerun_failed_only=True
    ).job_id
    aws.advance(LONG_ENOUGH)
    return next(job for job in aws.jobs if job["jobId"] == job_id)


def indexes_of(job: dict[str, Any]) -> str | None:
    environment = {entry["name"]: entry["value"] for entry in job["container"]["environment"]}
    return environment.get("FARGATE_BATCH_INDEXES")


def test_each_try_runs_what_the_one_before_left(aws: LocalBatch) -> None:
    wanted = request(array_size=6)
    aws.script("*", exit_code=1, indexes=[1, 3, 4])
    first = try_again(aws, wanted, tries_before=0)
    assert (first["arrayProperties"]["size"], indexes_of(first)) == (6, None)

    aws.script("*", exit_code=0)
    aws.script("*", exit_code=1, indexes=[2])  # the third of those that are left: index 4
    second = try_again(aws, wanted, tries_before=1)
    assert (second["arrayProperties"]["size"], indexes_of(second)) == (3, "1,3,4")
    assert Job.from_api(second).indexes == (1, 3, 4)

    aws.script("*", exit_code=0)
    third = try_again(aws, wanted, tries_before=2)
    assert ("size" in third.get("arrayProperties", {}), indexes_of(third)) == (False, "4")
    assert third["status"] == "SUCCEEDED"


def test_a_plain_job_is_submitted_as_it_is(aws: LocalBatch) -> None:
    aws.script("*", exit_code=1)
    try_again(aws, request(), tries_before=0)
    assert indexes_of(try_again(aws, request(), tries_before=1)) is None


@pytest.mark.parametrize(
    ("variables", "index"),
    [
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "7"}, "7"),
        ({"AWS_BATCH_JOB_ARRAY_INDEX": "1", "FARGATE_BATCH_INDEXES": "3,5,8"}, "5"),
        ({"FARGATE_BATCH_INDEXES": "8"}, "8"),
    ],
    ids=["a first try", "a retry", "a retry of one"],
)
def test_the_idiom_of_the_readme_finds_the_index(
    variables: dict[str, str], index: str, idiom: str
) -> None:
    said = subprocess.run(
        ["sh", "-eu", "-c", f'{idiom}\necho "$index"'],
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == index


@pytest.fixture
def idiom() -> str:
    from tests.test_readme import BLOCKS

    return str(next(block for _, block in BLOCKS if block.startswith("set -- $(echo")))


class Listing:
    """Lists the failed children of arrays, as ListJobs told of them."""

    def __init__(self, **children: list[dict[str, Any]]) -> None:
        self._children = children

    def failed_children(self, array_job_id: str, **_: object) -> list[Job]:
        return [Job.from_api(entry) for entry in self._children[array_job_id]]


def failed_array(job_id: str, *, size: int, failed: int) -> Job:
    properties = {"size": size, "statusSummary": {"FAILED": failed}}
    return Job.from_api({"jobId": job_id, "status": "FAILED", "arrayProperties": properties})


def child(index: int, **members: Any) -> dict[str, Any]:
    return {"jobId": f"a:{index}", "arrayProperties": {"index": index}} | members


@pytest.mark.parametrize(
    ("children", "left"),
    [
        pytest.param([child(1), child(4)], [1, 4], id="well"),
        pytest.param([child(1), child(4, arrayProperties="?")], [1, 4], id="index in the id only"),
        pytest.param([child(1), child(4), child(1)], [1, 4], id="listed twice"),
        pytest.param([child(1), {"jobId": "a"}], None, id="no index at all"),
        pytest.param([child(1), child(-1)], None, id="negative"),
        pytest.param([child(1), child(99)], None, id="beyond the array"),
        pytest.param([child(1)], None, id="one is not listed"),
    ],
)
def test_a_failed_child_with_an_odd_entry_is_never_left_out(
    children: list[dict[str, Any]], left: list[int] | None
) -> None:
    api = cast("BatchApi", Listing(a=children))
    assert indexes_left(api, [failed_array("a", size=6, failed=2)]) == left
