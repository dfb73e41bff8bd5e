"""Submit each line of a file exactly once, even if the command is run several times."""

import logging
from collections.abc import Iterator
from functools import cache, partial

from airflow_fargate_batch.aws.batch import BatchApi, Submitted
from airflow_fargate_batch.cli import _clients, _console
from airflow_fargate_batch.cli._jobs import written
from airflow_fargate_batch.cli._progress import View, view
from airflow_fargate_batch.cli._submit_flags import SubmitOptions
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import (
    AccessDenied,
    CredentialsMissing,
    InvalidRequest,
    Problem,
)
from airflow_fargate_batch.submitting.lists import Lists
from airflow_fargate_batch.submitting.many import Outcome, submit_many
from airflow_fargate_batch.submitting.preflight import Preflight


def submit_file(
    api: BatchApi, requests: list[JobRequest], options: SubmitOptions
) -> list[Submitted]:
    """Submit requests, write each job to stdout as soon as AWS accepts it, and return all jobs.

    :raises InvalidRequest: botocore does not know a member, or a request does not fit its job
        definition. Nothing was submitted.
    """
    _check_members(api, requests)
    _check_definitions(api, requests)
    _clients.talk_about_what_is_logged(_FirstOfEachKind())
    _console.talk(
        f"Looking for jobs submitted by an earlier run of {options.from_file} (about 30 s)"
    )
    lists = cache(partial(_clients.connect_lists, options, api.region))
    done: list[Submitted] = []
    try:
        with view() as shown:
            for submitted in _submitted(api, requests, shown, lists=lists):
                done.append(submitted)
                if not _console.data(written(submitted, options.output, indent=None)):
                    _console.talk(f"Job id: {submitted.job_id} ({submitted.job_name})")
    except KeyboardInterrupt:
        _console.note("If you run the command again, it submits only requests that are missing.")
        raise
    finally:
        counted = f"{len(done)} of {len(requests)} requests have a job"
        _console.talk(f"{counted} (submitted now or by an earlier run)")
    return done


class _FirstOfEachKind(logging.Filter):
    """Passes one record of each kind, such as "Adopted job", instead of one for every job."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        if record.msg in self._seen:
            return False
        self._seen.add(record.msg)
        return True


def _check_members(api: BatchApi, requests: list[JobRequest]) -> None:
    problems: list[Problem] = []
    for number, request in enumerate(requests, start=1):
        try:
            api.check(request.to_submit_job())
        except InvalidRequest as error:
            problems += [Problem(f"request {number}", str(problem)) for problem in error.problems]
    if problems:
        raise InvalidRequest(problems)


def _check_definitions(api: BatchApi, requests: list[JobRequest]) -> None:
    """Judge each request that cannot be judged without its job definition."""
    preflight = Preflight(api, scope=api, clock=_clients.CLOCK)
    problems: list[Problem] = []
    for number, request in enumerate(requests, start=1):
        try:
            preflight.check(request)
        except InvalidRequest as error:
            problems += [Problem(f"request {number}", str(problem)) for problem in error.problems]
    if problems:
        raise InvalidRequest(problems)


def _submitted(
    api: BatchApi, requests: list[JobRequest], shown: View, *, lists: Lists
) -> Iterator[Submitted]:
    """Submit the requests; report each distinct error once."""
    told: set[str] = set()
    failed = 0
    shown.show("jobs", 0, len(requests), "")
    outcomes = submit_many(api, requests, resume=True, lists=lists, clock=_clients.CLOCK)
    for number, outcome in enumerate(outcomes, start=1):
        if outcome.submitted is not None:
            yield outcome.submitted
        else:
            failed += 1
            _report(outcome, told)
        shown.show("jobs", number, len(requests), f"{failed} failed" if failed else "")


def _report(outcome: Outcome, told: set[str]) -> None:
    if isinstance(outcome.error, AccessDenied | CredentialsMissing):
        raise outcome.error  # every other submit would fail as well
    said = in_flags(str(outcome.error))
    if said not in told:
        told.add(said)
        _console.error(f"request {outcome.index + 1}, {outcome.request.job_name}: {said}")
