"""Metrics of jobs and of calls to AWS, sent as Airflow sends its own (``[metrics]``).

Each metric of a task is sent twice, as Airflow does: under a name of its own with the tags
``dag_id`` and ``task_id``, and under ``dag.<dag_id>.<task_id>.<name>`` for backends without tags.
Calls have the tag ``operation`` only: one call of a triggerer asks about the jobs of many tasks.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from airflow_fargate_batch._airflow.compat import stats
from airflow_fargate_batch.aws.errors import is_throttle
from airflow_fargate_batch.core.failure import diagnose
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.status import JobStatus

if TYPE_CHECKING:
    from datetime import timedelta

SUBMITTED: Final = "fargate_batch.jobs_submitted"
"""Counter: jobs that a task submitted."""
ADOPTED: Final = "fargate_batch.jobs_adopted"
"""Counter: jobs of earlier tries that a task took over."""
ENDED: Final = "fargate_batch.jobs_ended"
"""Counter: ended jobs of waiting tasks; the tag ``outcome`` is ``succeeded`` or a failure kind."""
QUEUE_DURATION: Final = "fargate_batch.queue_duration"
"""Timing: from the creation of a job to the start of its (last) attempt."""
RUN_DURATION: Final = "fargate_batch.run_duration"
"""Timing: from the start of a job's (last) attempt to the job's end."""
CALLS: Final = "fargate_batch.api_calls"
"""Counter: requests to AWS, with the tag ``operation`` such as ``batch.DescribeJobs``."""
THROTTLED: Final = "fargate_batch.api_throttles"
"""Counter: requests that AWS refused because of too many requests; with the same tag."""

ALL: Final = (SUBMITTED, ADOPTED, ENDED, QUEUE_DURATION, RUN_DURATION, CALLS, THROTTLED)

Client = TypeVar("Client")


class TaskMetrics:
    """The metrics of one task."""

    def __init__(self, dag_id: str, task_id: str) -> None:
        self._tags = {"dag_id": dag_id, "task_id": task_id}
        self._name = f"dag.{_one_part(dag_id)}.{_one_part(task_id)}."

    def submitted(self, *, is_adopted: bool) -> None:
        """Count a job."""
        self._count(ADOPTED if is_adopted else SUBMITTED)

    def ended(self, job: Job) -> None:
        """Count an ended job by its outcome, and send its times, as far as known."""
        self._count(ENDED, outcome=outcome_tag(job))
        self._time(QUEUE_DURATION, job.created_at, job.started_at)
        self._time(RUN_DURATION, job.started_at, job.stopped_at)

    def _count(self, name: str, **tags: str) -> None:
        stats().incr(name, tags=self._tags | tags)
        stats().incr(".".join((self._name + name, *tags.values())))

    def _time(self, name: str, start: Any, end: Any) -> None:
        if start is None or end is None or end < start:
            return
        span: timedelta = end - start
        stats().timing(name, span, tags=self._tags)
        stats().timing(self._name + name, span)


def outcome_tag(job: Job) -> str:
    """Return ``succeeded`` or the kind of the failure, such as ``out_of_memory``."""
    if job.status is JobStatus.SUCCEEDED:
        return "succeeded"
    return diagnose(job).kind.value.lower().replace(" ", "_")


def counting_calls(client: Client) -> Client:
    """Count the requests of a boto3 client, from now on; return the client."""
    events: Any = client.meta.events  # type: ignore[attr-defined]
    events.register("after-call", _answered, unique_id="fargate-batch-answered")
    events.register("after-call-error", _not_answered, unique_id="fargate-batch-not-answered")
    return client


def _answered(event_name: str, http_response: Any, parsed: Mapping[str, Any], **_: Any) -> None:
    operation = _operation(event_name)
    stats().incr(CALLS, tags={"operation": operation})
    if is_throttle(parsed.get("Error", {}).get("Code", ""), http_response.status_code):
        stats().incr(THROTTLED, tags={"operation": operation})


def _not_answered(event_name: str, **_: Any) -> None:
    stats().incr(CALLS, tags={"operation": _operation(event_name)})


def _operation(event_name: str) -> str:
    """Return ``batch.DescribeJobs`` of botocore's event ``after-call.batch.DescribeJobs``."""
    return event_name.partition(".")[2]


def _one_part(name: str) -> str:
    """Keep an id one part of a metric's name, as Airflow 3.3 does."""
    return name.replace(".", "__")
