"""Explanation of a job: what happened when, why, what to do, and the evidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core._waiting_causes import Cause, why_waiting
from airflow_fargate_batch.core.evidence import (
    Evidence,
    evidence_json,
    evidence_lines,
)
from airflow_fargate_batch.core.failure import (
    Failure,
    FailureKind,
    diagnose,
    outcome_lines,
    reasons,
)
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import log_page
from airflow_fargate_batch.core.narration import described, duration
from airflow_fargate_batch.core.report import JobReport
from airflow_fargate_batch.core.spelling import camel_case
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.timeline import Timeline, timeline_of


class Question(StrEnum):
    """A lookup that can explain a job."""

    SURROUNDINGS = "queue, compute environments and job definition"
    LINE = "place in line and use of the queue"
    DEPENDENCIES = "dependencies"
    SCHEDULE = "time of scheduling"


_NEEDS: Final = {
    FailureKind.INFRASTRUCTURE: frozenset({Question.SURROUNDINGS}),
    FailureKind.CONFIGURATION: frozenset({Question.SURROUNDINGS}),
    FailureKind.SPOT_RECLAIM: frozenset({Question.SURROUNDINGS}),
    FailureKind.DEPENDENCY: frozenset({Question.DEPENDENCIES}),
}
"""Lookups worth their time while a task fails; all other kinds are explained by the job alone."""


def questions(job: Job, failed_children: Sequence[Job] = ()) -> frozenset[Question]:
    """Return the lookups that can add to the explanation of a job."""
    wanted = _questions(job, failed_children)
    return wanted if job.dependencies else wanted - {Question.DEPENDENCIES}


def _questions(job: Job, failed_children: Sequence[Job]) -> frozenset[Question]:
    if job.status is JobStatus.FAILED:
        return _NEEDS.get(diagnose(job, failed_children).kind, frozenset())
    if job.status in _BEFORE_RUNNABLE and not job.waits_for_room:
        return frozenset({Question.DEPENDENCIES})
    if job.waits_for_room:
        return frozenset({Question.SURROUNDINGS, Question.LINE})
    return frozenset({Question.SURROUNDINGS}) if job.status is JobStatus.STARTING else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a job is as it is.

    Attributes:
        failure: Diagnosis of a FAILED job; ``None`` otherwise.
        cause: To follow a colon.
        advice: Next step; the operator's arguments stand in backticks.
        needs_action: The job failed, or does not go on by itself.
        shell: Command that opens a shell in the running container, if ECS Exec is enabled.
    """

    job: Job
    evidence: Evidence
    timeline: Timeline
    now: datetime
    cause: str
    advice: str
    needs_action: bool
    failure: Failure | None = None
    shell: str | None = None

    @property
    def is_before_start(self) -> bool:
        """Whether the job waits for dependencies or for a place to run."""
        return self.job.status in _BEFORE_RUNNABLE or self.job.waits_for_room

    def evidence_lines(self) -> list[str]:
        """Write the evidence for people, a fact a line."""
        return evidence_lines(self.job, self.evidence)

    def to_text(self, *, task: str | None = None, named: Callable[[int], str] | None = None) -> str:
        """Write the explanation for people.

        :param task: the Airflow task, as people call it.
        :param named: names the items of a child, by its index in the original array.
        """
        return str(
            JobReport(
                headline=self._headline(task),
                words=() if self.job.status is JobStatus.SUCCEEDED else reasons(self.job),
                details=outcome_lines(
                    self.job,
                    self.evidence.failed_children,
                    named=named,
                    attempts=not self.timeline.steps,
                ),
                timeline=self.timeline.to_lines(self.now),
                evidence=self.evidence_lines(),
                log_lines=self.evidence.log_lines,
                pages=self._pages(),
                unread=self.evidence.unread_lines(),
                advice=self.advice,
            )
        )

    def to_json(self) -> dict[str, Any]:
        """Write the explanation for programs, in camel case."""
        kind = None if self.failure is None else self.failure.kind.value
        right_size, cost = self.evidence.right_size, self.evidence.cost
        return {
            "jobId": self.job.id,
            "jobName": self.job.name,
            "status": self.job.status_text,
            "cause": self.cause,
            "advice": self.advice,
            "isTrouble": self.needs_action,
            "kind": kind,
            "isRetryable": None if self.failure is None else self.failure.retryable,
            "reasons": reasons(self.job),
            "exitCode": self.job.exit_code,
            "timeline": [step.to_json(self.now) for step in self.timeline.steps],
            "evidence": evidence_json(self.job, self.evidence),
            "use": None if right_size is None else camel_case(right_size.to_json()),
            "cost": None if cost is None else camel_case(cost.to_summary()),
            "shell": self.shell,
            "couldNotRead": self.evidence.unread_lines(),
        }

    def _headline(self, task: str | None) -> str:
        job = self.job
        subject = f"{task}: job {job.id}" if task else f"job {job.id}"
        if self.failure is not None:
            code = _exit_code(job, self.evidence.failed_children)
            said = "" if code is None else f" with exit code {code}"
            return f"{subject} failed{said}: {self.cause}"
        return f"{subject} is {described(job)}{self._for_how_long()}: {self.cause}"

    def _for_how_long(self) -> str:
        """Write the age of the present state, if AWS tells when it began."""
        last = self.timeline.steps[-1] if self.timeline.steps else None
        is_certain = self.job.status is JobStatus.RUNNING
        if last is None or last.end is not None or not is_certain:
            return ""
        return f" for {duration(self.now - last.begin)}"

    def _pages(self) -> list[str]:
        job = self.job
        pages = [f"Console: {urls.job_url(job.id, region=job.region)}"] if job.region else []
        if page := log_page(job):
            pages.append(f"Log: {page}")
        if self.shell:
            pages.append(f"Shell in the running container: {self.shell}")
        return pages


def explain(job: Job, evidence: Evidence, now: datetime) -> Explanation:
    """Explain a job from what AWS answered."""
    child = evidence.runnable_child
    if child is not None and not job.status_reason:
        job = replace(job, status_reason=child.status_reason)
    failure = None
    if job.status is JobStatus.FAILED:
        failure = _with_first_failure(diagnose(job, evidence.failed_children), evidence)
        cause = Cause(text=failure.cause, advice=failure.advice, needs_action=True)
    else:
        cause = _cause_of_state(job, evidence)
    return Explanation(
        job=job,
        evidence=evidence,
        timeline=timeline_of(
            job,
            dependencies=evidence.dependencies,
            children=evidence.failed_children,
            scheduled_at=evidence.scheduled_at,
        ),
        now=now,
        cause=cause.text,
        advice=cause.advice,
        needs_action=cause.needs_action,
        failure=failure,
        shell=shell_command(job),
    )


def _cause_of_state(job: Job, evidence: Evidence) -> Cause:
    if job.status is JobStatus.SUCCEEDED:
        text, advice = "the job has done its work", "Nothing."
        if evidence.right_size is not None and evidence.right_size.smaller is not None:
            smaller = evidence.right_size.smaller
            advice = f"Set `vcpu` {smaller.vcpu} and `memory` {smaller.memory} to pay for less."
        return Cause(text=text, advice=advice, needs_action=False)
    if job.status is JobStatus.RUNNING:
        advice = f"Read the log: 'fargate-batch logs {job.id} --follow'."
        return Cause(text="the container runs", advice=advice, needs_action=False)
    return why_waiting(job, evidence)


def _with_first_failure(failure: Failure, evidence: Evidence) -> Failure:
    """Replace "a dependency failed" by the dependency, its cause and its advice."""
    first = evidence.first_failure
    if failure.kind is not FailureKind.DEPENDENCY or first is None:
        return failure
    cause = diagnose(first)
    name = f" ({first.name})" if first.name else ""
    return replace(
        failure,
        cause=f"its dependency, job {first.id}{name}, failed: {cause.cause}",
        advice=f"First repair job {first.id}: {cause.advice} Then run both jobs again (in Airflow,"
        " clear both tasks).",
    )


def shell_command(job: Job) -> str | None:
    """Return the command that opens a shell in a RUNNING job's container by ECS Exec.

    The command needs the Session Manager plugin of the AWS CLI; the job role needs the
    ``ssmmessages`` actions.
    """
    _, _, task = (job.task_arn or "").partition(":task/")
    cluster, _, task_id = task.partition("/")
    if not job.allows_exec or job.status is not JobStatus.RUNNING or not task_id:
        return None
    region = f" --region {job.region}" if job.region else ""
    container = f" --container {job.telling.name}" if len(job.containers) > 1 else ""
    return (
        f"aws ecs execute-command{region} --cluster {cluster} --task {task_id}{container}"
        " --interactive --command /bin/sh"
    )


def _exit_code(job: Job, failed_children: Sequence[Job]) -> int | None:
    codes = {each.exit_code for each in failed_children or (job,)}
    return codes.pop() if len(codes) == 1 else None


_BEFORE_RUNNABLE: Final = frozenset({JobStatus.SUBMITTED, JobStatus.PENDING})
