"""Causes of a job that has not started: a table of checks, read top down.

Sources: AWS Batch User Guide, "Jobs stuck in RUNNABLE", "INVALID compute environment", "Job queue
blocked"; AWS Batch API Reference, ``JobQueueDetail.state`` and ``ComputeEnvironmentDetail.state``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core.evidence import Evidence, described_job
from airflow_fargate_batch.core.failure import diagnose_stuck
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.queue_snapshot import SHOWN
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.surroundings import (
    ENVIRONMENTS,
    IN_TRANSITION,
    JOB_QUEUE,
    ComputeEnvironment,
)
from airflow_fargate_batch.core.waiting import NO_START


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause, to follow a colon, and the next step, as a sentence.

    Attributes:
        is_trouble: The job does not go on by itself.
    """

    text: str
    advice: str
    is_trouble: bool = True


Check = Callable[[Job, Evidence], Cause | None]


def why_waiting(job: Job, evidence: Evidence) -> Cause:
    """Return the cause of a job's wait before RUNNING; the first check that finds one counts."""
    return next(cause for check in _CHECKS if (cause := check(job, evidence)) is not None)


# ── before RUNNABLE ──────────────────────────────────────────────────────────────────────────


def _dependency_failed(job: Job, evidence: Evidence) -> Cause | None:
    failed = [each for each in evidence.dependencies if each.status is JobStatus.FAILED]
    if job.status not in _BEFORE_RUNNABLE or not failed:
        return None
    return Cause(
        text=f"its dependency {described_job(failed[0])}",
        advice="AWS will fail this job as well. Fix the job that it depends on"
        f" ('fargate-batch explain {failed[0].id}'), then run both again.",
    )


def _dependency_unknown(job: Job, evidence: Evidence) -> Cause | None:
    known = {each.id for each in evidence.dependencies}
    unknown = [each for each in job.dependencies if each not in known]
    if job.status not in _BEFORE_RUNNABLE or not unknown or not evidence.knows_dependencies:
        return None
    return Cause(
        text=f"AWS Batch does not know its dependency {unknown[0]}",
        advice="AWS keeps ended jobs for 7 days. If the id or the region is wrong, terminate this"
        f" job ('fargate-batch terminate {job.id}') and submit it again with the right"
        " `depends_on`.",
    )


def _dependency_lasts(job: Job, evidence: Evidence) -> Cause | None:
    live = [each for each in evidence.dependencies if each.status.is_live]
    if job.status not in _BEFORE_RUNNABLE or not live:
        return None
    count = len(job.dependencies)
    what = "its dependency" if count == 1 else f"{len(live)} of its {count} dependencies, first"
    return Cause(
        text=f"the job waits for {what} {described_job(live[0])}",
        advice=f"Wait, or find out why that job lasts: 'fargate-batch explain {live[0].id}'.",
        is_trouble=False,
    )


def _accepted(job: Job, evidence: Evidence) -> Cause | None:
    if job.status not in _BEFORE_RUNNABLE or job.is_array:
        return None
    if job.has_dependencies:
        text = "the job waits for its dependencies"
        if not evidence.knows_dependencies:
            text += ", whose states could not be read"
        return Cause(text=text, advice="Wait, or look at the dependencies.", is_trouble=False)
    return Cause(
        text="AWS Batch has accepted the job and checks its dependencies",
        advice="Wait: without dependencies a job is RUNNABLE within seconds.",
        is_trouble=False,
    )


def _children_go_on(job: Job, _: Evidence) -> Cause | None:
    if not job.is_array or job.waits_for_room:
        return None
    return Cause(
        text="the array is complete when all children have ended",
        advice=f"To see one child: 'fargate-batch explain {job.id}:INDEX'.",
        is_trouble=False,
    )


# ── STARTING ─────────────────────────────────────────────────────────────────────────────────


def _starting(job: Job, _: Evidence) -> Cause | None:
    if job.status is not JobStatus.STARTING:
        return None
    return Cause(
        text="Fargate sets up the task: network interface, secrets, image",
        advice=NO_START,
        is_trouble=False,
    )


# ── RUNNABLE ─────────────────────────────────────────────────────────────────────────────────


def _misconfigured(job: Job, evidence: Evidence) -> Cause | None:
    stuck = diagnose_stuck(job)
    if stuck is None:
        return None
    too_big = _too_big(job, evidence)
    detail = f" ({too_big.text})" if too_big else ""
    return Cause(text=f"it can never start, because {stuck.cause}{detail}", advice=stuck.advice)


def _queue_broken(_: Job, evidence: Evidence) -> Cause | None:
    queue = evidence.queue
    if JOB_QUEUE in evidence.surroundings.missing:
        return Cause(
            text="the queue of the job no longer exists",
            advice="Submit the job again to another `job_queue`.",
        )
    if queue is None or queue.status == "VALID" or queue.status in IN_TRANSITION:
        return None
    said = f": {queue.status_reason}" if queue.status_reason else ""
    return Cause(
        text=f"queue {queue.name} is {queue.status}{said}",
        advice="Repair the queue (its compute environments must exist and be VALID), or submit the"
        " job to another `job_queue`.",
    )


def _no_environment(_: Job, evidence: Evidence) -> Cause | None:
    """No compute environment of the queue can start jobs."""
    every = evidence.environments
    is_known = evidence.queue is not None and not evidence.surroundings.is_unread(ENVIRONMENTS)
    if not is_known or any(each.can_place_jobs for each in every):
        return None
    assert evidence.queue is not None  # noqa: S101 - for mypy
    if not every:
        return Cause(
            text=f"queue {evidence.queue.name} has no compute environment",
            advice="Attach a Fargate compute environment to the queue, or submit the job to another"
            " `job_queue`.",
        )
    listed = "; ".join(map(_broken, every))
    return Cause(
        text=f"no compute environment of queue {evidence.queue.name} can start jobs: {listed}",
        advice=_repair(every[0]),
    )


def _broken(environment: ComputeEnvironment) -> str:
    if environment.status != "VALID":
        said = f" ({environment.status_reason})" if environment.status_reason else ""
        return f"{environment.name} is {environment.status}{said}"
    return f"{environment.name} is {environment.state}"


def _repair(environment: ComputeEnvironment) -> str:
    update = f"aws batch update-compute-environment --compute-environment {environment.name}"
    if environment.status == "VALID":
        return f"Enable the compute environment ({update} --state ENABLED). The job then starts."
    return (
        "Repair what the reason names: usually the service role lacks permissions (attach"
        " AWSBatchServiceRole, or use the service-linked role), or a subnet or security group does"
        f" not exist. Then update the compute environment ({update} …); if it stays INVALID,"
        " disable it, delete it and create it again. The job then starts by itself."
    )


def _not_fargate(_: Job, evidence: Evidence) -> Cause | None:
    placing = [each for each in evidence.environments if each.can_place_jobs]
    if not placing or any(each.is_fargate for each in placing):
        return None
    return Cause(
        text=f"the queue runs jobs on {placing[0].runs_on}, not on Fargate",
        advice="Submit the job to a `job_queue` of Fargate compute environments, or use a job"
        " definition for this kind of queue (platformCapabilities).",
    )


def _too_big(job: Job, evidence: Evidence) -> Cause | None:
    placing = [each for each in evidence.environments if each.can_place_jobs]
    most = [each.max_vcpus for each in placing if each.max_vcpus is not None]
    if job.vcpu is None or not most or len(most) < len(placing) or job.vcpu <= max(most):
        return None
    return Cause(
        text=f"the job asks for {job.vcpu} vCPU, and no compute environment of the queue allows"
        f" more than {max(most)}",
        advice="Set less `vcpu`, or raise the limit: aws batch update-compute-environment"
        f" --compute-environment {placing[0].name} --compute-resources maxvCpus=NUMBER.",
    )


def _blocked(job: Job, evidence: Evidence) -> Cause | None:
    """Another job stands first in line and can never start."""
    first = evidence.first_in_line
    stuck = diagnose_stuck(first) if first is not None and not _belongs(first, job) else None
    if first is None or stuck is None:
        return None
    return Cause(
        text=f"the queue is blocked: job {first.id}, the first in line, can never start"
        f" ({stuck.cause})",
        advice=f"Terminate that job ('fargate-batch terminate {first.id}'), or repair its cause. To"
        " let AWS do so in future, set jobStateTimeLimitActions of the queue (aws batch"
        " update-job-queue).",
    )


def _no_capacity(job: Job, evidence: Evidence) -> Cause | None:
    if not (job.status_reason or "").startswith("CAPACITY:"):
        return None
    placing = [each for each in evidence.environments if each.can_place_jobs]
    is_spot = bool(placing) and all(each.is_spot for each in placing)
    other = " or use a `job_queue` without Fargate Spot," if is_spot else ""
    return Cause(
        text=f"AWS has no {'Fargate Spot ' if is_spot else ''}capacity for the job now",
        advice=f"Wait,{other} or add subnets in other availability zones to the compute"
        f" environment. {_LONGER}",
    )


def _full(job: Job, evidence: Evidence) -> Cause | None:
    most, snapshot = evidence.most_vcpus, evidence.snapshot
    if most is None or snapshot is None or snapshot.used_vcpus is None or job.vcpu is None:
        return None
    if snapshot.used_vcpus + job.vcpu <= most:
        return None
    used = f"{snapshot.used_vcpus.normalize():f}"
    return Cause(
        text=f"the compute environments are full: {used} of {most} vCPU are in use, and the job"
        f" asks for {job.vcpu}",
        advice="Wait until other jobs end, or raise maxvCpus of a compute environment (aws batch"
        f" update-compute-environment). {_LONGER}",
        is_trouble=False,
    )


def _in_line(job: Job, evidence: Evidence) -> Cause | None:
    place = evidence.place_in_line(job)
    if evidence.is_beyond_the_snapshot(job):
        before = f"at least {SHOWN} jobs stand"
    elif place is None or place == 1:
        return None
    else:
        before = "1 job stands" if place == 2 else f"{place - 1} jobs stand"
    is_fair = evidence.queue is not None and evidence.queue.is_fair_share
    sooner = "A higher `scheduling_priority` or another" if is_fair else "Another"
    return Cause(
        text=f"{before} before the job in its queue",
        advice=f"Wait. {sooner} `job_queue` may start the job sooner. {_LONGER}",
        is_trouble=False,
    )


def _others_wait(_: Job, evidence: Evidence) -> Cause | None:
    """Other jobs wait too; the job itself has left the line, or is not in it yet."""
    count = 0 if evidence.snapshot is None else len(evidence.snapshot.front)
    if count == 0 or (count == 1 and evidence.first_in_line is None):
        return None
    others = "1 other job waits" if count == 1 else f"{count} other jobs wait"
    return Cause(
        text=f"{others} in the queue",
        advice=f"Wait, or use another `job_queue`. {_LONGER}",
        is_trouble=False,
    )


def _nothing_found(job: Job, evidence: Evidence) -> Cause | None:
    unread = evidence.all_unread
    if unread:
        text = f"AWS names no reason, and {unread[0].what} could not be read"
    elif job.status is JobStatus.UNKNOWN:
        text = "this version does not know the state"
    else:
        text = "nothing that AWS shows keeps the job from starting"
    return Cause(
        text=text,
        advice="Wait: usually Fargate starts a job within minutes. If the job stays RUNNABLE, check"
        f" the account's quota of Fargate vCPUs (Service Quotas). {_LONGER}",
        is_trouble=False,
    )


def _belongs(other: Job, job: Job) -> bool:
    return other.id == job.id or other.id.startswith(f"{job.id}:")


_LONGER: Final = "If a longer wait is fine, raise `runnable_timeout`."
_BEFORE_RUNNABLE: Final = frozenset({JobStatus.SUBMITTED, JobStatus.PENDING})
_CHECKS: Final[tuple[Check, ...]] = (
    _dependency_failed,
    _dependency_unknown,
    _dependency_lasts,
    _accepted,
    _children_go_on,
    _starting,
    _misconfigured,
    _queue_broken,
    _no_environment,
    _not_fargate,
    _too_big,
    _blocked,
    _no_capacity,
    _full,
    _in_line,
    _others_wait,
    _nothing_found,
)
