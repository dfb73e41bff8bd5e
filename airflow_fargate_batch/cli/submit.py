"""``fargate-batch submit``: submit a job, or with ``--dry-run`` write the request."""

import argparse
import os
from functools import partial
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import FAILED, INVALID, OK, REFUSED
from airflow_fargate_batch.cli._jobs import JSON_HELP, written
from airflow_fargate_batch.cli._parser import Parser
from airflow_fargate_batch.cli._requests import of_file, of_line, of_options, submission_of
from airflow_fargate_batch.cli._submit_flags import SubmitOptions
from airflow_fargate_batch.cli._submit_help import COMMON, EPILOG, SHORT_EPILOG
from airflow_fargate_batch.cli._submit_usage import misuse
from airflow_fargate_batch.cli._wording import in_flags
from airflow_fargate_batch.core.listing import first_few
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import AwsError, InvalidRequest, SubmissionUncertain

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi, Submitted
    from airflow_fargate_batch.core.items import Items

PROBLEMS: Final = 20
"""Number of problems to list: a file may have thousands."""


def add_arguments(parser: Parser) -> None:
    """Add the flags and the examples."""
    parser.usage = "%(prog)s [--job-queue QUEUE] [--job-definition DEFINITION] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog, json=JSON_HELP)
    SubmitOptions.add_to(parser)
    parser.shorten_help(COMMON, SHORT_EPILOG.format(prog=parser.prog))


def run(arguments: argparse.Namespace) -> int:
    """Submit the job or, with ``--dry-run``, show the request."""
    options = SubmitOptions(arguments, os.environ)
    if wrong := misuse(options):
        _console.error(wrong)
        return INVALID
    try:
        if options.from_file is not None:
            requests = of_file(options.from_file, options, dry_run=options.dry_run)
            return _run_file(requests, options)
        submission = submission_of(options)
        request = of_options(options, submission=submission, dry_run=options.dry_run)
        for text in request.warnings:
            _console.warning(in_flags(text))
        for text in request.notes:
            _console.note(in_flags(text))
        return _show([request], options) if options.dry_run else _submit(request, options)
    except InvalidRequest as error:
        describe = options.describe if options.from_file is None else of_line
        _say_problems([describe(problem) for problem in error.problems])
        return INVALID
    except AwsError as error:
        _console.error(in_flags(str(error)))
        return REFUSED


def _run_file(requests: list[JobRequest], options: SubmitOptions) -> int:
    for text in sorted({text for request in requests for text in request.warnings}):
        _console.warning(text)
    if options.dry_run:
        return _show(requests, options)
    # Here, because a dry run must not wait for botocore.
    from airflow_fargate_batch.cli._clients import connect
    from airflow_fargate_batch.cli._submit_file import submit_file

    api = connect(options, options.is_secret)
    submitted = submit_file(api, requests, options)
    succeeded = _wait(api, submitted, options) if options.wait and submitted else OK
    return succeeded if len(submitted) == len(requests) else REFUSED


def _say_problems(problems: list[str]) -> None:
    if len(problems) == 1:
        _console.error(problems[0])
        return
    listed = "".join(f"\n  {line}" for line in first_few(problems, PROBLEMS))
    _console.error(f"nothing was submitted; {len(problems)} problems:{listed}")


def _show(requests: list[JobRequest], options: SubmitOptions) -> int:
    from airflow_fargate_batch.cli import _dry_run  # here, because a submit estimates no cost

    return _dry_run.show(requests, options)


def _submit(request: JobRequest, options: SubmitOptions) -> int:
    # Here, because a dry run must not wait for botocore.
    from airflow_fargate_batch.cli._clients import CLOCK, PATIENCE, connect, connect_lists
    from airflow_fargate_batch.submitting.submitter import Submitter

    api = connect(options, options.is_secret)
    lists = partial(connect_lists, options, api.region)
    submitter = Submitter(api, lists=lists, clock=CLOCK, patience=PATIENCE)
    has_key = options.idempotency_key is not None
    if has_key:
        _console.talk("Looking for a job submitted by an earlier call with this key (up to 30 s)")
    try:
        submitted = submitter.submit(request, look_first=has_key, check=partial(_check, api))
    except KeyboardInterrupt:
        _console.warning(f"interrupted during SubmitJob{_may_exist(request, options, api)}")
        raise
    except SubmissionUncertain as error:
        reason = f" ({error.__cause__})" if error.__cause__ else ""
        _console.error(f"SubmitJob got no answer{reason}{_may_exist(request, options, api)}")
        return REFUSED
    _say_where(submitted, request, options, api)
    if not _console.data(written(submitted, options.output)):  # else the id would be lost
        _console.talk(f"Job id: {submitted.job_id}")
    return _wait(api, [submitted], options, request.items) if options.wait else OK


def _check(api: "BatchApi", request: JobRequest) -> None:
    if request.needs_definition:  # else nothing of the preflight is loaded
        from airflow_fargate_batch.cli._clients import CLOCK
        from airflow_fargate_batch.submitting.preflight import Preflight

        Preflight(api, scope=api, clock=CLOCK).check(request)


def _wait(
    api: "BatchApi",
    submitted: "list[Submitted]",
    options: SubmitOptions,
    items: "Items | None" = None,
) -> int:
    from airflow_fargate_batch.cli._watch import wait_for

    job_ids = [job.job_id for job in submitted]
    outcomes = wait_for(api, job_ids, options, just_submitted=True, items=items)
    return OK if all(outcome.succeeded for outcome in outcomes) else FAILED


def _may_exist(request: JobRequest, options: SubmitOptions, api: "BatchApi") -> str:
    if options.idempotency_key is not None:
        return (
            f": {request.job_name} may or may not exist. Run the same command with the same key: "
            "it returns the job's id if the job exists, and submits the job if not"
        )
    return (
        f": {request.job_name} may or may not exist. Before you submit again, look for the job:\n"
        f"  aws batch list-jobs --region {api.region} --job-queue {request.job_queue} "
        f"--filters name=JOB_NAME,values={request.job_name}"
    )


def _say_where(
    submitted: "Submitted", request: JobRequest, options: SubmitOptions, api: "BatchApi"
) -> None:
    from airflow_fargate_batch.core.urls import job_url

    place = f"{request.job_queue} in {api.region}"
    is_new = options.idempotency_key is None  # with a key, an earlier call may have submitted it
    said = f"Submitted {submitted.job_name} to" if is_new else f"{submitted.job_name} is in"
    _console.talk(f"{said} {place}")
    if not (options.endpoint_url or os.environ.get("AWS_ENDPOINT_URL")):
        _console.talk(job_url(submitted.job_id, region=api.region))
