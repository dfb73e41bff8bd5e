"""Texts for a wait that ended before the job."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core.failure import diagnose_stuck
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.listing import first_few
from airflow_fargate_batch.core.log_streams import log_page
from airflow_fargate_batch.core.report import JobReport

if TYPE_CHECKING:  # parsing a DAG needs no explanation
    from airflow_fargate_batch.core.explanation import Explanation

NAMED: Final = 10
"""Number of running jobs listed in a text."""


def left_running(jobs: Iterable[Job], *, region: str | None = None, why: str | None = None) -> str:
    """List jobs left running, with console page and command to terminate.

    :param jobs: as last seen; with an id alone if AWS never answered.
    :param region: of jobs without a known ARN.
    :param why: reason not to terminate the jobs, if termination is the default.
    """
    live = [job for job in jobs if job.status.is_live]
    lines = (_left_running(job, region, why) for job in live[:NAMED])
    return "\n".join(first_few(lines, NAMED, noun="jobs", count=len(live)))


def _left_running(job: Job, region: str | None, why: str | None) -> str:
    state = f"is still {job.status_text}" if job.status_text else "may still be running"
    if why:
        state = f"is left running: {why}"
    page = console_page(job, region)
    where = f": {page}" if page else ""
    return f"Job {job.id} {state}; 'fargate-batch terminate {job.id}' terminates it{where}"


def console_page(job: Job, region: str | None = None) -> str | None:
    """Return the job's page in the console, if its region is known."""
    known = job.region or region
    return urls.job_url(job.id, region=known) if known else None


def outcome(
    jobs: Sequence[Job],
    *,
    terminated: bool,
    failure: str | None = None,
    because: str | None = None,
    region: str | None = None,
) -> str:
    """Report whether jobs were terminated or are still running.

    :param terminated: whether termination was intended.
    :param failure: reason of a failed termination.
    :param because: reason not to terminate the jobs, if termination is the default.
    """
    if failure is not None:
        text = f"The job could not be terminated: {failure}"
        return f"{text}\n{left_running(jobs, region=region)}".rstrip()
    if terminated:
        return "The job was terminated." if len(jobs) == 1 else "The jobs were terminated."
    return left_running(jobs, region=region, why=because)


def report(
    text: str,
    *,
    task: str | None = None,
    job: Job | None = None,
    region: str | None = None,
    log_lines: Iterable[str] = (),
    advice: str | None = None,
    explanation: "Explanation | None" = None,
) -> str:
    """Write a report of an abandoned job, in the form of the report of a failed job.

    :param text: limit, last state and outcome; the first line fits an alert.
    :param task: the Airflow task, as people call it.
    :param log_lines: the last lines of the job's log, already cut.
    :param advice: next step, if the explanation has none for a wait of this kind.
    :param explanation: of the job before it was terminated.
    """
    page = console_page(job, region) if job else None
    pages = [f"Console: {page}"] if page and page not in text else []
    if job and (log := log_page(job)):
        pages.append(f"Log: {log}")
    waits = explanation is not None and explanation.is_before_start
    return str(
        JobReport(
            headline=f"{task}: {text[:1].lower()}{text[1:]}" if task else text,
            details=_cause(explanation) if explanation and waits else (),
            timeline=_timeline(explanation) if explanation else (),
            evidence=explanation.evidence_lines() if explanation else (),
            log_lines=log_lines,
            pages=pages,
            unread=explanation.evidence.unread_lines() if explanation else (),
            advice=explanation.advice if explanation and waits else advice,
        )
    )


def _cause(explanation: "Explanation") -> list[str]:
    """Write the cause of the wait, unless the text of a job that can never start has it."""
    is_told = diagnose_stuck(explanation.job) is not None
    return [] if is_told else [f"Cause: {explanation.cause}"]


def _timeline(explanation: "Explanation") -> list[str]:
    """Write the timeline if it tells more than the last state, which the text has."""
    is_longer = len(explanation.timeline.steps) > 1
    return explanation.timeline.to_lines(explanation.now) if is_longer else []
