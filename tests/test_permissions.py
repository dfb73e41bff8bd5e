"""The README's table of IAM actions is what each feature really calls for."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from airflow_fargate_batch.aws import BatchApi
from airflow_fargate_batch.core.log_streams import LogRequest
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.logs import LogsApi
from airflow_fargate_batch.submission import Submitter

README = (Path(__file__).parents[1] / "README.md").read_text()
TABLE = {
    feature: set(re.findall(r"`(\w+:\w+)`", actions))
    for feature, actions in re.findall(r"^\| (.+?) \| (`(?:batch|logs):.+) \|$", README, re.M)
}
TOKEN = "0123456789abcdef"


def request(**arguments: object) -> JobRequest:
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


FEATURES: dict[str, Callable[[BatchApi], None]] = {
    "submit": submit,
    "find the job of an earlier try, or of a lost answer": find,
    "wait": wait,
    "name the failed children of an array": name_failed_children,
    "end jobs: timeouts, kills, clears": end,
    "compare `platform_version`": compare_platform_version,
}


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
    assert used == TABLE[feature]


def test_streaming_logs_calls_for_its_action(aws: LocalBatch) -> None:
    with suppress(AwsError):
        request = LogRequest(group="/aws/batch/job", stream="any")
        LogsApi.connect(region_name=aws.region).get(request)
    assert {action for call in aws.requests for action in call.actions} == TABLE["stream logs"]


def test_every_feature_in_the_table_is_tried() -> None:
    assert set(TABLE) == {*FEATURES, "stream logs"}
