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
    │   ├── OverridesMismatch                overrides for the other kind of job definition
    │   ├── Throttled                        refused: too many calls
    │   ├── Unreachable                      no connection; AWS did nothing
    │   └── AnswerLost                       AWS may have carried out the call, or not
    ├── SubmissionUncertain                  an answer was lost and the job could not be looked up
    ├── JobFailed                            the job ended in FAILED; always one of these:
    │   ├── SpotReclaimed                    Fargate Spot took the capacity back
    │   ├── NoCapacity                       AWS had no capacity, or not in time
    │   ├── OutOfMemory                      a container ran out of memory
    │   ├── AttemptTimedOut                  an attempt ran longer than job_timeout
    │   ├── JobKilled                        somebody or something stopped the job
    │   ├── ImageNotPulled                   the image is missing, refused, or made for another CPU
    │   ├── Misconfigured                    the request, the job definition, a role or the network
    │   ├── InfrastructureFailed             AWS, the network or the host, perhaps for a while only
    │   ├── ProgramFailed                    the program ended with an error
    │   ├── DependencyFailed                 a job that this job depends on failed
    │   ├── ChildrenFailed                   children of an array failed, for several reasons
    │   └── UnknownFailure                   the reason is unknown to this package
    ├── JobTimedOut                          the job did not end, or not start, in time
    │   └── JobCannotStart                   and never can: something is misconfigured
    ├── ResultMissing                        a job succeeded, and its log has no result
    │   └── UnusableResult                   the result is malformed, or cannot be read: never will
    └── JobLost                              a known job is gone from DescribeJobs

All classes survive ``pickle``: fields go to ``super().__init__`` unchanged.

A task raises a subclass of ``JobFailed``, so callbacks and, from Airflow 3.3 on, a ``RetryPolicy``
can branch on the class. If no retry can help, the exception is also an ``AirflowFailException``.
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


class OverridesMismatch(AwsError):
    """The overrides are for the other kind of job definition: ecsProperties or containerProperties.

    The advice names the definition's containers, as far as they can be read.
    """


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


class SpotReclaimed(JobFailed):
    """Fargate Spot took the capacity of the job back."""


class NoCapacity(JobFailed):
    """AWS had no capacity for the job, or had none before a limit was over."""


class OutOfMemory(JobFailed):
    """A container of the job ran out of memory, or most likely did (exit code 137)."""


class AttemptTimedOut(JobFailed):
    """An attempt of the job ran longer than *job_timeout*."""


class JobKilled(JobFailed):
    """Somebody terminated the job, or its container was stopped from outside."""


class ImageNotPulled(JobFailed):
    """The image does not exist, is refused, is busy, or is made for another CPU."""


class Misconfigured(JobFailed):
    """The request, the job definition, a role or the compute environment needs a change."""


class InfrastructureFailed(JobFailed):
    """AWS, the network or the host of the job failed, perhaps for a while only."""


class ProgramFailed(JobFailed):
    """The program in the container ended with an error."""


class DependencyFailed(JobFailed):
    """A job that this job depends on failed."""


class ChildrenFailed(JobFailed):
    """Children of an array failed for several reasons, or for unknown reasons."""


class UnknownFailure(JobFailed):
    """AWS gives no reason, or a reason unknown to this package."""


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


class ResultMissing(FargateBatchError):
    """A job succeeded, but its result was not found; a retry of the task looks again.

    Attributes:
        job_id: Id of the job.
        reason: Reason, as a sentence without a full stop.
        advice: Next step, as a sentence.
    """

    def __init__(self, job_id: str, reason: str, advice: str | None = None) -> None:
        super().__init__(job_id, reason, advice)
        self.job_id = job_id
        self.reason = reason
        self.advice = advice

    def __str__(self) -> str:
        """Write job, reason and advice."""
        text = f"Job {self.job_id} succeeded, but has no result: {self.reason}"
        return f"{text}\n{self.advice}" if self.advice else text


class UnusableResult(ResultMissing):
    """The result of a job is malformed, or can never be read."""
