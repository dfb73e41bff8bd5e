"""Parsing of arguments into a legal SubmitJob body, or into all problems at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from airflow_fargate_batch.core import batch_operator
from airflow_fargate_batch.core._request import array as _array
from airflow_fargate_batch.core._request import body as _submit_body
from airflow_fargate_batch.core._request import consumables as _consumables
from airflow_fargate_batch.core._request import dependencies as _dependencies
from airflow_fargate_batch.core._request import fields as _fields
from airflow_fargate_batch.core._request import gathering as _gathering
from airflow_fargate_batch.core._request import items as _items
from airflow_fargate_batch.core._request import learning as _learning
from airflow_fargate_batch.core._request import lengths as _lengths
from airflow_fargate_batch.core._request import retries as _retries
from airflow_fargate_batch.core._request import submit_args as _submit_args
from airflow_fargate_batch.core._request.body import Beneath
from airflow_fargate_batch.core._request.dependencies import Dependency
from airflow_fargate_batch.core._request.fields import JsonFile
from airflow_fargate_batch.core._request.items import ItemsText
from airflow_fargate_batch.core._request.learning import Learning
from airflow_fargate_batch.core._request.overrides import Overrides
from airflow_fargate_batch.core._request.parts import RequestParts
from airflow_fargate_batch.core._request.size import Settled, read_size, settle_size
from airflow_fargate_batch.core._request.values import Findings, parse_integer
from airflow_fargate_batch.core.arguments import (
    Arguments,
    read_exit_codes,
    read_flag,
    read_job_ids,
    read_seconds,
)
from airflow_fargate_batch.core.fargate import LATEST
from airflow_fargate_batch.core.items import Items, indexes_text
from airflow_fargate_batch.core.listing import first_few
from airflow_fargate_batch.core.naming import INDEXES_VARIABLE, Submission
from airflow_fargate_batch.exceptions import PROBLEMS_SHOWN, EmptyArray, InvalidRequest, Problem

__all__ = [
    "DRY_RUN_PREFIX",
    "LATEST",
    "MORE_THAN_A_JOB_MAY_HAVE",
    "Arguments",
    "ItemsText",
    "JobRequest",
    "JsonFile",
    "Learning",
    "Overrides",
    "Settled",
    "find_problems",
    "read_exit_codes",
    "read_flag",
    "read_items",
    "read_job_ids",
    "read_seconds",
    "read_size",
    "settle_size",
]

DRY_RUN_PREFIX: Final = _dependencies.DRY_RUN_PREFIX
MORE_THAN_A_JOB_MAY_HAVE: Final = _dependencies.MORE_THAN_A_JOB_MAY_HAVE


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest(RequestParts):
    """A SubmitJob request without violations of documented rules.

    ``RequestParts`` lists the attributes.
    """

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
        variable ``FARGATE_BATCH_INDEXES``, at the position given by AWS's index. With *items*, the
        children get the list of their items, and count from 0 in that list. N-to-N dependencies
        become dependencies on whole jobs. A single index makes a plain job.

        :raises InvalidRequest: there are too many indexes for a variable, or no place for the list.
        """
        is_array = len(indexes) > 1
        text = indexes_text(indexes) if self.items else ",".join(map(str, indexes))
        request = replace(
            self,
            array_size=len(indexes) if is_array else None,
            environment={**self.environment, INDEXES_VARIABLE: text},
            depends_on=tuple(
                dict.fromkeys(
                    Dependency(each.job_id, each.type if each.job_id is None else None)
                    for each in self.depends_on
                    if is_array or each.job_id is not None
                )
            ),
        )
        findings = Findings()
        if self.items:
            items = self.items.only(indexes)
            environment = _items.deliver(items, request, findings)
            request = replace(request, items=items, environment=environment)
        _lengths.check_overrides_of(request, findings)
        if findings.problems:
            raise InvalidRequest(findings.problems)
        return request

    def with_items_url(self, url: str) -> "JobRequest | None":
        """Return the request with a presigned address of the list; ``None`` without room for it."""
        environment = _items.with_url(self, url)
        return None if environment is None else replace(self, environment=environment)

    def calling(self, words: Sequence[str], variable: str, text: str) -> "JobRequest":
        """Return the same request with another command, and the variable that the command reads.

        :raises InvalidRequest: command and environment are too long.
        """
        environment = {**self.environment, variable: text}
        request = replace(self, command=tuple(words), environment=environment)
        findings = Findings()
        if self.items:  # which may have less room now
            environment = _items.deliver(self.items, request, findings)
            request = replace(request, environment=environment)
        _lengths.check(request, findings)
        if findings.problems:
            raise InvalidRequest(findings.problems)
        return request

    @property
    def overrides_length(self) -> int:
        """Characters of command and environment, as AWS counts these."""
        return _lengths.overrides_length(self.command, self.environment)


def _arguments(arguments: Mapping[str, object]) -> Arguments:
    known = Arguments.__dataclass_fields__
    if unknown := [name for name in arguments if name not in known]:
        raise TypeError(batch_operator.refusal(unknown, known))
    return Arguments(**arguments)


def _refusal(given: Arguments, problems: list[Problem]) -> InvalidRequest:
    is_empty = _is_zero(given.array_size) or problems[0].message == _items.EMPTY
    if is_empty and len(problems) == 1:
        return EmptyArray(problems)
    return InvalidRequest(problems)


def find_problems(**arguments: object) -> list[Problem]:
    """Return all problems of some arguments, with ids of dry runs allowed.

    An array of size 0, and a list without items, are no problems here: Airflow skips the task.
    """
    findings = Findings()
    _build(Arguments(**arguments), findings, dry_run=True, submission=None)
    if not findings.problems:
        return []
    empty = _is_zero(arguments.get("array_size"))
    return [
        problem
        for problem in findings.problems
        if problem.message != _items.EMPTY and not (empty and problem.field == "array_size")
    ]


def _is_zero(value: object) -> bool:
    return parse_integer(value, "array_size", Findings()) == 0


def read_items(items: object, per_child: object = None) -> Items | None:
    """Read a list and its distribution over children; ``None`` if there are no items, or odd ones.

    For a process that resumes a task, and names the items of failed children.
    """
    return _items.read(
        Arguments(items=items, items_per_child=per_child), Findings(), dry_run=True
    ).items


def _build(
    given: Arguments,
    findings: Findings,
    *,
    dry_run: bool,
    submission: Submission | None,
    beneath: Beneath = _gathering.NOTHING,
) -> JobRequest:
    """Read the arguments: what several members need, then the members in ``RequestParts``' order.

    The request is of use only if *findings* has no problems.
    """
    parameters = _fields.parameters(given.parameters, given.parameters_file, findings)
    extra = _submit_args.read(given.extra_submit_args, findings)
    own, size, ecs = _gathering.gather(given, extra.containers, beneath, findings)
    shared = _items.read(given, findings, dry_run=dry_run)
    array = shared.array
    job_queue = _fields.job_queue(given.job_queue, findings)
    request = JobRequest(
        job_name=_fields.job_name(given.job_name, given.job_name_prefix, submission, findings),
        job_queue=job_queue,
        job_definition=_fields.job_definition(given.job_definition, findings),
        size=size,
        command=own.command or (),
        environment={**own.environment, **shared.variables},
        parameters={**beneath.parameters, **parameters},
        share_identifier=_fields.share_identifier(given.share_identifier, findings),
        scheduling_priority=_fields.scheduling_priority(
            given.scheduling_priority, given.share_identifier, findings
        ),
        array_size=array.size,
        items=shared.items,
        depends_on=_dependencies.read(
            given.depends_on, given.ignore_missing_dependencies, array, findings, dry_run=dry_run
        ),
        retry_strategy=_retries.read(given.retry_strategy, given.spot_retries, findings),
        job_timeout=_fields.job_timeout(given.job_timeout, findings),
        tags=_fields.tags(given.tags, findings, beneath.tags),
        propagate_tags=_fields.propagate_tags(given.propagate_tags, findings),
        platform_version=_fields.platform_version(given.platform_version, size, findings),
        awslogs_index=_array.read_index(given.awslogs_index, array, findings),
        ecs=ecs,
        consumable_resources=_consumables.over(
            {**beneath.consumables, **extra.consumables}, given.consumable_resources, findings
        ),
        learning=_learning.read(given, size, job_queue, findings),
        submission=submission,
    )
    return _completed(request, findings)


def _completed(request: JobRequest, findings: Findings) -> JobRequest:
    """Return the request with its list of items, its warnings and notes, once its length fits."""
    if request.items:
        environment = _items.deliver(request.items, request, findings)
        request = replace(request, environment=environment)
    _lengths.check(request, findings)
    if not (findings.warnings or findings.notes):
        return request
    return replace(request, warnings=_first_of(findings.warnings), notes=tuple(findings.notes))


def _first_of(warnings: list[str]) -> tuple[str, ...]:
    """Return each warning once, and the number of warnings beyond the first twenty."""
    return tuple(first_few(dict.fromkeys(warnings), PROBLEMS_SHOWN, noun="warnings"))
