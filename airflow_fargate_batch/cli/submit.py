"""``fargate-batch submit``: arguments in; a job id, or with ``--dry-run`` the request, out."""

import argparse
import os
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli._exit_codes import INVALID, OK, REFUSED
from airflow_fargate_batch.cli._flags import Given, add_groups
from airflow_fargate_batch.cli._submit_flags import EPILOG, FLAGS
from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.core.request import JobRequest, JsonFile
from airflow_fargate_batch.core.secrets import STRUCK_OUT, redacted
from airflow_fargate_batch.exceptions import AwsError, InvalidRequest, SubmissionUncertain

if TYPE_CHECKING:
    from airflow_fargate_batch.aws import Submitted

PATIENCE: Final = 45.0
"""Seconds to go on where AWS throttles or cannot be reached: a person waits. It takes 30 of them to
look for a job whose submit was not answered."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags, and end the help with examples."""
    parser.usage = "%(prog)s [--job-queue QUEUE] [--job-definition DEFINITION] [flags]"
    parser.epilog = EPILOG.format(prog=parser.prog)
    add_groups(parser, FLAGS)


def run(arguments: argparse.Namespace) -> int:
    """Submit the job, or show it."""
    given = Given(FLAGS, arguments, os.environ)
    try:
        request = _request(given)
        for text in request.warnings:
            _console.warning(given.in_flags(text))
        for text in request.notes:
            _console.note(given.in_flags(text))
        return _show(request, given) if given["dry_run"] else _submit(request, given)
    except InvalidRequest as error:
        problems = [given.describe(problem) for problem in error.problems]
        listed = "".join(f"\n  {problem}" for problem in problems)
        heading = f"nothing was submitted; {len(problems)} things are wrong:{listed}"
        _console.error(problems[0] if len(problems) == 1 else heading)
        return INVALID
    except AwsError as error:
        _console.error(given.in_flags(str(error)))
        return REFUSED


def _request(given: Given) -> JobRequest:
    wanted = given.request_arguments()
    for name in ("parameters_file", "container_overrides_file"):
        if given[name] is not None:
            wanted[name] = read_json_file(given[name])
    if "share_identifier" in given and "scheduling_priority" not in given:
        wanted["scheduling_priority"] = 0
    return JobRequest.from_arguments(
        dry_run=bool(given["dry_run"]),
        submission=Submission(token=os.urandom(8).hex()),
        **wanted,
    )


def read_json_file(path: str) -> JsonFile:
    """Read a file; what is wrong with it is told together with all other problems."""
    from pathlib import Path  # here, because few calls name a file

    try:
        return JsonFile(path, text=Path(path).expanduser().read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        return JsonFile(path, error=f"is not UTF-8 text, from byte {error.start} on")
    except (OSError, RuntimeError, ValueError) as error:  # Runtime: ~nobody; Value: a NUL
        reason = getattr(error, "strerror", None) or str(error)
        return JsonFile(path, error=f"cannot be read: {reason}")


def _show(request: JobRequest, given: Given) -> int:
    body = request.to_submit_job()
    hidden = redacted(body)
    as_sent, as_shown = _console.as_json(body), _console.as_json(hidden)
    struck = as_shown.count(f'"{STRUCK_OUT}"') - as_sent.count(f'"{STRUCK_OUT}"')
    _console.talk("Dry run: nothing was submitted.")
    if struck and not given["show_secrets"]:
        values = (
            "1 value, whose name looks" if struck == 1 else f"{struck} values, whose names look"
        )
        _console.note(f"{values} secret, shown as {STRUCK_OUT}; --show-secrets writes what is sent")
    _console.data(as_sent if given["show_secrets"] else as_shown)
    return OK


def _submit(request: JobRequest, given: Given) -> int:
    # Here, because a dry run must not wait for botocore.
    from airflow_fargate_batch.cli._connection import connect
    from airflow_fargate_batch.submission import Submitter

    submitter = Submitter(connect(given), patience=PATIENCE)
    submitter.check_platform_version(request)
    try:
        submitted = submitter.submit(request)
    except KeyboardInterrupt:
        _console.warning(f"interrupted while the job was submitted{_may_exist(request, given)}")
        raise
    except SubmissionUncertain as error:
        reason = f" ({error.__cause__})" if error.__cause__ else ""
        _console.error(f"SubmitJob got no answer{reason}{_may_exist(request, given)}")
        return REFUSED
    _say_where(submitted, request, given)
    try:
        _console.data(_answer(submitted) if given["output"] == "json" else submitted.job_id)
    except OSError:
        _console.talk(f"The job's id is {submitted.job_id}")
        raise
    return OK


def _may_exist(request: JobRequest, given: Given) -> str:
    return (
        f": {request.job_name} may exist or not. Look for it before you submit it again:\n"
        f"  aws batch list-jobs --region {given['region']} --job-queue {request.job_queue} "
        f"--filters name=JOB_NAME,values={request.job_name}"
    )


def _answer(submitted: "Submitted") -> str:
    return _console.as_json(
        {
            "jobArn": submitted.job_arn,
            "jobName": submitted.job_name,
            "jobId": submitted.job_id,
        }
    )


def _say_where(submitted: "Submitted", request: JobRequest, given: Given) -> None:
    from airflow_fargate_batch.core.urls import job_url

    region = given["region"]
    _console.talk(f"Submitted {submitted.job_name} to {request.job_queue} in {region}")
    if not (given["endpoint_url"] or os.environ.get("AWS_ENDPOINT_URL")):
        _console.talk(job_url(submitted.job_id, region=region))
