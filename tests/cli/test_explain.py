"""``fargate-batch explain``: each situation over HTTP, and the text that a user reads."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from airflow_fargate_batch.cli import _clients, _explaining
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import (
    READY_DEFINITION,
    READY_FAIR_SHARE_QUEUE,
    READY_QUEUE,
)
from airflow_fargate_batch.local.configuration import QUEUE
from tests.cli.conftest import Run
from tests.fakes import LocalTime

# The lowest boto3 leaves members out of answers, such as scheduledAt: the timeline is coarser.
pytestmark = pytest.mark.new_boto3

pytest.importorskip("moto", reason="LocalBatch has CloudWatch from moto")

Submit = Callable[..., str]
ENVIRONMENT = f"compute-environment/{READY_QUEUE}-environment"
FAIR_ENVIRONMENT = f"compute-environment/{READY_FAIR_SHARE_QUEUE}-environment"


@pytest.fixture
def explain(run: Run) -> Callable[..., str]:
    """Give what explains a job, and returns the text."""

    def call(job_id: str, *words: str) -> str:
        outcome = run("explain", job_id, *words)
        assert outcome.code == 0, outcome
        return outcome.out

    return call


Explain = Callable[..., str]


def advice_of(text: str) -> str:
    *_, last = text.splitlines()
    assert last.startswith("What to do: ")
    return last


NOT_STARTED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "AccessDenied of the execution role",
        {
            "reason": "ResourceInitializationError: unable to pull secrets or registry auth:"
            " AccessDeniedException: User: arn:aws:sts::1:assumed-role/exec/x is not authorized to"
            " perform: ecr:GetAuthorizationToken"
        },
        "the execution role lacks permission for the image, a secret or the log group",
        "Grant the action named in the reason to the execution role",
    ),
    (
        "bad size",
        {"status_reason": "No Fargate configuration exists for given values."},
        "the vCPU and memory of the job are not a Fargate size",
        "Choose --vcpu and --memory from the list that 'fargate-batch sizes' prints.",
    ),
    (
        "no route to ECR",
        {
            "reason": "CannotPullContainerError: failed to resolve ref: failed to do request: Head"
            " https://1.dkr.ecr.ap-northeast-1.amazonaws.com/: dial tcp 1.2.3.4:443: i/o timeout"
        },
        "the task did not reach AWS or its image registry",
        "VPC endpoints for ECR (api and dkr), S3, CloudWatch Logs and Secrets Manager",
    ),
    (
        "no route to Secrets Manager",
        {
            "reason": "ResourceInitializationError: unable to pull secrets or registry auth: unable"
            " to retrieve secret from asm: There is a connection issue between the task and AWS"
            " Secrets Manager. Check your task network configuration."
        },
        "the task did not reach AWS or its image registry",
        "VPC endpoints for ECR",
    ),
    (
        "no route to CloudWatch Logs",
        {
            "reason": "ResourceInitializationError: failed to validate logger args: The task cannot"
            " find the Amazon CloudWatch log group defined in the task definition. There is a"
            " connection issue between the task and Amazon CloudWatch."
        },
        "the task did not find its log group, or did not reach CloudWatch Logs",
        "Check that the log group of the job definition exists.",
    ),
    (
        "EFS",
        {
            "reason": "ResourceInitializationError: failed to invoke EFS utils commands to set up"
            " EFS volumes: stderr: Failed to resolve fs-1.efs.ap-northeast-1.amazonaws.com"
        },
        "the EFS file system or the directory in it was not found",
        "Check the EFS file system's id",
    ),
    (
        "missing role",
        {
            "status_reason": "ECS was unable to assume the role 'arn:aws:iam::1:role/gone' that was"
            " provided for this task. Please verify that the role being passed has the proper"
            " trust relationship"
        },
        "ECS lacks permission to assume a role of the job",
        "Allow ecs-tasks.amazonaws.com to assume the execution role",
    ),
    (
        "wrong architecture",
        {
            "reason": "CannotPullContainerError: image Manifest does not contain descriptor"
            " matching platform 'linux/amd64'"
        },
        "the image is built for another CPU or operating system than the job definition's",
        "docker build --platform",
    ),
    (
        "no command",
        {"reason": "CannotCreateContainerError: Error response from daemon: No command specified"},
        "neither the job nor the image has a command",
        "Set a --command, or add a CMD or an ENTRYPOINT to the image.",
    ),
    (
        "definition for another platform",
        {
            "status_reason": "The specified platform does not satisfy the task definition's"
            " required capabilities."
        },
        "the job definition does not fit Fargate",
        "Register a revision of the job definition for Fargate",
    ),
]


@pytest.mark.parametrize(
    ("script", "cause", "advice"),
    [row[1:] for row in NOT_STARTED],
    ids=[row[0] for row in NOT_STARTED],
)
def test_a_job_that_did_not_start(
    explain: Explain,
    job: Submit,
    time: LocalTime,
    script: dict[str, Any],
    cause: str,
    advice: str,
) -> None:
    failed = job(
        **({"name": "*", "starts": False, "status_reason": "Task failed to start"} | script)
    )
    time.sleep(60)
    text = explain(failed)
    assert text.splitlines()[0] == f"job {failed} failed: {cause}"
    assert advice in advice_of(text)
    assert "  queued and starting for 4 s: did not start, " in text
    assert f"Compute environment {READY_QUEUE}-environment: ENABLED, VALID, Fargate" in text
    assert (
        f"Job definition {READY_DEFINITION}:1: X86_64, platform version LATEST, public IP" in text
    )


RAN: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "out of memory",
        {"exit_code": 137, "reason": "OutOfMemoryError: Container killed due to memory usage"},
        "with exit code 137: a container ran out of memory",
        "The next size above its 512 MiB is 0.25 vCPU with 1024 MiB.",
    ),
    (
        "Spot reclaim",
        {"exit_code": None, "status_reason": "Your Spot Task was interrupted."},
        ": Fargate Spot reclaimed the capacity",
        "Set --spot-retries",
    ),
    (
        "wrong architecture",
        {"exit_code": 255, "reason": "exec /bin/app: exec format error"},
        "the image is built for another CPU than the job definition's",
        "docker build --platform",
    ),
    (
        "missing command",
        {"exit_code": 127},
        "with exit code 127: the command was not found in the image",
        "Compare --command",
    ),
    (
        "the program",
        {"exit_code": 3},
        "with exit code 3: the program ended with an error",
        "Read the last log lines of the job",
    ),
]


@pytest.mark.parametrize(
    ("script", "cause", "advice"), [row[1:] for row in RAN], ids=[row[0] for row in RAN]
)
def test_a_job_that_ran_and_failed(
    explain: Explain,
    job: Submit,
    time: LocalTime,
    script: dict[str, Any],
    cause: str,
    advice: str,
) -> None:
    failed = job(name="*", log=["the last line", "uses job_queue x"], **script)
    time.sleep(60)
    text = explain(failed)
    assert text.startswith(f"job {failed} failed")
    assert cause in text.splitlines()[0]
    assert advice in advice_of(text)
    assert "Last log lines:\n  the last line\n  uses job_queue x\n" in text
    assert "  queued for 2 s\n" in text
    assert "  starting for 2 s\n" in text
    assert "  running for 5 s" in text


def test_a_timeout(explain: Explain, job: Submit, time: LocalTime) -> None:
    late = job("--job-timeout", "60", name="*", runtime=600)
    time.sleep(120)
    text = explain(late)
    assert "failed with exit code 137: an attempt ran longer than its timeout" in text
    assert "  running for 1 min 0 s: exit code 137" in text
    assert "Raise --job-timeout" in advice_of(text)


def test_a_limit_of_the_queue_that_cancelled_the_job(
    explain: Explain, job: Submit, aws: LocalBatch
) -> None:
    stuck = job(name="*", stuck_in="RUNNABLE")
    reason = "Canceled by JobStateTimeLimit action due to reason: CAPACITY:INSUFFICIENT"
    aws.client("batch").terminate_job(jobId=stuck, reason=reason)
    text = explain(stuck)
    assert text.startswith(f"job {stuck} failed: AWS had no capacity for the job\n")
    assert f"AWS says: {reason}\n" in text


class TestRunnable:
    """A job that waits for a place to run: why, and since when."""

    @pytest.fixture
    def stuck(self, job: Submit, time: LocalTime) -> str:
        stuck = job(name="*", stuck_in="RUNNABLE")
        time.sleep(60)
        return stuck

    def test_a_compute_environment_is_invalid(
        self, explain: Explain, stuck: str, aws: LocalBatch
    ) -> None:
        reason = "CLIENT_ERROR - User: arn:aws:sts::1:assumed-role/r is not authorized"
        aws.alter(ENVIRONMENT, status="INVALID", statusReason=reason)
        text = explain(stuck)
        name = f"{READY_QUEUE}-environment"
        assert text.splitlines()[0] == (
            f"job {stuck} is RUNNABLE: no compute environment of queue {READY_QUEUE} can start "
            f"jobs: {name} is INVALID ({reason})"
        )
        assert (
            f"Compute environment {name}: ENABLED, INVALID, Fargate, at most 256 vCPU: CL" in text
        )
        assert "usually the service role lacks permissions" in advice_of(text)
        assert f"update-compute-environment --compute-environment {name}" in advice_of(text)

    def test_a_compute_environment_is_disabled(
        self, explain: Explain, stuck: str, aws: LocalBatch
    ) -> None:
        aws.alter(ENVIRONMENT, state="DISABLED")
        text = explain(stuck)
        assert f"{READY_QUEUE}-environment is DISABLED" in text.splitlines()[0]
        assert f"{READY_QUEUE}-environment --state ENABLED'" in advice_of(text)

    def test_the_queue_is_invalid(self, explain: Explain, stuck: str, aws: LocalBatch) -> None:
        aws.alter(f"job-queue/{READY_QUEUE}", status="INVALID", statusReason="no environment")
        assert f"queue {READY_QUEUE} is INVALID: no environment" in explain(stuck).splitlines()[0]

    def test_the_queue_is_gone(self, explain: Explain, stuck: str, aws: LocalBatch) -> None:
        queues = aws._configuration.resources[QUEUE]
        queues.pop(next(arn for arn in queues if arn.endswith(READY_QUEUE)))
        aws.faults.add("denied", operation="GetJobQueueSnapshot")
        text = explain(stuck)
        assert "the queue of the job no longer exists" in text.splitlines()[0]

    def test_the_queue_runs_on_ec2(self, explain: Explain, stuck: str, aws: LocalBatch) -> None:
        aws.alter(ENVIRONMENT, computeResources={"type": "EC2", "maxvCpus": 4})
        text = explain(stuck)
        assert "the queue runs jobs on EC2 instances, not on Fargate" in text.splitlines()[0]
        assert "Submit the job to a --job-queue of Fargate" in advice_of(text)

    def test_the_job_is_bigger_than_every_environment(
        self, explain: Explain, job: Submit, time: LocalTime, aws: LocalBatch
    ) -> None:
        big = job("--vcpu", "8", "--memory", "16 GB", name="*", stuck_in="RUNNABLE")
        time.sleep(60)
        aws.alter(ENVIRONMENT, computeResources={"type": "FARGATE", "maxvCpus": 4})
        text = explain(big)
        assert (
            "the job asks for 8 vCPU, and no compute environment of the queue allows more" in text
        )
        assert "--compute-resources maxvCpus=NUMBER" in advice_of(text)

    def test_aws_reports_a_misconfiguration(
        self, explain: Explain, job: Submit, time: LocalTime, aws: LocalBatch
    ) -> None:
        reason = "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE - too small"
        never = job(
            "--vcpu", "8", "--memory", "16 GB", name="*", stuck_in="RUNNABLE", status_reason=reason
        )
        time.sleep(60)
        aws.alter(ENVIRONMENT, computeResources={"type": "FARGATE", "maxvCpus": 4})
        text = explain(never)
        assert text.splitlines()[0] == (
            f"job {never} is RUNNABLE: it can never start, because the job asks for more than the "
            "queue's compute environments can ever provide (the job asks for 8 vCPU, and no compute"
            " environment of the queue allows more than 4)"
        )
        assert f"AWS says: {reason}" in text

    def test_aws_reports_no_capacity(
        self, explain: Explain, job: Submit, time: LocalTime, aws: LocalBatch
    ) -> None:
        reason = "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no room"
        waiting = job(name="*", stuck_in="RUNNABLE", status_reason=reason)
        time.sleep(60)
        assert "AWS has no capacity for the job now" in explain(waiting).splitlines()[0]
        aws.alter(ENVIRONMENT, computeResources={"type": "FARGATE_SPOT", "maxvCpus": 256})
        text = explain(waiting)
        assert "AWS has no Fargate Spot capacity for the job now" in text.splitlines()[0]
        assert "without Fargate Spot" in advice_of(text)

    def test_the_queue_is_blocked_by_a_job_at_its_head(
        self, explain: Explain, job: Submit, time: LocalTime
    ) -> None:
        reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - never"
        first = job("--job-name", "first", name="first", stuck_in="RUNNABLE", status_reason=reason)
        time.sleep(5)
        behind = job("--job-name", "behind", name="behind", stuck_in="RUNNABLE")
        time.sleep(60)
        text = explain(behind)
        assert f"the queue is blocked: job {first}, the first in line, can never start" in text, (
            text
        )
        assert "Place in line: 2 of 2 RUNNABLE jobs" in text
        assert f"'fargate-batch terminate {first}'" in advice_of(text)
        assert (
            f"--job-queue {READY_QUEUE} --job-state-time-limit-actions"
            " reason=MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT,state=RUNNABLE" in advice_of(text)
        )

    def test_the_environments_are_full(
        self, explain: Explain, job: Submit, time: LocalTime, aws: LocalBatch
    ) -> None:
        job("--job-name", "long", "--vcpu", "4", "--memory", "8 GB", name="long", runtime=6000)
        waiting = job("--job-name", "next", name="next", stuck_in="RUNNABLE")
        time.sleep(60)
        aws.alter(ENVIRONMENT, computeResources={"type": "FARGATE", "maxvCpus": 4})
        text = explain(waiting)
        assert "the compute environments are full: 4 of 4 vCPU are in use" in text.splitlines()[0]
        assert "In use: 4 of at most 4 vCPU" in text
        assert "raise maxvCpus" in advice_of(text)

    def test_other_jobs_are_before_it(self, explain: Explain, job: Submit, time: LocalTime) -> None:
        for _ in range(3):
            job(name="*", stuck_in="RUNNABLE")
            time.sleep(5)
        last = job(name="*", stuck_in="RUNNABLE")
        time.sleep(60)
        text = explain(last)
        assert "is RUNNABLE: 3 jobs stand before the job in its queue" in text
        assert "Place in line: 4 of 4 RUNNABLE jobs" in text

    def test_more_than_a_hundred_jobs_are_before_it(
        self, explain: Explain, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.script(stuck_in="RUNNABLE")
        submit("--array-size", "120")
        time.sleep(60)
        last = submit("--job-name", "last").out.strip()
        time.sleep(60)
        text = explain(last)
        assert "at least 100 jobs stand before the job in its queue" in text.splitlines()[0]
        assert "Place in line: behind the first 100 RUNNABLE jobs" in text

    def test_shares_of_the_queue_are_shown_with_what_they_use(
        self, explain: Explain, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        fair = ("--job-queue", READY_FAIR_SHARE_QUEUE, "--scheduling-priority", "1")
        aws.script("long", runtime=6000)
        aws.script("next", stuck_in="RUNNABLE")
        submit(*fair, "--share-identifier", "a", "--job-name", "long")
        submit(*fair, "--share-identifier", "b", "--job-name", "long")
        waiting = submit(*fair, "--share-identifier", "b", "--job-name", "next").out.strip()
        time.sleep(60)
        text = explain(waiting)
        assert f"Queue {READY_FAIR_SHARE_QUEUE}: ENABLED, VALID, fair share" in text
        assert "Share b: 0.25 vCPU in use" in text
        assert "Other shares, vCPU in use: a 0.25" in text

    def test_nothing_is_in_its_way(self, explain: Explain, stuck: str) -> None:
        text = explain(stuck)
        assert "nothing that AWS shows keeps the job from starting" in text.splitlines()[0]
        assert "Place in line: 1 of 1 RUNNABLE jobs" in text
        assert "quota of Fargate vCPUs" in advice_of(text)

    def test_an_array_waits_for_the_reason_of_its_first_child(
        self, explain: Explain, job: Submit, time: LocalTime
    ) -> None:
        reason = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - never"
        array = job("--array-size", "3", name="*", stuck_in="RUNNABLE", status_reason=reason)
        time.sleep(60)
        text = explain(array)
        assert "it can never start, because the job asks for more than" in text.splitlines()[0]
        assert f"AWS says: {reason}" in text
        assert "Place in line: 1 of 3 RUNNABLE jobs" in text


class TestDependencies:
    @pytest.fixture
    def chain(self, submit: Run, aws: LocalBatch) -> tuple[str, str, str]:
        """Return three jobs, each of which depends on the one before; the first fails."""
        aws.script("extract", exit_code=3, log=["the file is empty"])
        first = submit("--job-name", "extract").out.strip()
        second = submit("--job-name", "clean", "--depends-on", first).out.strip()
        third = submit("--job-name", "load", "--depends-on", second).out.strip()
        return first, second, third

    def test_the_one_that_lasts_is_named(
        self, explain: Explain, chain: tuple[str, str, str], time: LocalTime
    ) -> None:
        time.sleep(2)
        first, second, _ = chain
        text = explain(second)
        assert f"is PENDING: the job waits for its dependency {first} (extract): " in text
        assert f"'fargate-batch explain {first}'" in advice_of(text)

    def test_the_first_failure_of_a_chain_is_the_cause(
        self, explain: Explain, chain: tuple[str, str, str], time: LocalTime
    ) -> None:
        time.sleep(60)
        first, second, third = chain
        text = explain(third)
        assert text.splitlines()[0] == (
            f"job {third} failed: its dependency, job {first} (extract), failed: the program ended "
            "with an error"
        )
        assert f"Dependency {second} (clean): FAILED, Dependent Job failed" in text
        assert f"First failed job in the chain: {first} (extract): FAILED, exit code 3" in text
        assert advice_of(text).startswith(f"What to do: First repair job {first}: Read the last")

    def test_a_child_of_an_array_waits_for_the_equal_index(
        self, explain: Explain, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.script("a", exit_code=4, indexes=[1])
        first = submit("--job-name", "a", "--array-size", "3").out.strip()
        second = aws.client("batch").submit_job(
            jobName="b",
            jobQueue=READY_QUEUE,
            jobDefinition=READY_DEFINITION,
            arrayProperties={"size": 3},
            dependsOn=[{"jobId": first, "type": "N_TO_N"}],
        )["jobId"]
        time.sleep(120)
        text = explain(f"{second}:1")
        assert f"its dependency, job {first}:1 (a), failed: the program ended" in text

    def test_one_that_aws_no_longer_knows_is_named(
        self, explain: Explain, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.script("a", runtime=6000)
        first = submit("--job-name", "a").out.strip()
        second = submit("--job-name", "b", "--depends-on", first).out.strip()
        time.sleep(60)
        del aws._engine.jobs[first]
        text = explain(second)
        assert f"AWS Batch does not know its dependency {first}" in text.splitlines()[0]
        assert f"'fargate-batch terminate {second}'" in advice_of(text)


class TestLive:
    def test_starting(self, explain: Explain, job: Submit, time: LocalTime) -> None:
        starting = job(name="*", stuck_in="STARTING")
        time.sleep(60)
        text = explain(starting)
        assert "is STARTING: Fargate sets up the task" in text.splitlines()[0]
        assert "  queued for 2 s\n" in text
        assert "so far" in text
        assert "NAT or VPC endpoints" in advice_of(text)

    def test_running(self, explain: Explain, job: Submit, time: LocalTime) -> None:
        running = job(name="*", runtime=600, log=["at work"])
        time.sleep(60)
        text = explain(running)
        assert "is RUNNING for " in text.splitlines()[0]
        assert "Last log lines:\n  at work" in text
        assert f"'fargate-batch logs {running} --follow'" in advice_of(text)
        assert "Shell" not in text

    @pytest.mark.parametrize("kind", ["container", "ecs"])
    def test_a_shell_where_the_definition_allows_it(
        self, explain: Explain, submit: Run, aws: LocalBatch, time: LocalTime, kind: str
    ) -> None:
        register(aws, kind)
        aws.script(runtime=600)
        running = submit("--job-definition", kind).out.strip()
        time.sleep(60)
        [line] = [line for line in explain(running).splitlines() if line.startswith("Shell")]
        job = aws.jobs[0]
        [task] = job.get("ecsProperties", {}).get("taskProperties", [job["container"]])
        _, cluster, task_id = task["taskArn"].split(":")[-1].split("/")
        container = " --container main" if kind == "ecs" else ""
        assert line == (
            "Shell in the running container: aws ecs execute-command --region ap-northeast-1 "
            f"--cluster {cluster} --task {task_id}{container} --interactive --command /bin/sh"
        )

    def test_succeeded(self, explain: Explain, job: Submit, time: LocalTime) -> None:
        done = job()
        time.sleep(60)
        text = explain(done)
        assert text.splitlines()[0] == f"job {done} is SUCCEEDED: the job has done its work"
        assert "AWS says" not in text
        assert "  running for 5 s: exit code 0\n" in text
        assert advice_of(text) == "What to do: Nothing."

    def test_an_array(self, explain: Explain, job: Submit, time: LocalTime) -> None:
        array = job("--array-size", "3", name="*", runtime=600)
        time.sleep(60)
        text = explain(array)
        assert "PENDING, 0 of 3 children ended (3 RUNNING)" in text.splitlines()[0]
        assert f"'fargate-batch explain {array}:INDEX'" in advice_of(text)


def register(aws: LocalBatch, kind: str) -> None:
    """Register a definition of a kind that allows ECS Exec."""
    container = {
        "image": "busybox",
        "resourceRequirements": [
            {"type": "VCPU", "value": "0.25"},
            {"type": "MEMORY", "value": "512"},
        ],
    }
    role = {"executionRoleArn": "arn:aws:iam::1:role/r", "enableExecuteCommand": True}
    two = [container | {"name": "side", "essential": False}, container | {"name": "main"}]
    shape: dict[str, Any] = {"containerProperties": container | role}
    if kind == "ecs":
        shape = {"ecsProperties": {"taskProperties": [role | {"containers": two}]}}
    aws.client("batch").register_job_definition(
        jobDefinitionName=kind, type="container", platformCapabilities=["FARGATE"], **shape
    )


class TestLookups:
    """What AWS refuses to show is said, and the rest is explained without it."""

    @pytest.fixture
    def stuck(self, job: Submit, time: LocalTime) -> str:
        stuck = job(name="*", stuck_in="RUNNABLE")
        time.sleep(60)
        return stuck

    @pytest.mark.parametrize(
        ("operation", "what"),
        [
            ("DescribeJobQueues", "job queue"),
            ("DescribeComputeEnvironments", "compute environments"),
            ("GetJobQueueSnapshot", "the queue's line and use"),
            ("DescribeJobDefinitions", "job definition"),
            ("ListJobs", "the time of scheduling"),
        ],
    )
    def test_a_denied_one_names_the_iam_action(
        self, explain: Explain, stuck: str, aws: LocalBatch, operation: str, what: str
    ) -> None:
        aws.faults.add("denied", operation=operation)
        text = explain(stuck)
        assert (
            f"Could not read {what}: access denied. Grant the IAM action batch:{operation} to the "
            "caller.\n"
        ) in text

    def test_a_throttled_one_is_retried_for_ten_seconds_and_then_said(
        self, explain: Explain, stuck: str, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.faults.add("throttle", operation="GetJobQueueSnapshot")
        before = time.seconds
        assert "Could not read the queue's line and use: AWS throttled the call" in explain(stuck)
        assert _explaining.RETRIES <= time.seconds - before < _explaining.RETRIES + 30

    def test_a_slow_one_is_not_waited_for_longer_than_all_are_worth(
        self, explain: Explain, stuck: str, aws: LocalBatch, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_clients, "LOOKUP_PATIENCE", 0.5)
        aws.faults.add("latency", operation="GetJobQueueSnapshot", seconds=3)
        text = explain(stuck)
        assert "Could not read the queue's line and use: AWS did not answer within 0.5 s" in text
        assert f"Queue {READY_QUEUE}: ENABLED" in text

    def test_dependencies_that_cannot_be_read_are_not_called_unknown(
        self, explain: Explain, submit: Run, aws: LocalBatch, time: LocalTime
    ) -> None:
        aws.script("a", runtime=6000)
        first = submit("--job-name", "a").out.strip()
        second = submit("--job-name", "b", "--depends-on", first).out.strip()
        time.sleep(60)
        aws.faults.add("throttle", operation="DescribeJobs", skip=1)
        text = explain(second)
        assert "waits for its dependencies, whose states could not be read" in text.splitlines()[0]

    def test_a_log_that_cannot_be_read_is_a_warning(
        self, run: Run, job: Submit, aws: LocalBatch, time: LocalTime
    ) -> None:
        failed = job(name="*", exit_code=1, log=["gone"])
        time.sleep(60)
        aws.faults.add("denied", operation="logs:GetLogEvents")
        outcome = run("explain", failed)
        assert outcome.code == 0
        assert "Grant the IAM action logs:GetLogEvents" in outcome.err
        assert "Last log lines" not in outcome.out


class TestJson:
    def test_it_has_cause_advice_timeline_and_evidence(
        self, explain: Explain, job: Submit, time: LocalTime
    ) -> None:
        failed = job(name="*", exit_code=3, reason="the input is empty", log=["read 0 lines"])
        time.sleep(60)
        read = json.loads(explain(failed, "--output", "json"))
        assert (read["jobId"], read["status"], read["exitCode"]) == (failed, "FAILED", 3)
        assert (read["kind"], read["isRetryable"], read["isTrouble"]) == ("user code", True, True)
        assert read["cause"] == "the program ended with an error"
        assert read["reasons"][-1] == "the input is empty"
        assert [step["step"] for step in read["timeline"]] == ["queued", "starting", "running"]
        assert [step["seconds"] for step in read["timeline"]] == [1.5, 2.0, 5.0]
        assert read["evidence"]["jobQueue"]["status"] == "VALID"
        assert read["evidence"]["computeEnvironments"][0]["maxVcpus"] == 256
        assert read["evidence"]["logLines"] == ["read 0 lines"]
        assert read["couldNotRead"] == []

    def test_members_are_the_same_in_every_state(
        self, explain: Explain, job: Submit, time: LocalTime
    ) -> None:
        ids = [job(), job(name="*", stuck_in="RUNNABLE")]
        time.sleep(60)
        first, second = (json.loads(explain(each, "--output", "json")) for each in ids)
        assert first.keys() == second.keys()
        assert first["evidence"].keys() == second["evidence"].keys()


@pytest.mark.usefixtures("aws")
def test_an_unknown_job_is_1(run: Run) -> None:
    outcome = run("explain", "typo")
    assert (outcome.code, outcome.out) == (1, "")
    assert "does not know job typo in ap-northeast-1; it keeps ended jobs for 7 days" in outcome.err


@pytest.mark.parametrize("words", [["A,B"], ["A", "B"]], ids=str)
def test_two_jobs_at_once_are_bad_usage(run: Run, words: list[str]) -> None:
    outcome = run("explain", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: Give one job id, not 2: ")


def test_secrets_of_the_job_are_struck_out(
    explain: Explain, submit: Run, aws: LocalBatch, time: LocalTime
) -> None:
    secret = "hunter2-is-a-long-one"
    aws.script(exit_code=1, log=[f"connecting with {secret}"], reason=f"bad {secret}")
    failed = submit("--environment", json.dumps({"DB_PASSWORD": secret})).out.strip()
    time.sleep(60)
    for form in ("text", "json"):
        assert secret not in explain(failed, "--output", form)
    assert "connecting with" in explain(failed)


class TestUse:
    """CPU and memory that the job used, from Container Insights."""

    @pytest.fixture
    def done(self, submit: Run, aws: LocalBatch, time: LocalTime) -> str:
        aws.alter(ENVIRONMENT, ecsSettings={"containerInsights": "ENHANCED"})
        done = submit("--vcpu", "4", "--memory", "16 GB").out.strip()
        time.sleep(60)
        return done

    @staticmethod
    def place(aws: LocalBatch) -> tuple[str, str, int]:
        """Return cluster, task and a moment (in milliseconds) of the last job's run."""
        job = aws.jobs[-1]
        _, cluster, task_id = job["container"]["taskArn"].split(":")[-1].split("/")
        return cluster, task_id, job["startedAt"]

    def put_metrics(self, aws: LocalBatch, **more: str) -> None:
        cluster, task_id, moment = self.place(aws)
        named = {"ClusterName": cluster, "TaskDefinitionFamily": "f", "TaskId": task_id, **more}
        dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
        for metric, values in {"CpuUtilized": (256, 512), "MemoryUtilized": (900, 1500)}.items():
            for minute, value in enumerate(values):
                point = {
                    "MetricName": metric,
                    "Dimensions": dimensions,
                    "Timestamp": moment / 1000 + 60 * minute,
                    "Value": value,
                }
                aws.client("cloudwatch").put_metric_data(
                    Namespace="ECS/ContainerInsights", MetricData=[point]
                )

    def put_events(self, aws: LocalBatch) -> None:
        cluster, task_id, moment = self.place(aws)
        group = {"logGroupName": f"/aws/ecs/containerinsights/{cluster}/performance"}
        logs = aws.client("logs")
        logs.create_log_group(**group)
        logs.create_log_stream(**group, logStreamName="FargateTelemetry-1")
        events = [
            {"Type": "Task", "TaskId": task, "CpuUtilized": 512, "MemoryUtilized": memory}
            for task, memory in ((task_id, 1500), ("another", 9000))
        ]
        logs.put_log_events(
            **group,
            logStreamName="FargateTelemetry-1",
            logEvents=[{"timestamp": moment, "message": json.dumps(event)} for event in events],
        )

    def test_metrics_of_the_task_are_shown_with_the_smaller_size(
        self, explain: Explain, done: str, aws: LocalBatch
    ) -> None:
        self.put_metrics(aws)
        text = explain(done)
        assert "Used: up to 1500 of 16384 MiB memory, up to 0.5 of 4 vCPU (0.38 on average)" in text
        assert "Right size: 1 vCPU with 2048 MiB would do" in text
        assert advice_of(text) == "What to do: Set --vcpu 1 and --memory 2048 to pay for less."
        use = json.loads(explain(done, "--output", "json"))["use"]
        assert (use["memoryPeak"], use["smallerVcpu"], use["smallerMemory"]) == (1500.0, 1.0, 2048)

    def test_metrics_of_a_container_are_not_those_of_the_task(
        self, explain: Explain, done: str, aws: LocalBatch
    ) -> None:
        self.put_metrics(aws, ContainerName="default")
        assert "CPU and memory use: no figures of this job" in explain(done)

    def test_without_metrics_the_performance_events_count(
        self, explain: Explain, done: str, aws: LocalBatch
    ) -> None:
        self.put_events(aws)
        assert "Used: up to 1500 of 16384 MiB memory, up to 0.5 of 4 vCPU" in explain(done)

    def test_container_insights_that_is_off_is_not_asked_and_the_way_to_switch_it_on_is_shown(
        self, explain: Explain, done: str, aws: LocalBatch
    ) -> None:
        aws.alter(ENVIRONMENT, ecsSettings={"containerInsights": "DISABLED"})
        text = explain(done)
        assert (
            f"aws batch update-compute-environment --compute-environment {READY_QUEUE}-environment "
            "--ecs-settings containerInsights=ENHANCED"
        ) in text
        assert not [call for call in aws.requests if call.operation.startswith("cloudwatch:")]

    def test_a_refusal_is_said_and_the_other_source_still_counts(
        self, explain: Explain, done: str, aws: LocalBatch
    ) -> None:
        aws.faults.add("denied", operation="cloudwatch:ListMetrics")
        refused = "Could not read CPU and memory use: access denied. Grant the IAM action "
        assert f"{refused}cloudwatch:ListMetrics to the caller." in explain(done)
        self.put_events(aws)
        assert "Used: up to 1500 of 16384 MiB memory" in explain(done)
        aws.faults.add("denied", operation="logs:FilterLogEvents")
        assert f"{refused}logs:FilterLogEvents to the caller." in explain(done)
