"""Jobs as DescribeJobs and ListJobs show them, at any moment up to now.

Reads that lag behind writes show an earlier moment.
"""

from collections import Counter
from typing import Any

from airflow_fargate_batch.core.status import FINAL, JobStatus
from airflow_fargate_batch.local.account import arn
from airflow_fargate_batch.local.jobs import LocalAttempt, LocalContainer, LocalJob

Shown = dict[str, Any]
_SUMMARIZED = [status for status in JobStatus if status is not JobStatus.UNKNOWN]


def detail(job: LocalJob, moment: float) -> Shown:
    """Show the job as ``JobDetail``."""
    submission = job.submission
    arguments = submission.arguments
    _, status, _ = job.at(moment)
    attempts = [attempt for attempt in job.attempts if _has_passed(attempt.stopped_at, moment)]
    shown = _common(job, moment) | {
        "jobQueue": submission.queue,
        "dependsOn": submission.depends_on,
        "parameters": dict(submission.parameters),
        "attempts": [
            _attempt(attempt, ecs=submission.ecs_task is not None) for attempt in attempts
        ],
        "tags": dict(submission.tags),
        "propagateTags": submission.propagate_tags,
        "platformCapabilities": ["FARGATE"],
        "eksAttempts": [],
        "isCancelled": _has_passed(job.cancelled_at, moment),
        "isTerminated": _has_passed(job.terminated_at, moment),
    }
    shown |= {
        name: value
        for name, value in (
            ("retryStrategy", dict(submission.retry)),
            ("timeout", dict(submission.timeout)),
            ("shareIdentifier", arguments.get("shareIdentifier")),
            ("schedulingPriority", submission.priority),
            ("consumableResourceProperties", consumables_of(job) if submission.consumables else {}),
        )
        if value not in (None, {})
    }
    containers = [dict(properties) for properties in submission.containers]
    current = _current(job, status, moment)
    if current is not None:
        for container, ran in zip(containers, current.containers, strict=True):
            container |= _ending(current, ran, moment)
    task_arn = {} if current is None else {"taskArn": current.task_arn}
    if submission.ecs_task is not None:
        task = {**submission.ecs_task, "containers": containers, **task_arn}
        shown |= {"container": {}, "ecsProperties": {"taskProperties": [task]}}
    else:
        shown["container"] = containers[0] | task_arn
    return shown


def consumables_of(job: LocalJob) -> Shown:
    """Show the consumable resources of the job."""
    return {
        "consumableResourceList": [
            {"consumableResource": name, "quantity": quantity}
            for name, quantity in job.submission.consumables
        ]
    }


def summary(job: LocalJob, moment: float) -> Shown:
    """Show the job as ``JobSummary``."""
    _, status, _ = job.at(moment)
    shown = _common(job, moment)
    if (scheduled := _scheduled_at(job, moment)) is not None:
        shown["scheduledAt"] = _milliseconds(scheduled)
    current = _current(job, status, moment)
    if current is not None and _has_passed(current.stopped_at, moment):
        ending = _ending(current, current.deciding, moment)
        shown["container"] = {key: ending[key] for key in ("exitCode", "reason") if key in ending}
    return shown


def _common(job: LocalJob, moment: float) -> Shown:
    since, status, reason = job.at(moment)
    submission = job.submission
    shown: Shown = {
        "jobArn": arn(submission.region, f"job/{job.job_id}"),
        "jobId": job.job_id,
        "jobName": submission.name,
        "jobDefinition": submission.definition,
        "createdAt": _milliseconds(job.created_at),
        "status": status.value,
    }
    if reason:
        shown["statusReason"] = reason
    current = _current(job, status, moment)
    if current is not None and _has_passed(current.started_at, moment):
        shown["startedAt"] = _milliseconds(current.started_at)
    if status in FINAL:
        shown["stoppedAt"] = _milliseconds(since)
    if job.index is not None:
        shown["arrayProperties"] = {"index": job.index}
    elif submission.size is not None:
        shown["arrayProperties"] = {
            "size": submission.size,
            "statusSummary": _status_summary(job, moment),
        }
    return shown


def _current(job: LocalJob, status: JobStatus, moment: float) -> LocalAttempt | None:
    """Return the current or last attempt, or ``None`` while the job waits for a new attempt."""
    if not job.attempts or status not in (JobStatus.STARTING, JobStatus.RUNNING, *FINAL):
        return None
    number = sum(
        entered <= moment and state is JobStatus.STARTING for entered, state, _ in job.history
    )
    return job.attempts[number - 1]


def _scheduled_at(job: LocalJob, moment: float) -> float | None:
    """Return when the task of the current or last attempt was requested."""
    times = (when for when, status, _ in job.history if status is JobStatus.STARTING)
    return max((when for when in times if when <= moment), default=None)


def _attempt(attempt: LocalAttempt, *, ecs: bool) -> Shown:
    shown: Shown = {"statusReason": attempt.status_reason} if attempt.status_reason else {}
    for key, value in (("startedAt", attempt.started_at), ("stoppedAt", attempt.stopped_at)):
        if value is not None:
            shown[key] = _milliseconds(value)
    containers: list[Shown] = [
        {**_ending(attempt, container, float("inf")), "networkInterfaces": []}
        for container in attempt.containers
    ]
    if ecs:
        for container, ended in zip(attempt.containers, containers, strict=True):
            ended["name"] = container.name
        shown["taskProperties"] = [{"taskArn": attempt.task_arn, "containers": containers}]
        shown["container"] = {}
    else:
        shown["container"] = containers[0] | {"taskArn": attempt.task_arn}
    return shown


def _ending(attempt: LocalAttempt, container: LocalContainer, moment: float) -> Shown:
    """Show a container: with its log stream after the start, with its exit code after the end."""
    shown: Shown = {}
    if _has_passed(attempt.started_at, moment) and container.log_stream is not None:
        shown["logStreamName"] = container.log_stream
    if _has_passed(attempt.stopped_at, moment):
        if container.exit_code is not None:
            shown["exitCode"] = container.exit_code
        if container.reason is not None:
            shown["reason"] = container.reason
    return shown


def _status_summary(job: LocalJob, moment: float) -> dict[str, int]:
    counts = job.counts
    if any(child.history[-1][0] > moment for child in job.children):
        there = (child for child in job.children if child.created_at <= moment)
        counts = Counter(child.at(moment)[1] for child in there)
    return {status.value: counts[status] for status in _SUMMARIZED}


def _has_passed(when: float | None, moment: float) -> bool:
    return when is not None and when <= moment


def _milliseconds(when: float | None) -> int:
    return int((when or 0) * 1000)
