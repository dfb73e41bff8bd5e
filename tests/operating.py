"""The operator without a scheduler: a real DAG, Airflow's own rendering, a hook that only notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from airflow_fargate_batch.aws.batch import Submitted
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from tests.fakes import FakeTime

try:
    from airflow.sdk import DAG
except ImportError:  # 2.11
    from airflow import DAG

WHERE: dict[str, Any] = {"job_queue": "queue", "job_definition": "definition"}
JOB_ID = "11111111-2222-3333-4444-555555555555"
REGION = "eu-west-1"
ACCOUNT = f"arn:aws:batch:{REGION}:123456789012"


@dataclass
class FakeTaskInstance:
    """A task instance: who it is, what it pushed, and what earlier tasks pushed."""

    task_id: str = "submit"
    dag_id: str = "daily"
    run_id: str = "manual__2026-02-03"
    map_index: int = -1
    try_number: int = 1
    max_tries: int = 0
    start_date: datetime = datetime(2026, 2, 3, tzinfo=UTC)
    earlier: Mapping[str, Any] = field(default_factory=dict)
    pushed: list[tuple[str, Any]] = field(default_factory=list)

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed.append((key, value))

    def xcom_pull(self, task_ids: str, **_: Any) -> Any:
        return self.earlier.get(task_ids)

    def get_relevant_upstream_map_indexes(self, *_: Any, **__: Any) -> None:
        """Say, where 2.11 asks, that the earlier task is not mapped."""


class RecordingHook:
    """What the operator asks of its hook; the rest of AWS is the hook's own business."""

    conn_region_name = REGION
    submitted: Submitted | None = None

    def __init__(self, **service_config: str) -> None:
        self.service_config = service_config
        self.clock = FakeTime().clock()
        self.requests: list[JobRequest] = []
        self.looks: list[bool] = []
        self.ended_older: list[JobRequest] = []

    def terminate_older_generations(self, request: JobRequest, reason: str) -> list[str]:  # noqa: ARG002
        self.ended_older.append(request)
        return []

    def submit(self, request: JobRequest, *, look_first: bool = False, **_: Any) -> str:
        self.requests.append(request)
        self.looks.append(look_first)
        self.submitted = Submitted(JOB_ID, request.job_name, f"{ACCOUNT}:job/{JOB_ID}")
        return JOB_ID


def dag(**options: Any) -> DAG:
    """Make an empty DAG, in which to make tasks with ``with``."""
    return DAG("daily", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC), **options)


def operator(*, native: bool = False, **arguments: Any) -> FargateBatchSubmitOperator:
    """Make a task of its own DAG."""
    with dag(render_template_as_native_obj=native):
        return FargateBatchSubmitOperator(task_id="submit", **(WHERE | arguments))


def rendered(
    task: FargateBatchSubmitOperator, ti: FakeTaskInstance | None = None, **names: Any
) -> Any:
    """Render a task as Airflow does; return the context that it is then executed with."""
    ti = ti or FakeTaskInstance()
    context: Any = {"ti": ti, "task_instance": ti, "task": task, "ds": "2026-02-03"}
    context |= {"expanded_ti_count": None, **names}  # 2.11 asks for the first
    task.render_template_fields(context)
    return context


def submitted(
    task: FargateBatchSubmitOperator,
    ti: FakeTaskInstance | None = None,
    hook: RecordingHook | None = None,
    **names: Any,
) -> JobRequest:
    """Render and execute a task; return the only request that it submitted."""
    hook = hook or RecordingHook()
    vars(task)["hook"] = hook
    assert task.execute(rendered(task, ti, **names)) == JOB_ID
    [request] = hook.requests
    return request
