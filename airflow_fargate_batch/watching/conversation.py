"""Answers and errors of DescribeJobs, turned into updates for waiters and warnings for people."""

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.listing import in_a_sentence
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.polling import REFUSAL_PATIENCE
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.watchlist import Watchlist
from airflow_fargate_batch.exceptions import AccessDenied, CredentialsMissing, JobLost, Throttled

log = logging.getLogger(__name__)

REFUSALS: Final = (AccessDenied, CredentialsMissing)
"""Errors that fail the waiters after ``REFUSAL_PATIENCE``; other errors are retried until the
waiters' own limits."""
WARN_EVERY: Final = 600.0
"""Seconds between two warnings about the same error."""
SAY_AFTER: Final = 60.0
"""Seconds without any answer until a warning is due even for a throttle, or for an error with a
recent warning."""
_ADDRESS: Final = re.compile(r"0x[0-9a-f]+")
"""Memory address in urllib3's messages, different each time."""


class Notice(NamedTuple):
    """A line for a waiter's own log."""

    level: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A series of failed calls; every waiter logs the series for the waiter's own job.

    Attributes:
        error: Class and text of the error.
        since: Moment of the first failed call.
        fails_at: Moment at which a lasting error fails the waiters; ``None`` means never.
    """

    error: str
    since: float
    fails_at: float | None

    def begun(self, job_id: str, now: float) -> str:
        """Write a waiter's warning."""
        passed = now - self.since
        already = f" for {_span(passed)}" if passed >= 1 else ""
        return f"Could not read the state of job {job_id}{already}; {self.plan(now)}: {self.error}"

    def over(self, job_id: str, now: float) -> str:
        """Write a waiter's line when calls are answered again."""
        return f"The state of job {job_id} can be read again after {_span(now - self.since)}"

    def plan(self, now: float) -> str:
        """Write whether the calls are retried, and for which time."""
        if self.fails_at is None:
            return "will retry"
        return f"will retry for {_span(self.fails_at - now)}"


class Conversation:
    """A watchlist, and the log of the calls about its jobs.

    Attributes:
        trouble: The trouble of the latest warning; ``None`` while calls are answered.

    :param patience: seconds of refused calls before a refusal is raised.
    """

    def __init__(self, watchlist: Watchlist, patience: float = REFUSAL_PATIENCE) -> None:
        self.watchlist = watchlist
        self._patience = patience
        self.trouble: Trouble | None = None
        self._failing_since: float | None = None
        self._refused_since: float | None = None
        self._said: dict[str, float] = {}
        self._strange: set[str] = set()

    def digest(
        self, ids: Sequence[str], answer: Iterable[Job] | Exception, now: float
    ) -> list[Job | JobLost]:
        """Digest a call's answer or error, and return the updates; temporary errors are logged.

        :raises AccessDenied: after five minutes without any answer
        :raises CredentialsMissing: likewise
        """
        if isinstance(answer, Exception):
            self._digest_error(ids, answer, now)
            return []
        if self.trouble is not None:
            log.info("DescribeJobs works again after %s", _span(now - self.trouble.since))
        self.trouble = self._failing_since = self._refused_since = None
        update = self.watchlist.answered(ids, answer, now)
        for job in update:
            if isinstance(job, Job) and job.status is JobStatus.UNKNOWN:
                self._wonder(job)
        return update

    def _digest_error(self, ids: Sequence[str], error: Exception, now: float) -> None:
        schedule = self.watchlist.schedule
        (schedule.throttled if isinstance(error, Throttled) else schedule.failed)(ids, now)
        if self._failing_since is None:
            self._failing_since = now
        if isinstance(error, REFUSALS):
            if self._refused_since is None:
                self._refused_since = now
            if now - self._refused_since >= self._patience:
                raise error
        if self._is_worth_saying(error, now):
            self._say(ids, error, now)

    def _is_worth_saying(self, error: Exception, now: float) -> bool:
        """Decide on a warning: for each error from time to time, and after a long silence."""
        failing_since = now if self._failing_since is None else self._failing_since
        if self.trouble is None and now - failing_since >= SAY_AFTER:
            return True
        said_at = self._said.get(_text(error))
        is_new = said_at is None or now - said_at >= WARN_EVERY
        return is_new and not isinstance(error, Throttled)

    def _say(self, ids: Sequence[str], error: Exception, now: float) -> None:
        self._said = {text: at for text, at in self._said.items() if now - at < WARN_EVERY}
        self._said[_text(error)] = now
        fails_at = None
        if isinstance(error, REFUSALS) and self._refused_since is not None:
            fails_at = self._refused_since + self._patience
        self.trouble = Trouble(
            error=f"{type(error).__name__}: {error}",
            since=now if self._failing_since is None else self._failing_since,
            fails_at=fails_at,
        )
        log.warning(
            "DescribeJobs failed for job %s; %s: %s",
            in_a_sentence(ids, 1),
            self.trouble.plan(now),
            self.trouble.error,
        )

    def _wonder(self, job: Job) -> None:
        if job.status_text not in self._strange:
            self._strange.add(job.status_text)
            log.warning(
                "Job %s is %r, a state unknown to this version; still waiting",
                job.id,
                job.status_text,
            )


def _text(error: Exception) -> str:
    """Write an error without the parts that differ each time."""
    return _ADDRESS.sub("", f"{type(error).__name__}: {error}")


def _span(seconds: float) -> str:
    return duration(timedelta(seconds=seconds))
