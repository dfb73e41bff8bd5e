"""The operator: a task's arguments in, a job id out; every rule lives in the core."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from jinja2 import TemplateError

from airflow_fargate_batch._compat import (
    AirflowFailException,
    AirflowSkipException,
    BaseOperator,
    Context,
    mask_secret,
    redact,
)
from airflow_fargate_batch.core import secrets
from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.naming import DEFAULT_PREFIX, Submission
from airflow_fargate_batch.core.request import (
    DRY_RUN_PREFIX,
    Arguments,
    JobRequest,
    JsonFile,
    read_flag,
)
from airflow_fargate_batch.exceptions import EmptyArray, InvalidRequest
from airflow_fargate_batch.links import LINKS, XCOM_KEY, addresses

if TYPE_CHECKING:
    from airflow_fargate_batch.hooks import FargateBatchHook

REQUEST_ARGUMENTS: Final = tuple(argument.name for argument in fields(Arguments))
FILES: Final = ("parameters_file", "container_overrides_file")
FROM_ELSEWHERE: Final = {
    "job_queue": "AWS_BATCH_JOB_QUEUE",
    "job_definition": "AWS_BATCH_JOB_DEFINITION",
}
"""Arguments that a connection's ``service_config.batch``, then a variable, may say instead."""


class _MayHoldSecrets:
    """An argument kept in the form that Airflow's masker reads, its secrets masked once rendered.

    Airflow stores the rendered fields right after it has set them, and nothing of an operator runs
    in between where the task is mapped; so the setting itself does it.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self._slot = f"_{name}"

    def __get__(self, operator: "FargateBatchSubmitOperator | None", owner: type) -> Any:
        return self if operator is None else operator.__dict__.get(self._slot)

    def __set__(self, operator: "FargateBatchSubmitOperator", value: object) -> None:
        named = secrets.by_name(value)
        operator.__dict__[self._slot] = named
        if operator.__dict__.get("_is_built"):
            for secret in secrets.secret_values(named, _is_secret_name):
                mask_secret(secret)


def _is_secret_name(name: str) -> bool:
    """Tell a secret's name by our words, or by those that Airflow is configured with."""
    return secrets.is_secret_name(name) or redact("value", name) != "value"


class FargateBatchSubmitOperator(BaseOperator):
    """Submit a job to AWS Batch on Fargate, checked before AWS sees it, and exactly once.

    The task succeeds when Batch has accepted the job, and returns the job id (XCom
    ``return_value``), which later tasks take as *depends_on*. Every argument of the request is
    templated. A literal that can never be valid fails the DAG's import; what a template renders to
    is checked before the submit and, where it is not valid, fails the task without retries.

    :param job_queue: name or ARN; omitted: the connection's ``service_config.batch.job_queue``,
        then the variable ``AWS_BATCH_JOB_QUEUE``.
    :param job_definition: name, ``name:revision`` or ARN; omitted: as *job_queue*, with
        ``job_definition`` and ``AWS_BATCH_JOB_DEFINITION``.
    :param job_name: at most 128 letters, digits, hyphens, underscores; omitted: the prefix, the
        ids of DAG and task, and a token that tells this task instance from all others.
    :param job_name_prefix: what a default name starts with.
    :param vcpu: number of vCPU; omitted: the job definition's.
    :param memory: MiB, or as ECS writes it, ``"4 GB"``; omitted: the job definition's.
    :param size_policy: ``strict``, or ``round_up`` to the smallest Fargate size that holds both.
    :param command: list, or a JSON list.
    :param environment: mapping, or a list of ``{name, value}``, or JSON of either.
    :param parameters: mapping, or JSON; replaces ``Ref::name`` in the definition's command.
    :param parameters_file: path of a JSON file with parameters, absolute or relative to the DAG's
        folder; Jinja in it is rendered; *parameters* win, key by key.
    :param container_overrides: the API's own mapping, or JSON; the arguments above win.
    :param container_overrides_file: path of a JSON file with it, as *parameters_file*.
    :param share_identifier: share of a fair-share queue; such a queue needs one, others take none.
    :param scheduling_priority: 0 to 9999 within the share; the definition's otherwise.
    :param depends_on: job ids: one, several separated by commas, lists (nested as they come, of
        mapped tasks too), ``{jobId, type: N_TO_N}``, or ``{type: SEQUENTIAL}`` for an array.
    :param array_size: 2 to 10000 children; 1 submits a plain job, 0 skips the task.
    :param retry_strategy: number of attempts, or the API's mapping.
    :param spot_retries: number of retries after Fargate Spot reclaimed the task, and only then.
    :param job_timeout: seconds or timedelta, for each attempt; at least 60 s.
    :param tags: mapping, or JSON.
    :param propagate_tags: whether the ECS task gets the tags too.
    :param platform_version: ``LATEST`` or ``n.n.n``: not part of a submit; a version is compared
        with the job definition's before it.
    :param extra_submit_args: any other member of SubmitJob.
    :param dry_run: only log the request and push it as XCom ``request``, without connection or
        credentials; templated, and stored as ``render_only``.
    :param aws_conn_id: Airflow connection; ``None`` for boto3's own search for credentials.
    :param region_name: region; omitted: the connection's.
    :param verify: as in every hook of the Amazon provider.
    :param botocore_config: as in every hook of the Amazon provider; its retries are not used.
    """

    template_fields: Sequence[str] = (
        *REQUEST_ARGUMENTS,
        "render_only",
        "aws_conn_id",
        "region_name",
        "verify",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "command": "json",
        "container_overrides": "json",
        "depends_on": "json",
        "environment": "json",
        "extra_submit_args": "json",
        "parameters": "json",
        "retry_strategy": "json",
        "tags": "json",
    }
    operator_extra_links = LINKS
    ui_color = "#f0ede4"

    environment = _MayHoldSecrets()
    parameters = _MayHoldSecrets()
    container_overrides = _MayHoldSecrets()

    def __init__(
        self,
        *,
        job_queue: str | None = None,
        job_definition: str | None = None,
        job_name: str | None = None,
        job_name_prefix: str = DEFAULT_PREFIX,
        vcpu: float | str | None = None,
        memory: float | str | None = None,
        size_policy: str = "strict",
        command: Sequence[str] | str | None = None,
        environment: Mapping[str, str] | Sequence[Mapping[str, str]] | str | None = None,
        parameters: Mapping[str, str] | str | None = None,
        parameters_file: str | None = None,
        container_overrides: Mapping[str, Any] | str | None = None,
        container_overrides_file: str | None = None,
        share_identifier: str | None = None,
        scheduling_priority: int | str | None = None,
        depends_on: Any = None,
        array_size: int | str | None = None,
        retry_strategy: int | Mapping[str, Any] | str | None = None,
        spot_retries: int | str | None = None,
        job_timeout: float | timedelta | str | None = None,
        tags: Mapping[str, str] | str | None = None,
        propagate_tags: bool | str | None = None,
        platform_version: str | None = None,
        extra_submit_args: Mapping[str, Any] | str | None = None,
        dry_run: bool | str | int = False,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_queue = job_queue
        self.job_definition = job_definition
        self.job_name = job_name
        self.job_name_prefix = job_name_prefix
        self.vcpu = vcpu
        self.memory = memory
        self.size_policy = size_policy
        self.command = command
        self.environment = environment
        self.parameters = parameters
        self.parameters_file = parameters_file
        self.container_overrides = container_overrides
        self.container_overrides_file = container_overrides_file
        self.share_identifier = share_identifier
        self.scheduling_priority = scheduling_priority
        self.depends_on = depends_on
        self.array_size = array_size
        self.retry_strategy = retry_strategy
        self.spot_retries = spot_retries
        self.job_timeout = job_timeout
        self.tags = tags
        self.propagate_tags = propagate_tags
        self.platform_version = platform_version
        self.extra_submit_args = extra_submit_args
        self.render_only = dry_run
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._has_dependencies = depends_on is not None
        self._is_built = True
        problems = problems_before_rendering(self._arguments)
        if problems:
            raise InvalidRequest(problems)

    def execute(self, context: Context) -> str:
        """Submit the job, or only render the request, and return the job id or its placeholder."""
        dry_run = self._is_dry_run()
        request = self._request(context, dry_run=dry_run)
        for note in request.notes:
            self.log.info("%s", note)
        for warning in request.warnings:
            self.log.warning("%s", warning)
        if dry_run:
            return self._show(request, context)
        return self._submit(request, context)

    def dry_run(self) -> None:
        """Print the request, as ``airflow tasks test --dry-run`` asks for it.

        No context comes with the call, so a default job name has no token, and templates in JSON
        files stay as they are.
        """
        arguments = self._arguments | self._files(None)
        request = JobRequest.from_arguments(dry_run=True, **arguments)
        print(_as_json(request))  # noqa: T201 - what Airflow's own dry_run() does

    @cached_property
    def hook(self) -> "FargateBatchHook":
        """The hook that talks to AWS; imported late, because boto3 has no place in DAG parsing."""
        from airflow_fargate_batch.hooks import FargateBatchHook

        return FargateBatchHook(
            aws_conn_id=self.aws_conn_id,
            region_name=self.region_name,
            verify=self.verify,
            config=self.botocore_config,
        )

    @property
    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in REQUEST_ARGUMENTS}

    def _is_dry_run(self) -> bool:
        try:
            return read_flag(self.render_only, "dry_run")
        except InvalidRequest as error:
            raise _failure(error) from error

    def _request(self, context: Context, *, dry_run: bool) -> JobRequest:
        arguments = self._arguments | self._files(context)
        for name in FROM_ELSEWHERE:
            arguments[name] = arguments[name] or self._from_elsewhere(name, dry_run=dry_run)
        if self._has_dependencies and self.depends_on is None:
            arguments["depends_on"] = [None]  # given, and resolved to nothing: never to be ignored
        ti = context["ti"]
        submission = Submission.of_task(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            task_id=ti.task_id,
            map_index=-1 if ti.map_index is None else ti.map_index,
            generation=self._generation(context),
        )
        try:
            return JobRequest.from_arguments(dry_run=dry_run, submission=submission, **arguments)
        except EmptyArray as error:
            raise AirflowSkipException(str(error)) from error
        except InvalidRequest as error:
            raise _failure(error) from error

    def _generation(self, context: Context) -> int:
        """Return the number of tries used when a person last cleared the task."""
        return max(0, context["ti"].max_tries - (self.retries or 0))

    def _from_elsewhere(self, name: str, *, dry_run: bool) -> str | None:
        configured = None if dry_run else self.hook.service_config.get(name)
        return configured or os.environ.get(FROM_ELSEWHERE[name])

    def _files(self, context: Context | None) -> dict[str, JsonFile]:
        return {name: self._read(path, context) for name in FILES if (path := getattr(self, name))}

    def _read(self, path: str, context: Context | None) -> JsonFile:
        try:
            text = (Path(self.dag.folder) / path).read_text(encoding="utf-8")
        except OSError as error:
            return JsonFile(path, error=error.strerror)
        except UnicodeDecodeError:
            return JsonFile(path, error="is not UTF-8 text")
        if context is None:
            return JsonFile(path, text)
        try:
            rendered = self.render_template(text, context)
        except TemplateError as error:
            return JsonFile(path, error=f"cannot be rendered: {error}")
        return JsonFile(path, rendered if isinstance(rendered, str) else json.dumps(rendered))

    def _show(self, request: JobRequest, context: Context) -> str:
        """Log the request, push it, and return what stands for the job id."""
        text = _as_json(request)
        self.log.info("Dry run, nothing is submitted. The request:\n%s", text)
        if self.do_xcom_push:
            context["ti"].xcom_push(key="request", value=json.loads(text))
        return f"{DRY_RUN_PREFIX}{request.job_name}"

    def _submit(self, request: JobRequest, context: Context) -> str:
        try:
            self.hook.check_platform_version(request)
            look_first = context["ti"].try_number > self._generation(context) + 1
            job_id = self.hook.submit(request, look_first=look_first)
        except InvalidRequest as error:
            raise _failure(error) from error
        self.log.info("Job %s is %s in %s", job_id, request.job_name, request.job_queue)
        if self.do_xcom_push:
            pages = addresses(
                job_id=job_id,
                job_definition=request.job_definition,
                job_queue=request.job_queue,
                region=self.hook.conn_region_name,
            )
            context["ti"].xcom_push(key=XCOM_KEY, value=pages)
        return job_id


def _as_json(request: JobRequest) -> str:
    body = secrets.redacted(request.to_submit_job(), _is_secret_name)
    return json.dumps(redact(body), indent=2, ensure_ascii=False)


def _failure(error: InvalidRequest) -> AirflowFailException:
    return AirflowFailException(f"Nothing was submitted. {error}")
