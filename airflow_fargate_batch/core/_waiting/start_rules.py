"""Rules for jobs that wait for other jobs, and for the start of their task."""

from collections.abc import Sequence
from typing import Final

from airflow_fargate_batch.core._waiting.rule import (
    API,
    BEFORE_RUNNABLE,
    GUIDE,
    FoundCause,
    WaitRule,
)
from airflow_fargate_batch.core.evidence import Evidence, described_job
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.waiting import NO_START


def _dependency_failed(job: Job, evidence: Evidence) -> FoundCause | None:
    failed = [each for each in evidence.dependencies if each.status is JobStatus.FAILED]
    if job.status not in BEFORE_RUNNABLE or not failed:
        return None
    return FoundCause(f"its dependency {described_job(failed[0])}", {"dependency_id": failed[0].id})


def _dependency_unknown(job: Job, evidence: Evidence) -> FoundCause | None:
    known = {each.id for each in evidence.dependencies}
    unknown = [each for each in job.dependencies if each not in known]
    if job.status not in BEFORE_RUNNABLE or not unknown or not evidence.knows_dependencies:
        return None
    return FoundCause(f"AWS Batch does not know its dependency {unknown[0]}", {"job_id": job.id})


def _dependency_lasts(job: Job, evidence: Evidence) -> FoundCause | None:
    live = [each for each in evidence.dependencies if each.status.is_live]
    if job.status not in BEFORE_RUNNABLE or not live:
        return None
    count = len(job.dependencies)
    what = "its dependency" if count == 1 else f"{len(live)} of its {count} dependencies, first"
    text = f"the job waits for {what} {described_job(live[0])}"
    return FoundCause(text, {"dependency_id": live[0].id})


def _dependencies_remain(job: Job, evidence: Evidence) -> FoundCause | None:
    if job.status not in BEFORE_RUNNABLE or job.is_array or not job.has_dependencies:
        return None
    text = "the job waits for its dependencies"
    if not evidence.knows_dependencies:
        text += ", whose states could not be read"
    ids = " ".join(job.dependencies)
    return FoundCause(text, {"dependency_ids": ids} if ids else {})


def _accepted(job: Job, _: Evidence) -> FoundCause | None:
    if job.status not in BEFORE_RUNNABLE or job.is_array:
        return None
    return FoundCause("AWS Batch has accepted the job and checks its dependencies")


def _children_go_on(job: Job, _: Evidence) -> FoundCause | None:
    if not job.is_array or job.waits_for_room:
        return None
    return FoundCause("the array is complete when all children have ended", {"job_id": job.id})


def _starting(job: Job, _: Evidence) -> FoundCause | None:
    if job.status is not JobStatus.STARTING:
        return None
    return FoundCause("Fargate sets up the task: network interface, secrets, image")


_DEPENDS_ON: Final = f"{API}SubmitJob.dependsOn"
_STATES: Final = f'{GUIDE}"Job states"'

START_RULES: Final[Sequence[WaitRule]] = (
    WaitRule(
        situation="a dependency of the job failed",
        advice="AWS will fail this job as well. Fix the job that it depends on ('fargate-batch"
        " explain {dependency_id}'), then run both again.",
        source=_DEPENDS_ON,
        check=_dependency_failed,
    ),
    WaitRule(
        situation="AWS Batch does not know a dependency of the job",
        advice="AWS keeps ended jobs for 7 days. If the id or the region is wrong, terminate this"
        " job ('fargate-batch terminate {job_id}') and submit it again with the right"
        " `depends_on`.",
        source=f"{API}DescribeJobs: unknown ids are left out of the answer",
        check=_dependency_unknown,
    ),
    WaitRule(
        situation="a dependency of the job has not ended",
        advice="Wait, or find out why that job lasts: 'fargate-batch explain {dependency_id}'.",
        source=_DEPENDS_ON,
        check=_dependency_lasts,
        needs_action=False,
    ),
    WaitRule(
        situation="the job has dependencies whose states AWS did not show",
        advice="Wait, or look at the dependencies: 'fargate-batch status {dependency_ids}'.",
        source=_DEPENDS_ON,
        check=_dependencies_remain,
        needs_action=False,
    ),
    WaitRule(
        situation="AWS Batch has just accepted the job",
        advice="Wait: without dependencies a job is RUNNABLE within seconds.",
        source=_STATES,
        check=_accepted,
        needs_action=False,
    ),
    WaitRule(
        situation="children of the array have not ended",
        advice="To see one child: 'fargate-batch explain {job_id}:INDEX'.",
        source=f'{GUIDE}"Array jobs"',
        check=_children_go_on,
        needs_action=False,
    ),
    WaitRule(
        situation="Fargate sets up the task (STARTING)",
        advice=NO_START,
        source=_STATES,
        check=_starting,
        needs_action=False,
    ),
)
