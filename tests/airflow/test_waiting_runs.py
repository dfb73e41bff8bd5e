"""Hundreds of deferred tasks in a real Airflow, and what people and machines do to them meanwhile.

Jobs stand still until the story moves their clock; the deadlines of tasks run by the wall's.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.application import Call
from tests.airflow.harness import RealAirflow, Run

DAGS = Path(__file__).with_name("dags_waiting") / "waiting.py"
NEWEST = version("apache-airflow").startswith("3.3")
DELETES_LIVE_RUNS = version("apache-airflow").startswith(("2.11", "3.0"))
STEADY = 195 if NEWEST else 15
"""With those that somebody or something happens to about 200, or 20."""
INTERVAL = 5.0
RUNTIME = 1000.0
BUSY = 900.0
MISCONFIGURED = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - cannot be met"
TO_BE_TERMINATED = ("cleared", "marked_failed", "marked_success", "late", "deleted")
UNFINISHED = {"none", "scheduled", "queued", "running", "deferred", "up_for_reschedule"}


@dataclass(kw_only=True)
class Story:
    """What happened.

    Attributes:
        describes: The DescribeJobs calls of ``waited`` seconds in which all tasks waited.
        ended_early: What had been terminated before anybody did anything to a task.
        states: Of all tasks, when all was over.
    """

    airflow: RealAirflow
    aws: LocalBatch
    waiting: Run
    late: Run
    watched: Run
    describes: int
    waited: float
    ended_early: list[str]
    states: dict[str, str]

    def only_job(self, prefix: str) -> dict[str, Any]:
        [job] = jobs_of(self.aws, prefix)
        return job


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as aws:
        aws.script(runtime=RUNTIME)
        for prefix in TO_BE_TERMINATED:
            aws.script(f"{prefix}-*", stuck_in="RUNNING")
        aws.script("cleared-*-1", runtime=RUNTIME)
        aws.script("failing-*", exit_code=3, runtime=1)
        aws.script("hopeless-*", stuck_in="RUNNABLE", status_reason=MISCONFIGURED)
        yield aws


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, aws: LocalBatch) -> Iterator[RealAirflow]:
    """Give an Airflow of its own: hundreds of tasks at once want PostgreSQL."""
    with RealAirflow(home=tmp_path_factory.mktemp("waiting"), on_postgres=True) as airflow:
        airflow.add_connection(
            "aws_waiting",
            login="local",
            password="local",
            extra={"region_name": aws.region, "endpoint_url": aws.url},
        )
        airflow.add_dags(DAGS, dag_ids=("waiting", "late", "deleted", "watched"))
        yield airflow


@pytest.fixture(scope="module")
def story(airflow: RealAirflow, aws: LocalBatch) -> Story:
    """Live through it all, once for all tests here."""
    waiting = airflow.trigger("waiting", conf={"steady": STEADY})
    until(lambda: Counter(airflow.states(waiting).values())["deferred"] == STEADY + 4)
    until(lambda: asked_about(aws.requests) >= ids(aws.jobs))

    asked, since = len(aws.requests), time.monotonic()
    aws.advance(30)
    until(lambda: airflow.states(waiting)["failing"] == "failed")
    late = airflow.trigger("late")
    until_watched(aws, "late")
    describes = sum(call.operation == "DescribeJobs" for call in aws.requests[asked:])
    waited = time.monotonic() - since

    airflow.kill("triggerer")
    restart_triggerer(airflow, aws)
    until(lambda: airflow.states(late)["late"] == "failed")
    restart_triggerer(airflow, aws)
    ended_early = terminated(aws.requests)

    deleted = airflow.trigger("deleted")
    until_watched(aws, "deleted")
    airflow.clear(waiting, "cleared")
    airflow.mark(waiting, "marked_failed", "failed")
    airflow.mark(waiting, "marked_success", "success")
    discard(airflow, deleted)
    first_jobs = {jobs_of(aws, prefix)[0]["jobId"] for prefix in TO_BE_TERMINATED}
    until(lambda: first_jobs <= set(terminated(aws.requests)))
    until(lambda: len(jobs_of(aws, "cleared")) == 2)
    until_watched(aws, "cleared")
    watched = airflow.trigger("watched")
    until_watched(aws, "hopeless")
    until(lambda: airflow.states(watched)["deferred"] == "deferred")
    # Only then: Airflow fails a task that is woken before its scheduler knows that it sleeps.
    until(lambda: airflow.log(watched, "rescheduled").count("Rescheduling task") == 2)

    aws.advance(RUNTIME + 60)
    runs = (waiting, late, watched)
    until(lambda: all(UNFINISHED.isdisjoint(airflow.states(run).values()) for run in runs))
    return Story(
        airflow=airflow,
        aws=aws,
        waiting=waiting,
        late=late,
        describes=describes,
        watched=watched,
        waited=waited,
        ended_early=ended_early,
        states={task: state for run in runs for task, state in airflow.states(run).items()},
    )


def until(condition: Callable[[], object]) -> None:
    """Wait for something, on a machine that may be busy with other things."""
    deadline = time.monotonic() + BUSY
    while True:
        try:
            if condition():
                return
        except requests.RequestException:
            pass  # an API server that is too busy to answer
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(1)


def until_watched(aws: LocalBatch, prefix: str) -> None:
    """Wait until a task has submitted its job, and its trigger has begun."""
    until(lambda: jobs_of(aws, prefix) and ids(jobs_of(aws, prefix)) <= asked_about(aws.requests))


def restart_triggerer(airflow: RealAirflow, aws: LocalBatch) -> None:
    """Restart it, end it gently before unless it is dead, and wait until it watches all jobs."""
    airflow.restart("triggerer")
    asked = len(aws.requests)
    live = ids(job for job in aws.jobs if job["status"] not in {"SUCCEEDED", "FAILED"})
    until(lambda: live <= asked_about(aws.requests[asked:]))


def discard(airflow: RealAirflow, run: Run) -> None:
    """Delete a run that has not ended, or mark it failed where Airflow does not, as from 3.1 on."""
    if DELETES_LIVE_RUNS:
        airflow.delete(run)
    else:
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}"
        airflow._api("PATCH", path, json={"state": "failed"})


def jobs_of(aws: LocalBatch, prefix: str) -> list[dict[str, Any]]:
    """Give the jobs of a task, oldest first."""
    return [job for job in aws.jobs if job["jobName"].startswith(f"{prefix}-")]


def ids(jobs: Iterable[dict[str, Any]]) -> set[str]:
    return {job["jobId"] for job in jobs}


def asked_about(calls: Sequence[Call]) -> set[str]:
    asked = [call.parameters["jobs"] for call in calls if call.operation == "DescribeJobs"]
    return {job_id for job_ids in asked for job_id in job_ids}


def terminated(calls: Sequence[Call]) -> list[str]:
    return [call.parameters["jobId"] for call in calls if call.operation == "TerminateJob"]


def test_every_task_ends_as_it_should(story: Story) -> None:
    steady = {f"steady[{number}]": "success" for number in range(STEADY)}
    assert story.states == steady | {
        "plan": "success",
        "cleared": "success",
        "marked_failed": "failed",
        "marked_success": "success",
        "failing": "failed",
        "late": "failed",
        "several[0]": "success",
        "several[1]": "success",
        "several[2]": "success",
        "deferred": "success",
        "rescheduled": "success",
        "hopeless": "failed",
    }


def test_tasks_that_were_left_in_peace_have_one_job_each_which_succeeded(story: Story) -> None:
    steady = jobs_of(story.aws, "steady")
    assert [job["status"] for job in steady] == ["SUCCEEDED"] * STEADY
    told = {story.airflow.xcom(story.waiting, f"steady[{number}]") for number in range(STEADY)}
    assert told == ids(steady)


def test_a_triggerer_that_is_killed_or_stopped_ends_no_job_before_its_time(story: Story) -> None:
    assert story.ended_early == [story.only_job("late")["jobId"]]


def test_a_deadline_outlives_the_triggerer(story: Story) -> None:
    assert "did not end by" in story.only_job("late")["statusReason"]
    assert (
        story.airflow.xcom(story.late, "late", "job")["job_id"] == story.only_job("late")["jobId"]
    )
    assert "The job was terminated." in story.airflow.log(story.late, "late")


def test_a_cleared_tasks_job_is_terminated_and_followed_by_a_new_one(story: Story) -> None:
    old, new = jobs_of(story.aws, "cleared")
    assert (old["status"], new["status"]) == ("FAILED", "SUCCEEDED")
    assert old["jobId"] in terminated(story.aws.requests)
    assert story.airflow.xcom(story.waiting, "cleared") == new["jobId"]


@pytest.mark.parametrize(
    ("prefix", "why"),
    [
        ("marked_failed", "The task was set to failed"),
        ("marked_success", "The task was set to success"),
        (
            "deleted",
            "The DAG run was deleted" if DELETES_LIVE_RUNS else "The task was set to failed",
        ),
    ],
)
def test_a_person_who_ends_a_deferred_task_ends_its_job_once(
    story: Story, prefix: str, why: str
) -> None:
    job = story.only_job(prefix)
    assert job["statusReason"].startswith(f"{why} (DAG ")
    assert f"task {prefix}, run manual__" in job["statusReason"]
    assert terminated(story.aws.requests).count(job["jobId"]) == 1


def test_a_job_that_fails_is_told_in_xcom_as_well(story: Story) -> None:
    summary = story.airflow.xcom(story.waiting, "failing", "job")
    assert summary["job_id"] == story.only_job("failing")["jobId"]
    assert (summary["status"], summary["exit_code"]) == ("FAILED", 3)


def test_an_array_that_can_never_start_has_failed_for_good_and_is_terminated(story: Story) -> None:
    [array] = [job for job in jobs_of(story.aws, "hopeless") if "size" in job["arrayProperties"]]
    assert "can never start" in array["statusReason"]
    assert terminated(story.aws.requests).count(array["jobId"]) == 1
    assert MISCONFIGURED in story.airflow.log(story.watched, "hopeless")


def test_all_jobs_are_asked_about_in_hundreds(story: Story) -> None:
    """Once an interval, and as they may be asked about early, twice at most."""
    intervals = story.waited / INTERVAL + 1
    assert story.describes <= 2 * intervals * math.ceil(STEADY / 100)


def test_the_triggerer_lives_on(story: Story) -> None:
    triggerer = psutil.Process(story.airflow.pid("triggerer"))
    assert triggerer.status() != psutil.STATUS_ZOMBIE
