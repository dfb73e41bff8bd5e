"""Rules for RUNNABLE jobs that wait for capacity or for other jobs of their queue."""

from collections.abc import Sequence
from typing import Final

from airflow_fargate_batch.core._waiting.rule import API, GUIDE, LONGER, FoundCause, WaitRule
from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.failure import diagnose_stuck
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.queue_snapshot import SHOWN
from airflow_fargate_batch.core.remedies import RAISE_MAX_VCPUS
from airflow_fargate_batch.core.status import JobStatus


def _blocked(job: Job, evidence: Evidence) -> FoundCause | None:
    """Another job stands first in line and can never start."""
    first = evidence.first_in_line
    stuck = diagnose_stuck(first) if first is not None and not _belongs(first, job) else None
    if first is None or stuck is None:
        return None
    names = {"first_id": first.id, "reason": (first.status_reason or "").split(maxsplit=1)[0]}
    return FoundCause(
        f"the queue is blocked: job {first.id}, the first in line, can never start ({stuck.cause})",
        names | ({} if evidence.queue is None else {"queue": evidence.queue.name}),
    )


def _no_spot_capacity(job: Job, evidence: Evidence) -> FoundCause | None:
    placing = [each for each in evidence.environments if each.can_place_jobs]
    if not _lacks_capacity(job) or not placing or not all(each.is_spot for each in placing):
        return None
    return FoundCause("AWS has no Fargate Spot capacity for the job now")


def _no_capacity(job: Job, _: Evidence) -> FoundCause | None:
    return FoundCause("AWS has no capacity for the job now") if _lacks_capacity(job) else None


def _lacks_capacity(job: Job) -> bool:
    return (job.status_reason or "").startswith("CAPACITY:")


def _full(job: Job, evidence: Evidence) -> FoundCause | None:
    most, snapshot = evidence.most_vcpus, evidence.snapshot
    if most is None or snapshot is None or snapshot.used_vcpus is None or job.vcpu is None:
        return None
    if snapshot.used_vcpus + job.vcpu <= most:
        return None
    used = f"{snapshot.used_vcpus.normalize():f}"
    return FoundCause(
        f"the compute environments are full: {used} of {most} vCPU are in use, and the job asks"
        f" for {job.vcpu}",
        {"environment": next(each.name for each in evidence.environments if each.can_place_jobs)},
    )


def _in_fair_line(job: Job, evidence: Evidence) -> FoundCause | None:
    is_fair = evidence.queue is not None and evidence.queue.is_fair_share
    return _in_line(job, evidence) if is_fair else None


def _in_line(job: Job, evidence: Evidence) -> FoundCause | None:
    place = evidence.place_in_line(job)
    if evidence.is_beyond_the_snapshot(job):
        before = f"at least {SHOWN} jobs stand"
    elif place is None or place == 1:
        return None
    else:
        before = "1 job stands" if place == 2 else f"{place - 1} jobs stand"
    return FoundCause(f"{before} before the job in its queue")


def _others_wait(_: Job, evidence: Evidence) -> FoundCause | None:
    """Other jobs wait too; the job itself has left the line, or is not in it yet."""
    count = 0 if evidence.snapshot is None else len(evidence.snapshot.front)
    if count == 0 or (count == 1 and evidence.first_in_line is None):
        return None
    return FoundCause(
        f"{'1 other job waits' if count == 1 else f'{count} other jobs wait'} in the queue"
    )


def _nothing_found(job: Job, evidence: Evidence) -> FoundCause:
    if unread := evidence.all_unread:
        return FoundCause(f"AWS names no reason, and {unread[0].what} could not be read")
    if job.status is JobStatus.UNKNOWN:
        return FoundCause("this version does not know the state")
    return FoundCause("nothing that AWS shows keeps the job from starting")


def _belongs(other: Job, job: Job) -> bool:
    return other.id == job.id or other.id.startswith(f"{job.id}:")


_STUCK: Final = f'{GUIDE}"Jobs stuck in RUNNABLE"'
_SNAPSHOT: Final = f"{API}GetJobQueueSnapshot"
_SUBNETS: Final = "add subnets in other availability zones to the compute environment"

LINE_RULES: Final[Sequence[WaitRule]] = (
    WaitRule(
        situation="the queue is blocked: the first job in line can never start",
        advice="Terminate that job ('fargate-batch terminate {first_id}'), or repair its cause"
        " ('fargate-batch explain {first_id}'). To let AWS cancel such jobs in future: 'aws batch"
        " update-job-queue --job-queue {queue} --job-state-time-limit-actions"
        " reason={reason},state=RUNNABLE,maxTimeSeconds=3600,action=CANCEL'.",
        source=f'{GUIDE}"Job queue blocked"; {API}JobStateTimeLimitAction',
        check=_blocked,
    ),
    WaitRule(
        situation="AWS has no Fargate Spot capacity now (CAPACITY)",
        advice=f"Wait, or use a `job_queue` without Fargate Spot, or {_SUBNETS}. {LONGER}",
        source=_STUCK,
        check=_no_spot_capacity,
    ),
    WaitRule(
        situation="AWS has no capacity for the job now (CAPACITY)",
        advice=f"Wait, or {_SUBNETS}. {LONGER}",
        source=_STUCK,
        check=_no_capacity,
    ),
    WaitRule(
        situation="all vCPU of the compute environments (maxvCpus) are in use",
        advice=f"Wait until other jobs end, or {RAISE_MAX_VCPUS} {LONGER}",
        source=_SNAPSHOT,
        check=_full,
        needs_action=False,
    ),
    WaitRule(
        situation="other jobs stand before the job in a fair-share queue",
        advice="Wait. A higher `scheduling_priority` or another `job_queue` may start the job"
        f" sooner. {LONGER}",
        source=_SNAPSHOT,
        check=_in_fair_line,
        needs_action=False,
    ),
    WaitRule(
        situation="other jobs stand before the job in a first-in-first-out queue",
        advice=f"Wait. Another `job_queue` may start the job sooner. {LONGER}",
        source=_SNAPSHOT,
        check=_in_line,
        needs_action=False,
    ),
    WaitRule(
        situation="other jobs wait in the queue",
        advice=f"Wait, or use another `job_queue`. {LONGER}",
        source=_SNAPSHOT,
        check=_others_wait,
        needs_action=False,
    ),
    WaitRule(
        situation="nothing that AWS shows keeps the job from starting",
        advice="Wait: usually Fargate starts a job within minutes. If the job stays RUNNABLE, check"
        f" the account's quota of Fargate vCPUs (Service Quotas). {LONGER}",
        source=_STUCK,
        check=_nothing_found,
        needs_action=False,
    ),
)
