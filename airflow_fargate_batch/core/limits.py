"""Every documented limit of SubmitJob on Fargate, outside the size table of ``fargate``.

Sources are named beside each value:

- *API*: AWS Batch API Reference, ``SubmitJob`` and the data types it uses (botocore's Batch
  model holds the same text);
- *guide*: AWS Batch User Guide, "Service quotas" unless another chapter is named;
- *service*: words the service itself answers, quoted.
"""

import re
from typing import Final

JOB_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}\Z")
"""API, ``jobName``: up to 128 letters, digits, hyphens and underscores, the first alphanumeric."""
JOB_NAME_LENGTH: Final = 128

SHARE_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_-]{1,254}(?:[A-Za-z0-9_-]|\*)?\Z|\*\Z")
"""API, ``shareIdentifier``: at most 255 alphanumeric characters, optionally ending in ``*``.
The service also takes ``-`` and ``_``, which the text does not mention."""
SHARE_IDENTIFIER_LENGTH: Final = 255

SCHEDULING_PRIORITY: Final = range(9999 + 1)
"""API, ``schedulingPriorityOverride``: 0 … 9999."""

ARRAY_SIZE: Final = range(2, 10_000 + 1)
"""API, ``arrayProperties.size``: 2 … 10,000."""

DEPENDENCIES: Final = 20
"""Service: ``Job cannot have more than 20 dependencies``."""

ATTEMPTS: Final = range(1, 10 + 1)
"""API, ``retryStrategy.attempts``: 1 … 10."""
EVALUATE_ON_EXIT_ENTRIES: Final = 5
"""API, ``retryStrategy.evaluateOnExit``: at most 5 entries."""
EVALUATE_ON_EXIT_PATTERN_LENGTH: Final = 512
"""API, ``EvaluateOnExit``: a pattern holds at most 512 characters."""
EXIT_CODE_PATTERN: Final = re.compile(r"[0-9]*\*?\Z")
"""API, ``EvaluateOnExit.onExitCode``: digits, optionally ending in ``*``."""
REASON_PATTERN: Final = re.compile(r"[A-Za-z0-9.:\s]*\*?\Z")
"""API, ``EvaluateOnExit.onReason`` and ``onStatusReason``: letters, digits, periods, colons and
white space, optionally ending in ``*``."""

TIMEOUT_MINIMUM: Final = 60
"""API, ``timeout.attemptDurationSeconds``: at least 60 seconds."""
TIMEOUT_RELIABLE: Final = 14 * 24 * 60 * 60
"""Guide, "Job timeouts": beyond 14 days (in seconds) a Fargate task may be gone."""

TAGS: Final = 50
"""API, ``tags``: at most 50; with ``propagateTags`` more than 50, job and definition together,
moves the accepted job to FAILED."""
TAG_KEY_LENGTH: Final = 128
TAG_VALUE_LENGTH: Final = 256
TAG_RESERVED_PREFIX: Final = "aws:"
TAG_CHARACTER: Final = r"(?:[\w+\-=.:/@]|[^\S\x00-\x1f\x85])"
TAG_CHARACTERS: Final = re.compile(rf"{TAG_CHARACTER}*\Z")
"""Guide, "Tag restrictions": letters, digits, spaces and ``+ - = . _ : / @``, in any language. A
line break or a tab is a control character, not a space."""

ENVIRONMENT_RESERVED_PREFIX: Final = "AWS_BATCH"
"""API, ``ContainerOverrides.environment``: names may not start so; the service accepts them and
drops them when the job starts."""

CONTAINER_OVERRIDES_LENGTH: Final = 8192
"""Service, after it accepted the job: ``Container Overrides length must be at most 8192``, counted
in characters as sent to ECS: ``Ref::`` expanded, Batch's own variables added."""
CONTAINER_OVERRIDES_HEADROOM: Final = 1024
"""Room to leave for what Batch adds (``AWS_BATCH_*`` variables, names); ours, not documented."""

REQUEST_BYTES: Final = 30 * 1024
"""Service: ``Job size must be less than 30 KiB``."""

CONSUMABLE_RESOURCES: Final = 5
"""API, ``consumableResourceList``: at most 5, none twice."""

RETIRED_PLATFORM_VERSIONS: Final = frozenset({"1.3.0"})
"""Amazon ECS Developer Guide, "Fargate platform version deprecation": 1.3.0 launches no tasks since
2026-03-16."""

DESCRIBE_JOBS: Final = 100
"""API, ``DescribeJobs.jobs``: at most 100 ids a call."""
LIST_JOBS_PAGE: Final = 100
"""API, ``ListJobs.maxResults``: at most 100 a page."""
REASON_LENGTH: Final = 1024
"""API, ``TerminateJob.reason``: "This parameter has a limit of 1024 characters."."""

DESCRIBED_AT_ONCE: Final = 100
"""API, ``DescribeJobQueues``, ``DescribeComputeEnvironments``: at most 100 names a call."""
PAGES_OF_NAMES: Final = 10
"""Pages, of up to 100 entries, to read when looking for names that exist; ours."""
PAGES_OF_REVISIONS: Final = 100
"""Pages, of up to 100 revisions, to read when looking for the newest revision; ours."""
TERMINATE_JOBS: Final = 50
"""API, ``TerminateJobs.jobs``: at most 50 ids a call."""
FARGATE_LAUNCHES: Final = 20
"""ECS service quotas, "AWS Fargate task launch rate": 20 a second in most regions, after a burst of
100."""
