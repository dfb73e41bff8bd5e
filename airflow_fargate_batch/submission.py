"""Submit a job exactly once, although SubmitJob takes no client token.

1. A submission carries its own token, in a tag and in a default job name (``core.naming``).
2. A refusal that is certain and may pass, a throttle or a connection that was never made, is sent
   again after a pause. After an answer that was lost the job is looked for, several times, because
   AWS's reads may lag behind its writes, and only then submitted again.
3. Whoever may have submitted before, a later try of the same task, looks first. A job that lives or
   has succeeded is adopted; one that failed, or was told to stop, is followed by a new one.

The usual case makes exactly one call.
"""

import logging
import random
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from airflow_fargate_batch.aws import BatchApi, Submitted
from airflow_fargate_batch.core.backoff import full_jitter
from airflow_fargate_batch.core.definition import LATEST
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.naming import SUBMISSION_TAG, Submission, token_of
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    AwsError,
    InvalidRequest,
    JobDefinitionNotFound,
    Problem,
    SubmissionUncertain,
    Throttled,
    Unreachable,
)

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

PASSING: Final = (Throttled, Unreachable, AnswerLost)
"""Errors of a read after which it is worth asking again."""
LOOKS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look for a job whose SubmitJob was not answered; reads may lag."""
TAG_RESOURCE: Final = "batch:TagResource"


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, so that tests need neither."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


class Submitter:
    """Submits requests, each exactly once.

    :param patience: seconds in which calls that may still go through are tried again.
    """

    def __init__(
        self, api: BatchApi, *, clock: Clock | None = None, patience: float = 300.0
    ) -> None:
        self._api = api
        self._clock = clock or Clock()
        self._patience = patience

    def submit(self, request: JobRequest, *, look_first: bool = False) -> Submitted:
        """Submit *request*, or find the job that an earlier try of it made.

        :param look_first: whether an earlier try may have submitted it.
        :raises AwsError: AWS refused it, and there is no job.
        :raises SubmissionUncertain: an answer was lost, and the job could not be looked for.
        """
        if request.submission is None:
            request = request.identified_by(Submission(token=token_of(uuid.uuid4().hex)))
        until = self._clock.now() + self._patience
        earlier = self._earlier_jobs(request, until) if look_first else []
        for job in earlier:
            if _may_be_adopted(job):
                log.info("Adopted job %s (%s) of an earlier try", job.id, job.status)
                return _submitted(job, request)
        return self._submit(request, until, passed={job.id for job in earlier})

    def check_platform_version(self, request: JobRequest) -> None:
        """Compare the version that a request names with its job definition's; LATEST fits any.

        :raises InvalidRequest: they differ, so that the job would not run where it is meant to.
        """
        wanted = request.platform_version
        if wanted is None or wanted == LATEST:
            return
        try:
            definition = self._api.job_definition(request.job_definition)
        except AccessDenied as error:
            log.warning("%s The platform version is not compared.", error)
            return
        if definition is not None and not definition.runs_on(wanted):
            text = f"{definition} runs on {definition.platform_version}, not on {wanted}"
            advice = f"register a revision with platformVersion {wanted}, or name that version"
            raise InvalidRequest([Problem("platform_version", f"{text}: {advice}", advice)])

    def terminate_older_generations(self, request: JobRequest, reason: str) -> list[str]:
        """End the live jobs that the task submitted before it was cleared; return their ids."""
        until = self._clock.now() + self._patience
        ended = []
        for job in self._earlier_jobs(request, until, any_generation=True):
            if job.status.is_live and not _is_of(job, request):
                self._persist(partial(self._api.terminate_job, job.id, reason), until)
                log.info("Terminated job %s, submitted before the task was cleared", job.id)
                ended.append(job.id)
        return ended

    def _submit(self, request: JobRequest, until: float, passed: set[str]) -> Submitted:
        body = request.to_submit_job()
        attempt = 0
        while True:
            try:
                return self._api.submit_job(body)
            except (Throttled, Unreachable) as error:
                if self._clock.now() >= until:
                    raise
                log.info("%s; trying again", error.message)
            except AnswerLost as error:
                log.warning("%s; looking for the job before anything is submitted again", error)
                job = self._look_for(request, until, passed)
                if job is not None:
                    log.info("Found job %s: the submit had been accepted", job.id)
                    return _submitted(job, request)
                if self._clock.now() >= until:
                    raise SubmissionUncertain(
                        f"SubmitJob of {request.job_name} got no answer, and no job was found: "
                        "run the task again, which looks for the job before it submits"
                    ) from error
            except AccessDenied as error:
                if error.action != TAG_RESOURCE or request.tags or "tags" not in body:
                    raise
                log.warning(
                    "%s The job is submitted without tags, so that it can be recognised only by a "
                    "default job name. Allow %s to change this.",
                    error.message,
                    TAG_RESOURCE,
                )
                del body["tags"]
            except JobDefinitionNotFound as error:
                raise self._with_newest_revision(error, request.job_definition) from error
            self._clock.sleep(full_jitter(attempt, self._clock.random()))
            attempt += 1

    def _look_for(self, request: JobRequest, until: float, passed: set[str]) -> Job | None:
        for pause in LOOKS:
            self._clock.sleep(pause)
            try:
                found = self._persist(partial(self._find, request), until)
            except AwsError as error:
                raise SubmissionUncertain(
                    f"SubmitJob of {request.job_name} got no answer, and the job cannot be looked "
                    f"for, so nothing was submitted again; check by hand. {error}"
                ) from error
            for job in found:
                if job.id not in passed:
                    return job
        return None

    def _earlier_jobs(
        self, request: JobRequest, until: float, *, any_generation: bool = False
    ) -> list[Job]:
        find = partial(self._find, request, any_generation=any_generation)
        try:
            return self._persist(find, until)
        except AccessDenied as error:
            log.warning(
                "%s Whether an earlier try submitted the job is not known: a new one is submitted. "
                "Allow %s to have it adopted instead.",
                error.message,
                error.action,
            )
            return []

    def _find(self, request: JobRequest, *, any_generation: bool = False) -> list[Job]:
        """Ask once for all jobs of this submission, newest first."""
        submission = request.submission
        if submission is None:
            return []
        name = request.job_name
        if any_generation and name.endswith(submission.mark):
            name = f"{name.removesuffix(str(submission.generation))}*"
        found: list[Job] = []
        for page in self._api.find_jobs(job_queue=request.job_queue, job_name=name):
            jobs = self._with_tags(page)
            found += [job for job in jobs if _is_of(job, request, any_generation=any_generation)]
        return found

    def _with_tags(self, page: list[Job]) -> list[Job]:
        """Describe the jobs of a ListJobs page, which has no tags; what cannot be read stays."""
        try:
            described = self._api.describe_jobs(job.id for job in page)
        except AccessDenied as error:
            log.warning("%s Jobs are recognised by their names alone.", error)
            return page
        return list(({job.id: job for job in page} | {job.id: job for job in described}).values())

    def _persist(self, call: Callable[[], Answer], until: float) -> Answer:
        """Make a call that may be made twice until it goes through."""
        attempt = 0
        while True:
            try:
                return call()
            except PASSING as error:
                if self._clock.now() >= until:
                    raise
                log.info("%s; trying again", error.message)
            self._clock.sleep(full_jitter(attempt, self._clock.random()))
            attempt += 1

    def _with_newest_revision(
        self, error: JobDefinitionNotFound, name: str
    ) -> JobDefinitionNotFound:
        """Name the newest active revision, where there is one and it can be read."""
        unrevised = re.sub(r":[0-9]+\Z", "", name).rpartition("/")[2]
        try:
            newest = self._api.job_definition(unrevised)
        except AwsError:
            return error
        if newest is None:
            return error
        return JobDefinitionNotFound(error.message, f"The newest active revision is {newest}.")


def _is_of(job: Job, request: JobRequest, *, any_generation: bool = False) -> bool:
    """Tell a job of this submission by its tag, or by the end of a default name."""
    submission = request.submission
    if submission is None:
        return False
    mark = job.tags.get(SUBMISSION_TAG) or "-".join((job.name or "").split("-")[-2:])
    return mark.startswith(f"{submission.token}-") if any_generation else mark == submission.mark


def _may_be_adopted(job: Job) -> bool:
    told_to_stop = job.is_terminated or job.is_cancelled
    return not told_to_stop and (job.status.is_live or job.status is JobStatus.SUCCEEDED)


def _submitted(job: Job, request: JobRequest) -> Submitted:
    return Submitted(job.id, job.name or request.job_name, job.arn)
