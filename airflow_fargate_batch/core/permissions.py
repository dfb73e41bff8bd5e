"""IAM actions of each feature, and policy documents made of them.

Source of the resource types: Service Authorization Reference, "Actions, resources, and condition
keys for AWS Batch" (read in November 2026), "… for Amazon CloudWatch", "… for Amazon CloudWatch
Logs", "… for Amazon S3" and "… for AWS Price List". An action without a resource type there works
only in a statement with the resource ``*``.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from airflow_fargate_batch.core.items import Address
from airflow_fargate_batch.core.job import DEFAULT_LOG_GROUP
from airflow_fargate_batch.core.spelling import nearest
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

ANY: Final = "*"

RESOURCE_TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "batch:DescribeComputeEnvironments": (),
    "batch:DescribeJobDefinitions": (),
    "batch:DescribeJobQueues": (),
    "batch:DescribeJobs": (),
    "batch:DescribeSchedulingPolicies": (),
    "batch:GetJobQueueSnapshot": ("job-queue",),
    "batch:ListJobs": (),
    "batch:SubmitJob": ("consumable-resource", "job", "job-definition", "job-queue"),
    "batch:TagResource": ("job",),
    "batch:TerminateJob": ("job",),
    "cloudwatch:GetMetricData": (),
    "cloudwatch:ListMetrics": (),
    "logs:FilterLogEvents": ("log-group",),
    "logs:GetLogEvents": ("log-stream",),
    "s3:GetObject": ("object",),
    "s3:PutObject": ("object",),
    "pricing:GetProducts": (),
}
"""Resource types of each action that a feature uses; empty if AWS accepts only ``*``.

- SubmitJob: AWS lists ``job*`` and ``job-queue*`` as required, and ``job-definition``,
  ``job-definition-revision`` and ``consumable-resource`` beside them. Older editions do not list
  the job. ``[?]`` whether AWS compares the job already, which has no id before the submit.
- TagResource takes every type of AWS Batch; this package tags jobs only.
"""


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature with the actions that it needs.

    Attributes:
        name: Word of ``iam-policy --features``.
        meaning: Description in the table of docs/iam.md.
        actions: IAM actions, in the order of the table.
    """

    name: str
    meaning: str
    actions: tuple[str, ...]


_EVIDENCE: Final = (
    "batch:DescribeJobs",
    "batch:ListJobs",
    "batch:DescribeJobQueues",
    "batch:DescribeComputeEnvironments",
    "batch:DescribeSchedulingPolicies",
    "batch:DescribeJobDefinitions",
    "batch:GetJobQueueSnapshot",
)
"""Actions that read a job, its queue and its definition."""

FEATURES: Final[tuple[Feature, ...]] = (
    Feature("submit", "submit", ("batch:SubmitJob", "batch:TagResource")),
    Feature(
        "find",
        "find the job of an earlier try, or of a lost answer",
        ("batch:ListJobs", "batch:DescribeJobs"),
    ),
    Feature("wait", "wait", ("batch:DescribeJobs",)),
    Feature("children", "name the failed children of an array", ("batch:ListJobs",)),
    Feature("terminate", "terminate jobs: timeouts, kills, clears", ("batch:TerminateJob",)),
    Feature(
        "compare",
        "compare `vcpu` or `memory` alone, and `platform_version`, with the job definition",
        ("batch:DescribeJobDefinitions",),
    ),
    Feature(
        "preflight",
        "`preflight=True`, and `fargate-batch doctor`",
        (
            "batch:DescribeJobQueues",
            "batch:DescribeComputeEnvironments",
            "batch:DescribeSchedulingPolicies",
            "batch:DescribeJobDefinitions",
        ),
    ),
    Feature(
        "suggest",
        "name the nearest queue or job definition, or the newest revision, after a wrong name",
        ("batch:DescribeJobDefinitions", "batch:DescribeJobQueues"),
    ),
    Feature("write-items", "write a list of items to S3", ("s3:PutObject",)),
    Feature(
        "read-items",
        "read a list of items from S3, also by its presigned address",
        ("s3:GetObject",),
    ),
    Feature(
        "override-kind",
        "name the containers of a job definition, after AWS refused the overrides",
        ("batch:DescribeJobDefinitions",),
    ),
    Feature("logs", "stream logs", ("logs:GetLogEvents",)),
    Feature(
        "last-lines",
        "show the last log lines of a failed job, in a task that waits",
        ("logs:GetLogEvents", "batch:DescribeJobs"),
    ),
    Feature(
        "result",
        "read a job's result from its log (`result_from_log`, `@task.fargate_batch`)",
        ("logs:GetLogEvents", "batch:DescribeJobs"),
    ),
    Feature(
        "payload",
        "send a long function to the job, and read a long result, through S3 (`payload_location`)",
        ("s3:PutObject", "s3:GetObject"),
    ),
    Feature(
        "explain",
        "explain a job: in the log of a task that fails, and `fargate-batch explain`",
        _EVIDENCE,
    ),
    Feature(
        "pages",
        "show the present state in Airflow's UI: children, log, cause, jobs of earlier tries",
        (*_EVIDENCE, "logs:GetLogEvents"),
    ),
    Feature(
        "use",
        "show the CPU and memory that a job used (Container Insights)",
        ("cloudwatch:ListMetrics", "cloudwatch:GetMetricData", "logs:FilterLogEvents"),
    ),
    Feature(
        "cost",
        "say what a job has cost: capacity of its queue, children of an array",
        ("batch:DescribeJobQueues", "batch:DescribeComputeEnvironments", "batch:DescribeJobs"),
    ),
    Feature(
        "cost-report",
        "report what the jobs of a queue have cost (`cost`)",
        (
            "batch:ListJobs",
            "batch:DescribeJobs",
            "batch:DescribeJobQueues",
            "batch:DescribeComputeEnvironments",
        ),
    ),
    Feature("prices", "read today's prices (`prices --refresh`)", ("pricing:GetProducts",)),
)
"""All features: the rows of docs/iam.md and of ``fargate-batch iam-policy``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Resources that a policy allows.

    Attributes:
        job_queues: ARNs or names; empty allows every queue.
        job_definitions: ARNs or names, with or without a revision; empty allows every definition.
        items_locations: prefixes of lists of items, ``s3://bucket/prefix``; empty allows every
            bucket.
    """

    job_queues: tuple[str, ...] = ()
    job_definitions: tuple[str, ...] = ()
    items_locations: tuple[str, ...] = ()


def read_features(names: Iterable[str]) -> tuple[Feature, ...]:
    """Return the features with these names, in the table's order; all features if none is named.

    :raises InvalidRequest: a name is not in the table.
    """
    wanted = list(names)
    known = [feature.name for feature in FEATURES]
    problems = []
    for name in wanted:
        if name not in known:
            near = nearest(name, known)
            meant = f"; did you mean {near}?" if near else ""
            message = f"there is no feature {name!r}{meant} (features: {', '.join(known)})"
            problems.append(Problem("features", message, near))
    if problems:
        raise InvalidRequest(problems)
    return tuple(each for each in FEATURES if each.name in wanted or not wanted)


def policy(features: Iterable[Feature], scope: Scope) -> dict[str, Any]:
    """Return the narrowest IAM policy document that allows the features.

    :raises InvalidRequest: *scope* has an ARN of another resource type, a malformed name, or a
        location that is not on S3.
    """
    place = _place(scope)
    actions = sorted({action for feature in features for action in feature.actions})
    by_types: dict[tuple[str, ...], list[str]] = {}
    for action in actions:
        by_types.setdefault(RESOURCE_TYPES[action], []).append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": _sid(types),
                "Effect": "Allow",
                "Action": named,
                "Resource": [arn for kind in types for arn in _ARNS[kind](place, scope)] or ANY,
            }
            for types, named in sorted(by_types.items())
        ],
    }


def markdown_table() -> str:
    """Write the table of features for docs/iam.md."""
    rows = ["| feature | `--features` | actions |", "|---|---|---|"]
    for feature in FEATURES:
        actions = " ".join(f"`{action}`" for action in feature.actions)
        rows.append(f"| {feature.meaning} | `{feature.name}` | {actions} |")
    return "\n".join(rows)


@dataclass(frozen=True, slots=True)
class _Place:
    """Beginning of the ARNs of a policy; ``*`` stands for any region or account."""

    partition: str = "aws"
    region: str = ANY
    account: str = ANY

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


_ARN: Final = re.compile(r"arn:(aws[a-z-]*):batch:([a-z0-9-]+):([0-9]{12}):([a-z-]+)/([^/]+)")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}(?::[0-9]+)?")


def _place(scope: Scope) -> _Place:
    """Return the partition, region and account that all ARNs of *scope* share."""
    problems, places = [], set()
    given = [("job_queue", "job-queue", each) for each in scope.job_queues]
    given += [("job_definition", "job-definition", each) for each in scope.job_definitions]
    for argument, kind, text in given:
        arn = _ARN.fullmatch(text)
        if arn and arn[4] == kind:
            places.add(_Place(arn[1], arn[2], arn[3]))
        elif not _NAME.fullmatch(text):
            example = f"arn:aws:batch:REGION:ACCOUNT:{kind}/NAME"
            message = f"{text} is neither a name nor an ARN like {example}"
            problems.append(Problem(argument, message))
    for text in scope.items_locations:
        if Address.parse(text) is None:
            message = f"{text} is not a prefix on S3, such as s3://bucket/prefix"
            problems.append(Problem("items_location", message))
    if problems:
        raise InvalidRequest(problems)
    if len(places) == 1:
        return places.pop()
    partitions = {place.partition for place in places}
    return _Place(partitions.pop()) if len(partitions) == 1 else _Place()


def _queues(place: _Place, scope: Scope) -> list[str]:
    return [_full(place, "job-queue", each) for each in scope.job_queues or (ANY,)]


def _definitions(place: _Place, scope: Scope) -> list[str]:
    """Return each definition; without a revision also all revisions.

    AWS compares the ARN of the submitted definition, with or without the revision of the request.
    """
    found = []
    for each in scope.job_definitions or (ANY,):
        arn = _full(place, "job-definition", each)
        resource = arn.rpartition("/")[2]
        found += [arn] if resource == ANY or ":" in resource else [arn, f"{arn}:{ANY}"]
    return found


def _full(place: _Place, kind: str, name_or_arn: str) -> str:
    is_arn = name_or_arn.startswith("arn:")
    return name_or_arn if is_arn else place.arn("batch", f"{kind}/{name_or_arn}")


def _consumables(place: _Place, _: Scope) -> list[str]:
    return [place.arn("batch", "consumable-resource/*")]


def _jobs(place: _Place, _: Scope) -> list[str]:
    return [place.arn("batch", "job/*")]


def _performance_groups(place: _Place, _: Scope) -> list[str]:
    """Return the log groups of Container Insights, of all clusters."""
    return [place.arn("logs", "log-group:/aws/ecs/containerinsights/*")]


def _log_streams(place: _Place, _: Scope) -> list[str]:
    return [place.arn("logs", f"log-group:{DEFAULT_LOG_GROUP}:log-stream:*")]


def _objects(place: _Place, scope: Scope) -> list[str]:
    """Return the objects below each prefix; ARNs of S3 have neither region nor account."""
    addresses = filter(None, map(Address.parse, scope.items_locations))
    paths = [f"{each.bucket}/{each.below('*').key}" for each in addresses]
    return [f"arn:{place.partition}:s3:::{path}" for path in paths or ["*/*"]]


_ARNS: Final[Mapping[str, Callable[[_Place, Scope], list[str]]]] = {
    "consumable-resource": _consumables,
    "job": _jobs,
    "job-definition": _definitions,
    "job-queue": _queues,
    "log-group": _performance_groups,
    "log-stream": _log_streams,
    "object": _objects,
}
"""ARNs of each resource type in a policy."""


def _sid(types: tuple[str, ...]) -> str:
    words = "-".join(types).split("-") if types else ["any", "resource"]
    return "".join(word.capitalize() for word in words)
