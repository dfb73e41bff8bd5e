"""Diagnosis of a failed job: cause, use of a retry, advice."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core import fargate
from airflow_fargate_batch.core._containers import Container
from airflow_fargate_batch.core._failure_rules import RULES, FailureKind, FailureRule
from airflow_fargate_batch.core.job import Attempt, Job
from airflow_fargate_batch.core.listing import first_few
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import JobFailed

__all__ = [
    "Failure",
    "FailureKind",
    "diagnose",
    "diagnose_stuck",
    "outcome_lines",
    "outcome_of",
    "reasons",
]

CHILDREN_SHOWN: Final = 10
"""Number of failed children in a report."""
QUOTED: Final = 160
"""Characters of AWS's text quoted in a cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A diagnosis.

    Attributes:
        cause: Cause, to follow a colon. If AWS's text names no cause, the text is quoted.
        advice: Next step, as a sentence; the operator's arguments stand in backticks.
        exception: Class of the exception that a task raises.
    """

    kind: FailureKind
    cause: str
    advice: str
    exception: type[JobFailed]

    @property
    def retryable(self) -> bool:
        """Whether an Airflow retry can help."""
        return self.kind.retryable


_COMPILED: Final = tuple(
    (re.compile(rule.pattern, re.MULTILINE | re.IGNORECASE), rule) for rule in RULES
)


def diagnose(job: Job, failed_children: Sequence[Job] = ()) -> Failure:
    """Return the diagnosis of a failed job.

    :param failed_children: of an array; AWS itself reports only their number
    """
    failure = _first_match(_evidence(job), job)
    if failure.kind is not FailureKind.CHILDREN or not failed_children:
        return failure
    unread = max(0, _failed_count(job, failed_children) - len(failed_children))
    return _of_array(failure, list(map(diagnose, failed_children)), unread)


def _failed_count(job: Job, failed_children: Sequence[Job]) -> int:
    """Return the number of failed children, also of those that were not listed."""
    return max(job.counts.get(JobStatus.FAILED, 0), len(failed_children))


def _of_array(failure: Failure, causes: Sequence[Failure], unread: int) -> Failure:
    """Return the commonest cause of the children; retryable if any child is, or was not read.

    The exception is the children's, if all have the same.

    Children that failed only because a sibling failed (DEPENDENCY) are ignored, unless every child
    did. Causes with the same advice count as one cause: quoted texts may differ by an id.
    """
    telling = [cause for cause in causes if cause.kind is not FailureKind.DEPENDENCY]
    shares = Counter(cause.advice for cause in telling or causes)
    advice, count = shares.most_common(1)[0]
    commonest = next(cause for cause in telling or causes if cause.advice == advice)
    share = _share(count, len(causes))
    if unread:
        share = f"{count} of {len(causes)} failed children that were read; {unread} were not"
    is_hopeless = not unread and not any(cause.retryable for cause in causes)
    exceptions = {cause.exception for cause in telling or causes}
    return Failure(
        kind=commonest.kind if is_hopeless else failure.kind,
        cause=f"{commonest.cause} ({share})",
        advice=commonest.advice,
        exception=exceptions.pop() if len(exceptions) == 1 else failure.exception,
    )


def _share(count: int, failed: int) -> str:
    """Write a share of the failed children (not of all children)."""
    if failed == 1:
        return "the one child that failed"
    if count == failed:
        return f"all {failed} children that failed"
    return f"{count} of the {failed} children that failed"


def diagnose_stuck(job: Job) -> Failure | None:
    """Return why a RUNNABLE job can never run; ``None`` if the job may run."""
    reason = job.status_reason or ""
    if job.waits_for_room and reason.startswith("MISCONFIGURATION:"):
        return _first_match(reason, job)
    return None


def outcome_lines(
    job: Job,
    failed_children: Sequence[Job] = (),
    *,
    named: Callable[[int], str] | None = None,
    attempts: bool = True,
) -> list[str]:
    """Write the outcome of containers, attempts and children, where there are several.

    :param named: names the items of a child, by its index in the original array.
    :param attempts: whether to write the attempts; a timeline shows them too.
    """
    of_attempts = _attempts(job) if attempts else ()
    return [*_containers(job), *of_attempts, *_children(job, failed_children, named)]


def _evidence(job: Job) -> str:
    """Write all evidence about the end as lines for the rules' patterns.

    Line breaks are removed from texts: a reason with a line break could fake an exit code.
    """
    exit_code = _last(job).exit_code if job.exit_code is None else job.exit_code
    lines = [*(" ".join(words.split()) for words in reasons(job)), f"exitCode: {exit_code}"]
    lines += ["isTerminated"] * job.is_terminated + ["isCancelled"] * job.is_cancelled
    lines += ["anotherEndedEarly"] * (job.ended_early is not None)
    lines += ["anotherFailedFirst"] * (job.failed_first is not None)
    return "\n".join(lines)


def reasons(job: Job) -> list[str]:
    """Collect AWS's reasons: of the job, else of the last attempt; of the deciding container."""
    last = _last(job)
    said = [job.status_reason or last.status_reason, job.reason or last.reason]
    return [words for words in dict.fromkeys(said) if words]


def _last(job: Job) -> Attempt:
    return job.attempts[-1] if job.attempts else Attempt()


def _first_match(evidence: str, job: Job) -> Failure:
    rule, found = next(
        (rule, found) for pattern, rule in _COMPILED if (found := pattern.search(evidence))
    )
    advice = rule.advice
    if rule.kind is FailureKind.OUT_OF_MEMORY:
        advice += _next_size(job)
    return Failure(
        kind=rule.kind,
        cause=_cause(rule, found),
        advice=advice,
        exception=rule.exception or rule.kind.exception,
    )


def _cause(rule: FailureRule, found: re.Match[str]) -> str:
    """Write the rule's cause; a fallback rule also quotes the matching line."""
    if not rule.quotes:
        return rule.cause
    line = found.string[found.start() :].partition("\n")[0]
    return f'{rule.cause}: "{line[:QUOTED]}{"…" if len(line) > QUOTED else ""}"'


def _next_size(job: Job) -> str:
    if job.vcpu is None or job.memory is None:
        return ""
    size = fargate.smallest_that_holds(job.vcpu, job.memory + 1)
    return f" The next size above its {job.memory} MiB is {size}." if size else ""


def _containers(job: Job) -> Iterator[str]:
    """Write the outcome of each container, if there are several."""
    if len(job.containers) > 1:
        for container in job.containers:
            helper = "" if container.essential else " (not essential)"
            first = ", failed first" if container is job.failed_first else ""
            yield f"Container {container.name or '?'}{helper}: {outcome_of(container)}{first}"


def _attempts(job: Job) -> Iterator[str]:
    """Write the outcome of each attempt, if there were several."""
    if len(job.attempts) > 1:
        for number, attempt in enumerate(job.attempts, start=1):
            yield f"Attempt {number}: {outcome_of(attempt)}"


def _children(job: Job, failed: Sequence[Job], named: Callable[[int], str] | None) -> Iterator[str]:
    """Write the outcomes of an array's children; of a plain job, only its items."""
    if job.array is None and named:
        yield f"Failed: {named(job.indexes[0] if job.indexes else 0)}"
    if not failed:
        return
    count = _failed_count(job, failed)
    yield f"Failed children: {count}{f' of {job.array_size}' if job.array_size else ''}"
    shown = (_child(job, child, named) for child in failed[:CHILDREN_SHOWN])
    yield from (f"  {line}" for line in first_few(shown, CHILDREN_SHOWN, count=count))


def _child(job: Job, child: Job, named: Callable[[int], str] | None) -> str:
    index = job.index_of(child)
    known = [f"index {index}"] if job.indexes else []
    known += [named(index)] if named and index is not None else []
    said = f" ({', '.join(known)})" if known else ""
    return f"{child.id}{said}: {outcome_of(child)}"


def outcome_of(ended: Attempt | Container | Job) -> str:
    """Write exit code and reason of an attempt, a container or a job that has ended."""
    exit_code = None if ended.exit_code is None else f"exit code {ended.exit_code}"
    if ended.exit_code == 0 and ended.reason is None:
        return "exit code 0"  # AWS's "Essential container in task exited" sounds like a failure
    reason = ended.reason or (None if isinstance(ended, Container) else ended.status_reason)
    return ", ".join(words for words in (exit_code, reason) if words) or "no reason given"
