"""The operator: arguments of a task in, a job id out; the core holds every rule."""

import json
import os
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from airflow_fargate_batch._airflow import upstream
from airflow_fargate_batch._airflow.compat import (
    AirflowFailException,
    AirflowSkipException,
    BaseOperator,
    Context,
    execution_timeout_expired,
    task_now,
)
from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.deployment import deployment
from airflow_fargate_batch._airflow.masking import (
    HidesSecrets,
    as_json,
    mask_secrets_of,
    places_struck_out,
)
from airflow_fargate_batch._airflow.ordinals import Place, place_of
from airflow_fargate_batch._airflow.unknown_arguments import (
    lost_defaults,
    refuse_unknown,
    with_task,
)
from airflow_fargate_batch._airflow.xcom import JOB, REQUEST
from airflow_fargate_batch._machine.files import read_json_file
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.literals import problems_before_rendering
from airflow_fargate_batch.core.naming import DEFAULT_PREFIX, Submission
from airflow_fargate_batch.core.request import (
    Arguments,
    JobRequest,
    JsonFile,
    read_flag,
)
from airflow_fargate_batch.core.termination import CLEARED, Verdict, when_killed
from airflow_fargate_batch.core.wait_settings import WaitSettings
from airflow_fargate_batch.exceptions import AwsError, EmptyArray, InvalidRequest, Problem
from airflow_fargate_batch.links import LINKS, BatchJobLink, addresses, has_revision, push_pages

if TYPE_CHECKING:
    from airflow_fargate_batch._airflow.operator_wait import Waiting
    from airflow_fargate_batch.hooks import FargateBatchHook

REQUEST_ARGUMENTS: Final = tuple(argument.name for argument in fields(Arguments))
FILES: Final = ("parameters_file", "container_overrides_file")
_OF_THE_DAG: Final = 4
"""Stack level of a warning at which Python shows the DAG's line."""
_NOT_PYTHON: Final = "?"
"""Prefix put before a JSON file while it is rendered: with ``render_template_as_native_obj`` Jinja
would otherwise evaluate the text as a Python literal."""
FROM_ELSEWHERE: Final = {
    "job_queue": "AWS_BATCH_JOB_QUEUE",
    "job_definition": "AWS_BATCH_JOB_DEFINITION",
}
"""Arguments with a fallback: the connection's ``service_config.batch``, then an environment
variable."""


class FargateBatchSubmitOperator(HidesSecrets, BaseOperator):
    """Check a request and submit a job to AWS Batch on Fargate exactly once.

    The task succeeds when Batch has accepted the job, and returns the job id (XCom
    ``return_value``); later tasks take the id as *depends_on*. Every argument of the request is
    templated. Values without templates are checked when the DAG is imported; a mistake is an import
    error. Rendered templates are checked just before the submit; a mistake fails the task without
    retries.

    :param job_queue: name or ARN; omitted: the connection's ``service_config.batch.job_queue``,
        then the variable ``AWS_BATCH_JOB_QUEUE``.
    :param job_definition: name, ``name:revision`` or ARN; omitted: as *job_queue*, with
        ``job_definition`` and ``AWS_BATCH_JOB_DEFINITION``.
    :param job_name: at most 128 letters, digits, hyphens, underscores; omitted: the prefix, the
        ids of DAG and task, and a token unique to this task instance.
    :param job_name_prefix: start of a default name.
    :param vcpu: number of vCPU; omitted: the job definition's.
    :param memory: MiB, or a text like ``"4 GB"``; omitted: the job definition's.
    :param size_policy: ``strict``, or ``round_up`` to the smallest Fargate size that holds both.
    :param command: list, or a JSON list.
    :param environment: mapping, or a list of ``{name, value}``, or JSON of either.
    :param parameters: mapping, or JSON; replaces ``Ref::name`` in the definition's command.
    :param parameters_file: path of a JSON file with parameters, absolute or relative to the DAG's
        folder; Jinja in it is rendered; *parameters* win, key by key.
    :param container_overrides: the API's own mapping, or JSON; the arguments above win.
    :param container_overrides_file: path of a JSON file with *container_overrides*; rules as for
        *parameters_file*.
    :param share_identifier: share of a fair-share queue; required there, invalid on FIFO queues.
    :param scheduling_priority: 0 to 9999 within the share; the definition's otherwise.
    :param depends_on: a job id, several ids separated by commas, lists (nested lists and mapped
        tasks too), ``{jobId, type: N_TO_N}``, or ``{type: SEQUENTIAL}`` for an array.
    :param ignore_missing_dependencies: leave out entries of *depends_on* if the task pushed no job
        id, such as a skipped branch; at least one entry must remain. By default such an entry fails
        the task.
    :param array_size: 2 to 10000 children; 1 submits a plain job, 0 skips the task.
    :param retry_strategy: number of attempts, or the API's mapping.
    :param spot_retries: number of retries; only after Fargate Spot reclaimed the task.
    :param job_timeout: seconds or timedelta, for each attempt; at least 60 s.
    :param tags: mapping, or JSON.
    :param propagate_tags: whether the ECS task gets the tags too.
    :param platform_version: ``LATEST`` or ``n.n.n``. SubmitJob has no such member: before the
        submit, a version is compared with the job definition's.
    :param extra_submit_args: any other member of SubmitJob.
    :param wait_for_completion: whether the task waits until the job has ended, and succeeds only
        if the job does; default: true if *deferrable* is given as true.
    :param deferrable: whether a waiting task waits in the triggerer and frees the worker; default:
        ``[operators] default_deferrable``.
    :param poll_interval: seconds or timedelta between two questions about the job.
    :param runnable_timeout: seconds or timedelta. The task gives up if the job stays RUNNABLE
        (waiting for capacity) for longer; if AWS reports a misconfiguration, at once.
    :param starting_timeout: seconds or timedelta. The task gives up if the job stays STARTING for
        longer, counted from the first answer with STARTING; default: as long as AWS allows.
    :param wait_timeout: seconds or timedelta from the submit until the task gives up.
    :param terminate_on_kill: terminate the job if the task gives up waiting, if somebody marks the
        task or deletes the DAG run, and if somebody clears the task (jobs of earlier runs of the
        task). A worker that shuts down leaves the job running; a retry adopts the job.
    :param rerun_failed_only: whether a retry of an array's task submits only the failed children;
        each child finds its index in the variable ``FARGATE_BATCH_INDEXES``: see the README.
    :param skip_on_exit_code: exit code, or several; a job that fails with such a code skips the
        task.
    :param fail_on_exit_code: exit code, or several; a job that fails with such a code fails the
        task without retries.
    :param awslogs_enabled: whether a waiting task logs the job's own log, up to the last line.
    :param awslogs_fetch_interval: seconds or timedelta between two reads of the job's log.
    :param awslogs_index: index of the child whose log is read, as an array has no log. With
        *rerun_failed_only*, the index in the original array.
    :param dry_run: only log the request and push XCom ``request``. A dry run reads no Airflow
        connection and needs no credentials. A task that would wait also pushes XCom ``job`` with
        ``status`` DRY_RUN. Templated, and stored as ``render_only``.
    :param aws_conn_id: Airflow connection; ``None`` for boto3's own search for credentials.
    :param region_name: region; omitted: the connection's.
    :param verify: as in every hook of the Amazon provider.
    :param botocore_config: as in every hook of the Amazon provider; the *retries* are ignored.
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

    wait_for_completion: bool | None
    deferrable: bool | None
    poll_interval: float | timedelta
    runnable_timeout: float | timedelta | None
    starting_timeout: float | timedelta | None
    wait_timeout: float | timedelta | None
    terminate_on_kill: bool
    rerun_failed_only: bool
    skip_on_exit_code: int | Collection[int] | None
    fail_on_exit_code: int | Collection[int] | None
    awslogs_enabled: bool
    awslogs_fetch_interval: float | timedelta
    render_only: bool | str | int
    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None
    _depends_on_as_given: Any
    console_pages: Mapping[str, str]
    has_submitted: bool | None = None
    """Whether this process has submitted or adopted the job; ``None`` in a process that resumes a
    deferred task."""
    _awaited: str | None = None
    _submitting: JobRequest | None = None
    _runs_as: Any = None
    ui_color = "#f0ede4"

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
        ignore_missing_dependencies: bool | str | None = None,
        array_size: int | str | None = None,
        retry_strategy: int | Mapping[str, Any] | str | None = None,
        spot_retries: int | str | None = None,
        job_timeout: float | timedelta | str | None = None,
        tags: Mapping[str, str] | str | None = None,
        propagate_tags: bool | str | None = None,
        platform_version: str | None = None,
        extra_submit_args: Mapping[str, Any] | str | None = None,
        wait_for_completion: bool | None = None,
        deferrable: bool | None = None,
        poll_interval: float | timedelta = POLL_INTERVAL,
        runnable_timeout: float | timedelta | None = None,
        starting_timeout: float | timedelta | None = None,
        wait_timeout: float | timedelta | None = None,
        terminate_on_kill: bool = True,
        rerun_failed_only: bool = False,
        skip_on_exit_code: int | Collection[int] | None = None,
        fail_on_exit_code: int | Collection[int] | None = None,
        awslogs_enabled: bool = False,
        awslogs_fetch_interval: float | timedelta = 30.0,
        awslogs_index: int | str | None = None,
        dry_run: bool | str | int = False,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        scope = locals()
        given = {name: scope[name] for name in REQUEST_ARGUMENTS}
        refuse_unknown(type(self), kwargs, first=FargateBatchSubmitOperator)
        if lost := lost_defaults(kwargs.get("default_args") or {}, given, kwargs.get("task_id")):
            raise lost
        super().__init__(**kwargs)
        # Airflow's own way of setting an attribute would take a fifth of what making a task takes.
        vars(self).update(
            given,
            wait_for_completion=deferrable if wait_for_completion is None else wait_for_completion,
            deferrable=deferrable,
            poll_interval=poll_interval,
            runnable_timeout=runnable_timeout,
            starting_timeout=starting_timeout,
            wait_timeout=wait_timeout,
            terminate_on_kill=terminate_on_kill,
            rerun_failed_only=rerun_failed_only,
            skip_on_exit_code=skip_on_exit_code,
            fail_on_exit_code=fail_on_exit_code,
            awslogs_enabled=awslogs_enabled,
            awslogs_fetch_interval=awslogs_fetch_interval,
            render_only=dry_run,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
            console_pages={},
            _depends_on_as_given=depends_on,
        )
        problems = [
            *problems_before_rendering(given),
            *_problems_of_too_many(given),
            *self._problems_of_waiting(),
        ]
        if problems:
            raise _import_error(problems, self.task_id)

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Check the arguments shared by all mapped tasks, then map as Airflow does."""
        refuse_unknown(cls, kwargs, first=FargateBatchSubmitOperator)
        partial = super().partial(**kwargs)
        task_id = kwargs.get("task_id")
        given = {name: kwargs[name] for name in REQUEST_ARGUMENTS if name in kwargs}
        others = set(REQUEST_ARGUMENTS) - given.keys()
        defaults = list(_default_args(partial, kwargs))
        merged = {name: value for each in defaults for name, value in each.items()}
        if "size_policy" not in merged:
            others.discard("size_policy")  # nobody maps over it
        problems = [
            *problems_before_rendering(given, given_later=others),
            *_problems_of_too_many({**merged, **given}),
        ]
        error = lost_defaults(merged, given, task_id)
        if problems:
            error = _import_error(problems, task_id)
        if error:
            with warnings.catch_warnings(action="ignore"):  # "was never mapped": it never will be
                del partial
            raise error
        return partial

    def execute(self, context: Context) -> str:
        """Submit the job and return the job id; in a dry run, render the request only."""
        return self._run(context)

    def execute_complete(
        self, context: Context, event: Mapping[str, Any], try_number: int | None = None
    ) -> str:
        """Resume after the trigger's event, and return the job id.

        :param try_number: number of the try that deferred. Airflow 3.0 starts the next try here
            too, with the event of the failed try; the next try then submits anew, as on every other
            Airflow version.
        """
        if try_number is not None and try_number != context["ti"].try_number:
            return self._run(context)
        return self._waiting(context).take_over(event)

    def on_kill(self) -> None:
        """Terminate the job of this process if the task has ended.

        Airflow also calls this method when only the process stops, or when the next try has begun
        already. The job is then left running, and the log reports the reason.
        """
        if not self.terminate_on_kill or not (self._awaited or self._submitting):
            return
        ti = self._runs_as
        verdict = when_killed(
            task_now(ti),
            timed_out=execution_timeout_expired(),
            is_last_try=ti.try_number > ti.max_tries,
        )
        if verdict.terminates:
            self._terminate(verdict)
        elif self._awaited:
            from airflow_fargate_batch.core.giving_up import left_running
            from airflow_fargate_batch.core.job import Job

            region = self.hook.conn_region_name
            left = left_running([Job(id=self._awaited)], region=region, why=verdict.why)
            self.log.warning("%s", left)
        else:
            self.log.warning(
                "The submit was interrupted; if it created a job, the job is left running: %s",
                verdict.why,
            )

    def dry_run(self) -> None:
        """Print the request, for ``airflow tasks test --dry-run``.

        Airflow gives no context with the call, so a default job name has no token, and templates in
        JSON files stay unrendered.
        """
        arguments = self._arguments | self._files(None)
        request = JobRequest.from_arguments(dry_run=True, **arguments)
        print(as_json(request))  # noqa: T201 - what Airflow's own dry_run() does

    @cached_property
    def hook(self) -> "FargateBatchHook":
        """The hook that calls AWS."""
        return ConnectionSettings.of(self).hook()

    @property
    def _wait_settings(self) -> WaitSettings:
        """The arguments about waiting, parsed; read anew, as a cluster policy may change them.

        :raises InvalidRequest: with all problems.
        """
        return WaitSettings.read(
            deferrable=self.deferrable,
            poll_interval=self.poll_interval,
            runnable_timeout=self.runnable_timeout,
            starting_timeout=self.starting_timeout,
            wait_timeout=self.wait_timeout,
            terminate_on_kill=self.terminate_on_kill,
            awslogs_enabled=self.awslogs_enabled,
            awslogs_fetch_interval=self.awslogs_fetch_interval,
            skip_on_exit_code=self.skip_on_exit_code,
            fail_on_exit_code=self.fail_on_exit_code,
        )

    def _run(self, context: Context) -> str:
        self.has_submitted = False
        dry_run = self._is_dry_run()
        with place_of(context["ti"], self.task_id) as place:
            request = self._request(context, place, dry_run=dry_run)
            for note in request.notes:
                self.log.info("%s", note)
            joins = upstream.warnings_of_joins(self, context["ti"].map_index)
            for warning in (*request.warnings, *joins):
                self.log.warning("%s", warning)
            if dry_run:
                return self._show(request, context)
            job_id = self._submit(request, place, context)
        if self.wait_for_completion:
            self._waiting(context).wait(job_id, log_index=request.awslogs_index)
            self._awaited = None
        return job_id

    @property
    def _arguments(self) -> dict[str, Any]:
        return {name: self._argument(name) for name in REQUEST_ARGUMENTS}

    def _is_dry_run(self) -> bool:
        try:
            return read_flag(self.render_only, "dry_run")
        except InvalidRequest as error:
            raise _failure(error) from None

    def _request(self, context: Context, place: Place, *, dry_run: bool) -> JobRequest:
        arguments = self._arguments | self._files(context)
        for name in FROM_ELSEWHERE:
            if arguments[name] is None:
                arguments[name] = self._from_elsewhere(name, dry_run=dry_run)
        if self._depends_on_as_given is not None and arguments["depends_on"] is None:
            arguments["depends_on"] = [None]  # given, and resolved to nothing: never to be ignored
        submission = self._identity(context, place)
        try:
            request = JobRequest.from_arguments(dry_run=dry_run, submission=submission, **arguments)
        except EmptyArray as error:
            raise AirflowSkipException(str(error)) from None
        except InvalidRequest as error:
            named = upstream.with_tasks_named(error, self._depends_on_as_given)
            raise _failure(named, self._where_to_say(arguments, dry_run=dry_run)) from None
        mask_secrets_of(request)
        return request

    def _identity(self, context: Context, place: Place) -> Submission:
        """Identify this submit: task instance, life of the run, deployment, and place."""
        ti = context["ti"]
        began = getattr(context.get("dag_run"), "start_date", None)
        return Submission.of_task(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            task_id=ti.task_id,
            map_index=-1 if ti.map_index is None else ti.map_index,
            generation=self._generation(context),
            deployment=deployment(),
            life=began if isinstance(began, datetime) else None,
            operator_id=self.task_id,
            ordinal=place.ordinal,
        )

    def _generation(self, context: Context) -> int:
        """Return the number of tries used when a person last cleared the task.

        The retries of the task in the context count: inside a Python callable the task is another
        operator.
        """
        task = context.get("task") or self
        return max(0, context["ti"].max_tries - (task.retries or 0))

    def _from_elsewhere(self, name: str, *, dry_run: bool) -> str | None:
        configured = None if dry_run else self.hook.service_config.get(name)
        return configured or os.environ.get(FROM_ELSEWHERE[name])

    def _where_to_say(self, arguments: Mapping[str, Any], *, dry_run: bool) -> str:
        """Name the other places for missing values."""
        missing = [name for name in FROM_ELSEWHERE if arguments[name] is None]
        if not missing:
            return ""
        variables = " and ".join(FROM_ELSEWHERE[name] for name in missing)
        connection = "" if dry_run else "in the connection's service_config.batch, or "
        why = ": a dry run reads no connection" if dry_run else ""
        return f"\nA missing value can also be set {connection}in {variables}{why}."

    def _files(self, context: Context | None) -> dict[str, JsonFile]:
        return {
            name: self._read(str(path), context) for name in FILES if (path := getattr(self, name))
        }

    def _read(self, path: str, context: Context | None) -> JsonFile:
        folder = Path(self.dag.folder)
        file = read_json_file(str(folder / path), named=path)
        if file.text is None:
            where = "" if Path(path).is_absolute() else f" (in the DAG's folder, {folder})"
            return JsonFile(path, error=f"{file.error}{where}")
        text = file.text
        if context is None:
            return JsonFile(path, text)
        try:
            rendered = self.render_template(f"{_NOT_PYTHON}{text}", context)
        except Exception as error:  # noqa: BLE001 - a template's expressions may raise anything
            kind = type(error).__name__
            return JsonFile(path, error=f"could not be rendered: {kind}: {error}")
        return JsonFile(path, rendered.removeprefix(_NOT_PYTHON))

    def _show(self, request: JobRequest, context: Context) -> str:
        """Log the request, push XCom ``request``, and return the placeholder of a job id.

        A task that would wait also pushes XCom ``job``, because later tasks may read the summary.
        """
        from airflow_fargate_batch.core.dry_run import placeholder, summary

        text = as_json(request)
        self.log.info("Dry run, nothing is submitted. The request:\n%s", text)
        if places := places_struck_out(request):
            self.log.info("Secrets are struck out of this request: %s", ", ".join(places))
        self._push(REQUEST, json.loads(text), context)
        if self.wait_for_completion:
            self._push(JOB, summary(request), context)
        return placeholder(request)

    def _submit(self, request: JobRequest, place: Place, context: Context) -> str:
        try:
            self.hook.check_platform_version(request)
            generation = self._generation(context)
            tries_before = max(0, context["ti"].try_number - generation - 1) + place.was_tried
            self._submitting, self._runs_as = request, context["ti"]
            if generation > 0 and self.terminate_on_kill:
                from airflow_fargate_batch._machine.terminators import terminator_of

                reason = terminator_of(context["ti"]).reason(CLEARED)
                self.hook.terminate_older_generations(request, reason)
            job_id = self.hook.submit(
                request,
                look_first=tries_before > 0,
                tries_before=tries_before,
                waited=0.0 if place.was_tried else place.seconds,
                rerun_failed_only=self.rerun_failed_only,
            )
            if self.wait_for_completion:
                self._awaited = job_id  # before it is no longer being submitted: a kill finds one
            self._submitting = None
            self.has_submitted = True
        except InvalidRequest as error:
            raise _failure(error) from None
        self._log_pages(job_id, request, context)
        return job_id

    def _log_pages(self, job_id: str, request: JobRequest, context: Context) -> None:
        """Log the job and the address of its console page, and push the pages for the links."""
        submitted = self.hook.submitted
        pages = addresses(
            job_id=job_id,
            job_definition=request.job_definition,
            job_queue=request.job_queue,
            region=self.hook.conn_region_name,
            job_arn=submitted.job_arn if submitted else None,
        )
        text = "Submitted job %s (%s) to %s, job definition %s: %s"
        if submitted and submitted.is_adopted:
            text = "Adopted job %s (%s) in %s, job definition %s: %s"
        definition = request.job_definition
        if not has_revision(definition):
            definition += " (latest revision)"
        names = job_id, request.job_name, request.job_queue, definition
        self.log.info(text, *names, pages[BatchJobLink.key])
        self.console_pages = {}  # of an earlier try in this process
        push_pages(self, pages, partial(self._push, context=context))

    def _terminate(self, verdict: Verdict) -> None:
        from airflow_fargate_batch._machine.terminators import terminator_of

        reason = terminator_of(self._runs_as).reason(verdict.why)
        try:
            if self._awaited:
                self.log.info("Terminating job %s: %s", self._awaited, verdict.why)
                self.hook.terminate(self._awaited, reason)
            elif self._submitting:
                self.hook.terminate_submission(self._submitting, reason)
        except AwsError as error:
            self.log.warning("Could not terminate the job; the job is left running: %s", error)

    def _push(self, key: str, value: Any, context: Context) -> None:
        if self.do_xcom_push:
            context["ti"].xcom_push(key=key, value=value)

    def _problems_of_waiting(self) -> Sequence[Problem]:
        """Check the arguments about waiting: found after the submit, a mistake leaves a job."""
        try:
            _ = self._wait_settings
        except InvalidRequest as error:
            return error.problems
        return ()

    def _waiting(self, context: Context) -> "Waiting":
        """Return the wait after the submit; imported late, like ``hook``."""
        from airflow_fargate_batch._airflow.operator_wait import Waiting

        push = partial(self._push, context=context)
        return Waiting(self, context, settings=self._wait_settings, push=push)


def _failure(error: InvalidRequest, advice: str = "") -> AirflowFailException:
    return AirflowFailException(f"Nothing was submitted. {error}{advice}")


def _problems_of_too_many(given: Mapping[str, Any]) -> list[Problem]:
    """Find more dependencies than allowed, and warn if the number is not certain."""
    depends_on = given.get("depends_on")
    if depends_on is None or given.get("ignore_missing_dependencies"):
        return []  # of some branches fewer may have run
    for warning in upstream.warnings_of_mapped(depends_on, FargateBatchSubmitOperator):
        warnings.warn(f"depends_on: {warning}", stacklevel=_OF_THE_DAG)
    return upstream.problems_of_too_many(depends_on, FargateBatchSubmitOperator)


def _import_error(problems: Sequence[Problem], task_id: str | None) -> InvalidRequest:
    return with_task(InvalidRequest(problems), task_id)


def _default_args(partial: Any, kwargs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the default arguments of a mapped task, outermost first."""
    for group in (partial.kwargs.get("dag"), partial.kwargs.get("task_group")):
        if group is not None and group.default_args:
            yield group.default_args
    yield kwargs.get("default_args") or {}
