"""Rules for a job queue, its compute environments and its scheduling policy."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from airflow_fargate_batch.core._preflight.rule import (
    Case,
    CheckResult,
    PreflightRule,
    ok,
    problem,
    warning,
)
from airflow_fargate_batch.core.remedies import (
    ATTACH_ENVIRONMENT,
    ENABLE_ENVIRONMENT,
    RAISE_MAX_VCPUS,
    REPAIR_ENVIRONMENT,
)
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.core.surroundings import (
    IN_TRANSITION,
    ComputeEnvironment,
    JobQueue,
)


def _state(queue: JobQueue, _: Case) -> Iterator[CheckResult]:
    if queue.is_enabled:
        yield ok(f"queue {queue.name} is {queue.state}")
    else:
        yield problem(f"queue {queue.name} is {queue.state} and accepts no jobs", queue=queue.name)


def _status(queue: JobQueue, _: Case) -> Iterator[CheckResult]:
    said = f"queue {queue.name} is {queue.status}{_because(queue.status_reason)}"
    if queue.status == "VALID":
        yield ok(f"queue {queue.name} is VALID")
    elif queue.status in IN_TRANSITION:
        yield warning(
            f"{said}: AWS is still at work on it",
            advice="Try again in a minute if jobs do not start.",
        )
    else:
        yield problem(f"{said}: its jobs do not start", queue=queue.name)


def _kind(queue: JobQueue, case: Case) -> Iterator[CheckResult]:
    if queue.is_for_fargate is None and not case.surroundings.environments:
        return
    others = [each for each in case.surroundings.environments if not each.is_fargate]
    if queue.has_service_environments or queue.is_for_fargate is False:
        yield problem(
            f"queue {queue.name} runs on {queue.runs_on}, not on Fargate", capacity=queue.runs_on
        )
    elif queue.is_for_fargate is None and others:
        capacity = others[0].runs_on
        yield problem(f"queue {queue.name} runs on {capacity}, not on Fargate", capacity=capacity)
    else:
        yield ok(f"queue {queue.name} runs on Fargate")


def _environments(queue: JobQueue, _: Case) -> Iterator[CheckResult]:
    if queue.environments or queue.has_service_environments:
        return
    yield problem(f"queue {queue.name} has no compute environment", queue=queue.name)


def _environment_status(_: JobQueue, case: Case) -> Iterator[CheckResult]:
    for environment in case.surroundings.environments:
        name = f"compute environment {environment.name}"
        said = f"{name} is {environment.status}{_because(environment.status_reason)}"
        if environment.status == "VALID":
            yield ok(f"{name} is VALID, on {environment.runs_on}")
        elif environment.status in IN_TRANSITION:
            yield warning(
                f"{said}: AWS is still at work on it",
                advice="Try again in a minute if jobs do not start.",
            )
        else:
            yield from _unusable(f"{said}: no job is placed there", environment, case)


def _environment_state(_: JobQueue, case: Case) -> Iterator[CheckResult]:
    for environment in case.surroundings.environments:
        if environment.state != "ENABLED":
            said = f"compute environment {environment.name} is {environment.state}"
            yield from _unusable(f"{said}: no new job is placed there", environment, case)


def _unusable(text: str, environment: ComputeEnvironment, case: Case) -> Iterator[CheckResult]:
    """Report an environment that takes no jobs: a problem if no other one takes any."""
    others = [each.name for each in case.surroundings.environments if each.can_place_jobs]
    if others:
        yield warning(f"{text} (jobs go to {', '.join(others)})", environment=environment.name)
    else:
        yield problem(text, environment=environment.name)


def _time_limits(queue: JobQueue, _: Case) -> Iterator[CheckResult]:
    for limit in queue.time_limits:
        reason = f' (reason "{limit.reason}")' if limit.reason else ""
        yield ok(
            f"time limit of queue {queue.name}: AWS carries out {limit.action} on the job at the "
            f"head of the queue after {_minutes(limit.after)} in {limit.state}{reason}"
        )


def _share_identifier(queue: JobQueue, case: Case) -> Iterator[CheckResult]:
    share = case.share_identifier
    if not case.is_submit:
        return
    if queue.is_fair_share and share is None:
        yield problem(
            f"queue {queue.name} has a fair-share policy, and the request has no share identifier",
            advice="Give `share_identifier`, and `scheduling_priority` unless the job definition "
            "has a priority.",
        )
    elif not queue.is_fair_share and share is not None:
        yield problem(
            f"share identifier {share} is given, but queue {queue.name} is FIFO: it has no "
            "fair-share policy",
            advice="Leave `share_identifier` and `scheduling_priority` out, or choose a queue with "
            "a fair-share policy.",
        )


def _share_weight(_: JobQueue, case: Case) -> Iterator[CheckResult]:
    policy, share = case.surroundings.policy, case.share_identifier
    if policy is None or share is None:
        return
    if policy.lists(share) or not policy.weights:
        yield ok(f"the policy {policy.name} knows the share {share}")
        return
    listed = [each for each in policy.weights if not each.endswith("*")]
    if near := nearest(share, listed):
        yield warning(
            f"the policy {policy.name} does not list the share {share}: its weight is 1",
            share=near,
        )
    else:
        yield ok(f"the policy {policy.name} does not list the share {share}: its weight is 1")


def _scheduling_priority(queue: JobQueue, case: Case) -> Iterator[CheckResult]:
    if not case.is_submit:
        return
    definition = case.surroundings.definition
    if not queue.is_fair_share:
        if case.scheduling_priority is not None and case.share_identifier is None:
            said = f"scheduling priority {case.scheduling_priority} has no effect"
            yield warning(
                f"{said}: {queue.name} is FIFO", advice="Leave `scheduling_priority` out."
            )
        return
    if case.scheduling_priority is not None or definition is None:
        return
    if definition.scheduling_priority is None:
        yield problem(
            f"queue {queue.name} has a fair-share policy, and neither the request nor the job "
            f"definition {definition} has a scheduling priority"
        )


def _quota_share(queue: JobQueue, case: Case) -> Iterator[CheckResult]:
    policy = case.surroundings.policy
    if policy is not None and policy.is_quota_share:
        yield warning(
            f"the scheduling policy {policy.name} has quota shares, which are for service jobs",
            queue=queue.name,
        )


def _capacity(_: JobQueue, case: Case) -> Iterator[CheckResult]:
    vcpu = case.merged.vcpu if case.merged else None
    usable = [each for each in case.surroundings.environments if each.can_place_jobs]
    limits = [each.max_vcpus for each in usable if each.max_vcpus is not None]
    if not limits or len(limits) < len(usable):
        return
    total, largest = sum(limits), max(limits)
    if vcpu is None or vcpu <= 0:
        yield ok(f"up to {total} vCPU run at the same time (maxvCpus)")
    elif vcpu > largest:
        yield problem(
            f"the job needs {vcpu.normalize():f} vCPU, and no compute environment of the queue has "
            f"more than {largest} (maxvCpus): the job would stay RUNNABLE",
            environment=usable[0].name,
        )
    else:
        at_once = int(sum(limit // vcpu for limit in limits))
        jobs = case.array_size
        if jobs > at_once:
            text = f"at most {at_once} of the array's {jobs} children run at the same time"
        elif jobs > 1:
            text = f"all {jobs} children of the array may run at the same time"
        else:
            text = f"up to {at_once} such jobs run at the same time"
        yield ok(f"{text} (maxvCpus {total}, shared with all other jobs)")


def _because(reason: str | None) -> str:
    return f" ({' '.join(reason.split()).rstrip('.')})" if reason else ""


def _minutes(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    return f"{minutes} minutes"


_API: Final = "AWS Batch API Reference, "
_GUIDE: Final = "AWS Batch User Guide, "

QUEUE_RULES: Final[Sequence[PreflightRule[JobQueue]]] = (
    PreflightRule(
        name="queue-state",
        field="job_queue",
        wrong="the queue is DISABLED",
        remedy="Choose another `job_queue`, or ask the owner of the queue to enable it: aws batch "
        "update-job-queue --job-queue {queue} --state ENABLED",
        source=f'{_API}JobQueueDetail.state: "new jobs can\'t be added to the queue"',
        check=_state,
        may_pass=True,
    ),
    PreflightRule(
        name="queue-status",
        field="job_queue",
        wrong="the queue is INVALID, or is being deleted",
        remedy="Choose another `job_queue`, or repair the queue's compute environments; the reason "
        "is in aws batch describe-job-queues --job-queues {queue}",
        source=f"{_API}JobQueueDetail.status",
        check=_status,
        may_pass=True,
    ),
    PreflightRule(
        name="queue-capacity-type",
        field="job_queue",
        wrong="the queue runs on EC2, on ECS Managed Instances, on EKS, or is for SageMaker",
        remedy="Choose a queue with compute environments of the type FARGATE or FARGATE_SPOT; for "
        "jobs on {capacity} use BatchOperator of the Amazon provider.",
        source=f"{_API}JobQueueDetail.jobQueueType, ComputeResource.type",
        check=_kind,
    ),
    PreflightRule(
        name="queue-environments",
        field="job_queue",
        wrong="the queue has no compute environment",
        remedy=ATTACH_ENVIRONMENT,
        source=f"{_API}JobQueueDetail.computeEnvironmentOrder",
        check=_environments,
        may_pass=True,
    ),
    PreflightRule(
        name="environment-status",
        field="job_queue",
        wrong="a compute environment is INVALID",
        remedy=REPAIR_ENVIRONMENT,
        source=f'{_GUIDE}"INVALID compute environment": it accepts no jobs for placement',
        check=_environment_status,
        may_pass=True,
    ),
    PreflightRule(
        name="environment-state",
        field="job_queue",
        wrong="a compute environment is DISABLED",
        remedy=ENABLE_ENVIRONMENT,
        source=f"{_API}ComputeEnvironmentDetail.state",
        check=_environment_state,
        may_pass=True,
    ),
    PreflightRule(
        name="queue-time-limit",
        field="job_queue",
        wrong="the queue cancels jobs that stay RUNNABLE at its head",
        remedy="Submit the job again after AWS has cancelled it, or choose a `job_queue` without "
        "such a limit (jobStateTimeLimitActions).",
        source=f"{_API}JobStateTimeLimitAction",
        check=_time_limits,
    ),
    PreflightRule(
        name="share-identifier",
        field="share_identifier",
        wrong="a share identifier is missing on a fair-share queue, or given on a FIFO queue",
        remedy="Give `share_identifier` (and `scheduling_priority`) on queues with a fair-share "
        "policy only.",
        source='Service: "shareIdentifier must be specified."',
        check=_share_identifier,
    ),
    PreflightRule(
        name="share-weight",
        field="share_identifier",
        wrong="the scheduling policy lists another share with nearly the same name",
        remedy="If {share} is meant, use it.",
        source=f"{_API}FairsharePolicy.shareDistribution: other shares have the weight 1.0",
        check=_share_weight,
    ),
    PreflightRule(
        name="scheduling-priority",
        field="scheduling_priority",
        wrong="on a fair-share queue, neither the request nor the job definition has a priority",
        remedy="Give `scheduling_priority` (0 to 9999).",
        source='Service: "Either schedulingPriority in job definition or '
        'schedulingPriorityOverride should be specified."',
        check=_scheduling_priority,
    ),
    PreflightRule(
        name="quota-share",
        field="job_queue",
        wrong="the scheduling policy of the queue is for the quota shares of service jobs",
        remedy="Choose a queue with a fair-share policy, or without a policy.",
        source=f"{_API}SchedulingPolicyDetail.quotaSharePolicy",
        check=_quota_share,
    ),
    PreflightRule(
        name="max-vcpus",
        field="vcpu",
        wrong="the job needs more vCPU than any compute environment of the queue has",
        remedy=f"Set less `vcpu`, or {RAISE_MAX_VCPUS}",
        source=f'{_GUIDE}"Jobs stuck in RUNNABLE": '
        "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE",
        check=_capacity,
    ),
)
