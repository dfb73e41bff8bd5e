"""Protocol that submits a job exactly once, although SubmitJob takes no client token.

1. A submission carries its own token, in a tag and in a default job name (``core.naming``).
2. After a certain and temporary refusal (a throttle, or a connection never made) the request is
   sent again after a pause. After a lost answer the job is looked for, several times, because AWS's
   reads may lag behind AWS's writes, and only then submitted again. Only a job created by AWS after
   the start of the submit counts.
3. A later try of the same task looks first, several times as well. A job of the same life of the
   DAG run is adopted if running or succeeded; after a failed job, or a job with a requested
   termination, a new job is submitted.

The usual case makes exactly one call. Open cases: two workers run the same try at the same time;
reads lag longer than ``LOOKS`` lasts; a job cannot be recognised, because the name is the user's
own and the tags could not be written or read.
"""

from __future__ import annotations

import logging
import uuid
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.aws.batch import BatchApi, Submitted
from airflow_fargate_batch.core.listing import first_few, in_a_sentence
from airflow_fargate_batch.core.naming import ITEMS_TAG, SUBMISSION_TAG, Submission, token_of
from airflow_fargate_batch.core.recognition import is_named, reason_to_pass, to_adopt
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    AnswerLost,
    AwsError,
    InvalidRequest,
    SubmissionUncertain,
    Throttled,
    Unreachable,
)
from airflow_fargate_batch.submitting.earlier_jobs import Lookup
from airflow_fargate_batch.submitting.lists import Lists, place
from airflow_fargate_batch.submitting.rerun import indexes_left
from airflow_fargate_batch.submitting.retrying import WILL_RETRY, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from types_boto3_batch.type_defs import SubmitJobRequestTypeDef

    from airflow_fargate_batch.core.items import Items
    from airflow_fargate_batch.core.job import Job
    from airflow_fargate_batch.core.request import JobRequest

log = logging.getLogger(__name__)

LOOKS: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look for a job: AWS's reads may lag by as much as the sum."""
LOOKING: Final = 60.0
"""Seconds to look for the job after a lost answer, even if patience is over: a late answer is
better than an unknown job."""
INTERRUPTED_LOOKS: Final = 3
"""Number of looks when a task is killed during the submit: there is no time for more."""
NAMED: Final = 20
"""Number of an array's indexes named in a log line."""
TAG_RESOURCE: Final = "batch:TagResource"


class Submitter:
    """Submits requests, each exactly once.

    :param lists: makes the client for lists of items on S3; needed by requests with such a list.
    :param patience: seconds during which temporarily failing calls are retried.
    """

    def __init__(
        self,
        api: BatchApi,
        *,
        lists: Lists | None = None,
        clock: Timing | None = None,
        patience: float = 300.0,
    ) -> None:
        self._lists = lists
        self._api = api
        self._clock = clock or Timing()
        self._patience = patience
        self._lookup = Lookup(api, self._clock, self._warn_once)
        self._warned: set[str] = set()

    def submit(
        self,
        request: JobRequest,
        *,
        look_first: bool = False,
        tries_before: int | None = None,
        waited: float = 0.0,
        rerun_failed_only: bool = False,
        check: Callable[[JobRequest], object] | None = None,
    ) -> Submitted:
        """Submit *request*, or find the job of an earlier try.

        :param look_first: whether an earlier try may have submitted the request.
        :param tries_before: number of earlier tries, each with at most a single job. When as many
            jobs have been found, and none can be adopted, the search ends. ``None`` means not
            known: all looks are made.
        :param waited: seconds since the last such try can have submitted; shortens the search,
            because the lag of AWS's reads has partly passed.
        :param rerun_failed_only: whether to submit only the children of an array that earlier tries
            left failed.
        :param check: raises if a new job must not be submitted; not called if a job is adopted,
            because a queue that no longer accepts jobs still runs the jobs it has.
        :raises AwsError: AWS refused the request, and there is no job.
        :raises SubmissionUncertain: an answer was lost, and the job could not be looked for.
        """
        if request.submission is None:
            request = request.identified_by(Submission(token=token_of(uuid.uuid4().hex)))
        until = self._clock.now() + self._patience
        earlier: dict[str, Job] = {}
        if look_first:
            pauses = _still_needed(LOOKS, waited)
            for found in self._look_for_earlier(request, until, tries_before, pauses):
                if job := to_adopt(found):
                    log.info("Adopted job %s (%s) of an earlier try", job.id, job.status)
                    return _submitted(job, request)._replace(is_adopted=True)
                earlier.update((job.id, job) for job in found)
        failed = list(earlier.values())
        if rerun_failed_only and failed:
            request = self._without_succeeded(request, failed, until)
        if failed:
            request = self._learned(request, failed, tries_before, until)
        if check is not None:
            check(request)
        if request.items_address is not None:
            request = self._with_list(request, until)
        submitted = self._submit(request, until, set(earlier))
        return submitted._replace(job_queue=request.job_queue)

    def _with_list(self, request: JobRequest, until: float) -> JobRequest:
        if self._lists is None:
            raise TypeError("this Submitter has no client for lists on S3")
        return place(request, self._lists, self._clock, until)

    def _look_for_earlier(
        self,
        request: JobRequest,
        until: float,
        tries_before: int | None,
        pauses: Sequence[float],
    ) -> Iterator[list[Job]]:
        """Yield the jobs of earlier tries, look by look, and log the jobs not adopted."""
        level = logging.DEBUG if tries_before == 0 else logging.INFO  # one of many submits
        said: dict[str, str] = {}
        log.log(
            level,
            "Looking for the job of an earlier try, named %s, in %s (for up to %d s) ...",
            request.job_name,
            request.job_queue,
            sum(pauses),
        )
        for found in self._lookup.looks(request, until, pauses=pauses, enough=tries_before):
            own: list[Job] = []
            for job in found:
                objection = self._lookup.objection(job, request)
                if objection is None:
                    own.append(job)
                why = objection or reason_to_pass(job) or "a newer job followed it"
                said[job.id] = f"job {job.id} ({job.status}): {why}"
            yield own
        for text in first_few(said.values(), NAMED, noun="jobs"):
            log.log(level, "Not adopted: %s", text)
        what = "no job of an earlier try can be adopted" if said else "found no earlier job"
        log.log(level, "Submitting a new job: %s", what)

    def _learned(
        self, request: JobRequest, failed: list[Job], tries_before: int | None, until: float
    ) -> JobRequest:
        from airflow_fargate_batch.submitting.learned import learned_request  # few submits need it

        return learned_request(
            request,
            failed,
            tries_before=tries_before,
            api=self._api,
            clock=self._clock,
            until=until,
        )

    def _without_succeeded(
        self, request: JobRequest, earlier: list[Job], until: float
    ) -> JobRequest:
        """Leave out the children that succeeded in earlier tries, if known."""
        try:
            if request.items and not all(_is_of_list(job, request.items) for job in earlier):
                log.warning(
                    "Submitting all items again: the list, or its distribution over the children, "
                    "differs from the earlier try's, or the earlier job has no tag that tells"
                )
                return request
            left = self._clock.persist(partial(indexes_left, self._api, earlier), until)
            if left is None or request.array_size is None:
                return request
            log.info("Submitting only the children that are left: %s", _named(left))
            return request.only(left)
        except (AwsError, InvalidRequest) as error:
            log.warning("Submitting all indexes again: %s", error)
            return request

    def terminate_older_generations(self, request: JobRequest, reason: str) -> list[str]:
        """Terminate the running jobs submitted before the task was cleared; return the ids.

        Each try made at most a single job, and a generation is the number of earlier tries: when as
        many jobs have been found, the search ends.
        """
        submission = request.submission
        if submission is None or submission.generation == 0:
            return []
        until = self._clock.now() + self._patience
        ended: list[str] = []
        looks = self._lookup.looks(
            request, until, pauses=(0.0, *LOOKS), enough=submission.generation, older=True
        )
        for found in looks:
            for job in found:
                if job.status.is_live and job.id not in ended:
                    self._clock.persist(partial(self._api.terminate_job, job.id, reason), until)
                    log.info("Terminated job %s, submitted before the task was cleared", job.id)
                    ended.append(job.id)
        return ended

    def terminate_submission(self, request: JobRequest, reason: str) -> None:
        """Terminate the running job of a submission interrupted before the answer."""
        until = self._clock.now() + LOOKING
        for pause in LOOKS[:INTERRUPTED_LOOKS]:
            self._clock.sleep(pause)
            for job in self._lookup.find(request, until):
                if job.status.is_live and self._lookup.objection(job, request) is None:
                    self._clock.persist(partial(self._api.terminate_job, job.id, reason), until)
                    log.info("Terminated job %s of an interrupted submit", job.id)
                    return

    def _submit(self, request: JobRequest, until: float, passed: set[str]) -> Submitted:
        body = request.to_submit_job()
        begun = self._clock.date()
        attempt = 0
        while True:
            try:
                return self._api.submit_job(body)
            except (Throttled, Unreachable) as error:
                if self._clock.now() >= until:
                    raise
                log.info(WILL_RETRY, error.message, until - self._clock.now())
            except AnswerLost as error:
                log.warning("%s; looking for the job before anything is submitted again", error)
                if not (is_named(request) or SUBMISSION_TAG in body.get("tags", {})):
                    raise _uncertain(request, "has neither a tag nor a name of its own") from error
                job = self._look_for(request, until, begun, passed)
                if job is not None:
                    log.info("Found job %s: the submit had been accepted", job.id)
                    return _submitted(job, request)
                if self._clock.now() >= until:
                    raise _uncertain(request, "was not found") from error
            except AccessDenied as error:
                self._do_without_tags(body, request, error)
            except AwsError as error:
                from airflow_fargate_batch.submitting.refusals import advised  # few submits need it

                raise advised(error, request, self._api) from error.__cause__
            self._clock.pause(attempt)
            attempt += 1

    def _look_for(
        self, request: JobRequest, until: float, begun: datetime, passed: Collection[str]
    ) -> Job | None:
        """Look for the job of an unanswered SubmitJob.

        :param begun: start of the submit; older jobs do not count.
        :param passed: ids of jobs known before the submit.
        """
        until = max(until, self._clock.now() + LOOKING)
        for number, pause in enumerate(LOOKS, start=1):
            self._clock.sleep(pause)
            try:
                found = self._lookup.find(request, until, since=begun)
                if number == len(LOOKS) and not is_named(request):
                    found += self._lookup.find_by_definition(request, until, since=begun)
            except AwsError as error:
                raise _uncertain(request, f"could not be looked for ({error.message})") from error
            for job in found:
                if (
                    job.id not in passed
                    and self._lookup.is_created_since(begun, job)
                    and self._lookup.objection(job, request) is None
                ):
                    return job
        return None

    def _do_without_tags(
        self, body: SubmitJobRequestTypeDef, request: JobRequest, error: AccessDenied
    ) -> None:
        """Drop the tags if only tagging is denied, and the user gave no tags."""
        if error.action != TAG_RESOURCE or request.tags or "tags" not in body:
            raise error
        self._warn_once(
            "%s The job is submitted without tags, so a retry recognises the job only by a default "
            "job name. Grant the IAM action %s to submit tags.",
            error.message,
            TAG_RESOURCE,
        )
        del body["tags"]

    def _warn_once(self, text: str, *values: object) -> None:
        if text not in self._warned:
            self._warned.add(text)
            log.warning(text, *values)


def _uncertain(request: JobRequest, why: str) -> SubmissionUncertain:
    return SubmissionUncertain(
        f"SubmitJob of {request.job_name} got no answer, and the job {why}. The request was not "
        "submitted again. Check in the AWS console whether the job exists; a retry of an Airflow "
        "task checks automatically."
    )


def _still_needed(pauses: Sequence[float], waited: float) -> list[float]:
    """Leave out the pauses already over; the first look is always made, and at once."""
    ends = accumulate(pauses)
    return [0.0, *(pause for pause, end in zip(pauses, ends, strict=True) if end > waited)]


def _named(indexes: list[int]) -> str:
    """Name indexes in a sentence: the first few, and the number of the rest."""
    said = in_a_sentence(map(str, indexes), NAMED)
    return f"{'index' if len(indexes) == 1 else 'indexes'} {said}"


def _is_of_list(job: Job, items: Items) -> bool:
    """Report whether equal indexes of a job and of a list mean the same items."""
    return job.tags.get(ITEMS_TAG) == items.fingerprint


def _submitted(job: Job, request: JobRequest) -> Submitted:
    return Submitted(job.id, job.name or request.job_name, job.arn, job_queue=job.queue)
