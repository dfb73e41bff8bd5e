"""The page of one task instance, as values that the template prints: no AWS, no database."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core.arguments import Arguments
from airflow_fargate_batch.core.explanation import Explanation
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import log_page
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.timeline import Timeline
from airflow_fargate_batch.ui.array_view import WIDTH, ArrayView, array_of, recorded_array
from airflow_fargate_batch.ui.records import TaskRecord
from airflow_fargate_batch.ui.tries import NO_JOBS, Jobs, TryView, views

OURS: Final = frozenset({"FargateBatchSubmitOperator", "FargateBatchJobSensor"})
"""Operators that may not have submitted a job yet; a task with a job is known by the job."""
_DECORATORS: Final = "@task.fargate_batch"


class Fact(NamedTuple):
    """A line of the list of facts; *url* is an address in the AWS console."""

    name: str
    value: str
    url: str | None = None


class Bar(NamedTuple):
    """A step of the timeline, as a part of a chart that is ``WIDTH`` wide."""

    name: str
    text: str
    left: float
    width: float
    style: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """All that the page shows.

    Attributes:
        notice: A quiet sentence in place of a job.
        stale: Why the page shows no fresh state of the job.
        unread: What could not be looked up, and why.
        tries: Tries of the task with their jobs, if there are several tries or jobs.
        request: Request of a dry run, or the arguments of a job's request, as JSON text.
        is_live: Whether the page is asked for again while it is open.
    """

    record: TaskRecord
    notice: str | None = None
    stale: str | None = None
    status: str = ""
    seen_at: datetime | None = None
    headline: str | None = None
    advice: str | None = None
    evidence: Sequence[str] = ()
    unread: Sequence[str] = ()
    tries: Sequence[TryView] = ()
    facts: Sequence[Fact] = ()
    bars: Sequence[Bar] = ()
    array: ArrayView | None = None
    request: str | None = None
    has_log: bool = False
    is_live: bool = False


def page_without_job(record: TaskRecord, request: str | None) -> TaskPage:
    """Return the page of a dry run, of a task before its submit, or of another operator's task."""
    if request is not None:
        return TaskPage(record=record, request=request, status="DRY_RUN")
    if not _is_ours(record):
        return TaskPage(record=record, notice="This task runs no Fargate job of AWS Batch.")
    is_over = record.state in {"success", "failed", "skipped", "upstream_failed", "removed"}
    said = "This task has submitted no job" + ("." if is_over else " yet.")
    return TaskPage(record=record, notice=said, is_live=not is_over)


def _is_ours(record: TaskRecord) -> bool:
    operator = record.operator or ""
    return operator in OURS or operator.startswith(_DECORATORS)


def page_from_records(record: TaskRecord, job_id: str, region: str, stale: str) -> TaskPage:
    """Return the page of a job that AWS says nothing about: what Airflow recorded."""
    summary = record.summary
    facts = [Fact("Job", job_id, urls.job_url(job_id, region=region))]
    facts += [
        Fact(label, str(summary[key]))
        for key, label in _SUMMARY.items()
        if summary.get(key) not in (None, "", [])
    ]
    facts += list(_cost(summary))
    return TaskPage(
        record=record,
        stale=stale,
        status=str(summary.get("status") or "UNKNOWN"),
        facts=facts,
        tries=_tries(record, NO_JOBS, region),
        request=arguments(record),
        array=recorded_array(summary),
        is_live=record.state in {"running", "deferred"},
    )


_SUMMARY: Final = {
    "job_name": "Name",
    "status_reason": "Status reason",
    "reason": "Reason",
    "exit_code": "Exit code",
    "attempts": "Attempts",
    "created_at": "Submitted",
    "started_at": "Started",
    "stopped_at": "Stopped",
    "vcpu": "vCPU",
    "memory": "Memory (MiB)",
}


def page_of_job(
    record: TaskRecord,
    explanation: Explanation,
    *,
    seen_at: datetime,
    stale: str | None = None,
    children: Sequence[Job] | None = (),
    jobs: Jobs = NO_JOBS,
) -> TaskPage:
    """Return the page of a job as AWS described it.

    :param children: failed children of an array, the first ones; ``None`` if AWS did not list them.
    :param jobs: jobs of the task's tries.
    """
    job = explanation.job
    unread = []
    if children is None:
        unread.append("AWS did not list the failed children (batch:ListJobs).")
    if jobs.trouble:
        unread.append(f"The jobs of earlier tries are not known: {jobs.trouble}")
    return TaskPage(
        record=record,
        stale=stale,
        status=job.status_text,
        seen_at=seen_at,
        headline=explanation.cause if explanation.needs_action else None,
        advice=explanation.advice if explanation.needs_action else None,
        evidence=explanation.evidence_lines() if explanation.needs_action else (),
        unread=unread,
        facts=[*_facts(job, record), *_cost(record.summary)],
        tries=_tries(record, jobs, job.region or ""),
        request=arguments(record),
        bars=bars(explanation.timeline, explanation.now),
        array=array_of(job, children or (), record.summary),
        has_log=not job.is_array and bool(job.log_streams),
        is_live=job.status.is_live,
    )


def _facts(job: Job, record: TaskRecord) -> Iterator[Fact]:
    region = job.region or ""
    yield Fact("Job", job.id, urls.job_url(job.id, region=region) if region else None)
    if job.name:
        yield Fact("Name", job.name)
    if job.vcpu is not None and job.memory is not None:
        yield Fact("Size", f"{job.vcpu.normalize():f} vCPU, {job.memory} MiB")
    images = list(dict.fromkeys(each.image for each in job.containers if each.image))
    if images:
        yield Fact("Image", ", ".join(images))
    if job.queue:
        url = urls.job_queue_url(job.queue, region=region) if region else None
        yield Fact("Job queue", _name(job.queue), url)
    if job.definition:
        url = urls.job_definition_url(job.definition, region=region) if region else None
        yield Fact("Job definition", _name(job.definition), url)
    command = record.rendered.get("command")
    if command:
        yield Fact("Command", _text(command))
    if job.exit_code is not None:
        yield Fact("Exit code", str(job.exit_code))
    if job.status_reason:
        yield Fact("Status reason", job.status_reason)
    if page := log_page(job):
        yield Fact("Log", "CloudWatch Logs", page)


def _cost(summary: Mapping[str, Any]) -> Iterator[Fact]:
    cost = summary.get("cost")
    if not isinstance(cost, Mapping) or cost.get("low") is None:
        return
    amounts = dict.fromkeys(str(cost[key]) for key in ("low", "high") if cost.get(key) is not None)
    yield Fact("Cost, at least", f"{' to '.join(amounts)} {cost.get('currency') or ''}".strip())


def _tries(record: TaskRecord, jobs: Jobs, region: str) -> list[TryView]:
    if len(record.tries) < 2 and len(jobs.found) < 2:
        return []
    return views(record.tries, jobs.found, region)


def arguments(record: TaskRecord) -> str | None:
    """Return the request's arguments as Airflow recorded them, secrets struck out, as JSON."""
    given = {
        each.name: record.rendered[each.name]
        for each in fields(Arguments)
        if record.rendered.get(each.name) not in (None, "", [], {})
    }
    return json.dumps(given, indent=2, ensure_ascii=False, default=str) if given else None


def bars(timeline: Timeline, now: datetime) -> list[Bar]:
    """Return the steps of a job as parts of a chart."""
    if timeline.submitted_at is None or not timeline.steps:
        return []
    whole = ((timeline.ended_at or now) - timeline.submitted_at).total_seconds() or 1.0
    found = []
    for step in timeline.steps:
        begun = (step.begin - timeline.submitted_at).total_seconds()
        text = f"{step.name} {duration(timedelta(seconds=step.lasted(now)))}"
        if step.attempt is not None:
            text += f", attempt {step.attempt}"
        if step.outcome:
            text += f": {step.outcome}"
        left = min(max(begun / whole, 0.0), 1.0) * WIDTH
        width = max(step.lasted(now) / whole * WIDTH, 2.0)
        style = step.name.split()[0]
        found.append(Bar(step.name, text, round(left, 1), round(width, 1), style))
    return found


def _name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)
