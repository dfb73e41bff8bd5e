"""The conclusion about an ended job: children, log lines, failure, exit codes."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.explanation import Explanation, explain, questions
from airflow_fargate_batch.core.failure import diagnose
from airflow_fargate_batch.core.job import FAILED_INDEXES, Job
from airflow_fargate_batch.core.secrets import value_without_secrets
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import AwsError, JobFailed

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.core.items import Items
    from airflow_fargate_batch.watching.log_tail import LogTail

log = logging.getLogger(__name__)

CHILDREN_DESCRIBED: Final = 1000
"""Most failed children of several containers to describe, a hundred a call."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The end of a job.

    Attributes:
        summary: Value of XCom ``job``.
        failure: Exception to raise; ``None`` means the job succeeded.
        exit_codes: Exit codes of the failed job, or of an array's failed children; ``None`` stands
            for a container that never ran.
        is_complete: Whether all failed children were read.
    """

    summary: dict[str, Any]
    failure: JobFailed | None = None
    exit_codes: frozenset[int | None] = frozenset()
    is_complete: bool = True

    def all_ended_with(self, codes: frozenset[int]) -> bool:
        """Report whether all failures ended with exit codes among *codes*."""
        return self.is_complete and bool(self.exit_codes) and self.exit_codes <= codes

    def any_ended_with(self, codes: frozenset[int]) -> bool:
        """Report whether a failure ended with an exit code among *codes*."""
        return not self.exit_codes.isdisjoint(codes)


def conclude(
    job: Job,
    *,
    task: str | None,
    api: "Callable[[], BatchApi]",
    tail: "Callable[[], LogTail] | None" = None,
    items: "Callable[[], Items | None] | None" = None,
    hidden: Callable[[Any], Any] = value_without_secrets,
    every_child: bool = False,
    patience: float | None = None,
) -> Conclusion:
    """Judge an ended job; unreadable children, logs or items do not change the result.

    :param task: DAG id and task id of the Airflow task.
    :param api: called only to ask AWS about a failed array's children, because connecting takes
        longer than all the rest.
    :param tail: called only for a failed job, for the last lines; ``None`` means no lines.
    :param items: called only for a failed job, for the list that the children share; ``None`` means
        that they share none. The call returns ``None`` if the list is not known any more.
    :param hidden: strikes the secrets out of an item.
    :param every_child: whether to read all failed children, because the caller asks for all exit
        codes; otherwise as many as the summary keeps.
    :param patience: seconds for the lookups that explain the job; ``None`` means five.
    """
    nothing: dict[str, Any] = {} if items is None else {"failed_items": []}
    if job.status is JobStatus.SUCCEEDED:
        return Conclusion(job.to_summary() | nothing)
    most = None if every_child else FAILED_INDEXES
    known_children = failed_children_of(job, api, most=most) if job.is_array else []
    failed_children = known_children or []
    listed = items() if items else None
    evidence = gather_evidence(
        job,
        api,
        failed_children=failed_children,
        log_lines=log_lines_of(job, failed_children, api, tail) if tail else (),
        patience=patience,
    )
    explanation = explain(job, evidence, datetime.now(UTC))
    named = partial(listed.named, hidden=hidden) if listed else None
    text = explanation.to_text(task=task, named=named)
    summary = job.to_summary(failed_children=known_children)
    if items is not None:
        indexes = _failed_indexes(job, known_children)
        summary["failed_items"] = (
            None if listed is None or indexes is None else listed.failed(indexes, hidden)
        )
    failure = explanation.failure or diagnose(job, failed_children)
    return Conclusion(
        summary,
        failure.exception(text, job.id, failure.retryable),
        frozenset(each.exit_code for each in (failed_children if job.is_array else [job])),
        is_complete=job.counts.get(JobStatus.FAILED, 0) <= len(failed_children),
    )


def gather_evidence(
    job: Job,
    api: "Callable[[], BatchApi]",
    *,
    failed_children: Sequence[Job] = (),
    log_lines: Sequence[str] = (),
    patience: float | None = None,
) -> Evidence:
    """Look up the evidence that can explain a job of a task.

    :param api: called only if a lookup can add to the explanation.
    :param patience: seconds for all lookups; ``None`` means five.
    """
    alone = Evidence(failed_children=tuple(failed_children), log_lines=tuple(log_lines))
    asked = questions(job, failed_children)
    if not asked:
        return alone
    from airflow_fargate_batch.watching.evidence_reader import EvidenceReader

    try:
        reader = EvidenceReader(api(), patience=patience)
    except AwsError as error:
        log.warning("Could not look up the surroundings of job %s: %s", job.id, error)
        return alone
    return reader.read(job, asked, failed_children=failed_children, log_lines=log_lines)


def explained(
    job: Job, api: "Callable[[], BatchApi]", *, patience: float | None = None
) -> Explanation:
    """Explain a job that a task gives up; *patience* as in ``gather_evidence``."""
    return explain(job, gather_evidence(job, api, patience=patience), datetime.now(UTC))


def _failed_indexes(job: Job, failed_children: list[Job] | None) -> list[int] | None:
    """Return the failed indexes of the original array; ``None`` if they are not known."""
    if not job.is_array:
        return [job.indexes[0] if job.indexes else 0]
    if failed_children is None:
        return None
    indexes = map(job.index_of, failed_children)
    return sorted(index for index in indexes if index is not None)


def failed_children_of(
    job: Job, api: "Callable[[], BatchApi]", *, most: int | None = None
) -> list[Job] | None:
    """Ask for an array's failed children; ``None`` if they cannot be listed.

    :param most: number of children after which no further page is read; default: all pages.
    """
    try:
        children = api().failed_children(job.id, most=most)
    except AwsError as error:
        log.warning("Could not list the failed children of job %s: %s", job.id, error)
        return None
    if len(job.containers) > 1:
        children = _with_containers(api, children)
    return [child.striking_out(job.secrets) for child in children] if job.secrets else children


def _with_containers(api: "Callable[[], BatchApi]", children: list[Job]) -> list[Job]:
    """Describe children of several containers: ListJobs does not mark the essential container.

    Without a description a child's exit code is unknown, and so decides neither skip nor failure.
    """
    ids = [child.id for child in children[:CHILDREN_DESCRIBED]]
    try:
        known = {child.id: child for child in api().describe_jobs(ids)}
    except AwsError as error:
        log.warning("Could not read the containers of the failed children: %s", error)
        known = {}
    return [known.get(child.id) or replace(child, containers=()) for child in children]


def last_lines(job: Job, tail: "Callable[[], LogTail]") -> list[str]:
    """Return the last log lines of a job, ended or not; no lines for an array."""
    try:
        return tail().of(job)
    except AwsError as error:
        log.warning("Could not read the last log lines of job %s: %s", job.id, error)
        return []


def log_lines_of(
    job: Job,
    failed_children: list[Job],
    api: "Callable[[], BatchApi]",
    tail: "Callable[[], LogTail]",
) -> list[str]:
    """Return the last log lines of a job, or of an array's first failed children."""

    def describe(ids: list[str]) -> list[Job]:
        return api().describe_jobs(ids)

    try:
        if job.is_array:
            return tail().of_children(failed_children, describe=describe)
        return tail().of(job, describe=describe)
    except AwsError as error:
        log.warning("Could not read the last log lines of job %s: %s", job.id, error)
        return []
