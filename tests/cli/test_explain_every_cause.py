"""Every cause of a wait, and every text of a failed job, over HTTP as a user reads it."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.logs import LogsApi
from airflow_fargate_batch.aws.metrics import MetricsApi
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core._failure_rules import RULES as FAILURES
from airflow_fargate_batch.core._waiting_causes import RULES as WAITS
from airflow_fargate_batch.core.failure import diagnose
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_FAIR_SHARE_QUEUE, READY_QUEUE
from airflow_fargate_batch.local.configuration import QUEUE
from tests.cli.conftest import Run
from tests.core.test_failure_texts import ENTRIES
from tests.core.test_failure_texts import job as parsed
from tests.fakes import LocalTime

# The lowest boto3 leaves members out of answers that explanations need.
pytestmark = pytest.mark.new_boto3

pytest.importorskip("moto", reason="LocalBatch has CloudWatch from moto")

Submit = Callable[..., str]
ENVIRONMENT = f"compute-environment/{READY_QUEUE}-environment"
NEVER = "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - never"


class World:
    """What a situation is made of: the command line, LocalBatch and its clock."""

    def __init__(self, submit: Run, aws: LocalBatch, time: LocalTime) -> None:
        self.aws = aws
        self.time = time
        self._submit = submit

    def job(self, *words: str, name: str = "job", **script: Any) -> str:
        """Submit a job that behaves by a script, and return its id."""
        self.aws.script(name, **script)
        return self._submit("--job-name", name, *words).out.strip()

    def stuck(self, *words: str, name: str = "job", **script: Any) -> str:
        """Submit a job that stays RUNNABLE, and wait until it is."""
        job_id = self.job(*words, name=name, stuck_in="RUNNABLE", **script)
        self.time.sleep(60)
        return job_id


class Wait(NamedTuple):
    """A situation: makes it and returns the job; what the first and the last line say."""

    make: Callable[[World], str]
    cause: str
    advice: str


def dependent(world: World) -> tuple[str, str]:
    first = world.job(name="first", runtime=6000)
    return first, world.job("--depends-on", first, name="second")


def dependency_failed(world: World) -> str:
    """Let the answer about the job itself be older than the answer about its dependency."""
    world.job(name="first", exit_code=3)
    first = world.aws.jobs[0]["jobId"]
    second = world.job("--depends-on", first, name="second")
    world.time.sleep(60)
    world.aws.faults.add("lag", operation="DescribeJobs", seconds=55, times=1)
    return second


def dependency_gone(world: World) -> str:
    first, second = dependent(world)
    world.time.sleep(60)
    del world.aws._engine.jobs[first]
    return second


def dependencies_unread(world: World) -> str:
    _, second = dependent(world)
    world.time.sleep(60)
    world.aws.faults.add("denied", operation="DescribeJobs", skip=1)
    return second


def dependency_lasts(world: World) -> str:
    second = dependent(world)[1]
    world.time.sleep(60)
    return second


def array(world: World) -> str:
    job_id = world.job("--array-size", "2", runtime=6000)
    world.time.sleep(60)
    return job_id


def starting(world: World) -> str:
    job_id = world.job(stuck_in="STARTING")
    world.time.sleep(60)
    return job_id


def queue_gone(world: World) -> str:
    stuck = world.stuck()
    queues = world.aws._configuration.resources[QUEUE]
    queues.pop(next(arn for arn in queues if arn.endswith(READY_QUEUE)))
    return stuck


def altered(resource: str, *words: str, **members: Any) -> Callable[[World], str]:
    def make(world: World) -> str:
        stuck = world.stuck(*words)
        world.aws.alter(resource, **members)
        return stuck

    return make


def blocked(world: World) -> str:
    world.job(name="first", stuck_in="RUNNABLE", status_reason=NEVER)
    world.time.sleep(5)
    return world.stuck()


def no_spot(world: World) -> str:
    world.aws.alter(ENVIRONMENT, computeResources={"type": "FARGATE_SPOT", "maxvCpus": 256})
    return world.stuck(status_reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none")


def full(world: World) -> str:
    world.job("--vcpu", "4", "--memory", "8 GB", name="long", runtime=6000)
    stuck = world.stuck()
    world.aws.alter(ENVIRONMENT, computeResources={"type": "FARGATE", "maxvCpus": 4})
    return stuck


def behind(*words: str) -> Callable[[World], str]:
    def make(world: World) -> str:
        world.job(*words, name="first", stuck_in="RUNNABLE")
        world.time.sleep(5)
        return world.stuck(*words)

    return make


def beside(world: World) -> str:
    """Let the job be shown as RUNNABLE after it has left the line."""
    world.stuck(name="first")
    started = world.job(runtime=6000)
    world.time.sleep(60)
    world.aws.faults.add("lag", operation="DescribeJobs", seconds=59, times=1)
    return started


FAIR = ("--job-queue", READY_FAIR_SHARE_QUEUE, "--share-identifier", "a")
SITUATIONS: dict[str, Wait] = {
    "a dependency of the job failed": Wait(
        dependency_failed, "its dependency ", "'fargate-batch explain "
    ),
    "AWS Batch does not know a dependency of the job": Wait(
        dependency_gone, "AWS Batch does not know its dependency ", "'fargate-batch terminate "
    ),
    "a dependency of the job has not ended": Wait(
        dependency_lasts, "the job waits for its dependency ", "'fargate-batch explain "
    ),
    "the job has dependencies whose states AWS did not show": Wait(
        dependencies_unread,
        "the job waits for its dependencies, whose states could not be read",
        "'fargate-batch status ",
    ),
    "AWS Batch has just accepted the job": Wait(
        lambda world: world.job(), "AWS Batch has accepted the job", "RUNNABLE within seconds"
    ),
    "children of the array have not ended": Wait(
        array, "the array is complete when all children have ended", ":INDEX'."
    ),
    "Fargate sets up the task (STARTING)": Wait(
        starting, "Fargate sets up the task", "raise --starting-timeout"
    ),
    "AWS reports MISCONFIGURATION: the job can never start": Wait(
        lambda world: world.stuck(status_reason=NEVER),
        "it can never start, because the job asks for more than",
        "Set less --vcpu and --memory, or raise maxvCpus",
    ),
    "the queue of the job no longer exists": Wait(
        queue_gone, "the queue of the job no longer exists", "another --job-queue"
    ),
    "the queue is INVALID, or is being deleted": Wait(
        altered(f"job-queue/{READY_QUEUE}", status="INVALID", statusReason="none is valid"),
        f"queue {READY_QUEUE} is INVALID: none is valid",
        f"'fargate-batch doctor --job-queue {READY_QUEUE}'",
    ),
    "the queue has no compute environment": Wait(
        altered(f"job-queue/{READY_QUEUE}", computeEnvironmentOrder=[]),
        f"queue {READY_QUEUE} has no compute environment",
        f"'aws batch update-job-queue --job-queue {READY_QUEUE} --compute-environment-order ",
    ),
    "no compute environment of the queue can start jobs: INVALID, or being deleted": Wait(
        altered(ENVIRONMENT, status="INVALID", statusReason="CLIENT_ERROR - no role"),
        f"can start jobs: {READY_QUEUE}-environment is INVALID (CLIENT_ERROR - no role)",
        f"--compute-environment {READY_QUEUE}-environment --state ENABLED'. If it stays INVALID",
    ),
    "no compute environment of the queue can start jobs: DISABLED": Wait(
        altered(ENVIRONMENT, state="DISABLED"),
        f"can start jobs: {READY_QUEUE}-environment is DISABLED",
        f"--compute-environment {READY_QUEUE}-environment --state ENABLED'. The job then starts",
    ),
    "the queue runs jobs on EC2, on ECS Managed Instances or on EKS": Wait(
        altered(ENVIRONMENT, computeResources={"type": "EC2", "maxvCpus": 4}),
        "the queue runs jobs on EC2 instances, not on Fargate",
        "to a --job-queue of Fargate",
    ),
    "the job asks for more vCPU than any compute environment of the queue allows": Wait(
        altered(
            ENVIRONMENT,
            *("--vcpu", "8", "--memory", "16 GB"),
            computeResources={"type": "FARGATE", "maxvCpus": 4},
        ),
        "the job asks for 8 vCPU, and no compute environment of the queue allows more than 4",
        "--compute-resources maxvCpus=NUMBER'.",
    ),
    "the queue is blocked: the first job in line can never start": Wait(
        blocked, "the queue is blocked: job ", "reason=MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT,"
    ),
    "AWS has no Fargate Spot capacity now (CAPACITY)": Wait(
        no_spot, "AWS has no Fargate Spot capacity", "without Fargate Spot"
    ),
    "AWS has no capacity for the job now (CAPACITY)": Wait(
        lambda world: world.stuck(status_reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - none"),
        "AWS has no capacity for the job now",
        "Wait, or add subnets in other availability zones",
    ),
    "all vCPU of the compute environments (maxvCpus) are in use": Wait(
        full,
        "the compute environments are full: 4 of 4 vCPU are in use",
        f"--compute-environment {READY_QUEUE}-environment --compute-resources maxvCpus=NUMBER'.",
    ),
    "other jobs stand before the job in a fair-share queue": Wait(
        behind(*FAIR), "1 job stands before the job", "A higher --scheduling-priority or another"
    ),
    "other jobs stand before the job in a first-in-first-out queue": Wait(
        behind(), "1 job stands before the job", "Another --job-queue may start the job sooner"
    ),
    "other jobs wait in the queue": Wait(
        beside, "1 other job waits in the queue", "or use another --job-queue"
    ),
    "nothing that AWS shows keeps the job from starting": Wait(
        lambda world: world.stuck(),
        "nothing that AWS shows keeps the job from starting",
        "quota of Fargate vCPUs",
    ),
}


def explained(run: Run, job_id: str) -> tuple[str, str]:
    """Return the first and the last line of a job's explanation."""
    outcome = run("explain", job_id)
    assert outcome.code == 0, outcome
    first, *_, last = outcome.out.splitlines()
    return first, last


@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_cause_of_a_wait_is_named_with_the_next_step(
    run: Run, submit: Run, aws: LocalBatch, time: LocalTime, situation: str
) -> None:
    make, cause, advice = SITUATIONS[situation]
    first, last = explained(run, make(World(submit, aws, time)))
    assert f" {cause}" in first
    assert last.startswith("What to do: ")
    assert advice in last
    assert "{" not in last


def test_every_cause_of_a_wait_has_a_situation() -> None:
    assert [rule.situation for rule in WAITS] == list(SITUATIONS)


def cause_of(entry: dict[str, Any]) -> str:
    """Return the cause without the text that a fallback quotes."""
    return diagnose(parsed(entry)).cause.partition(': "')[0]


OF_SEVERAL_CONTAINERS = {rule.cause for rule in FAILURES if rule.pattern.startswith("^another")}
"""Causes that ``tests/local/test_local_containers.py`` makes."""
FAILED = {
    cause_of(entry): entry
    for entry in reversed(ENTRIES)
    if "ecsProperties" not in entry.get("extra", {})
}
"""One text for each cause."""


def failed(world: World, entry: dict[str, Any]) -> str:
    """Submit a job that fails with an entry's texts, and return its id."""
    name = entry["id"]
    if entry.get("extra"):  # cancelled or terminated
        job_id = world.job(name=name, stuck_in="RUNNABLE")
        world.aws.client("batch").terminate_job(jobId=job_id, reason=entry["status_reason"])
        return job_id
    said = {
        "status_reason": entry.get("status_reason") or "",
        "reason": entry.get("container_reason") or None,
    }
    if "exit_code" in entry:
        return world.job(name=name, exit_code=entry["exit_code"], **said)
    return world.job(name=name, exit_code=None, starts=False, **said)


def test_every_cause_of_a_failure_is_named_with_the_next_step(
    run: Run, submit: Run, aws: LocalBatch, time: LocalTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for api in (BatchApi, LogsApi, MetricsApi):  # a client for each job would take most of the time
        monkeypatch.setattr(api, "connect", cache(api.connect))
    world = World(submit, aws, time)
    jobs = {cause: failed(world, entry) for cause, entry in FAILED.items()}
    time.sleep(60)
    for cause, entry in FAILED.items():
        first, last = explained(run, jobs[cause])
        assert cause in first, entry["id"]
        advice = in_flags(diagnose(parsed(entry)).advice)
        assert last.startswith(f"What to do: {advice}"), entry["id"]


def test_every_cause_of_a_failure_has_a_text() -> None:
    causes = {rule.cause for rule in FAILURES}
    assert causes - FAILED.keys() == OF_SEVERAL_CONTAINERS
