"""What went wrong with a job, whether trying again can help, and what to do about it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from airflow_fargate_batch.core import fargate
from airflow_fargate_batch.core._failure_rules import RULES, FailureKind
from airflow_fargate_batch.core.job import Attempt, Job
from airflow_fargate_batch.core.log_streams import log_page

__all__ = ["Failure", "FailureKind", "diagnose", "diagnose_stuck", "report"]

CHILDREN_SHOWN: Final = 10
"""How many failed children of an array a report tells about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A diagnosis.

    Attributes:
        cause: What went wrong, to stand behind a colon.
        advice: What to do next, as a sentence.
    """

    kind: FailureKind
    cause: str
    advice: str

    @property
    def retryable(self) -> bool:
        """Whether an Airflow retry can help."""
        return self.kind.retryable


_COMPILED: Final = tuple((re.compile(rule.pattern, re.MULTILINE), rule) for rule in RULES)


def diagnose(job: Job, failed_children: Sequence[Job] = ()) -> Failure:
    """Say what went wrong with a job that has failed.

    :param failed_children: of an array, about which AWS itself says only that it has some
    """
    failure = _first_match(_evidence(job), job)
    if failure.kind is not FailureKind.CHILDREN or not failed_children:
        return failure
    return _of_array(failure, Counter(map(diagnose, failed_children)))


def _of_array(failure: Failure, causes: "Counter[Failure]") -> Failure:
    """Say what most children failed of; where no retry helps any of them, none helps the array.

    A child that another one took along says nothing, unless all were.
    """
    telling = [cause for cause in causes if cause.kind is not FailureKind.DEPENDENCY]
    commonest = max(telling or causes, key=lambda cause: causes[cause])
    share = _share(causes[commonest], causes.total())
    is_hopeless = not any(cause.retryable for cause in causes)
    return Failure(
        kind=commonest.kind if is_hopeless else failure.kind,
        cause=f"{commonest.cause} ({share})",
        advice=commonest.advice,
    )


def _share(count: int, failed: int) -> str:
    """Write how many of the children that failed are meant; the size of the array is another."""
    if failed == 1:
        return "the one child that failed"
    if count == failed:
        return f"all {failed} children that failed"
    return f"{count} of the {failed} children that failed"


def diagnose_stuck(job: Job) -> Failure | None:
    """Say why a job in RUNNABLE can never run; ``None`` where it may yet, or is past RUNNABLE."""
    reason = job.status_reason or ""
    if job.waits_for_room and reason.startswith("MISCONFIGURATION:"):
        return _first_match(reason, job)
    return None


def report(
    job: Job,
    *,
    task: str | None = None,
    failed_children: Sequence[Job] = (),
    log_lines: Iterable[str] = (),
    url: str | None = None,
) -> str:
    """Write a failed job up: a first line for an alert, then what a person needs to go on.

    :param task: the Airflow task, as people call it
    :param failed_children: of an array; the first ten are told about
    :param log_lines: the last lines of the job's log, already cut to what should be shown
    :param url: the job's page in the console
    """
    failure = diagnose(job, failed_children)
    subject = f"{task}: job {job.id}" if task else f"job {job.id}"
    exit_codes = {each.exit_code for each in failed_children or (job,)}
    exit_code = exit_codes.pop() if len(exit_codes) == 1 else None
    said = f" with exit code {exit_code}" if exit_code is not None else ""
    lines = [f"{subject} failed{said}: {failure.cause}"]
    lines += [f"AWS says: {words}" for words in _words(job)]
    lines += _attempts(job)
    lines += _children(job, failed_children)
    if tail := [f"  {line}" for line in log_lines]:
        lines += ["Last log lines:", *tail]
    if url:
        lines.append(f"Console: {url}")
    if page := log_page(job):
        lines.append(f"Log: {page}")
    lines.append(f"What to do: {failure.advice}")
    return "\n".join(lines)


def _evidence(job: Job) -> str:
    """Write everything that tells about the end as lines for the rules' patterns."""
    exit_code = _last(job).exit_code if job.exit_code is None else job.exit_code
    lines = [*_words(job), f"exitCode: {exit_code}"]
    lines += ["isTerminated"] * job.is_terminated + ["isCancelled"] * job.is_cancelled
    return "\n".join(lines)


def _words(job: Job) -> list[str]:
    """Collect what AWS says about the end; where the job is silent, its last attempt speaks."""
    last = _last(job)
    containers = [*job.containers] if job.reason else [*job.containers, *last.containers]
    reasons = (container.reason for container in containers)
    return [
        words
        for words in dict.fromkeys([job.status_reason or last.status_reason, *reasons])
        if words
    ]


def _last(job: Job) -> Attempt:
    return job.attempts[-1] if job.attempts else Attempt()


def _first_match(evidence: str, job: Job) -> Failure:
    rule = next(rule for pattern, rule in _COMPILED if pattern.search(evidence))
    advice = rule.advice
    if rule.kind is FailureKind.OUT_OF_MEMORY:
        advice += _next_size(job)
    return Failure(kind=rule.kind, cause=rule.cause, advice=advice)


def _next_size(job: Job) -> str:
    if job.vcpu is None or job.memory is None:
        return ""
    size = fargate.smallest_that_holds(job.vcpu, job.memory + 1)
    return f" The next size above its {job.memory} MiB is {size}." if size else ""


def _attempts(job: Job) -> Iterator[str]:
    """Tell of the attempts where there was more than one."""
    if len(job.attempts) > 1:
        for number, attempt in enumerate(job.attempts, start=1):
            yield f"Attempt {number}: {_outcome(attempt)}"


def _children(job: Job, failed: Sequence[Job]) -> Iterator[str]:
    if not failed:
        return
    size = job.array.size if job.array else None
    yield f"Failed children: {len(failed)}{f' of {size}' if size else ''}"
    for child in islice(failed, CHILDREN_SHOWN):
        index = f" (index {job.index_of(child)})" if job.indexes else ""
        yield f"  {child.id}{index}: {_outcome(child)}"
    if len(failed) > CHILDREN_SHOWN:
        yield f"  and {len(failed) - CHILDREN_SHOWN} more"


def _outcome(ended: Attempt | Job) -> str:
    exit_code = None if ended.exit_code is None else f"exit code {ended.exit_code}"
    said = [words for words in (exit_code, ended.reason or ended.status_reason) if words]
    return ", ".join(said) or "no reason given"
