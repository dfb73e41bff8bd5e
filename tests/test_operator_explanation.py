"""The operator against LocalBatch: what a task that fails or gives up tells about its job."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from airflow_fargate_batch._airflow.compat import AirflowFailException, task_state
from airflow_fargate_batch._airflow.end_times import EndTimes
from airflow_fargate_batch._airflow.wait_event import WaitEvent, WaitOutcome
from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.termination import TaskNow
from airflow_fargate_batch.exceptions import JobFailed, JobTimedOut
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from tests.fakes import LocalTime
from tests.operating import FakeTaskInstance, operator, rendered

ENVIRONMENT = f"compute-environment/{READY_QUEUE}-environment"
NO_ROUTE = "CannotPullContainerError: failed to resolve ref: dial tcp 1.2.3.4:443: i/o timeout"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    now = TaskNow(state="running", is_own_try=True)
    monkeypatch.setattr(task_state, "task_now", lambda _: now)
    with LocalBatch(manual_clock=True) as aws:
        connection = {
            "conn_type": "aws",
            "login": "key",
            "password": "secret",
            "extra": {"region_name": aws.region, "endpoint_url": aws.url},
        }
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
        yield aws


@pytest.fixture(autouse=True)
def time(aws: LocalBatch, monkeypatch: pytest.MonkeyPatch) -> LocalTime:
    """Let no task wait for real."""
    time = LocalTime(aws)
    monkeypatch.setattr(FargateBatchHook, "clock", time.clock())
    return time


def run(*, end_times: EndTimes | None = None, **arguments: Any) -> None:
    """Run a task that waits in its worker."""
    where = {"job_queue": READY_QUEUE, "job_definition": READY_DEFINITION}
    waits = {"wait_for_completion": True, "deferrable": False, "poll_interval": 0.2}
    task = operator(**(where | waits | arguments))
    if end_times:
        vars(task)["end_times"] = end_times
    task.execute(rendered(task, FakeTaskInstance()))


def failure(kind: type[Exception], **arguments: Any) -> str:
    with pytest.raises(kind) as caught:
        run(**arguments)
    return str(caught.value)


def test_a_job_that_did_not_start_is_explained_with_its_compute_environment(
    aws: LocalBatch,
) -> None:
    aws.script(starts=False, status_reason="Task failed to start", reason=NO_ROUTE)
    aws.alter(ENVIRONMENT, status="INVALID", statusReason="the role is gone")
    said = failure(JobFailed)
    assert said.startswith("daily.submit: job ")
    assert "failed: the task did not reach AWS or its image registry\n" in said
    assert said.count("AWS says: CannotPull") == 1
    assert "ENABLED, INVALID, Fargate, at most 256 vCPU: the role is gone\n" in said
    assert "  queued and starting for " in said
    assert said.count("What to do: ") == 1


def test_a_program_that_failed_is_explained_without_a_lookup(aws: LocalBatch) -> None:
    aws.script(exit_code=3, log=["the input is empty"])
    said = failure(JobFailed)
    assert "Last log lines:\n  the input is empty\n" in said
    assert "running for" in said
    called = {call.operation for call in aws.requests}
    of_the_cost = {"DescribeJobQueues", "DescribeComputeEnvironments"}
    assert called - of_the_cost == {"SubmitJob", "DescribeJobs", "logs:GetLogEvents"}


def test_a_dependency_that_failed_is_named_with_its_cause(aws: LocalBatch) -> None:
    aws.script("extract", exit_code=137, reason="OutOfMemoryError: Container killed")
    first = aws.client("batch").submit_job(
        jobName="extract", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION
    )["jobId"]
    said = failure(AirflowFailException, depends_on=[first])
    assert f"its dependency, job {first} (extract), failed: a container ran out of memory" in said
    assert f"What to do: First repair job {first}: Set more `memory`." in said


def test_a_wait_that_gives_up_tells_the_place_in_line_although_the_job_is_terminated(
    aws: LocalBatch, time: LocalTime
) -> None:
    aws.script(stuck_in="RUNNABLE")
    for _ in range(2):
        aws.client("batch").submit_job(
            jobName="other", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION
        )
    time.sleep(10)  # RUNNABLE before the task's own job
    said = failure(JobTimedOut, runnable_timeout=1)
    assert re.search(r"was RUNNABLE for \d+ s: `runnable_timeout` is 1 s\n", said)
    assert "The job was terminated.\n" in said
    assert "Cause: 2 jobs stand before the job in its queue\n" in said
    assert "Place in line: 3 of 3 RUNNABLE jobs\n" in said
    assert "In use: 0 of at most 256 vCPU\n" in said
    assert "If a longer wait is fine, raise `runnable_timeout`." in said.splitlines()[-1]
    assert aws.jobs[-1]["status"] == "FAILED"


def test_the_event_of_a_trigger_that_gave_up_is_explained_in_the_worker(
    aws: LocalBatch, time: LocalTime
) -> None:
    aws.script(stuck_in="RUNNABLE")
    aws.alter(ENVIRONMENT, state="DISABLED")
    batch = aws.client("batch")
    job_id = batch.submit_job(jobName="job", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)[
        "jobId"
    ]
    time.sleep(10)
    api = BatchApi(batch)
    event = WaitEvent(
        outcome=WaitOutcome.GAVE_UP,
        jobs=tuple(api.describe_jobs([job_id])),
        message=f"Job {job_id} was RUNNABLE for 1 h 0 min: `runnable_timeout` is 1 h 0 min",
        advice="from the trigger",
    )
    batch.terminate_job(jobId=job_id, reason="given up")
    task = operator(job_queue=READY_QUEUE, job_definition=READY_DEFINITION)
    with pytest.raises(JobTimedOut) as caught:
        task.execute_complete(rendered(task), event.payload(), try_number=1)
    said = str(caught.value)
    cause = f"Cause: no compute environment of queue {READY_QUEUE} can start jobs: "
    assert f"{cause}{READY_QUEUE}-environment is DISABLED\n" in said
    assert "--state ENABLED'. The job then starts by itself." in said.splitlines()[-1]


@pytest.mark.parametrize(
    "fault", ["denied", "throttle", "error_after", "cut_before", "malformed", "stall"]
)
def test_a_lookup_that_fails_delays_by_seconds_at_most_and_hides_nothing(
    aws: LocalBatch, fault: str
) -> None:
    aws.script(starts=False, status_reason="Task failed to start", reason=NO_ROUTE)
    for operation in ("DescribeJobQueues", "DescribeJobDefinitions"):
        aws.faults.add(fault, operation=operation, seconds=120)
    began = monotonic()
    said = failure(JobFailed, end_times=EndTimes(evidence=1.0, cost=1.0))
    assert monotonic() - began < 60  # on a busy machine; each lookup may take a second
    assert "failed: the task did not reach AWS or its image registry\n" in said
    assert "Could not read job queue: " in said
    assert said.splitlines()[-1].startswith("What to do: Connect the task to AWS")


def test_a_hook_without_credentials_still_reports_the_failure(
    aws: LocalBatch, time: LocalTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker that resumes after a deferral makes its first client for the explanation."""
    aws.script(starts=False, status_reason="Task failed to start", reason=NO_ROUTE)
    batch = aws.client("batch")
    job_id = batch.submit_job(jobName="job", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION)[
        "jobId"
    ]
    time.sleep(60)
    event = WaitEvent(
        outcome=WaitOutcome.ENDED, jobs=tuple(BatchApi(batch).describe_jobs([job_id]))
    )
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws"}))
    task = operator(job_queue=READY_QUEUE, job_definition=READY_DEFINITION)
    with pytest.raises(JobFailed, match="the task did not reach AWS or its image registry"):
        task.execute_complete(rendered(task), event.payload(), try_number=1)


class TestUse:
    """XCom ``job`` has what the job used, where Container Insights is on."""

    @pytest.fixture
    def ended(self, aws: LocalBatch, time: LocalTime) -> WaitEvent:
        """Return the event of a trigger whose job has ended and left figures."""
        aws.alter(ENVIRONMENT, ecsSettings={"containerInsights": "ENABLED"})
        batch = aws.client("batch")
        job_id = batch.submit_job(
            jobName="job", jobQueue=READY_QUEUE, jobDefinition=READY_DEFINITION
        )["jobId"]
        time.sleep(60)
        [job] = BatchApi(batch).describe_jobs([job_id])
        assert job.status_text == "SUCCEEDED"
        assert job.task_arn
        _, cluster, task = job.task_arn.split(":")[-1].split("/")
        named = {"ClusterName": cluster, "TaskDefinitionFamily": "f", "TaskId": task}
        point = {
            "MetricName": "MemoryUtilized",
            "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
            "Timestamp": job.started_at,
            "Value": 300,
        }
        aws.client("cloudwatch").put_metric_data(
            Namespace="ECS/ContainerInsights", MetricData=[point]
        )
        return WaitEvent(outcome=WaitOutcome.ENDED, jobs=(job,))

    @staticmethod
    def pushed(event: WaitEvent, end_times: EndTimes | None = None) -> Any:
        task = operator(job_queue=READY_QUEUE, job_definition=READY_DEFINITION)
        vars(task)["end_times"] = end_times or EndTimes()
        ti = FakeTaskInstance()
        task.execute_complete(rendered(task, ti), event.payload(), try_number=1)
        return dict(ti.pushed)["job"]["use"]

    @pytest.mark.parametrize("records_use", [True, None], ids=["asked by the trigger", "not asked"])
    def test_figures_are_pushed(self, ended: WaitEvent, records_use: bool | None) -> None:
        figures = self.pushed(replace(ended, records_use=records_use))
        assert (figures["memory_peak"], figures["minutes"]) == (300.0, 1)
        assert figures["cpu_peak"] is None

    def test_a_queue_that_records_nothing_is_not_asked_for_figures(
        self, ended: WaitEvent, aws: LocalBatch
    ) -> None:
        assert self.pushed(replace(ended, records_use=False)) is None
        assert not [call for call in aws.requests if call.operation == "cloudwatch:ListMetrics"]

    @pytest.mark.parametrize("fault", ["denied", "throttle", "cut_before", "stall"])
    def test_figures_that_cannot_be_read_fail_no_task(
        self, ended: WaitEvent, aws: LocalBatch, fault: str
    ) -> None:
        for operation in ("cloudwatch:ListMetrics", "logs:FilterLogEvents"):
            aws.faults.add(fault, operation=operation, seconds=2)
        assert self.pushed(replace(ended, records_use=True), EndTimes(use=0.5)) is None
