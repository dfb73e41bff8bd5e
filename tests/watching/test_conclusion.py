"""A job that has ended is judged by what AWS told; nothing that fails meanwhile changes that."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.exceptions import AccessDenied, AnswerLost
from airflow_fargate_batch.watching.conclusion import Conclusion, conclude

ARN = "arn:aws:batch:eu-west-1:123456789012:job/array"


class Children:
    def __init__(self, *answers: list[Job] | Exception) -> None:
        self.answers = list(answers)

    def describe_jobs(self, job_ids: list[str]) -> list[Job]:
        answer = self.failed_children("array")
        return [job for job in answer if job.id in job_ids]

    def failed_children(self, array_job_id: str, **_: object) -> list[Job]:
        assert array_job_id == "array"
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def job(**members: Any) -> Job:
    return Job.from_api({"jobId": "job", **members})


def array(status: str) -> Job:
    summary = {"SUCCEEDED": 8, "FAILED": 2}
    properties = {"size": 10, "statusSummary": summary}
    return job(
        jobId="array",
        jobArn=ARN,
        status=status,
        statusReason="Array Child Job failed",
        arrayProperties=properties,
    )


def child(index: int, *, exit_code: int = 3) -> Job:
    return job(
        jobId=f"array:{index}",
        status="FAILED",
        arrayProperties={"index": index},
        container={"exitCode": exit_code},
    )


def concluded(job: Job, *answers: list[Job] | Exception) -> Conclusion:
    aws = Children(*answers)
    conclusion = conclude(job, task="dag.task", api=lambda: cast("BatchApi", aws))
    assert aws.answers == []
    return conclusion


def test_the_reasons_of_failed_children_do_not_show_the_secrets_of_their_array() -> None:
    told = replace(child(1), status_reason="exec: hunter2: not found")
    end = concluded(replace(array("FAILED"), secrets=("hunter2",)), [told])
    assert "hunter2" not in f"{end.failure} {end.summary}"
    assert "exec: ***: not found" in str(end.failure)


def not_connected() -> BatchApi:
    raise AssertionError("there is nothing to ask AWS")


@pytest.mark.parametrize(
    "ended", [job(status="SUCCEEDED"), array("SUCCEEDED"), job(status="FAILED")], ids=str
)
def test_only_a_failed_array_makes_it_connect(ended: Job) -> None:
    conclude(ended, task=None, api=not_connected)


def test_a_job_that_succeeded_is_no_failure() -> None:
    conclusion = concluded(job(status="SUCCEEDED", container={"exitCode": 0}))
    assert conclusion.failure is None
    assert (conclusion.summary["status"], conclusion.summary["exit_code"]) == ("SUCCEEDED", 0)


def test_a_job_that_failed_is_reported_with_a_link_to_its_region() -> None:
    ended = job(status="FAILED", jobArn=ARN, container={"exitCode": 3})
    conclusion = concluded(ended)
    assert conclusion.failure is not None
    report = str(conclusion.failure)
    assert report.startswith("dag.task: job job failed with exit code 3: the program ended")
    assert "https://console.aws.amazon.com/batch/home?region=eu-west-1#jobs/detail/job" in report
    assert conclusion.failure.retryable
    assert conclusion.summary["exit_code"] == 3


def test_a_job_that_can_never_succeed_is_not_to_be_retried() -> None:
    conclusion = concluded(job(status="FAILED", container={"exitCode": 127}))
    assert conclusion.failure is not None
    assert not conclusion.failure.retryable


def test_an_arrays_failed_children_are_told_in_report_and_summary() -> None:
    conclusion = concluded(array("FAILED"), [child(2), child(7)])
    assert "array:7: exit code 3" in str(conclusion.failure)
    assert conclusion.summary["array"]["failed_indexes"] == [2, 7]


@pytest.mark.parametrize(
    "error", [AccessDenied("AWS refused it", "batch:ListJobs"), AnswerLost("it was lost")], ids=repr
)
def test_an_array_has_failed_even_if_its_children_cannot_be_asked_for(error: Exception) -> None:
    conclusion = concluded(array("FAILED"), error)
    assert conclusion.failure is not None
    assert conclusion.summary["array"]["counts"] == {"SUCCEEDED": 8, "FAILED": 2}
    assert conclusion.summary["array"]["failed_indexes"] is None


@pytest.mark.parametrize(
    ("exit_code", "codes", "has"),
    [
        (3, {3}, True),
        (3, {1, 3}, True),
        (3, {4}, False),
        (3, set(), False),
        (0, {0}, True),
        (None, {0}, False),
        (None, set(), False),
    ],
)
def test_an_exit_code_is_one_of_some(exit_code: int | None, codes: set[int], has: bool) -> None:
    container = {} if exit_code is None else {"exitCode": exit_code}
    end = concluded(job(status="FAILED", container=container))
    known = frozenset(codes)
    assert (end.all_ended_with(known), end.any_ended_with(known)) == (has, has)


@pytest.mark.parametrize(
    ("children", "codes", "all_of_them", "any_of_them"),
    [
        ([child(0), child(1)], {3}, True, True),
        ([child(0), child(1, exit_code=4)], {3}, False, True),
        ([child(0), child(1, exit_code=4)], {3, 4}, True, True),
        ([child(0)], {4}, False, False),
        ([], {3}, False, False),
    ],
)
def test_an_array_has_the_exit_codes_of_its_failed_children(
    children: list[Job], codes: set[int], all_of_them: bool, any_of_them: bool
) -> None:
    end = concluded(array("FAILED"), children)
    known = frozenset(codes)
    assert (end.all_ended_with(known), end.any_ended_with(known)) == (all_of_them, any_of_them)


def test_an_array_whose_children_no_retry_helps_is_not_retried() -> None:
    end = concluded(array("FAILED"), [child(0, exit_code=127), child(1, exit_code=127)])
    assert end.failure is not None
    assert not end.failure.retryable


def test_an_arn_that_is_none_hurts_nobody() -> None:
    assert "Console" not in str(concluded(job(status="FAILED", jobArn="odd")).failure)


SIDECAR: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "data" / "describe_jobs_sidecar.json").read_text("utf-8")
)


def test_the_essential_container_decides_not_a_sidecar_that_was_stopped_after_it() -> None:
    conclusion = concluded(Job.from_api(SIDECAR | {"jobArn": ARN}))
    assert conclusion.all_ended_with(frozenset({99}))
    assert not conclusion.any_ended_with(frozenset({143}))
    assert conclusion.summary["exit_code"] == 99
    report = str(conclusion.failure)
    assert " failed with exit code 99: the program ended with an error" in report
    assert "Container metrics (not essential): exit code 143" in report
    assert "Container main: exit code 99" in report
    assert "log-events/main$252F1" in report


def test_a_sidecar_that_found_no_command_forbids_no_retry() -> None:
    [metrics, main] = SIDECAR["ecsProperties"]["taskProperties"][0]["containers"]
    containers = [metrics | {"exitCode": 127}, main | {"exitCode": 1}]
    conclusion = concluded(
        Job.from_api(SIDECAR | {"ecsProperties": {"taskProperties": [{"containers": containers}]}})
    )
    assert conclusion.failure is not None
    assert conclusion.failure.retryable


def test_children_with_sidecars_are_described_because_listjobs_does_not_tell_them_apart() -> None:
    parent = Job.from_api(SIDECAR | {"jobId": "array", "arrayProperties": {"size": 2}})
    listed = [child(0, exit_code=143), child(1, exit_code=143)]
    described = [
        Job.from_api(SIDECAR | {"jobId": each.id, "arrayProperties": {"index": index}})
        for index, each in enumerate(listed)
    ]
    assert concluded(parent, listed, described).exit_codes == {99}
    assert concluded(parent, listed, described[:1]).exit_codes == {99, None}
    assert concluded(parent, listed, AccessDenied("no", "batch:DescribeJobs")).exit_codes == {None}
