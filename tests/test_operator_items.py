"""*items* of a task: from templates and XComs to the request, and from failed children back."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import Environment

from airflow_fargate_batch._airflow.compat import AirflowFailException, AirflowSkipException
from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.items import ItemsApi
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import InvalidRequest, JobFailed
from airflow_fargate_batch.local import LocalBatch
from tests.operating import (
    JOB_ID,
    FakeTaskInstance,
    RecordingHook,
    operator,
    rendered,
    submitted,
)

SECRET = "correct-horse-battery"
LONG = [f"s3://bucket/{number:05d}.parquet" for number in range(20_000)]


def listed(request: JobRequest) -> list[Any]:
    assert request.items is not None
    return [json.loads(line) for line in request.items.lines]


class Lazy:
    """Stands for the outputs of a mapped task: an iterable that is neither list nor JSON."""

    def __iter__(self) -> Iterator[str]:
        yield from "abc"

    def __len__(self) -> int:
        return 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "{{ ds }}"], ["a", "2026-02-03"]),
        ('["a", {"day": "{{ ds }}"}]', ["a", {"day": "2026-02-03"}]),
        ("{{ files | tojson }}", ["x y", "it's <é>"]),
        (["a", {"b": ["{{ ds }}"]}], ["a", {"b": ["2026-02-03"]}]),
    ],
    ids=["a template in a list", "JSON", "a list from a template", "a template deep inside"],
)
@pytest.mark.parametrize("native", [False, True])
def test_items_are_rendered(given: Any, expected: list[Any], native: bool) -> None:
    task = operator(items=given, native=native)
    assert listed(submitted(task, files=["x y", "it's <é>"])) == expected


@pytest.mark.parametrize("native", [False, True])
def test_the_distribution_and_the_place_of_a_list_are_rendered(native: bool) -> None:
    task = operator(
        items=[*LONG, "{{ ds }}"],
        items_per_child="{{ each }}",
        items_location="s3://lists/{{ ds }}",
        native=native,
    )
    request = submitted(task, each=7)
    assert request.items is not None
    assert request.items.per_child == 7
    assert str(request.items_address).startswith("s3://lists/2026-02-03/")


def test_the_outputs_of_a_mapped_task_are_items() -> None:
    task = operator(items="{{ outputs }}", native=True)
    assert listed(submitted(task, outputs=Lazy())) == ["a", "b", "c"]


def test_braces_in_an_xcom_are_no_template() -> None:
    task = operator(items="{{ files }}", native=True)
    assert listed(submitted(task, files=["{{ x }}"])) == ["{{ x }}"]


@pytest.mark.parametrize("nothing", [[], "[]"])
def test_without_items_the_task_is_skipped(nothing: Any) -> None:
    task = operator(items=nothing)
    with pytest.raises(AirflowSkipException, match="nothing to submit"):
        task.execute(rendered(task))


@pytest.mark.parametrize("native", [False, True])
def test_items_that_became_none_fail_and_never_make_a_job_of_one(native: bool) -> None:
    task = operator(items="{{ missing }}", native=native)
    with pytest.raises(AirflowFailException, match="items"):
        submitted(task, missing=None)


def test_a_mistake_fails_the_import() -> None:
    with pytest.raises(InvalidRequest, match="20000 items"):
        operator(items=LONG)
    with pytest.raises(InvalidRequest, match="is set together with `items`"):
        operator(items=["a"], array_size=3)
    operator(items=LONG, items_location="s3://lists/x")
    operator(items=LONG, items_location="{{ var.value.lists }}")


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("more", "become"),
    [([], []), (["{{ ds }}", {"day": "{{ ds }}"}], ["2026-02-03", {"day": "2026-02-03"}])],
    ids=["no template", "two templates"],
)
def test_only_the_items_with_a_template_are_rendered(
    more: list[Any], become: list[Any], native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[Any] = []
    from_string = Environment.from_string

    def counted(self: Environment, source: Any, *args: Any) -> Any:
        texts.append(source)
        return from_string(self, source, *args)

    monkeypatch.setattr(Environment, "from_string", counted)
    task = operator(items=[*LONG, *more], items_location="s3://lists/x", native=native)
    context = rendered(task)
    assert 0 < len(texts) < 100
    hook = RecordingHook()
    vars(task)["hook"] = hook
    task.execute(context)
    assert listed(hook.requests[0]) == [*LONG, *become]


def test_the_rendered_field_shows_the_first_items_only() -> None:
    task = operator(items=LONG, items_location="s3://lists/x")
    rendered(task)
    assert task.items == [*LONG[:10], "and 19990 more items"]
    rendered(task)  # as in `dag.test()`, when the task resumes
    assert listed(submitted(task)) == LONG


def test_secrets_in_items_are_not_shown_and_arrive() -> None:
    secrets = [{"user": "me", "password": SECRET}, f"postgres://me:{SECRET}@host/db"]
    task = operator(items=secrets)
    request = submitted(task)
    assert SECRET not in str(task.items)
    assert "postgres://me:***@host/db" in str(task.items)
    assert listed(request) == secrets


def test_a_dry_run_shows_no_secret_of_an_item() -> None:
    ti = FakeTaskInstance()
    task = operator(items=[{"password": SECRET}, {"password": "other-secret"}], dry_run=True)
    task.execute(rendered(task, ti))
    text = str(dict(ti.pushed)["request"])
    assert SECRET not in text
    assert "'size': 2" in text


def test_a_dry_run_does_not_read_a_list_on_s3() -> None:
    ti = FakeTaskInstance()
    task = operator(items="s3://lists/{{ ds }}.jsonl", dry_run=True)
    task.execute(rendered(task, ti))
    request = dict(ti.pushed)["request"]
    assert "arrayProperties" not in request
    assert "s3://lists/2026-02-03.jsonl" in str(request)


class AwsHook(RecordingHook):
    """Waits for jobs that have ended already, and asks LocalBatch about the rest."""

    def __init__(self, aws: LocalBatch, job: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.api = BatchApi.connect(region_name=aws.region)
        self.lists = ItemsApi.connect(region_name=aws.region)
        self._job = job

    def wait(self, job_id: str, **_: Any) -> Job:
        assert job_id == JOB_ID
        return Job.from_api(self._job)

    @property
    def logs(self) -> Any:
        from airflow_fargate_batch.exceptions import AwsError

        raise AwsError("no logs here")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        place = {"LocationConstraint": local.region}
        local.client("s3").create_bucket(Bucket="lists", CreateBucketConfiguration=place)
        yield local


def test_a_list_on_s3_is_read_and_used_as_it_is(aws: LocalBatch) -> None:
    text = "".join(f"{json.dumps(item)}\n" for item in LONG)
    aws.client("s3").put_object(Bucket="lists", Key="2026-02-03.jsonl", Body=text.encode())
    request = submitted(operator(items="s3://lists/{{ ds }}.jsonl"), hook=AwsHook(aws))
    assert listed(request) == LONG
    assert str(request.items_address) == "s3://lists/2026-02-03.jsonl"
    assert request.items_to_write is None


def test_a_list_on_s3_that_is_no_text_fails_without_retries(aws: LocalBatch) -> None:
    aws.client("s3").put_object(Bucket="lists", Key="x", Body=b"\xff\xfe")
    with pytest.raises(AirflowFailException, match="s3://lists/x: is not UTF-8 text"):
        submitted(operator(items="s3://lists/x"), hook=AwsHook(aws))


def failed_job(aws: LocalBatch, request: JobRequest, *indexes: int) -> dict[str, Any]:
    """Let a job with these failed children end."""
    aws.script("*", exit_code=1, indexes=indexes or None)
    body = dict(request.to_submit_job())
    body |= {
        "jobQueue": "awa-batch-dev-fargate-high-priority",
        "jobDefinition": "awa-batch-dev-fargate-sample",
    }
    job_id = aws.client("batch").submit_job(**body)["jobId"]
    aws.advance(60)
    return next(job for job in aws.jobs if job["jobId"] == job_id)


def outcome(
    aws: LocalBatch, job: dict[str, Any], **arguments: Any
) -> tuple[dict[str, Any], JobFailed | None]:
    """Resume a task after the end of its job; return XCom ``job`` and the error."""
    ti = FakeTaskInstance()
    task = operator(deferrable=True, **arguments)
    vars(task)["hook"] = AwsHook(aws)
    event = {"outcome": "ended", "jobs": [Job.from_api(job).to_api()], "message": None}
    error = None
    try:
        task.execute_complete(rendered(task, ti), event)
    except JobFailed as raised:
        error = raised
    return dict(ti.pushed)["job"], error


def test_the_failed_items_are_named_in_the_report_and_pushed(aws: LocalBatch) -> None:
    given = [{"n": number} for number in range(30)]
    request = submitted(operator(items=given))
    summary, error = outcome(aws, failed_job(aws, request, *range(5, 25)), items=given)
    assert summary["array"]["failed_indexes"] == list(range(5, 25))
    assert summary["failed_items"] == [{"n": number} for number in range(5, 25)]
    text = str(error)
    assert text.count('item {"n": ') == 10
    assert ':5 (item {"n": 5}): exit code 1' in text


def test_the_failed_items_of_a_rerun_are_those_of_its_children(aws: LocalBatch) -> None:
    request = submitted(operator(items=list("abcdef"), items_per_child=2)).only([1, 2])
    summary, error = outcome(
        aws, failed_job(aws, request, 1), items=list("abcdef"), items_per_child=2
    )
    assert summary["array"]["failed_indexes"] == [2]
    assert summary["failed_items"] == ["e", "f"]
    assert '(index 2, items "e" and 1 more)' in str(error)


def test_one_failed_item_is_a_plain_job(aws: LocalBatch) -> None:
    request = submitted(operator(items=["only"]))
    summary, error = outcome(aws, failed_job(aws, request), items=["only"])
    assert summary["failed_items"] == ["only"]
    assert 'Failed: item "only"' in str(error)


def test_failed_items_show_no_secret(aws: LocalBatch) -> None:
    given = [{"password": SECRET}, "b"]
    request = submitted(operator(items=given))
    summary, error = outcome(aws, failed_job(aws, request, 0), items=given)
    assert summary["failed_items"] == [{"password": "***"}]
    assert SECRET not in f"{summary}{error}"


def test_if_the_list_has_changed_since_the_failed_items_are_not_known(aws: LocalBatch) -> None:
    request = submitted(operator(items=["a", "b"]))
    summary, error = outcome(aws, failed_job(aws, request, 0), items=["a", "c"])
    assert summary["failed_items"] is None
    assert "item" not in str(error)


def test_the_failed_items_of_a_list_on_s3_are_read_again(aws: LocalBatch) -> None:
    aws.client("s3").put_object(Bucket="lists", Key="l", Body=b'"a"\n"b"\n')
    request = submitted(operator(items="s3://lists/l"), hook=AwsHook(aws))
    job = failed_job(aws, request, 1)
    assert outcome(aws, job, items="s3://lists/l")[0]["failed_items"] == ["b"]
    aws.client("s3").delete_object(Bucket="lists", Key="l")
    summary, error = outcome(aws, job, items="s3://lists/l")
    assert summary["failed_items"] is None
    assert error is not None


def test_a_job_that_succeeded_has_no_failed_items(aws: LocalBatch) -> None:
    request = submitted(operator(items=["a", "b"]))
    aws.script("*", exit_code=0)
    body = dict(request.to_submit_job()) | {
        "jobQueue": "awa-batch-dev-fargate-high-priority",
        "jobDefinition": "awa-batch-dev-fargate-sample",
    }
    aws.client("batch").submit_job(**body)
    aws.advance(60)
    assert outcome(aws, aws.jobs[0], items=["a", "b"])[0]["failed_items"] == []


def test_a_task_without_items_has_no_failed_items(aws: LocalBatch) -> None:
    job = failed_job(aws, submitted(operator(array_size=2)), 0)
    assert "failed_items" not in outcome(aws, job, array_size=2)[0]
