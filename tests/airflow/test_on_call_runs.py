"""What a person on call reads in a real Airflow: links and logs of tasks that wait, and reports."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from airflow_fargate_batch.local import LocalBatch, Pace
from tests.airflow.harness import RealAirflow, Run
from tests.patience import until

DAGS = Path(__file__).with_name("dags_waiting") / "on_call.py"
WAYS = ("in_worker", "deferred")
PACE = Pace(submitted=0.0, runnable=3.5, starting=0.0, running=20.0)
LONG = 3600.0
"""Seconds that a job runs; the test advances the clock when it has seen enough."""


@dataclass(kw_only=True)
class Story:
    """What happened.

    Attributes:
        links: Of the tasks whose jobs run long, while they do.
        states: Of all tasks, when all was over.
    """

    airflow: RealAirflow
    aws: LocalBatch
    run: Run
    links: dict[str, dict[str, str | None]]
    states: dict[str, str]

    def log(self, task: str) -> str:
        return self.airflow.log(self.run, task)

    def only_job(self, prefix: str, task: str) -> str:
        found: str = self.airflow.xcom(self.run, f"{prefix}_{task}", "job")["job_id"]
        return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Deny DescribeJobs while the jobs run."""
    with (
        LocalBatch(pace=PACE) as aws,
        RealAirflow(home=tmp_path_factory.mktemp("on_call")) as airflow,
    ):
        aws.script("long-*", runtime=LONG, log=["the only line"])
        aws.script("late-*", stuck_in="RUNNING", log=["still at it"])
        airflow.add_connection(
            "aws_on_call",
            login="local",
            password="local",
            extra={"region_name": aws.region, "endpoint_url": aws.url},
        )
        airflow.add_dags(DAGS)
        run = airflow.trigger("on_call")
        airflow.wait_for(run, "late_in_worker", "failed", "up_for_retry")
        airflow.wait_for(run, "late_deferred", "failed", "up_for_retry")
        airflow.wait_for(run, "long_in_worker", "running")
        airflow.wait_for(run, "long_deferred", "deferred")
        denied = aws.faults.add("denied", operation="DescribeJobs")
        tasks = [f"long_{way}" for way in WAYS]
        until(
            lambda: all("; will retry for" in airflow.log(run, task) for task in tasks), every=0.5
        )
        aws.faults.remove(denied)
        links = {way: links_of(airflow, run, f"long_{way}") for way in WAYS}
        aws.advance(LONG)
        states = airflow.wait(run)
        yield Story(airflow=airflow, aws=aws, run=run, links=links, states=states)


def links_of(airflow: RealAirflow, run: Run, task: str) -> dict[str, str | None]:
    answer = airflow._api("GET", f"{airflow._path(run, task)}/links")
    pages: dict[str, str | None] = answer.get("extra_links", answer)
    return {name: page for name, page in pages.items() if page}


def test_tasks_end_as_their_jobs_do_and_no_look_is_mistaken(story: Story) -> None:
    assert story.states == {
        "long_in_worker": "success",
        "long_deferred": "success",
        "unseen_in_worker": "success",
        "unseen_deferred": "success",
        "late_in_worker": "failed",
        "late_deferred": "failed",
        "dry": "success",
    }


@pytest.mark.parametrize("way", WAYS)
def test_links_show_while_the_task_waits(story: Story, way: str) -> None:
    links = story.links[way]
    assert story.only_job("long", way) in (links["AWS Batch job"] or "")
    assert (links["AWS Batch job queue"] or "").endswith(
        ":job-queue/awa-batch-dev-fargate-high-priority"
    )
    definition = links["AWS Batch job definition"] or ""
    assert definition.endswith(":1" if way == "in_worker" else "#job-definition")
    assert ("AWS Batch job log" in links) == (way == "in_worker")


@pytest.mark.parametrize("way", WAYS)
def test_at_the_end_the_links_are_those_of_the_very_revision_and_log(
    story: Story, way: str
) -> None:
    links = links_of(story.airflow, story.run, f"long_{way}")
    assert (links["AWS Batch job definition"] or "").endswith("awa-batch-dev-fargate-sample:1")
    assert "/log-events/" in (links["AWS Batch job log"] or "")


def test_a_dry_run_has_no_links_and_asks_for_none(story: Story) -> None:
    assert links_of(story.airflow, story.run, "dry") == {}
    assert "No XCom value found" not in story.log("dry")


@pytest.mark.parametrize("way", WAYS)
def test_the_log_says_what_was_submitted_and_where_to_see_it(story: Story, way: str) -> None:
    job_id = story.only_job("long", way)
    line = (
        rf"Submitted job {job_id} \(long-.*\) to .*sample \(latest revision\): https://.*{job_id}"
    )
    assert re.search(line, story.log(f"long_{way}"))


def test_a_deferred_tasks_log_says_when_asking_failed_why_and_when_it_worked_again(
    story: Story,
) -> None:
    log, job_id = story.log("long_deferred"), story.only_job("long", "deferred")
    assert f"Could not read the state of job {job_id}; will retry for 5 min 0 s: AccessDen" in log
    assert "batch:DescribeJobs" in log
    assert re.search(f"The state of job {job_id} can be read again after [0-9]+ s", log)


def test_the_log_of_a_task_in_its_worker_says_so_as_well(story: Story) -> None:
    log = story.log("long_in_worker")
    assert "; will retry for 5 min 0 s: AccessDenied" in log
    assert "DescribeJobs works again after " in log


@pytest.mark.parametrize("way", WAYS)
def test_a_timeout_is_reported_as_a_failure_is(story: Story, way: str) -> None:
    log, job_id = story.log(f"late_{way}"), story.only_job("late", way)
    for part in (
        f"on_call.late_{way}: job {job_id} did not end by ",
        " UTC: `wait_timeout` is 15 s",
        "The job has been RUNNING since ",
        "The job was terminated.",
        "Last log lines:",
        "still at it",
        "Console: https://",
        "Log: https://",
        "What to do: Read the job's log",
    ):
        assert part in log
