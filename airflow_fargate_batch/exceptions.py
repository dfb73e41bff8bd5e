"""Errors that callers may branch on, as classes. This module imports neither Airflow nor boto3.

::

    FargateBatchError
    ├── InvalidRequest (also ValueError)     the arguments can never make a legal request
    │   └── EmptyArray                       array_size is 0: there is nothing to submit
    ├── AwsError                             AWS or the network refused a call; see "advice"
    │   ├── AccessDenied                     names the missing IAM action
    │   ├── CredentialsMissing               none found, expired, or not accepted
    │   ├── JobDefinitionNotFound
    │   ├── JobQueueNotFound
    │   ├── QueueNotReady                    preflight: the queue cannot run jobs at the moment
    │   ├── FairShareMismatch                share identifier or priority missing, or not wanted
    │   ├── Throttled                        refused: too many calls
    │   ├── Unreachable                      no connection; AWS did nothing
    │   └── AnswerLost                       AWS may have carried out the call, or not
    ├── SubmissionUncertain                  an answer was lost and the job could not be looked up
    ├── JobFailed                            the job ended in FAILED
    ├── JobTimedOut                          the job did not end, or not start, in time
    │   └── JobCannotStart                   and never can: something is misconfigured
    └── JobLost                              a known job is gone from DescribeJobs

All classes survive ``pickle``: fields go to ``super().__init__`` unchanged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final


class FargateBatchError(Exception):
    """Root of all errors of this package."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a request.

    Attributes:
        field: Place of the mistake, such as ``container_overrides.command[2]``.
        message: The value, the rule and the suggestion, if any; never a secret.
        suggestion: Nearest legal value, as an imperative; ``None`` means none is known.
        involves: Further arguments that the rule read.
    """

    field: str
    message: str
    suggestion: str | None = None
    involves: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write ``field: message``."""
        return f"{self.field}: {self.message}"


PROBLEMS_SHOWN: Final = 20
"""Number of problems in a message; a request may have a million."""


class InvalidRequest(FargateBatchError, ValueError):
    """The arguments cannot make a legal request; ``problems`` lists all mistakes."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Write one problem as a line, several as a list of the first."""
        count = len(self.problems)
        if count == 1:
            return str(self.problems[0])
        lines = "".join(f"\n- {problem}" for problem in self.problems[:PROBLEMS_SHOWN])
        more = f"\n- and {count - PROBLEMS_SHOWN} more" if count > PROBLEMS_SHOWN else ""
        return f"{count} problems in the request:{lines}{more}"

    def __repr__(self) -> str:
        """Show class and message: the message has bounded length, unlike the arguments."""
        return f"{type(self).__name__}({str(self)!r})"


class EmptyArray(InvalidRequest):
    """*array_size* is 0 and the rest is legal: there is nothing to submit."""


class AwsError(FargateBatchError):
    """AWS or the network refused a call.

    Attributes:
        message: The call, and the answer of AWS.
        advice: Next step, as a sentence; ``None`` means not known.
    """

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message, advice)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        """Write message and advice."""
        return f"{self.message}\n{self.advice}" if self.advice else self.message


class AccessDenied(AwsError):
    """The caller may not do this; ``action`` is the IAM action to allow."""

    def __init__(self, message: str, action: str) -> None:
        super().__init__(message, f"Grant the IAM action {action} to the caller.")
        self.action = action
        self.args = (message, action)


class CredentialsMissing(AwsError):
    """No credentials were found, or AWS no longer accepts them."""


class JobDefinitionNotFound(AwsError):
    """No active job definition has this name."""


class JobQueueNotFound(AwsError):
    """No job queue has this name."""


class QueueNotReady(AwsError):
    """The queue or its compute environments cannot run jobs now: DISABLED, INVALID or the like.

    Found by the preflight; nothing was submitted. A retry may succeed after a repair.
    """


class FairShareMismatch(AwsError):
    """Share identifier or priority is missing, or the queue does not accept either."""


class Throttled(AwsError):
    """AWS refused the call because of too many calls, and did nothing."""


class Unreachable(AwsError):
    """No connection was made: AWS did nothing."""


class AnswerLost(AwsError):
    """The call got no usable answer: AWS may have carried out the call, or not."""


class SubmissionUncertain(FargateBatchError):
    """The answer to a SubmitJob was lost, and a search could not decide if a job exists."""


class JobLost(FargateBatchError):
    """AWS does not know a job that should exist."""

    def __init__(self, job_id: str, last_status: str | None = None) -> None:
        super().__init__(job_id, last_status)
        self.job_id = job_id
        self.last_status = last_status

    def __str__(self) -> str:
        """Write job and last state."""
        seen = f"last seen {self.last_status}" if self.last_status else "never seen"
        return (
            f"AWS Batch does not know job {self.job_id} ({seen}); "
            "AWS keeps finished jobs for 7 days"
        )


class JobFailed(FargateBatchError):
    """A job ended in FAILED.

    Attributes:
        report: A first line that fits an alert, then evidence, then advice.
        job_id: Id of the failed job.
        retryable: Whether a retry of the same request may succeed.
    """

    def __init__(self, report: str, job_id: str, retryable: bool = True) -> None:
        super().__init__(report, job_id, retryable)
        self.report = report
        self.job_id = job_id
        self.retryable = retryable

    def __str__(self) -> str:
        """Write the report."""
        return self.report


class JobTimedOut(FargateBatchError):
    """A job did not end, or did not start, in time.

    Attributes:
        message: Job and limit, in one line.
        state: Last known state of the job, as a sentence.
        advice: Next step, as a sentence.
    """

    def __init__(self, message: str, state: str | None = None, advice: str | None = None) -> None:
        super().__init__(message, state, advice)
        self.message = message
        self.state = state
        self.advice = advice

    def __str__(self) -> str:
        """Write message, state and advice, a line each."""
        return "\n".join(text for text in (self.message, self.state, self.advice) if text)


class JobCannotStart(JobTimedOut):
    """A job can never start, because something is misconfigured."""
