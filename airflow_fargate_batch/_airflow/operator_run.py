"""One run of the operator: request, submit, wait; not loaded when a DAG is parsed."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from airflow_fargate_batch._airflow import upstream
from airflow_fargate_batch._airflow.compat import Context, task_state
from airflow_fargate_batch._airflow.costs import estimate_lines
from airflow_fargate_batch._airflow.masking import body_as_json, mask_secrets_of, places_struck_out
from airflow_fargate_batch._airflow.metrics import TaskMetrics
from airflow_fargate_batch._airflow.operator_end import WaitingTask
from airflow_fargate_batch._airflow.operator_request import RequestingTask, RequestMaker, failure
from airflow_fargate_batch._airflow.operator_wait import Waiting
from airflow_fargate_batch._airflow.ordinals import Place, place_of
from airflow_fargate_batch._airflow.xcom import JOB, REQUEST
from airflow_fargate_batch._machine.terminators import terminator_of
from airflow_fargate_batch.core.dry_run import dry_run_summary, placeholder
from airflow_fargate_batch.core.giving_up import left_running
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.termination import CLEARED, Verdict, when_killed
from airflow_fargate_batch.core.wait_settings import WaitArguments, WaitSettings
from airflow_fargate_batch.exceptions import AwsError, InvalidRequest
from airflow_fargate_batch.links import BatchJobLink, addresses, has_revision, push_pages


class RunningTask(RequestingTask, WaitingTask, WaitArguments, Protocol):
    """The part of the operator used by a run."""

    task_id: str
    wait_for_completion: bool | None
    rerun_failed_only: bool
    preflight: bool
    has_submitted: bool | None

    def completed(
        self, request: JobRequest, context: Context | None, *, dry_run: bool
    ) -> JobRequest:
        """Return the request to submit."""


class OperatorRun:
    """One run of the operator in a try of its task.

    ``kill`` may interrupt the run anywhere, in a signal's handler. So the attributes below change
    in an order that always leaves either a request or a job to terminate.
    """

    def __init__(self, task: RunningTask, context: Context) -> None:
        self._task = task
        self._context = context
        self._ti = context["ti"]
        self._maker = RequestMaker(task, context)
        self._submitting: JobRequest | None = None
        self._awaited: str | None = None

    def run(self) -> str:
        """Submit the job, wait if wanted, and return the job id; in a dry run, show the request.

        :raises AirflowFailException: the request is not valid, or a retry is useless.
        :raises AirflowSkipException: nothing is to be submitted, or an exit code skips the task.
        """
        task = self._task
        task.has_submitted = False
        dry_run = self._maker.is_dry_run()
        with place_of(self._ti, task.task_id) as place:
            request = self._request(place, dry_run=dry_run)
            self._log_findings(request)
            if dry_run:
                return self._show(request)
            job_id = self._submit(request, place)
        if task.wait_for_completion:
            self._waiting().wait(job_id, log_index=request.awslogs_index)
            self._awaited = None
        return job_id

    def take_over(self, event: Mapping[str, Any]) -> str:
        """Continue after the trigger's event, and return the job id."""
        return self._waiting().take_over(event)

    def kill(self) -> None:
        """Terminate the job of this run if the task has ended; else report the job left running."""
        task = self._task
        if not task.terminate_on_kill or not (self._awaited or self._submitting):
            return
        verdict = when_killed(
            task_state.task_now(self._ti),
            timed_out=task_state.execution_timeout_expired(),
            is_last_try=self._ti.try_number > self._ti.max_tries,
        )
        if verdict.terminates:
            self._terminate(verdict)
        elif self._awaited:
            region = task.hook.conn_region_name
            left = left_running([Job(id=self._awaited)], region=region, why=verdict.why)
            task.log.warning("%s", left)
        else:
            task.log.warning(
                "The submit was interrupted; if it created a job, the job is left running: %s",
                verdict.why,
            )

    def _request(self, place: Place, *, dry_run: bool) -> JobRequest:
        """Make the request, and complete it as the task's class does."""
        request = self._maker.request(place, dry_run=dry_run)
        try:
            completed = self._task.completed(request, self._context, dry_run=dry_run)
        except InvalidRequest as error:
            raise failure(error) from None
        if completed is not request:
            mask_secrets_of(completed)
        return completed

    def _log_findings(self, request: JobRequest) -> None:
        for note in request.notes:
            self._task.log.info("%s", note)
        joins = upstream.warnings_of_joins(self._task, self._ti.map_index)
        for warning in (*request.warnings, *joins):
            self._task.log.warning("%s", warning)

    def _show(self, request: JobRequest) -> str:
        """Log the request, push XCom ``request``, and return the placeholder of a job id.

        A task that would wait also pushes XCom ``job``, because later tasks may read the summary.
        """
        text = body_as_json(request)
        self._task.log.info("Dry run, nothing is submitted. The request:\n%s", text)
        if places := places_struck_out(request):
            self._task.log.info("Secrets are struck out of this request: %s", ", ".join(places))
        for line in estimate_lines(request, self._task.region_name):
            self._task.log.info("%s", line)
        self._push(REQUEST, json.loads(text))
        if self._task.wait_for_completion:
            self._push(JOB, dry_run_summary(request))
        return placeholder(request)

    def _submit(self, request: JobRequest, place: Place) -> str:
        task = self._task
        try:
            generation = self._maker.generation
            tries_before = max(0, self._ti.try_number - generation - 1) + place.was_tried
            self._submitting = request
            if generation > 0 and task.terminate_on_kill:
                reason = terminator_of(self._ti).reason(CLEARED)
                task.hook.terminate_older_generations(request, reason)
            job_id = task.hook.submit(
                request,
                look_first=tries_before > 0,
                tries_before=tries_before,
                waited=0.0 if place.was_tried else place.seconds,
                rerun_failed_only=task.rerun_failed_only,
                preflight=task.preflight,
            )
            if task.wait_for_completion:
                self._awaited = job_id  # before it is no longer being submitted: a kill finds one
            self._submitting = None
            task.has_submitted = True
            task.last_job = Job(
                id=job_id,
                name=request.job_name,
                queue=request.job_queue,
                definition=request.job_definition,
            )
        except InvalidRequest as error:
            raise failure(error) from None
        self._log_pages(job_id, request)
        return job_id

    def _log_pages(self, job_id: str, request: JobRequest) -> None:
        """Log the job and the address of its console page, and push the pages for the links."""
        task = self._task
        submitted = task.hook.submitted
        job_queue = (submitted and submitted.job_queue) or request.job_queue
        pages = addresses(
            job_id=job_id,
            job_definition=request.job_definition,
            job_queue=job_queue,
            region=task.hook.conn_region_name,
            job_arn=submitted.job_arn if submitted else None,
        )
        text = "Submitted job %s (%s) to %s, job definition %s: %s"
        if submitted and submitted.is_adopted:
            text = "Adopted job %s (%s) in %s, job definition %s: %s"
        definition = request.job_definition
        if not has_revision(definition):
            definition += " (latest revision)"
        metrics = TaskMetrics(self._ti.dag_id, self._ti.task_id)
        metrics.submitted(is_adopted=bool(submitted and submitted.is_adopted))
        names = job_id, request.job_name, job_queue, definition
        task.log.info(text, *names, pages[BatchJobLink.key])
        task.console_pages = {}  # of an earlier try in this process
        push_pages(task, pages, self._push)

    def _terminate(self, verdict: Verdict) -> None:
        task = self._task
        reason = terminator_of(self._ti).reason(verdict.why)
        try:
            if self._awaited:
                task.log.info("Terminating job %s: %s", self._awaited, verdict.why)
                task.hook.terminate(self._awaited, reason)
            elif self._submitting:
                task.hook.terminate_submission(self._submitting, reason)
        except AwsError as error:
            task.log.warning("Could not terminate the job; the job is left running: %s", error)

    def _waiting(self) -> Waiting:
        """Begin the wait; the arguments are read now, as a cluster policy may have changed them."""
        settings = WaitSettings.read(self._task)
        return Waiting(self._task, self._context, settings=settings, push=self._push)

    def _push(self, key: str, value: Any) -> None:
        if self._task.do_xcom_push:
            self._ti.xcom_push(key=key, value=value)
