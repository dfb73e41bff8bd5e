"""What can go wrong, as classes a caller may branch on. Nothing here imports Airflow or boto3.

::

    FargateBatchError
    ├── InvalidRequest (also ValueError)     the arguments can never make a legal request
    │   └── EmptyArray                       array_size is 0: there is nothing to submit
    ├── AwsError                             AWS, or the way to it, refused; what is in "advice"
    │   ├── AccessDenied                     names the IAM action that is missing
    │   ├── CredentialsMissing               none found, expired, or not accepted
    │   ├── JobDefinitionNotFound
    │   ├── JobQueueNotFound
    │   ├── FairShareMismatch                share identifier or priority missing, or not wanted
    │   ├── Throttled                        refused for its rate
    │   ├── Unreachable                      no connection was made; AWS did nothing
    │   └── AnswerLost                       the call may have been carried out, or not
    ├── SubmissionUncertain                  an answer was lost and the job could not be looked up
    ├── JobFailed                            the job ended in FAILED
    ├── JobTimedOut                          it did not end, or not start, in its time
    │   └── JobCannotStart                   and never will: something is misconfigured
    └── JobLost                              a job we knew is gone from DescribeJobs

Every one survives ``pickle``: fields go to ``super().__init__`` as they came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final


class FargateBatchError(Exception):
    """The root of all errors this package raises on its own account."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request.

    Attributes:
        field: The argument it stands in, ``container_overrides.command[2]`` style.
        message: The value, the rule, and the suggestion where there is one; never a secret.
        suggestion: The nearest thing that works, as an imperative; ``None`` where there is none.
        involves: Further arguments the rule looked at.
    """

    field: str
    message: str
    suggestion: str | None = None
    involves: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write ``field: message``."""
        return f"{self.field}: {self.message}"


PROBLEMS_SHOWN: Final = 20
"""Problems that a message lists; a request may have a million."""


class InvalidRequest(FargateBatchError, ValueError):
    """The arguments can never make a legal request; ``problems`` lists everything wrong."""

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
        """Name the class and show the message, which is bounded where the arguments are not."""
        return f"{type(self).__name__}({str(self)!r})"


class EmptyArray(InvalidRequest):
    """*array_size* is 0 and all else is well: there is nothing to submit."""


class AwsError(FargateBatchError):
    """AWS, or the way to it, refused a call.

    Attributes:
        message: What AWS said, after what was asked of it.
        advice: What to do next, as a sentence; ``None`` where nobody knows.
    """

    def __init__(self, message: str, advice: str | None = None) -> None:
        super().__init__(message, advice)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        """Write the message and what to do next."""
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


class FairShareMismatch(AwsError):
    """The queue needs a share identifier or a priority that is missing, or takes none."""


class Throttled(AwsError):
    """AWS refused the call for its rate; it did nothing."""


class Unreachable(AwsError):
    """No connection was made: AWS did nothing."""


class AnswerLost(AwsError):
    """The call was sent, and no usable answer came: it may have been carried out, or not."""


class SubmissionUncertain(FargateBatchError):
    """The answer to a SubmitJob was lost, and whether there is a job could not be found out."""


class JobLost(FargateBatchError):
    """AWS no longer knows a job that it knew before, or that it should know."""

    def __init__(self, job_id: str, last_status: str | None = None) -> None:
        super().__init__(job_id, last_status)
        self.job_id = job_id
        self.last_status = last_status

    def __str__(self) -> str:
        """Say which job, and its last state."""
        seen = f"last seen {self.last_status}" if self.last_status else "never seen"
        return (
            f"AWS Batch does not know job {self.job_id} ({seen}); "
            "AWS keeps finished jobs for 7 days"
        )


class JobFailed(FargateBatchError):
    """A job ended in FAILED.

    Attributes:
        report: What went wrong: a first line that fits an alert, then the evidence, then advice.
        job_id: Which job.
        retryable: Whether the same request may succeed another time.
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
    """A job did not end, or did not start, in the time it was given.

    Attributes:
        message: Which job and which limit, in one line.
        state: How the job was at the last look, as a sentence.
        advice: What to do next, as a sentence.
    """

    def __init__(self, message: str, state: str | None = None, advice: str | None = None) -> None:
        super().__init__(message, state, advice)
        self.message = message
        self.state = state
        self.advice = advice

    def __str__(self) -> str:
        """Write all of it, a line each."""
        return "\n".join(text for text in (self.message, self.state, self.advice) if text)


class JobCannotStart(JobTimedOut):
    """A job waits for something that can never come."""
