"""The page of one task instance, as values that the template prints: no AWS, no database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core.explanation import Explanation
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.log_streams import log_page
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.timeline import Timeline
from airflow_fargate_batch.ui.records import TaskRecord

OURS: Final = frozenset({"FargateBatchSubmitOperator", "FargateBatchJobSensor"})
"""Operators that may not have submitted a job yet; a task with a job is known by the job."""
_DECORATORS: Final = "@task.fargate_batch"
CELLS: Final = 400
"""Most cells of the grid of an array's children: a cell stands for one child or for several."""
FAILED_LISTED: Final = 100
"""Failed children listed below the grid."""
WIDTH: Final = 1000
"""Width of a chart, in units of its drawing."""


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


class Cell(NamedTuple):
    """A cell of an array's grid: children *first* to *last*."""

    first: int
    last: int
    is_failed: bool

    @property
    def name(self) -> str:
        """Index, or range of indexes."""
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


class Count(NamedTuple):
    """Number of children in a state, as a part of a chart that is ``WIDTH`` wide."""

    state: str
    number: int
    left: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayView:
    """Children of an array.

    Attributes:
        cells: Grid, in order of the indexes.
        failed: Failed children with index and outcome, the first ones.
        more_failed: Number of further failed children.
    """

    size: int
    counts: Sequence[Count]
    cells: Sequence[Cell]
    failed: Sequence[tuple[int, str]]
    more_failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPage:
    """All that the page shows.

    Attributes:
        notice: A quiet sentence in place of a job.
        stale: Why the page shows no fresh state of the job.
        request: Request of a dry run, as JSON text.
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
        facts=[*facts, *_tries(record)],
        array=_recorded_array(summary),
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
    children: Sequence[Job] = (),
) -> TaskPage:
    """Return the page of a job as AWS described it.

    :param children: failed children of an array.
    """
    job = explanation.job
    return TaskPage(
        record=record,
        stale=stale,
        status=job.status_text,
        seen_at=seen_at,
        headline=explanation.cause if explanation.is_trouble else None,
        advice=explanation.advice if explanation.is_trouble else None,
        evidence=explanation.evidence_lines() if explanation.is_trouble else (),
        facts=[*_facts(job, record), *_cost(record.summary), *_tries(record)],
        bars=bars(explanation.timeline, explanation.now),
        array=_array(job, children),
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


def _tries(record: TaskRecord) -> Iterator[Fact]:
    if len(record.tries) > 1:
        for each in record.tries:
            took = ""
            if each.started_at and each.ended_at:
                took = f" after {duration(each.ended_at - each.started_at)}"
            yield Fact(f"Try {each.number}", f"{each.state or 'none'}{took}")


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


def _array(job: Job, failed: Sequence[Job]) -> ArrayView | None:
    if job.array_size is None:
        return None
    indexes = [
        (child.array.index, _outcome(child))
        for child in failed
        if child.array is not None and child.array.index is not None
    ]
    counts = {status.value: number for status, number in job.counts.items()}
    return _array_view(job.array_size, counts, sorted(indexes))


def _recorded_array(summary: Mapping[str, Any]) -> ArrayView | None:
    array = summary.get("array")
    if not isinstance(array, Mapping) or not isinstance(array.get("size"), int):
        return None
    given = array.get("counts")
    counts = given if isinstance(given, Mapping) else {}
    return _array_view(
        array["size"],
        {str(state): number for state, number in counts.items() if isinstance(number, int)},
        [(index, "") for index in array.get("failed_indexes") or () if isinstance(index, int)],
    )


def _array_view(
    size: int, counts: Mapping[str, int], failed: Sequence[tuple[int, str]]
) -> ArrayView:
    known = {index for index, _ in failed}
    each = -(-size // CELLS)
    cells = [
        Cell(
            first,
            min(first + each, size) - 1,
            not known.isdisjoint(range(first, min(first + each, size))),
        )
        for first in range(0, size, each)
    ]
    return ArrayView(
        size=size,
        counts=_counts(size, counts),
        cells=cells,
        failed=failed[:FAILED_LISTED],
        more_failed=max(counts.get("FAILED", 0) - len(failed[:FAILED_LISTED]), 0),
    )


def _counts(size: int, counts: Mapping[str, int]) -> list[Count]:
    found: list[Count] = []
    left = 0.0
    for state in [status.value for status in JobStatus]:
        if number := counts.get(state, 0):
            width = number / max(size, 1) * WIDTH
            found.append(Count(state, number, round(left, 1), round(width, 1)))
            left += width
    return found


def _outcome(child: Job) -> str:
    code = None if child.exit_code is None else f"exit code {child.exit_code}"
    return ", ".join(filter(None, (code, child.reason or child.status_reason)))


def _name(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)
