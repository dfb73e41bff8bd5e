"""A rule of the preflight as data, and a finding: what the rule says about one thing."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from airflow_fargate_batch.core._preflight.merging import Merged
from airflow_fargate_batch.core.remedies import filled
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.surroundings import Surroundings

Subject = TypeVar("Subject")


class Level(Enum):
    """Weight of a finding. Only problems refuse a request."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Result of a rule for a queue, a definition or a request.

    Attributes:
        rule: Name of the rule, such as ``queue-state``.
        subject: Heading in a report: ``job queue nightly``.
        field: Argument of the request that the finding is about.
        text: What was found, as a sentence without a period; never a secret.
        advice: What to do, as sentences; ``None`` if there is nothing to do.
        may_pass: Whether somebody may repair the problem without a change of the request.
    """

    rule: str
    subject: str
    field: str
    level: Level
    text: str
    advice: str | None = None
    may_pass: bool = False

    def __str__(self) -> str:
        """Write text and advice."""
        return f"{self.text}. {self.advice}" if self.advice else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All that rules look at, beside their own subject.

    Attributes:
        request: ``None`` if a queue or a definition is judged alone.
        merged: The request combined with the definition; of a definition alone without a request,
            the definition's own values; ``None`` without a definition.
    """

    surroundings: Surroundings
    request: JobRequest | None = None
    merged: Merged | None = None

    @property
    def is_submit(self) -> bool:
        """Whether there is a request."""
        return self.request is not None

    @property
    def share_identifier(self) -> str | None:
        """Share identifier of the request."""
        return self.request.share_identifier if self.request else None

    @property
    def scheduling_priority(self) -> int | None:
        """Scheduling priority of the request, not of the definition."""
        return self.request.scheduling_priority if self.request else None

    @property
    def array_size(self) -> int:
        """Number of jobs that the request makes."""
        return (self.request.array_size if self.request else None) or 1


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A rule's answer, before the remedy is written into a finding.

    Attributes:
        names: Values for the places in the rule's remedy.
        advice: Advice instead of the rule's remedy; ``""`` means there is nothing to do.
    """

    level: Level
    text: str
    names: Mapping[str, str] = field(default_factory=dict)
    advice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightRule(Generic[Subject]):
    """One thing that can be wrong, and what to do about it.

    Attributes:
        name: Name in reports; part of the command line's JSON.
        field: Argument of the request that the rule is about.
        wrong: The situation, as a phrase for the page about troubleshooting.
        remedy: What to do, as sentences, with places such as ``{queue}``.
        source: Where AWS documents the rule.
        check: Yields what the rule finds; nothing if it does not apply.
        may_pass: Whether a problem is a state that AWS or an administrator may end.
    """

    name: str
    field: str
    wrong: str
    remedy: str
    source: str
    check: Callable[[Subject, Case], Iterable[CheckResult]]
    may_pass: bool = False

    def judge(self, subject: Subject, case: Case, heading: str) -> list[Finding]:
        """Return the rule's findings about one subject."""
        return [
            Finding(
                rule=self.name,
                subject=heading,
                field=self.field,
                level=found.level,
                text=found.text,
                advice=self._advice(found),
                may_pass=self.may_pass,
            )
            for found in self.check(subject, case)
        ]

    def _advice(self, found: CheckResult) -> str | None:
        if found.advice is not None:
            return found.advice or None
        return filled(self.remedy, found.names)


def ok(text: str, *, advice: str = "") -> CheckResult:
    """Return that something is as it should be; *advice* is a hint."""
    return CheckResult(Level.OK, text, advice=advice)


def warning(text: str, *, advice: str | None = None, **names: str) -> CheckResult:
    """Return that something is legal but suspicious, or not as good as it could be."""
    return CheckResult(Level.WARNING, text, names, advice)


def problem(text: str, *, advice: str | None = None, **names: str) -> CheckResult:
    """Return that AWS would refuse the request, or that its job could not start or would fail."""
    return CheckResult(Level.PROBLEM, text, names, advice)
