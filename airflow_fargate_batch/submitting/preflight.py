"""Judgement of requests before the submit, by what AWS says about queue and job definition.

Without *thorough*, AWS is asked only about requests that cannot be judged alone: those with one of
vCPU and memory, or with a platform version. All other requests cost no call.
"""

import logging
from collections.abc import Hashable, Iterable, Iterator
from functools import cache, partial
from typing import Final

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.surroundings import SurroundingsReader
from airflow_fargate_batch.core.preflight import (
    Finding,
    Level,
    judge,
    judge_definition_only,
    problems_of,
)
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.surroundings import Surroundings
from airflow_fargate_batch.exceptions import InvalidRequest, QueueNotReady
from airflow_fargate_batch.submitting.retrying import Timing

log = logging.getLogger(__name__)

PATIENCE: Final = 15.0
"""Seconds during which the lookups of one request are retried: a submit waits for them."""


class Preflight:
    """Judges requests, and reads what they are judged by.

    :param scope: distinguishes accounts and regions among the answers kept in the process.
    """

    def __init__(self, api: BatchApi, *, scope: Hashable, clock: Timing | None = None) -> None:
        self._api = api
        self._scope = scope
        self._clock = clock or Timing()
        self._unknown: set[str] = set()

    def check(self, request: JobRequest, *, thorough: bool = False) -> list[Finding]:
        """Judge a request, log the warnings, and return the findings.

        :param thorough: whether to judge queue, compute environments and all of the definition.
        :raises InvalidRequest: AWS would refuse the request, or its job could never run.
        :raises QueueNotReady: nothing but the present state of the queue is in the way.
        """
        findings = self._thorough(request) if thorough else self._needed(request)
        for finding in findings:
            if finding.level is Level.WARNING:
                log.warning("%s", finding)
        _raise(findings)
        if thorough:
            log.info("Preflight: no problem in %d checks", len(findings))
        return findings

    def judge(
        self, *, queue: str | None, definition: str | None, request: JobRequest | None
    ) -> tuple[Surroundings, list[Finding]]:
        """Judge a queue, a definition and a request; each may be left out.

        A problem that rests on an answer kept in the process is judged again by a fresh one.
        """
        surroundings = self._read(queue=queue, definition=definition)
        findings = judge(surroundings, queue=queue, definition=definition, request=request)
        if problems_of(findings) and surroundings.is_kept:
            surroundings = self._read(queue=queue, definition=definition, fresh=True)
            findings = judge(surroundings, queue=queue, definition=definition, request=request)
        return surroundings, findings

    def judge_many(
        self, requests: Iterable[JobRequest]
    ) -> Iterator[tuple[Surroundings, list[Finding]]]:
        """Judge requests; each pair of queue and definition is read once."""
        read = cache(lambda queue, definition: self._read(queue=queue, definition=definition))
        for request in requests:
            queue, definition = request.job_queue, request.job_definition
            around = read(queue, definition)
            yield around, judge(around, queue=queue, definition=definition, request=request)

    def _thorough(self, request: JobRequest) -> list[Finding]:
        _, findings = self.judge(
            queue=request.job_queue, definition=request.job_definition, request=request
        )
        return findings

    def _needed(self, request: JobRequest) -> list[Finding]:
        name = request.job_definition
        if name in self._unknown or not request.needs_definition:
            return []
        surroundings = self._read(definition=name)
        if surroundings.definition is None:
            self._unknown.add(name)  # each of a thousand requests would ask again
        findings = judge_definition_only(surroundings, request)
        if problems_of(findings) and surroundings.is_kept:
            return judge_definition_only(self._read(definition=name, fresh=True), request)
        return findings

    def _read(
        self, *, queue: str | None = None, definition: str | None = None, fresh: bool = False
    ) -> Surroundings:
        call = partial(self._clock.persist, until=self._clock.now() + PATIENCE)
        reader = SurroundingsReader(self._api, scope=self._scope, call=call, now=self._clock.now)
        return reader.read(queue=queue, definition=definition, fresh=fresh)


def _raise(findings: Iterable[Finding]) -> None:
    problems = [finding for finding in findings if finding.level is Level.PROBLEM]
    if problems and all(finding.may_pass for finding in problems):
        text = "\n".join(map(str, problems))
        raise QueueNotReady(f"Nothing was submitted: {text}")
    if problems:
        raise InvalidRequest(problems_of(problems))
