"""The operator: arguments of a task in, a job id out; the core holds every rule."""

import warnings
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_fargate_batch._airflow.compat import BaseOperator, Context, XComArg
from airflow_fargate_batch._airflow.connection import ConnectionSettings
from airflow_fargate_batch._airflow.end_times import EndTimes
from airflow_fargate_batch._airflow.finish_check import problems_of_task
from airflow_fargate_batch._airflow.hidden_fields import HidesSecrets
from airflow_fargate_batch._airflow.import_check import (
    REQUEST_ARGUMENTS,
    CheckedPartial,
    ImportCheck,
)
from airflow_fargate_batch._airflow.unknown_arguments import refuse_unknown
from airflow_fargate_batch._airflow.upstream import holds_no_xcom
from airflow_fargate_batch.core.backoff import POLL_INTERVAL
from airflow_fargate_batch.core.naming import DEFAULT_PREFIX
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.links import LINKS

if TYPE_CHECKING:
    from airflow_fargate_batch._airflow.operator_run import OperatorRun
    from airflow_fargate_batch.core.job import Job
    from airflow_fargate_batch.hooks import FargateBatchHook

__all__ = ["FargateBatchSubmitOperator"]


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
    :param container: name of the container that *vcpu*, *memory*, *command*, *environment* and
        *container_overrides* are for, if the job definition has ``ecsProperties``; by default the
        only container in *ecs_properties_override*.
    :param ecs_properties_override: the API's own mapping, or JSON, for several containers; the
        arguments above win, container by container and key by key.
    :param out_of_memory: ``grow``: a retry of a task whose job ran out of memory asks for twice the
        memory, as a size of Fargate, with more vCPU where needed.
    :param max_memory: most MiB that such retries ask for, or a text like ``"16 GB"``.
    :param fallback_job_queue: queue for the retries of a task whose job Fargate Spot reclaimed, or
        for which AWS had no capacity (in *runnable_timeout*, for instance). Both need a task that
        waits: a retry after a failed submit finds no failed job.
    :param share_identifier: share of a fair-share queue; required there, invalid on FIFO queues.
    :param scheduling_priority: 0 to 9999 within the share; the definition's otherwise.
    :param depends_on: a job id, several ids separated by commas, lists (nested lists and mapped
        tasks too), ``{jobId, type: N_TO_N}``, or ``{type: SEQUENTIAL}`` for an array.
    :param ignore_missing_dependencies: leave out entries of *depends_on* if the task pushed no job
        id, such as a skipped branch; at least one entry must remain. By default such an entry fails
        the task.
    :param array_size: 2 to 10000 children; 1 submits a plain job, 0 skips the task.
    :param items: list, ``.output`` of a task, JSON text of a list, or ``s3://bucket/key`` of JSON
        Lines: an array whose children share the items: see docs/arrays.md. One item submits a plain
        job, no items skip the task.
    :param items_per_child: items for each child; default: as few as needed for 10000 children.
    :param items_location: ``s3://bucket/prefix`` to write a list below that is too long for the
        container's environment.
    :param retry_strategy: number of attempts, or the API's mapping.
    :param spot_retries: number of retries; only after Fargate Spot reclaimed the task.
    :param job_timeout: seconds or timedelta, for each attempt; at least 60 s.
    :param tags: mapping, or JSON.
    :param propagate_tags: whether the ECS task gets the tags too.
    :param platform_version: ``LATEST`` or ``n.n.n``. SubmitJob has no such member: before the
        submit, a version is compared with the job definition's.
    :param consumable_resources: mapping from name or ARN to quantity (at most 5), or JSON.
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
        each child finds its index in the variable ``FARGATE_BATCH_INDEXES``: see docs/retries.md.
    :param preflight: whether to judge a new job before the submit by its queue, compute
        environments and job definition, with three or four calls. A request that cannot work fails
        the task without retries, a queue that cannot run jobs now lets Airflow retry, and a lookup
        that fails refuses nothing. By default only vCPU or memory alone, and a platform version,
        are compared with the job definition.
    :param skip_on_exit_code: exit code, or several; a job that fails with such a code skips the
        task.
    :param fail_on_exit_code: exit code, or several; a job that fails with such a code fails the
        task without retries.
    :param awslogs_enabled: whether a waiting task logs the job's own log, up to the last line.
    :param awslogs_fetch_interval: seconds or timedelta between two reads of the job's log.
    :param awslogs_index: index of the child whose log is read, as an array has no log. With
        *rerun_failed_only*, the index in the original array.
    :param result_from_log: whether the last line of the job's log that begins with
        ``FARGATE_BATCH_RESULT:`` becomes XCom ``result``. The rest of the line is JSON. The task
        must wait for the job, and fails if there is no such line.
    :param finish_in_triggerer: whether a deferred task ends in the triggerer when its job has
        succeeded, without a second start of a worker. A worker still ends tasks of failed jobs and
        of arrays. Not together with outlets, ``on_success_callback``, ``post_execute`` or
        ``map_index_template``, which need a worker: see docs/waiting.md.
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
    end_times: ClassVar[EndTimes] = EndTimes()
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "command": "json",
        "consumable_resources": "json",
        "container_overrides": "json",
        "depends_on": "json",
        "ecs_properties_override": "json",
        "environment": "json",
        "extra_submit_args": "json",
        "items": "json",
        "parameters": "json",
        "retry_strategy": "json",
        "tags": "json",
    }
    operator_extra_links = LINKS

    job_queue: str | None = None
    job_definition: str | None = None
    job_name: str | None = None
    job_name_prefix: str = DEFAULT_PREFIX
    vcpu: float | str | None = None
    memory: float | str | None = None
    size_policy: str = "strict"
    command: Sequence[str] | str | None = None
    environment: Mapping[str, str] | Sequence[Mapping[str, str]] | str | None = None
    parameters: Mapping[str, str] | str | None = None
    parameters_file: str | None = None
    container_overrides: Mapping[str, Any] | str | None = None
    container_overrides_file: str | None = None
    container: str | None = None
    ecs_properties_override: Mapping[str, Any] | str | None = None
    out_of_memory: str | None = None
    max_memory: float | str | None = None
    fallback_job_queue: str | None = None
    share_identifier: str | None = None
    scheduling_priority: int | str | None = None
    depends_on: Any = None
    ignore_missing_dependencies: bool | str | None = None
    array_size: int | str | None = None
    items: Any = None
    items_per_child: int | str | None = None
    items_location: str | None = None
    retry_strategy: int | Mapping[str, Any] | str | None = None
    spot_retries: int | str | None = None
    job_timeout: float | timedelta | str | None = None
    tags: Mapping[str, str] | str | None = None
    propagate_tags: bool | str | None = None
    platform_version: str | None = None
    consumable_resources: Mapping[str, int] | Mapping[str, Any] | str | None = None
    extra_submit_args: Mapping[str, Any] | str | None = None
    awslogs_index: int | str | None = None
    wait_for_completion: bool | None
    deferrable: bool | None
    poll_interval: float | timedelta
    runnable_timeout: float | timedelta | None
    starting_timeout: float | timedelta | None
    wait_timeout: float | timedelta | None
    terminate_on_kill: bool
    rerun_failed_only: bool
    preflight: bool
    skip_on_exit_code: int | Collection[int] | None
    fail_on_exit_code: int | Collection[int] | None
    awslogs_enabled: bool
    awslogs_fetch_interval: float | timedelta
    result_from_log: bool
    finish_in_triggerer: bool
    render_only: bool | str | int
    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None
    depends_on_as_given: Any
    """*depends_on* in the DAG, before templates and XComs were resolved."""
    has_items: bool
    """Whether *items* is given, also if it resolves to nothing."""
    console_pages: Mapping[str, str]
    has_submitted: bool | None = None
    """Whether this process has submitted or adopted the job; ``None`` in a process that resumes a
    deferred task."""
    result: Any = None
    """Result of the job, once the task has waited for it with *result_from_log*."""
    payload_location: str | None = None
    """Prefix on S3 for results that are too long for a log line."""
    pushes_result: bool = True
    """Whether the result becomes XCom ``result``."""
    last_job: "Job | None" = None
    """The job as last seen by this process."""
    _run: "OperatorRun | None" = None
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
        container: str | None = None,
        ecs_properties_override: Mapping[str, Any] | str | None = None,
        out_of_memory: str | None = None,
        max_memory: float | str | None = None,
        fallback_job_queue: str | None = None,
        share_identifier: str | None = None,
        scheduling_priority: int | str | None = None,
        depends_on: Any = None,
        ignore_missing_dependencies: bool | str | None = None,
        array_size: int | str | None = None,
        items: Any = None,
        items_per_child: int | str | None = None,
        items_location: str | None = None,
        retry_strategy: int | Mapping[str, Any] | str | None = None,
        spot_retries: int | str | None = None,
        job_timeout: float | timedelta | str | None = None,
        tags: Mapping[str, str] | str | None = None,
        propagate_tags: bool | str | None = None,
        platform_version: str | None = None,
        consumable_resources: Mapping[str, int] | Mapping[str, Any] | str | None = None,
        extra_submit_args: Mapping[str, Any] | str | None = None,
        wait_for_completion: bool | None = None,
        deferrable: bool | None = None,
        poll_interval: float | timedelta = POLL_INTERVAL,
        runnable_timeout: float | timedelta | None = None,
        starting_timeout: float | timedelta | None = None,
        wait_timeout: float | timedelta | None = None,
        terminate_on_kill: bool = True,
        rerun_failed_only: bool = False,
        preflight: bool = False,
        skip_on_exit_code: int | Collection[int] | None = None,
        fail_on_exit_code: int | Collection[int] | None = None,
        awslogs_enabled: bool = False,
        awslogs_fetch_interval: float | timedelta = 30.0,
        awslogs_index: int | str | None = None,
        result_from_log: bool = False,
        finish_in_triggerer: bool = False,
        dry_run: bool | str | int = False,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        scope = locals()
        given = {name: value for name in REQUEST_ARGUMENTS if (value := scope[name]) is not None}
        check = ImportCheck(FargateBatchSubmitOperator)
        check.refuse_names(type(self), given, kwargs)
        super().__init__(**kwargs)
        # Plain assignments would pass Airflow's `__setattr__`, past the target of `make bench
        # PART=construct`. Nothing is lost: Airflow looks for XComArgs once `__init__` is over.
        # Arguments of the request that are not given are attributes of the class.
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
            preflight=preflight,
            skip_on_exit_code=skip_on_exit_code,
            fail_on_exit_code=fail_on_exit_code,
            awslogs_enabled=awslogs_enabled,
            awslogs_fetch_interval=awslogs_fetch_interval,
            result_from_log=result_from_log,
            finish_in_triggerer=finish_in_triggerer,
            render_only=dry_run,
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            verify=verify,
            botocore_config=botocore_config,
            console_pages={},
            depends_on_as_given=depends_on,
            has_items=items is not None,
        )
        check.refuse_values(
            given,
            waiting=self,
            further=problems_of_task(self) if finish_in_triggerer else (),
            outlets=bool(self.outlets) and not self.wait_for_completion,
            task_id=self.task_id,
        )
        check.warn_of_nothing_to_learn(given, waits=self.wait_for_completion)

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Check the arguments shared by all mapped tasks, then map as Airflow does."""
        refuse_unknown(cls, kwargs, first=FargateBatchSubmitOperator)
        partial = super().partial(**kwargs)
        error = ImportCheck(FargateBatchSubmitOperator).error_of_shared(partial, kwargs)
        if error:
            with warnings.catch_warnings(action="ignore"):  # "was never mapped": it never will be
                del partial
            raise error
        partial.__class__ = CheckedPartial
        return partial

    def execute(self, context: Context) -> str:
        """Submit the job and return the job id; in a dry run, render the request only."""
        return self._execute(context)

    def execute_complete(
        self, context: Context, event: Mapping[str, Any], try_number: int | None = None
    ) -> str:
        """Resume after the trigger's event, and return the job id.

        :param try_number: number of the try that deferred. Airflow 3.0 starts the next try here
            too, with the event of the failed try; the next try then submits anew, as on every other
            Airflow version.
        """
        if try_number is not None and try_number != context["ti"].try_number:
            return self._execute(context)
        return self._new_run(context).take_over(event)

    def on_kill(self) -> None:
        """Terminate the job of this process if the task has ended.

        Airflow also calls this method when only the process stops, or when the next try has begun
        already. The job is then left running, and the log reports the reason.
        """
        if self._run is not None:
            self._run.kill()

    def dry_run(self) -> None:
        """Print the request, for ``airflow tasks test --dry-run``.

        Airflow gives no context with the call, so a default job name has no token, and templates in
        JSON files stay unrendered.
        """
        from airflow_fargate_batch._airflow.masking import body_as_json
        from airflow_fargate_batch._airflow.operator_request import json_files

        arguments = self.request_arguments() | json_files(self, None)
        request = JobRequest.from_arguments(dry_run=True, **arguments)
        request = self.completed(request, None, dry_run=True)
        print(body_as_json(request))  # noqa: T201 - what Airflow's own dry_run() does

    def get_openlineage_facets_on_complete(self, task_instance: Any) -> Any:  # noqa: ARG002 - Airflow's signature
        """Return facets about the job, for Airflow's OpenLineage provider at the task's end."""
        from airflow_fargate_batch._airflow.lineage import lineage_of

        return lineage_of(self.last_job)

    @cached_property
    def hook(self) -> "FargateBatchHook":
        """The hook that calls AWS."""
        return ConnectionSettings.of(self).hook()

    def request_arguments(self) -> dict[str, Any]:
        """Return the arguments of the request; once rendered, with secrets."""
        return {name: self._argument(name) for name in REQUEST_ARGUMENTS}

    def completed(
        self,
        request: JobRequest,
        context: Context | None,  # noqa: ARG002 - for subclasses
        *,
        dry_run: bool,  # noqa: ARG002 - for subclasses
    ) -> JobRequest:
        """Return the request to submit; a subclass may add to the request of the arguments.

        :param context: ``None`` in the method ``dry_run``.
        :param dry_run: whether AWS may not be called.
        :raises InvalidRequest: nothing is submitted.
        """
        return request

    def _set_xcomargs_dependencies(self) -> None:
        """Depend on the tasks whose XComs are arguments, as Airflow's own method of 3.x does.

        Airflow looks for XComs in every templated argument, given or not: in 39 for each operator,
        whenever a DAG is read. Most are not given, or plain text. 2.11 has another name for the
        method, and looks in all.
        """
        for name in self.template_fields:
            value = getattr(self, name, None)
            if value is not None and not holds_no_xcom(value):
                XComArg.apply_upstream_relationship(self, value)

    def _execute(self, context: Context) -> str:
        self._run = self._new_run(context)
        job_id = self._run.run()
        self._run = None  # only a run that was interrupted can be killed
        return job_id

    def _new_run(self, context: Context) -> "OperatorRun":
        """Begin a run; imported late, like ``hook``."""
        from airflow_fargate_batch._airflow.operator_run import OperatorRun

        return OperatorRun(self, context)
