"""``fargate-batch cost``: what the jobs of a queue have cost."""

import csv
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi, JobPage
from airflow_fargate_batch.cli import _clients, _console, cost
from airflow_fargate_batch.core.cost_report import Group
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.limits import LIST_JOBS_PAGE
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_QUEUE
from airflow_fargate_batch.watching.costs import MOST_JOBS
from tests.cli.conftest import Run
from tests.fakes import LocalTime

Submit = Callable[..., str]
MINUTE = 0.001027  # 1 vCPU, 2 GB, ap-northeast-1


@pytest.fixture
def jobs(job: Submit, time: LocalTime) -> None:
    """Let two jobs of a DAG, an array and a job of no DAG end."""
    size = ("--vcpu", "1", "--memory", "2048")
    tags = {"airflow-fargate-batch:dag": "etl", "airflow-fargate-batch:task": "load"}
    tagged = (*size, "--tags", json.dumps(tags))
    job("--job-name", "a", *tagged, name="a", runtime=600)
    job("--job-name", "b", *tagged, name="b", runtime=0.5)
    job("--job-name", "array", "--array-size", "3", *size, name="array", runtime=30)
    time.sleep(1000)


def read(run: Run, *words: str) -> dict[str, Any]:
    outcome = run("cost", *words, "--output", "json")
    assert outcome.code == 0, outcome.err
    answer: dict[str, Any] = json.loads(outcome.out)
    return answer


@pytest.mark.usefixtures("jobs")
def test_jobs_are_summed_by_dag(run: Run) -> None:
    answer = read(run)
    assert [(each["name"], each["jobs"]) for each in answer["groups"]] == [
        ("etl", 2),
        ("(submitted outside Airflow)", 1),
    ]
    first, second = answer["groups"]
    assert (first["billedSeconds"], second["billedSeconds"]) == (660, 180)
    assert (first["high"], second["high"]) == (pytest.approx(11 * MINUTE, abs=1e-5), 0.003081)
    assert answer["capacity"] == "FARGATE"
    assert answer["total"]["low"] == answer["total"]["high"]
    assert answer["isComplete"] is True


@pytest.mark.usefixtures("jobs")
def test_csv_is_for_programs_and_a_table_for_people(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(csv.DictReader(run("cost", "--by", "task").out.splitlines()))
    assert [row["name"] for row in rows] == ["etl.load", "(submitted outside Airflow)"]
    assert rows[0]["currency"] == "USD"
    monkeypatch.setattr(_console, "is_terminal", lambda _: True)
    table = run("cost", "--by", "task").out.splitlines()
    assert table[0].split("  ")[0] == "group"
    assert "on Spot" not in table[0]
    assert table[-1].split() == ["total", "3", "0.2", "0.0144", "USD"]


@pytest.mark.usefixtures("jobs")
def test_only_jobs_created_since_count(run: Run, time: LocalTime) -> None:
    time.sleep(3 * 86400)
    assert read(run)["total"]["jobs"] == 3
    assert read(run, "--since", "2d")["total"]["jobs"] == 0
    outcome = run("cost", "--since", "2d", "--output", "table")
    assert (outcome.code, outcome.out) == (0, "")
    assert f"No job of {READY_QUEUE} was created since" in outcome.err


def test_a_running_job_counts_until_now(run: Run, job: Submit, time: LocalTime) -> None:
    job("--job-name", "long", name="long", runtime=7200)
    time.sleep(3610)
    assert 3590 <= read(run)["total"]["billedSeconds"] <= 3610


@pytest.mark.usefixtures("jobs")
def test_the_fewest_calls(run: Run, aws: LocalBatch) -> None:
    before = len(aws.requests)
    read(run)
    assert [call.operation for call in aws.requests[before:]] == [
        "DescribeJobQueues",
        "DescribeComputeEnvironments",
        "ListJobs",
        "DescribeJobs",
        "DescribeJobs",  # the children of the array
    ]


def spot_queue(aws: LocalBatch, *kinds: str) -> str:
    batch = aws.client("batch", region_name=aws.region)
    order = []
    for place, kind in enumerate(kinds):
        made = batch.create_compute_environment(
            computeEnvironmentName=f"spot-{place}",
            type="MANAGED",
            computeResources={
                "type": kind,
                "maxvCpus": 4,
                "subnets": ["subnet-1"],
                "securityGroupIds": ["sg-1"],
            },
        )
        arn = made["computeEnvironmentArn"]
        order.append({"order": place, "computeEnvironment": arn})
    batch.create_job_queue(jobQueueName="spot", priority=1, computeEnvironmentOrder=order)
    return "spot"


@pytest.mark.parametrize("kinds", [["FARGATE_SPOT"], ["FARGATE", "FARGATE_SPOT"]])
def test_spot_is_a_range(
    run: Run, aws: LocalBatch, job: Submit, time: LocalTime, kinds: list[str]
) -> None:
    queue = spot_queue(aws, *kinds)
    job("--job-queue", queue, "--vcpu", "1", "--memory", "2048")
    time.sleep(100)
    answer = read(run, "--job-queue", queue)
    assert answer["capacity"] == " and ".join(kinds)
    assert answer["total"]["low"] == pytest.approx(answer["total"]["high"] * 0.3, abs=1e-6)
    outcome = run("cost", "--job-queue", queue, "--output", "table")
    assert "The queue uses Fargate Spot, whose price floats: costs are a range." in outcome.err
    assert "if all on Spot" in outcome.out


@pytest.mark.usefixtures("jobs")
def test_a_denied_lookup_of_the_queue_is_said_and_leaves_a_range(run: Run, aws: LocalBatch) -> None:
    aws.faults.add("denied", operation="DescribeJobQueues")
    outcome = run("cost", "--output", "json")
    assert outcome.code == 0
    assert "Could not read whether the queue uses Fargate Spot" in outcome.err
    assert "batch:DescribeJobQueues" in outcome.err
    assert json.loads(outcome.out)["capacity"] is None


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("operation", ["ListJobs", "DescribeJobs"])
def test_a_denied_listing_names_the_iam_action(run: Run, aws: LocalBatch, operation: str) -> None:
    aws.faults.add("denied", operation=operation)
    outcome = run("cost")
    assert (outcome.code, outcome.out) == (1, "")
    assert f"batch:{operation}" in outcome.err


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("fault", ["throttle", "error_before", "cut_after", "malformed"])
def test_a_passing_fault_is_retried(run: Run, aws: LocalBatch, fault: str) -> None:
    aws.faults.add(fault, every=2)
    assert read(run)["total"]["jobs"] == 3


def test_without_a_price_the_jobs_are_counted_and_the_exit_code_is_1(
    run: Run, job: Submit, time: LocalTime
) -> None:
    job("--region", "eu-west-9")
    time.sleep(1000)
    outcome = run("cost", "--region", "eu-west-9", "--output", "json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["total"]["jobsWithoutPrice"] == 1
    assert "1 job is not counted: no price of Linux x86 in eu-west-9 is known" in outcome.err


class EndlessQueue(BatchApi):
    """A queue whose pages of jobs never end."""

    def jobs_since(self, **_: object) -> JobPage:
        return JobPage([Job(id="job")] * LIST_JOBS_PAGE, next_token="more")

    def describe_jobs(self, job_ids: Iterable[str]) -> list[Job]:
        return [Job(id=each) for each in job_ids]


def test_a_queue_with_too_many_jobs_says_so(
    run: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = EndlessQueue(aws.client("batch"))
    monkeypatch.setattr(_clients, "connect", lambda _: api)
    outcome = run("cost", "--output", "json")
    assert json.loads(outcome.out)["total"]["jobs"] == MOST_JOBS
    assert json.loads(outcome.out)["isComplete"] is False
    assert "The queue has more jobs than the 10,000 that were read: choose a later --since." in (
        outcome.err
    )


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize(("name", "start"), [("a.svg", b"<?xml"), ("a.PNG", b"\x89PNG")])
def test_a_plot_is_drawn(run: Run, tmp_path: Path, name: str, start: bytes) -> None:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    outcome = run("cost", "--plot", str(tmp_path / name))
    assert (outcome.code, f"Drew {tmp_path / name}." in outcome.err) == (0, True)
    drawn = (tmp_path / name).read_bytes()
    assert drawn.startswith(start)
    if name.endswith("svg"):
        assert b"etl" in drawn
        assert b"cost by dag since" in drawn


def test_a_plot_of_many_groups_gathers_the_cheapest(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra [plot] is not installed")
    from airflow_fargate_batch.cli._plot import draw

    groups = [
        Group(name=f"group {number} " + "x" * 90, low=Decimal(1), high=Decimal(3 + number))
        for number in range(33)
    ]
    draw(str(tmp_path / "a.svg"), groups, currency="USD", title="many")
    drawn = (tmp_path / "a.svg").read_text()
    assert "3 others" in drawn
    assert "group 30" not in drawn
    assert "if all on Fargate Spot" in drawn


@pytest.mark.usefixtures("jobs")
def test_a_plot_without_matplotlib_names_the_extra(
    run: Run, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    before = len(aws.requests)
    outcome = run("cost", "--plot", "a.svg")
    assert (outcome.code, len(aws.requests)) == (2, before)
    assert "pip install 'airflow-fargate-batch[plot]'" in outcome.err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--plot", "a.pdf"), "--plot: must end in .svg or .png"),
        (("--since", "last week"), "--since: must be a span (30m, 12h, 7d, 2w) or a date"),
        (("--by", "queue"), "--by: invalid choice"),
    ],
)
def test_bad_usage(run: Run, words: tuple[str, ...], reason: str) -> None:
    outcome = run("cost", *words)
    assert outcome.code == 2
    assert reason in outcome.err


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("90m", timedelta(minutes=90)),
        ("2w", timedelta(weeks=2)),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T09:00+09:00", datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_since_is_a_span_or_a_date(text: str, meaning: timedelta | datetime) -> None:
    assert cost.moment_or_span(text) == meaning
