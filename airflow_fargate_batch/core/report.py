"""Layout of a report about one job, the same for a failure, a wait given up and ``explain``."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """A report, from the line for an alert to the advice.

    Attributes:
        headline: Job, state and cause, in one line.
        words: AWS's own reasons.
        details: Outcome of containers and children.
        timeline: What happened when (UTC).
        evidence: Queue, compute environments, place in line, dependencies, use.
        log_lines: The last lines of the job's log, already cut.
        pages: Further lines, such as addresses of console pages.
        unread: Lookups that AWS did not answer, a line each.
        advice: Next step, as a sentence.
    """

    headline: str
    words: Iterable[str] = ()
    details: Iterable[str] = ()
    timeline: Iterable[str] = ()
    evidence: Iterable[str] = ()
    log_lines: Iterable[str] = ()
    pages: Iterable[str] = ()
    unread: Iterable[str] = ()
    advice: str | None = None

    def __str__(self) -> str:
        """Write the report; sections without content are left out."""
        lines = [self.headline, *(f"AWS says: {said}" for said in self.words), *self.details]
        lines += _section("Timeline (UTC):", self.timeline)
        lines += self.evidence
        lines += _section("Last log lines:", self.log_lines)
        lines += self.pages
        lines += self.unread
        lines += [f"What to do: {self.advice}"] if self.advice else []
        return "\n".join(lines)


def _section(title: str, lines: Iterable[str]) -> list[str]:
    indented = [f"  {line}" for line in lines]
    return [title, *indented] if indented else []
