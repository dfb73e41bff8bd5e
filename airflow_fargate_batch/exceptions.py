"""What can go wrong, as classes a caller may branch on. Nothing here imports Airflow or boto3.

::

    FargateBatchError
    ├── InvalidRequest (also ValueError)     the arguments can never make a legal request
    ├── AwsError                             AWS, or the way to it, said no; nothing was submitted
    │   ├── AccessDenied                     names the IAM action that is missing
    │   ├── CredentialsMissing               none found, expired or not accepted
    │   ├── JobDefinitionNotFound
    │   ├── JobQueueNotFound
    │   ├── FairShareMismatch                share identifier or priority missing, or not wanted
    │   ├── Throttled                        refused for its rate, longer than we were told to wait
    │   └── EndpointUnreachable              no connection was ever made
    ├── SubmissionUncertain                  an answer was lost and the job could not be looked up
    ├── JobFailed                            the job ended in FAILED
    ├── JobTimedOut                          we stopped waiting; the job was told to stop
    └── JobLost                              a job we knew is gone from DescribeJobs

Every one survives ``pickle``: fields go to ``super().__init__`` as they came.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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


class InvalidRequest(FargateBatchError, ValueError):
    """The arguments can never make a legal request; ``problems`` lists everything wrong."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Write one problem as a line, several as a list."""
        if len(self.problems) == 1:
            return str(self.problems[0])
        lines = "".join(f"\n- {problem}" for problem in self.problems)
        return f"{len(self.problems)} problems in the request:{lines}"
