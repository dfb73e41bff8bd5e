"""Names of a request's arguments, and readers of the arguments that are no part of a request."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from airflow_fargate_batch.core import naming
from airflow_fargate_batch.core._request import dependencies as _dependencies
from airflow_fargate_batch.core._request import fields as _fields
from airflow_fargate_batch.core._request.values import Findings, parse_boolean, parse_integer
from airflow_fargate_batch.exceptions import InvalidRequest

FILES: Final = ("parameters_file", "container_overrides_file")
"""Arguments with paths of files that an entry point reads."""
FROM_ELSEWHERE: Final[Mapping[str, str]] = {
    "job_queue": "AWS_BATCH_JOB_QUEUE",
    "job_definition": "AWS_BATCH_JOB_DEFINITION",
}
"""Arguments with a value from elsewhere if not given: an Airflow connection, or this variable."""


@dataclass(slots=True, kw_only=True)
class Arguments:
    """Rendered arguments of a request; ``None`` means not given.

    Attributes:
        job_queue: Name or ARN.
        job_definition: Name, ``name:revision``, or ARN; without a revision the latest active one.
        job_name: Name; by default made of *job_name_prefix* and the submission.
        job_name_prefix: First part of a default name.
        vcpu: Number of vCPU, as a number or its text.
        memory: MiB, as a number or its text, or ``"4 GB"`` (1 GB = 1024 MiB).
        size_policy: ``strict``, or ``round_up`` to the smallest Fargate size that holds both.
        command: List of texts, or JSON text.
        environment: Mapping, list of ``{name, value}``, or JSON text.
        parameters: Mapping, or JSON text; replaces ``Ref::name`` in the definition's command.
        parameters_file: A ``JsonFile`` of *parameters*; *parameters* win, key by key.
        container_overrides: The API's mapping, or JSON text; single arguments win.
        container_overrides_file: A ``JsonFile`` of overrides; *container_overrides* win.
        container: Name of the container that the single arguments are for, if the job definition
            has ``ecsProperties``; by default the only one in *ecs_properties_override*.
        ecs_properties_override: The API's mapping, or JSON text; merges with the single arguments
            like *container_overrides*.
        out_of_memory: ``grow``: a retry after running out of memory asks for more; never sent.
        max_memory: Most MiB that such retries ask for, as a number or its text, or ``"16 GB"``;
            never sent.
        fallback_job_queue: Name or ARN of the queue for retries after a Spot reclaim or missing
            capacity; not sent by a first try.
        share_identifier: Needed by fair-share queues, refused by all other queues.
        scheduling_priority: 0 to 9999; ``schedulingPriorityOverride``.
        depends_on: A job id, ids separated by commas, ``{jobId, type}``, the AWS CLI's shorthand
            ``jobId=ID,type=N_TO_N``, or nested lists.
        ignore_missing_dependencies: Whether to ignore entries of *depends_on* without a job id,
            such as skipped branches; at least one id must be left.
        array_size: 2 to 10000; 1 makes a plain job.
        items: List, JSON text, ``ItemsText``, or the address of JSON Lines on S3: an array whose
            children share the items. A single item makes a plain job.
        items_per_child: Number of items for each child; by default as few as an array allows.
        items_location: Prefix on S3 for a list too long for a variable.
        retry_strategy: Number of attempts, or the API's mapping, or JSON text.
        spot_retries: Retries of Fargate Spot reclaims only, 0 to 9.
        job_timeout: Seconds or a ``timedelta``, for each attempt; 60 s at least.
        tags: Mapping, or JSON text.
        propagate_tags: Whether the ECS task gets the tags too.
        platform_version: ``LATEST`` or ``n.n.n``; never sent, compared with the job definition's.
        awslogs_index: Index of the child to stream the log of; never sent.
        consumable_resources: Mapping from name or ARN to quantity, or the API's mapping, or JSON
            text; at most 5.
        extra_submit_args: Any other member of SubmitJob.
    """

    job_queue: object = None
    job_definition: object = None
    job_name: object = None
    job_name_prefix: object = naming.DEFAULT_PREFIX
    vcpu: object = None
    memory: object = None
    size_policy: object = "strict"
    command: object = None
    environment: object = None
    parameters: object = None
    parameters_file: object = None
    container_overrides: object = None
    container_overrides_file: object = None
    container: object = None
    ecs_properties_override: object = None
    out_of_memory: object = None
    max_memory: object = None
    fallback_job_queue: object = None
    share_identifier: object = None
    scheduling_priority: object = None
    depends_on: object = None
    ignore_missing_dependencies: object = None
    array_size: object = None
    items: object = None
    items_per_child: object = None
    items_location: object = None
    retry_strategy: object = None
    spot_retries: object = None
    job_timeout: object = None
    tags: object = None
    propagate_tags: object = None
    platform_version: object = None
    awslogs_index: object = None
    consumable_resources: object = None
    extra_submit_args: object = None


def read_flag(value: object, argument: str) -> bool:
    """Read a truth value, rendered or not: ``True``, ``'true'``, ``1``.

    :raises InvalidRequest: the value is neither true nor false.
    """
    findings = Findings()
    flag = parse_boolean(value, argument, findings)
    if flag is None:
        raise InvalidRequest(findings.problems)
    return flag


def read_seconds(value: object, argument: str) -> float | None:
    """Read a span of time from seconds, their text or a ``timedelta``; ``None`` means not given.

    :raises InvalidRequest: the value is no span of time, or not greater than 0.
    """
    if value is None or (type(value) is float and value > 0):  # nearly always, for every task
        return value
    findings = Findings()
    seconds = _fields.seconds(value, argument, findings)
    if findings.problems:
        raise InvalidRequest(findings.problems)
    return seconds


def read_exit_codes(value: object, argument: str) -> frozenset[int]:
    """Read one exit code or several; ``None`` means not given.

    :raises InvalidRequest: a value is no exit code.
    """
    if value is None:
        return frozenset()
    findings = Findings()
    several = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    codes = {parse_integer(code, argument, findings) for code in several}
    if findings.problems:
        raise InvalidRequest(findings.problems)
    return frozenset(code for code in codes if code is not None)


def read_job_ids(value: object, argument: str, *, dry_run: bool = False) -> list[str]:
    """Read the ids of jobs to wait for, in any form of *depends_on*.

    :param dry_run: whether placeholders of dry runs are allowed.
    :raises InvalidRequest: a value is no job id.
    """
    findings = Findings()
    ids = _dependencies.read_job_ids(value, argument, dry_run=dry_run, findings=findings)
    if findings.problems:
        raise InvalidRequest(findings.problems)
    return ids
