"""A rule about waiting jobs as data, and the cause that a rule finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from airflow_fargate_batch.core.evidence import Evidence
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.remedies import filled
from airflow_fargate_batch.core.status import JobStatus

BEFORE_RUNNABLE: Final = frozenset({JobStatus.SUBMITTED, JobStatus.PENDING})
LONGER: Final = "If a longer wait is fine, raise `runnable_timeout`."
GUIDE: Final = "AWS Batch User Guide, "
API: Final = "AWS Batch API Reference, "


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A cause, to follow a colon, and the next step, as a sentence.

    Attributes:
        needs_action: The job does not go on by itself.
    """

    text: str
    advice: str
    needs_action: bool


@dataclass(frozen=True, slots=True)
class FoundCause:
    """Result of a rule for one job.

    Attributes:
        names: Values for the places in the rule's advice.
        advice: Advice instead of the rule's own.
    """

    text: str
    names: Mapping[str, str] = field(default_factory=dict)
    advice: str | None = None


Check = Callable[[Job, Evidence], FoundCause | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitRule:
    """One cause of a wait, and what to do about it.

    Attributes:
        situation: Phrase for the page about troubleshooting.
        advice: What to do, as sentences, with places such as ``{queue}``; the operator's arguments
            stand in backticks.
        source: Where AWS documents the situation.
        check: Returns what the rule found; ``None`` if the rule does not apply.
        needs_action: The job does not go on by itself.
    """

    situation: str
    advice: str
    source: str
    check: Check
    needs_action: bool = True

    def judge(self, job: Job, evidence: Evidence) -> Cause | None:
        """Return the cause with its advice, or ``None`` if the rule does not apply."""
        found = self.check(job, evidence)
        if found is None:
            return None
        advice = filled(self.advice, found.names) if found.advice is None else found.advice
        return Cause(text=found.text, advice=advice, needs_action=self.needs_action)
