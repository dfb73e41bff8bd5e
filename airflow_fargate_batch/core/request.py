"""Parsing of arguments into a legal SubmitJob body, or into all problems at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from airflow_fargate_batch.core import batch_operator, limits
from airflow_fargate_batch.core._request import body as _submit_body
from airflow_fargate_batch.core._request import dependencies as _dependencies
from airflow_fargate_batch.core._request import fields as _fields
from airflow_fargate_batch.core._request import lengths as _lengths
from airflow_fargate_batch.core._request import overrides as _overrides
from airflow_fargate_batch.core._request import retries as _retries
from airflow_fargate_batch.core._request import size as _size
from airflow_fargate_batch.core._request import submit_args as _submit_args
from airflow_fargate_batch.core._request.body import Beneath
from airflow_fargate_batch.core._request.dependencies import Dependency
from airflow_fargate_batch.core._request.fields import JsonFile
from airflow_fargate_batch.core._request.overrides import Overrides
from airflow_fargate_batch.core._request.retries import RetryStrategy
from airflow_fargate_batch.core._request.size import Settled, read_size, settle_size
from airflow_fargate_batch.core._request.values import Findings, integer
from airflow_fargate_batch.core.arguments import (
    Arguments,
    read_exit_codes,
    read_flag,
    read_job_ids,
    read_seconds,
)
from airflow_fargate_batch.core.definition import LATEST
from airflow_fargate_batch.core.naming import INDEXES_VARIABLE, Submission
from airflow_fargate_batch.exceptions import PROBLEMS_SHOWN, EmptyArray, InvalidRequest, Problem

if TYPE_CHECKING:
    from types_boto3_batch.type_defs import SubmitJobRequestTypeDef

__all__ = [
    "DRY_RUN_PREFIX",
    "LATEST",
    "MORE_THAN_A_JOB_MAY_HAVE",
    "Arguments",
    "JobRequest",
    "JsonFile",
    "Overrides",
    "Settled",
    "find_problems",
    "read_exit_codes",
    "read_flag",
    "read_job_ids",
    "read_seconds",
    "read_size",
    "settle_size",
]

DRY_RUN_PREFIX: Final = _dependencies.DRY_RUN_PREFIX
MORE_THAN_A_JOB_MAY_HAVE: Final = _dependencies.MORE_THAN_A_JOB_MAY_HAVE
_NOTHING: Final = Beneath()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A SubmitJob request without violations of documented rules.

    The ``repr`` leaves out all members with possible secrets.

    Attributes:
        size: vCPU and MiB of memory; ``None`` leaves the value to the job definition.
        submission: Identity, for tags and a default name.
        warnings: Legal but suspicious arguments.
        notes: Changes to arguments: a size rounded up, an array of one.
    """

    job_name: str
    job_queue: str
    job_definition: str
    size: Settled = field(default_factory=Settled)
    command: tuple[str, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    share_identifier: str | None = None
    scheduling_priority: int | None = None
    array_size: int | None = None
    depends_on: tuple[Dependency, ...] = ()
    retry_strategy: RetryStrategy | None = None
    job_timeout: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    propagate_tags: bool | None = None
    platform_version: str | None = None
    awslogs_index: int | None = None
    extra_submit_args: Mapping[str, Any] = field(default_factory=dict, repr=False)
    submission: Submission | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def from_arguments(
        cls, *, dry_run: bool = False, submission: Submission | None = None, **arguments: object
    ) -> "JobRequest":
        """Make a request of rendered arguments, described by ``Arguments``.

        :param dry_run: Whether dependencies may be the placeholders of earlier dry runs.
        :param submission: Identity of the request.
        :raises InvalidRequest: with all problems; ``EmptyArray`` if *array_size* 0 is the only
            problem: there is nothing to submit.
        :raises TypeError: for an unknown argument.
        """
        findings = Findings()
        given = _arguments(arguments)
        request = _build(given, findings, dry_run=dry_run, submission=submission)
        if findings.problems:
            raise _refusal(given, findings.problems)
        return request

    @classmethod
    def from_submit_job(
        cls,
        body: object,
        *,
        dry_run: bool = False,
        submission: Submission | None = None,
        **arguments: object,
    ) -> "JobRequest":
        """Make a request of a SubmitJob body, as for ``aws batch submit-job --cli-input-json``.

        Every rule applies, and problems are named by the body's members. A body from
        ``to_submit_job`` stays unchanged.

        :param body: a mapping, JSON text, or a ``JsonFile``.
        :param dry_run: Whether dependencies may be the placeholders of earlier dry runs.
        :param submission: Identity of the request; replaces the tags of an earlier submission.
        :param arguments: arguments that win over the body, key by key.
        :raises InvalidRequest: like ``from_arguments``.
        :raises TypeError: for an unknown argument.
        """
        findings = Findings()
        _arguments(arguments)
        said, beneath = _submit_body.read(body, arguments, findings, own_tags=submission is None)
        given = Arguments(**said)
        of_body = len(findings.problems)
        if any(problem.field == _submit_body.WHERE for problem in findings.problems):
            raise InvalidRequest(findings.problems)  # all else would seem to be missing
        request = _build(given, findings, dry_run=dry_run, submission=submission, beneath=beneath)
        if findings.problems:
            named = [
                _submit_body.named_by_members(each, arguments)
                for each in findings.problems[of_body:]
            ]
            raise _refusal(given, [*findings.problems[:of_body], *named])
        return request

    def identified_by(self, submission: Submission) -> "JobRequest":
        """Return the same request with the tags of *submission* and an unchanged name."""
        return replace(self, submission=submission)

    def only(self, indexes: Sequence[int]) -> "JobRequest":
        """Return the same array with the children of some *indexes* only.

        AWS counts the children of an array from 0. So each child reads its original index from the
        variable ``FARGATE_BATCH_INDEXES``, at the position given by AWS's index. N-to-N
        dependencies become dependencies on whole jobs. A single index makes a plain job.

        :raises InvalidRequest: there are too many indexes for a variable.
        """
        is_array = len(indexes) > 1
        request = replace(
            self,
            array_size=len(indexes) if is_array else None,
            environment={**self.environment, INDEXES_VARIABLE: ",".join(map(str, indexes))},
            depends_on=tuple(
                dict.fromkeys(
                    Dependency(each.job_id, each.type if each.job_id is None else None)
                    for each in self.depends_on
                    if is_array or each.job_id is not None
                )
            ),
        )
        findings = Findings()
        _lengths.check_overrides(request.command, request.environment, request.parameters, findings)
        if findings.problems:
            raise InvalidRequest(findings.problems)
        return request

    def to_submit_job(self) -> "SubmitJobRequestTypeDef":
        """Return the body of SubmitJob, for boto3 and ``--cli-input-json``."""
        room = limits.TAGS - len(self.tags)
        if self.propagate_tags:  # the job definition's tags count as well, and are not known here
            room = min(room, 1)
        own_tags = self.submission.tags(room=room) if self.submission else {}
        body = {
            "jobName": self.job_name,
            "jobQueue": self.job_queue,
            "jobDefinition": self.job_definition,
            "shareIdentifier": self.share_identifier,
            "schedulingPriorityOverride": self.scheduling_priority,
            "arrayProperties": self.array_size and {"size": self.array_size},
            "dependsOn": [dependency.to_api() for dependency in self.depends_on] or None,
            "parameters": dict(self.parameters) or None,
            "containerOverrides": self._container_overrides() or None,
            "retryStrategy": self.retry_strategy and self.retry_strategy.to_api(),
            "propagateTags": self.propagate_tags,
            "timeout": self.job_timeout and {"attemptDurationSeconds": self.job_timeout},
            "tags": {**self.tags, **own_tags} or None,
            **self.extra_submit_args,
        }
        said = {member: value for member, value in body.items() if value is not None}
        return cast("SubmitJobRequestTypeDef", said)

    def _container_overrides(self) -> dict[str, Any]:
        return _overrides.to_api(
            vcpu=self.size.vcpu,
            memory=self.size.memory,
            command=self.command,
            environment=self.environment,
        )


def _arguments(arguments: Mapping[str, object]) -> Arguments:
    known = Arguments.__dataclass_fields__
    if unknown := [name for name in arguments if name not in known]:
        raise TypeError(batch_operator.refusal(unknown, known))
    return Arguments(**arguments)


def _refusal(given: Arguments, problems: list[Problem]) -> InvalidRequest:
    if _is_zero(given.array_size) and len(problems) == 1:
        return EmptyArray(problems)
    return InvalidRequest(problems)


def find_problems(**arguments: object) -> list[Problem]:
    """Return all problems of some arguments, with ids of dry runs allowed.

    An array of size 0 is no problem here: Airflow skips the task.
    """
    findings = Findings()
    _build(Arguments(**arguments), findings, dry_run=True, submission=None)
    if not findings.problems:
        return []
    empty = _is_zero(arguments.get("array_size"))
    return [
        problem for problem in findings.problems if not (empty and problem.field == "array_size")
    ]


def _is_zero(value: object) -> bool:
    return integer(value, "array_size", Findings()) == 0


def _build(
    given: Arguments,
    findings: Findings,
    *,
    dry_run: bool,
    submission: Submission | None,
    beneath: Beneath = _NOTHING,
) -> JobRequest:
    """Read the arguments; the request is of use only if *findings* has no problems."""
    overrides = _gather_overrides(given, findings, beneath.overrides)
    parameters = _fields.parameters(given.parameters, given.parameters_file, findings)
    extra = _submit_args.read(given.extra_submit_args, findings)
    policy = "strict" if given.size_policy is None else given.size_policy
    size = _size.settle(overrides, policy, findings)
    array_size = _fields.array_size(given.array_size, findings)
    is_array = given.array_size is not None
    request = JobRequest(
        job_name=_fields.job_name(given.job_name, given.job_name_prefix, submission, findings),
        job_queue=_fields.job_queue(given.job_queue, findings),
        job_definition=_fields.job_definition(given.job_definition, findings),
        size=size,
        command=overrides.command or (),
        environment=overrides.environment,
        parameters={**beneath.parameters, **parameters},
        share_identifier=_fields.share_identifier(given.share_identifier, findings),
        scheduling_priority=_fields.scheduling_priority(
            given.scheduling_priority, findings, share_identifier=given.share_identifier
        ),
        array_size=None if array_size == 1 else array_size,
        depends_on=_dependencies.read(
            given.depends_on,
            is_array=is_array,
            array_size=array_size,
            ignore_missing=_fields.ignores_missing(given.ignore_missing_dependencies, findings),
            dry_run=dry_run,
            findings=findings,
        ),
        retry_strategy=_retries.read(given.retry_strategy, given.spot_retries, findings),
        job_timeout=_fields.job_timeout(given.job_timeout, findings),
        tags=_fields.tags(given.tags, findings, beneath.tags),
        propagate_tags=_fields.propagate_tags(given.propagate_tags, findings),
        platform_version=_fields.platform_version(given.platform_version, size, findings),
        awslogs_index=_fields.awslogs_index(
            given.awslogs_index, is_array=is_array, array_size=array_size, findings=findings
        ),
        extra_submit_args={**beneath.extra, **extra},
        submission=submission,
    )
    if "ecsPropertiesOverride" in request.extra_submit_args and overrides != Overrides():
        findings.warnings.append(
            "extra_submit_args.ecsPropertiesOverride is set together with container overrides: AWS "
            "documents ecsPropertiesOverride for job definitions with ecsProperties, and container "
            "overrides for all other job definitions"
        )
    _check_lengths(request, findings)
    if not (findings.warnings or findings.notes):
        return request
    return replace(request, warnings=_first_of(findings.warnings), notes=tuple(findings.notes))


def _first_of(warnings: list[str]) -> tuple[str, ...]:
    """Return each warning once, and the number of warnings beyond the first twenty."""
    different = list(dict.fromkeys(warnings))
    more = len(different) - PROBLEMS_SHOWN
    return (*different[:PROBLEMS_SHOWN], *([f"and {more} more warnings"] if more > 0 else []))


def _gather_overrides(given: Arguments, findings: Findings, beneath: Overrides) -> Overrides:
    single = _overrides.from_arguments(
        vcpu=given.vcpu,
        memory=given.memory,
        command=given.command,
        environment=given.environment,
        findings=findings,
    )
    has_layers = beneath is not _NOTHING.overrides or (
        given.container_overrides is not None or given.container_overrides_file is not None
    )
    if not has_layers:
        return single
    file = "container_overrides_file"
    layers = (
        (file, _fields.json_file(given.container_overrides_file, file, findings)),
        ("container_overrides", given.container_overrides),
    )
    overrides = Overrides()
    overrides.update(beneath)
    for where, layer in layers:
        if layer is not None:
            overrides.update(_overrides.from_mapping(layer, where, findings))
    overrides.update(single)
    return overrides


def _check_lengths(request: JobRequest, findings: Findings) -> None:
    command, environment, parameters = request.command, request.environment, request.parameters
    ids = (each.job_id for each in request.depends_on if each.job_id)
    pairs = (environment, parameters, request.tags)
    texts = (command, ids, *pairs, *(each.values() for each in pairs))
    has_more = request.extra_submit_args or request.retry_strategy
    if not has_more and _lengths.are_surely_short(*texts):
        return
    _lengths.check_overrides(command, environment, parameters, findings)
    if ecs := request.extra_submit_args.get("ecsPropertiesOverride"):
        _lengths.check_ecs_overrides(ecs, findings)
    _lengths.check_request(request.to_submit_job(), findings)
