"""An explanation asks only what can add to it, and says what it could not look up.

Situations, and the texts that people read, stand in ``tests/cli/test_explain.py``.
"""

from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.explanation import Question, explain, questions
from airflow_fargate_batch.core.giving_up import report as given_up
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.queue_snapshot import QueueSnapshot
from airflow_fargate_batch.core.surroundings import JobQueue, Surroundings, Unread
from airflow_fargate_batch.exceptions import AccessDenied, AwsError, Throttled
from tests.core.reporting import NOW

AROUND, LINE = Question.SURROUNDINGS, Question.LINE
DEPENDENCIES = Question.DEPENDENCIES
ON_ONE = [{"jobId": "one"}]
PULL = "CannotPullContainerError: dial tcp 1.2.3.4:443: i/o timeout"


def job(status: str, **members: Any) -> Job:
    return Job.from_api({"jobId": "j", "status": status, **members})


@pytest.mark.parametrize(
    ("shown", "asked"),
    [
        (job("SUBMITTED"), set()),
        (job("PENDING", dependsOn=ON_ONE), {DEPENDENCIES}),
        (job("RUNNABLE"), {AROUND, LINE}),
        (job("STARTING"), {AROUND}),
        (job("RUNNING"), set()),
        (job("SUCCEEDED"), set()),
        (job("FAILED", container={"exitCode": 1}), set()),
        (job("FAILED", container={"reason": "OutOfMemoryError: killed"}), set()),
        (job("FAILED", statusReason="Job attempt duration exceeded timeout"), set()),
        (job("FAILED", container={"reason": PULL}), {AROUND}),
        (job("FAILED", statusReason="Your Spot Task was interrupted."), {AROUND}),
        (job("FAILED", statusReason="Dependent Job failed", dependsOn=ON_ONE), {DEPENDENCIES}),
        (job("FAILED", statusReason="Dependent Job failed"), set()),
        (job("REBALANCING"), set()),
    ],
)
def test_a_task_asks_only_what_can_add_to_the_explanation(shown: Job, asked: set[Question]) -> None:
    assert questions(shown) == asked


@pytest.mark.parametrize("status", ["", "SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"])
@pytest.mark.parametrize("members", [{}, {"arrayProperties": {"size": 3}}], ids=["job", "array"])
def test_every_live_state_has_a_cause_and_a_next_step(status: str, members: dict[str, Any]) -> None:
    explanation = explain(job(status, **members), Evidence(), NOW)
    assert explanation.cause
    assert explanation.advice.endswith(".")
    assert explanation.failure is None


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            AccessDenied("AWS refused it", "batch:DescribeJobQueues"),
            "access denied. Grant the IAM action batch:DescribeJobQueues to the caller.",
        ),
        (Throttled("AWS refused it (TooManyRequests)"), "AWS throttled the call"),
        (AwsError("the answer\nwas lost"), "the answer was lost"),
    ],
)
def test_a_lookup_without_an_answer_is_a_line(error: AwsError, said: str) -> None:
    evidence = Evidence(surroundings=Surroundings(unread=(Unread(what="job queue", error=error),)))
    text = explain(job("RUNNABLE"), evidence, NOW).to_text()
    assert f"Could not read job queue: {said}\n" in text
    assert "AWS names no reason, and job queue could not be read" in text.splitlines()[0]


def test_a_queue_without_compute_environments_starts_nothing() -> None:
    queue = JobQueue(arn="a", name="q")
    explanation = explain(job("RUNNABLE"), Evidence(surroundings=Surroundings(queue=queue)), NOW)
    assert explanation.cause == "queue q has no compute environment"
    assert explanation.needs_action


class TestGivingUp:
    LIMIT = "Job j was RUNNABLE for 1 h 0 min: `runnable_timeout` is 1 h 0 min"

    def test_the_cause_of_the_wait_and_its_advice_count(self) -> None:
        queue = Surroundings(queue=JobQueue(arn="a", name="q", status="INVALID"))
        explanation = explain(job("RUNNABLE"), Evidence(surroundings=queue), NOW)
        lines = given_up(self.LIMIT, advice="wait", explanation=explanation).splitlines()
        assert lines[:2] == [self.LIMIT, "Cause: queue q is INVALID"]
        assert lines[-1].startswith("What to do: Repair the queue")

    def test_a_job_that_runs_needs_no_cause_and_keeps_the_advice_of_the_limit(self) -> None:
        explanation = explain(job("RUNNING"), Evidence(), NOW)
        lines = given_up(self.LIMIT, advice="wait.", explanation=explanation).splitlines()
        assert lines == [self.LIMIT, "What to do: wait."]

    def test_a_misconfiguration_that_the_text_names_is_not_said_twice(self) -> None:
        stuck = job("RUNNABLE", statusReason="MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT")
        text = given_up("Job j can never start: …", explanation=explain(stuck, Evidence(), NOW))
        assert "Cause: " not in text


def test_a_failed_dependency_is_the_cause_although_the_job_is_not_failed_yet() -> None:
    failed = Job.from_api({"jobId": "one", "status": "FAILED"})
    told = explain(job("PENDING", dependsOn=ON_ONE), Evidence(dependencies=(failed,)), NOW)
    assert told.cause.startswith("its dependency one")
    assert "fargate-batch explain one" in told.advice


def test_dependencies_without_ids_are_waited_for() -> None:
    told = explain(job("PENDING", dependsOn=[{}]), Evidence(), NOW)
    assert told.cause == "the job waits for its dependencies"


@pytest.mark.parametrize(
    ("snapshot", "lines"),
    [
        pytest.param(QueueSnapshot(), [], id="nothing"),
        pytest.param(
            QueueSnapshot(used_vcpus=Decimal(4), shares={"day": Decimal(3)}),
            ["In use: 4 vCPU", "Other shares, vCPU in use: day 3"],
            id="a job without a share",
        ),
        pytest.param(
            QueueSnapshot(active_shares=2), [], id="shares without figures, as AWS leaves them out"
        ),
    ],
)
def test_only_what_the_snapshot_says_is_told(snapshot: QueueSnapshot, lines: list[str]) -> None:
    told = explain(job("RUNNABLE"), Evidence(snapshot=snapshot), NOW).evidence_lines()
    assert [line for line in told if "In use" in line or "hare" in line] == lines


def test_a_share_alone_has_no_others() -> None:
    snapshot = QueueSnapshot(shares={"day": Decimal(3)})
    told = explain(job("RUNNABLE", shareIdentifier="day"), Evidence(snapshot=snapshot), NOW)
    assert "Share day: 3 vCPU in use" in told.evidence_lines()
    assert not any(line.startswith("Other shares") for line in told.evidence_lines())


def test_a_job_behind_the_first_hundred_is_said_to_be() -> None:
    front = tuple(f"arn:aws:batch:eu-west-1:1:job/{number}" for number in range(100))
    waiting = job("RUNNABLE", jobArn="arn:aws:batch:eu-west-1:1:job/j")
    told = explain(waiting, Evidence(snapshot=QueueSnapshot(front=front)), NOW)
    assert "Place in line: behind the first 100 RUNNABLE jobs" in told.evidence_lines()


def test_a_job_that_is_not_in_a_short_line_is_told_who_is() -> None:
    front = ("arn:aws:batch:eu-west-1:1:job/other",)
    told = explain(job("RUNNABLE"), Evidence(snapshot=QueueSnapshot(front=front)), NOW)
    assert "In line: 1 other RUNNABLE job" in told.evidence_lines()
