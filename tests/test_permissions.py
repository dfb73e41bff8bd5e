"""The README's table of IAM actions is what each feature really calls for."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.core.log_streams import LogRequest
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.submitting.submitter import Submitter
from airflow_fargate_batch.watching.conclusion import conclude

README = (Path(__file__).parents[1] / "README.md").read_text()
TABLE = {
    feature: set(re.findall(r"`(\w+:\w+)`", actions))
    for feature, actions in re.findall(r"^\| (.+?) \| (`(?:batch|logs):.+) \|$", README, re.M)
}
TOKEN = "0123456789abcdef"


def request(**arguments: Any) -> JobRequest:
    return JobRequest.from_arguments(
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        submission=Submission(token=TOKEN),
        **arguments,
    )


def submit(api: BatchApi) -> None:
    Submitter(api).submit(request())


def find(api: BatchApi) -> None:
    Submitter(api).submit(request(), look_first=True)


def wait(api: BatchApi) -> None:
    api.describe_jobs(["any"])


def name_failed_children(api: BatchApi) -> None:
    api.failed_children("any")


def end(api: BatchApi) -> None:
    api.terminate_job("any", "a reason")


def compare_platform_version(api: BatchApi) -> None:
    Submitter(api).check_platform_version(request(platform_version="1.4.0"))


def name_newest_revision(api: BatchApi) -> None:
    Submitter(api).submit(replace(request(), job_definition="nowhere"))


FEATURES: dict[str, Callable[[BatchApi], None]] = {
    "submit": submit,
    "find the job of an earlier try, or of a lost answer": find,
    "wait": wait,
    "name the failed children of an array": name_failed_children,
    "terminate jobs: timeouts, kills, clears": end,
    "compare `platform_version`": compare_platform_version,
    "name the newest revision of an unknown job definition": name_newest_revision,
}
OF_LOGS = {"stream logs", "show the last log lines of a failed job, in a task that waits"}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch() as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        yield local


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_calls_for_its_actions_and_no_others(feature: str, aws: LocalBatch) -> None:
    api = BatchApi.connect(region_name=aws.region)
    if feature.startswith("find"):
        submit(api)  # the earlier try
    before = len(aws.requests)
    with suppress(AwsError):  # there is no such job; to ask is what needs the permission
        FEATURES[feature](api)
    used = {action for call in aws.requests[before:] for action in call.actions}
    if feature.startswith("name the newest"):
        used -= TABLE["submit"]
    assert used == TABLE[feature]


def test_streaming_logs_calls_for_its_action(aws: LocalBatch) -> None:
    with suppress(AwsError):
        request = LogRequest(group="/aws/batch/job", stream="any")
        LogsApi.connect(region_name=aws.region).get(request)
    assert {action for call in aws.requests for action in call.actions} == TABLE["stream logs"]


def test_the_last_lines_of_a_failed_job_call_for_the_same(aws: LocalBatch) -> None:
    aws.script(exit_code=1, log=["the last line"])
    api = BatchApi.connect(region_name=aws.region)
    submit(api)
    aws.advance(60)
    [job] = api.describe_jobs([aws.jobs[0]["jobId"]])
    before = len(aws.requests)
    end = conclude(
        job, task=None, api=lambda: api, logs=lambda: LogsApi.connect(region_name=aws.region)
    )
    assert "the last line" in str(end.failure)
    used = {action for call in aws.requests[before:] for action in call.actions}
    assert used == TABLE["show the last log lines of a failed job, in a task that waits"]


def test_every_feature_in_the_table_is_tried() -> None:
    assert set(TABLE) == {*FEATURES, *OF_LOGS}
