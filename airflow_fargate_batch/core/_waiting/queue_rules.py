"""Rules for RUNNABLE jobs whose queue or compute environments cannot start them."""

from collections.abc import Sequence
from typing import Final

from airflow_fargate_batch.core._waiting.rule import API, GUIDE, FoundCause, WaitRule
from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.failure import diagnose_stuck
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.remedies import (
    ATTACH_ENVIRONMENT,
    ENABLE_ENVIRONMENT,
    RAISE_MAX_VCPUS,
    REPAIR_ENVIRONMENT,
)
from airflow_fargate_batch.core.surroundings import (
    ENVIRONMENTS,
    IN_TRANSITION,
    JOB_QUEUE,
    ComputeEnvironment,
)


def _misconfigured(job: Job, evidence: Evidence) -> FoundCause | None:
    stuck = diagnose_stuck(job)
    if stuck is None:
        return None
    too_big = _too_big(job, evidence)
    detail = f" ({too_big.text})" if too_big else ""
    return FoundCause(f"it can never start, because {stuck.cause}{detail}", advice=stuck.advice)


def _queue_gone(_: Job, evidence: Evidence) -> FoundCause | None:
    if JOB_QUEUE not in evidence.surroundings.missing:
        return None
    return FoundCause("the queue of the job no longer exists")


def _queue_broken(_: Job, evidence: Evidence) -> FoundCause | None:
    queue = evidence.queue
    if queue is None or queue.status == "VALID" or queue.status in IN_TRANSITION:
        return None
    said = f": {queue.status_reason}" if queue.status_reason else ""
    return FoundCause(f"queue {queue.name} is {queue.status}{said}", {"queue": queue.name})


def _no_environment(_: Job, evidence: Evidence) -> FoundCause | None:
    if evidence.queue is None or evidence.surroundings.is_unread(ENVIRONMENTS):
        return None
    if evidence.environments:
        return None
    name = evidence.queue.name
    return FoundCause(f"queue {name} has no compute environment", {"queue": name})


def _environment_invalid(_: Job, evidence: Evidence) -> FoundCause | None:
    """No compute environment of the queue can start jobs, and the preferred one is not VALID."""
    return _unusable(evidence) if _preferred_status(evidence) != "VALID" else None


def _environment_disabled(_: Job, evidence: Evidence) -> FoundCause | None:
    """No compute environment of the queue can start jobs, and the preferred one is VALID."""
    return _unusable(evidence) if _preferred_status(evidence) == "VALID" else None


def _preferred_status(evidence: Evidence) -> str | None:
    return evidence.environments[0].status if evidence.environments else None


def _unusable(evidence: Evidence) -> FoundCause | None:
    every = evidence.environments
    if evidence.queue is None or not every or any(each.can_place_jobs for each in every):
        return None
    listed = "; ".join(map(_broken, every))
    return FoundCause(
        f"no compute environment of queue {evidence.queue.name} can start jobs: {listed}",
        {"environment": every[0].name},
    )


def _broken(environment: ComputeEnvironment) -> str:
    if environment.status != "VALID":
        said = f" ({environment.status_reason})" if environment.status_reason else ""
        return f"{environment.name} is {environment.status}{said}"
    return f"{environment.name} is {environment.state}"


def _not_fargate(_: Job, evidence: Evidence) -> FoundCause | None:
    placing = [each for each in evidence.environments if each.can_place_jobs]
    if not placing or any(each.is_fargate for each in placing):
        return None
    return FoundCause(f"the queue runs jobs on {placing[0].runs_on}, not on Fargate")


def _too_big(job: Job, evidence: Evidence) -> FoundCause | None:
    placing = [each for each in evidence.environments if each.can_place_jobs]
    most = [each.max_vcpus for each in placing if each.max_vcpus is not None]
    if job.vcpu is None or not most or len(most) < len(placing) or job.vcpu <= max(most):
        return None
    return FoundCause(
        f"the job asks for {job.vcpu} vCPU, and no compute environment of the queue allows"
        f" more than {max(most)}",
        {"environment": placing[0].name},
    )


_INVALID: Final = f'{GUIDE}"INVALID compute environment"'
_STUCK: Final = f'{GUIDE}"Jobs stuck in RUNNABLE"'

QUEUE_RULES: Final[Sequence[WaitRule]] = (
    WaitRule(
        situation="AWS reports MISCONFIGURATION: the job can never start",
        advice="Set less `vcpu` and `memory`, raise maxvCpus of the compute environment, or repair"
        " its service role, as the explanation says. Neither a longer wait nor a retry helps.",
        source=_STUCK,
        check=_misconfigured,
    ),
    WaitRule(
        situation="the queue of the job no longer exists",
        advice="Submit the job again to another `job_queue`.",
        source=f"{API}DeleteJobQueue",
        check=_queue_gone,
    ),
    WaitRule(
        situation="the queue is INVALID, or is being deleted",
        advice="Repair the queue (its compute environments must exist and be VALID: 'fargate-batch"
        " doctor --job-queue {queue}' shows each), or submit the job to another `job_queue`.",
        source=f"{API}JobQueueDetail.status",
        check=_queue_broken,
    ),
    WaitRule(
        situation="the queue has no compute environment",
        advice=f"{ATTACH_ENVIRONMENT} Or submit the job to another `job_queue`.",
        source=f"{API}JobQueueDetail.computeEnvironmentOrder",
        check=_no_environment,
    ),
    WaitRule(
        situation="no compute environment of the queue can start jobs: INVALID, or being deleted",
        advice=f"{REPAIR_ENVIRONMENT} The job then starts by itself.",
        source=_INVALID,
        check=_environment_invalid,
    ),
    WaitRule(
        situation="no compute environment of the queue can start jobs: DISABLED",
        advice=f"{ENABLE_ENVIRONMENT} The job then starts by itself.",
        source=f"{API}ComputeEnvironmentDetail.state",
        check=_environment_disabled,
    ),
    WaitRule(
        situation="the queue runs jobs on EC2, on ECS Managed Instances or on EKS",
        advice="Submit the job to a `job_queue` of Fargate compute environments, or use a job"
        " definition for this kind of queue (platformCapabilities).",
        source=f"{API}ComputeResource.type",
        check=_not_fargate,
    ),
    WaitRule(
        situation="the job asks for more vCPU than any compute environment of the queue allows",
        advice=f"Set less `vcpu`, or {RAISE_MAX_VCPUS}",
        source=_STUCK,
        check=_too_big,
    ),
)
