"""Each feature calls what its IAM policy allows, and nothing else; docs/iam.md shows the same."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.items import ItemsApi
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.aws.metrics import MetricsApi
from airflow_fargate_batch.aws.prices import PriceListApi
from airflow_fargate_batch.aws.surroundings import SurroundingsReader
from airflow_fargate_batch.core._members import EPOCH
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.explanation import Question
from airflow_fargate_batch.core.items import Address
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import LogRequest
from airflow_fargate_batch.core.naming import SUBMISSION_TAG, Submission
from airflow_fargate_batch.core.permissions import FEATURES, Scope, markdown_table, policy
from airflow_fargate_batch.core.price_list import API_REGION
from airflow_fargate_batch.core.pricing import BUILT_IN
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AwsError
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.application import Call
from airflow_fargate_batch.submitting.preflight import Preflight
from airflow_fargate_batch.submitting.submitter import Submitter
from airflow_fargate_batch.watching.conclusion import conclude
from airflow_fargate_batch.watching.costs import costs_of_queue, read_capacity, read_children
from airflow_fargate_batch.watching.evidence_reader import EvidenceReader
from airflow_fargate_batch.watching.log_tail import LogTail
from airflow_fargate_batch.watching.result_reader import result_of
from airflow_fargate_batch.watching.usage_reader import read_usage

PAGE = (Path(__file__).parents[1] / "docs" / "iam.md").read_text()
TABLE = {feature.name: feature for feature in FEATURES}
TOKEN = "0123456789abcdef"


def request(**arguments: Any) -> JobRequest:
    return JobRequest.from_arguments(
        job_queue="awa-batch-dev-fargate-high-priority",
        job_definition="awa-batch-dev-fargate-sample",
        submission=Submission(token=TOKEN),
        **arguments,
    )


def submit(api: BatchApi) -> None:
    Submitter(api).submit(request(consumable_resources={"licence": 1}))


def find(api: BatchApi) -> None:
    Submitter(api).submit(request(), look_first=True)


def wait(api: BatchApi) -> None:
    api.describe_jobs(["any"])


def name_failed_children(api: BatchApi) -> None:
    api.failed_children("any")


def end(api: BatchApi) -> None:
    api.terminate_job("any", "a reason")


def compare_with_definition(api: BatchApi) -> None:
    Preflight(api, scope=object()).check(request(platform_version="1.4.0"))


def preflight(api: BatchApi) -> None:
    Preflight(api, scope=object()).check(
        replace(request(), job_queue="fair-share", share_identifier="a", scheduling_priority=1),
        thorough=True,
    )


def name_what_is_meant(api: BatchApi) -> None:
    with suppress(AwsError):
        Submitter(api).submit(replace(request(), job_queue="nowhere"))
    Submitter(api).submit(replace(request(), job_definition="nowhere"))


def write_items(_: BatchApi) -> None:
    ItemsApi.connect().write(Address("lists", "x"), "")


def read_items(_: BatchApi) -> None:
    ItemsApi.connect().read(Address("lists", "x"))


def name_containers(api: BatchApi) -> None:
    Submitter(api).submit(request(container="main", command=["ls"]))


def read_log(_: BatchApi) -> None:
    LogsApi.connect().get(LogRequest(group="/aws/batch/job", stream="any"))


def price_an_array(api: BatchApi) -> None:
    submitted = Submitter(api).submit(request(array_size=2))
    [job] = api.describe_jobs([submitted.job_id])
    reader = SurroundingsReader(api, scope=object())
    assert read_capacity(reader, job.queue) is Capacity.ON_DEMAND
    read_children(job, api.describe_jobs)


def price_a_queue(api: BatchApi) -> None:
    queue, now = request().job_queue, datetime.now(UTC)
    capacity = read_capacity(SurroundingsReader(api, scope=object()), queue)
    Submitter(api).submit(request())
    costs_of_queue(
        api, queue, BUILT_IN, since=EPOCH, now=now, capacity=capacity, call=lambda call: call()
    )


def read_prices(_: BatchApi) -> None:
    PriceListApi.connect(region_name=API_REGION).prices("us-east-1")


def send_a_function(_: BatchApi) -> None:
    address = Address("bucket", "m-0/x-result.json")
    with suppress(AwsError):
        ItemsApi.connect(region_name="ap-northeast-1").write(address, "1")
    ItemsApi.connect(region_name="ap-northeast-1").read(address)


CALLS: dict[str, Callable[[BatchApi], None]] = {
    "submit": submit,
    "find": find,
    "wait": wait,
    "children": name_failed_children,
    "terminate": end,
    "compare": compare_with_definition,
    "preflight": preflight,
    "suggest": name_what_is_meant,
    "write-items": write_items,
    "read-items": read_items,
    "override-kind": name_containers,
    "logs": read_log,
    "payload": send_a_function,
    "cost": price_an_array,
    "cost-report": price_a_queue,
    "prices": read_prices,
}
"""What a feature does, in its fewest calls. A new row of FEATURES needs one here."""
BESIDE = {
    "suggest": ("submit",),
    "override-kind": ("submit",),
    "cost": ("submit",),
    "cost-report": ("submit",),
}
"""Features that happen inside another one, whose actions they also need."""
WITH_A_TEST_OF_THEIR_OWN = {"last-lines", "explain", "pages", "use", "result"}
SCOPE = Scope(
    job_queues=(
        "arn:aws:batch:ap-northeast-1:123456789012:job-queue/awa-batch-dev-fargate-high-priority",
    ),
    job_definitions=("awa-batch-dev-fargate-sample",),
)


def check(calls: Iterable[Call], *features: str) -> None:
    """Compare calls with the features' actions, and with the resources of their policy."""
    chosen = [TABLE[name] for name in features]
    used = {action for call in calls for action in call.actions}
    assert used == {action for feature in chosen for action in feature.actions}
    statements = policy(chosen, SCOPE)["Statement"]
    for call in calls:
        allowed = next(each for each in statements if call.actions[0] in each["Action"])
        for resource in call.resources:
            if not call.actions[0].startswith("batch:") or resource.endswith("/nowhere"):
                continue  # LocalBatch records no resources of other services
            assert any(fnmatchcase(resource, arn) for arn in allowed["Resource"])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch() as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        local.client("batch").create_consumable_resource(
            consumableResourceName="licence", totalQuantity=9, resourceType="REPLENISHABLE"
        )
        yield local


@pytest.mark.parametrize("feature", CALLS)
def test_a_feature_calls_for_its_actions_and_no_others(feature: str, aws: LocalBatch) -> None:
    api = BatchApi.connect(region_name=aws.region)
    if feature == "find":
        submit(api)  # the earlier try
    before = len(aws.requests)
    with suppress(AwsError):  # there is no such job; to ask is what needs the permission
        CALLS[feature](api)
    check(aws.requests[before:], feature, *BESIDE.get(feature, ()))


def test_the_last_lines_of_a_failed_job_call_for_the_same(aws: LocalBatch) -> None:
    aws.script(exit_code=1, log=["the last line"])
    api = BatchApi.connect(region_name=aws.region)
    submit(api)
    aws.advance(60)
    [job] = api.describe_jobs([aws.jobs[0]["jobId"]])
    before = len(aws.requests)
    tail = LogTail(LogsApi.connect(region_name=aws.region), sleep=lambda _: None)
    end = conclude(job, task=None, api=lambda: api, tail=lambda: tail)
    assert "the last line" in str(end.failure)
    check(aws.requests[before:], "last-lines")


def test_the_result_of_a_job_calls_for_the_same(aws: LocalBatch) -> None:
    aws.script(exit_code=0, log=["FARGATE_BATCH_RESULT:7"])
    hook = FargateBatchHook(aws_conn_id=None, region_name=aws.region)
    submit(hook.api)
    aws.advance(60)
    [job] = hook.describe([aws.jobs[0]["jobId"]])
    before = len(aws.requests)
    assert result_of(job, hook) == 7
    check(aws.requests[before:], "result")


def stuck(aws: LocalBatch) -> tuple[BatchApi, Job]:
    """Return a job that waits behind another one in a queue with shares."""
    aws.script(stuck_in="RUNNABLE")
    queue = "awa-batch-dev-fargate-high-priority"
    aws.alter(
        f"job-queue/{queue}",
        schedulingPolicyArn="arn:aws:batch:ap-northeast-1:123456789012:scheduling-policy/p",
    )
    api = BatchApi.connect(region_name=aws.region)
    ids = [
        api.submit_job(
            {
                "jobName": "job",
                "jobQueue": queue,
                "jobDefinition": "awa-batch-dev-fargate-sample",
                "shareIdentifier": "a",
                "schedulingPriorityOverride": 1,
            }
        ).job_id
        for _ in range(2)
    ]
    aws.advance(60)
    [job] = api.describe_jobs(ids[1:])
    return api, job


def test_an_explanation_calls_for_the_same(aws: LocalBatch) -> None:
    api, job = stuck(aws)
    before = len(aws.requests)
    EvidenceReader(api).read(job, set(Question))
    check(aws.requests[before:], "explain")


def test_the_pages_in_airflow_call_for_the_same(aws: LocalBatch) -> None:
    from airflow_fargate_batch.ui.records import TaskKey, TaskRecord
    from airflow_fargate_batch.ui.tries import jobs_of_task

    api, job = stuck(aws)
    record = TaskRecord(key=TaskKey("d", "r", "t"), state="running", operator=None, try_number=2)
    before = len(aws.requests)
    EvidenceReader(api).read(job, set(Question))
    jobs_of_task(replace(job, tags={SUBMISSION_TAG: f"{TOKEN}-0"}), record, lambda: api)
    with suppress(AwsError):  # there is no such log
        read_log(api)
    check(aws.requests[before:], "pages")


def test_the_use_of_a_job_calls_for_the_same(aws: LocalBatch) -> None:
    api = BatchApi.connect(region_name=aws.region)
    submit(api)
    aws.advance(60)
    [job] = api.describe_jobs([aws.jobs[0]["jobId"]])
    _, cluster, task = (job.task_arn or "").split(":")[-1].split("/")
    before = len(aws.requests)
    clients: Any = {
        "metrics": lambda: MetricsApi.connect(region_name=aws.region),
        "logs": lambda: LogsApi.connect(region_name=aws.region),
    }
    read_usage(job, **clients)
    dimensions = [{"Name": "ClusterName", "Value": cluster}, {"Name": "TaskId", "Value": task}]
    point = {"MetricName": "CpuUtilized", "Dimensions": dimensions, "Value": 1}
    aws.client("cloudwatch").put_metric_data(Namespace="ECS/ContainerInsights", MetricData=[point])
    read_usage(job, **clients)
    calls = aws.requests[before:]
    check([call for call in calls if call.operation != "cloudwatch:PutMetricData"], "use")


def test_every_feature_in_the_table_is_tried() -> None:
    assert set(TABLE) == {*CALLS, *WITH_A_TEST_OF_THEIR_OWN}


def test_the_documentation_shows_the_table() -> None:
    assert markdown_table() in PAGE
