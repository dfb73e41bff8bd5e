"""Tasks in each state that the pages show: jobs at LocalBatch, tasks in Airflow's records."""

from typing import Any, Final

from airflow_fargate_batch.core.naming import Submission
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE
from tests.airflow.page_users.names import PRIVATE
from tests.airflow.recorded import Recorded, links
from tests.patience import until

DAG: Final = "shown"
RUN: Final = "manual__2026-11-26T09:00:00+00:00"
CONNECTION: Final = "pages"
LONG: Final = "extract_" + "a_very_long_name_" * 12 + "end"
CHILDREN: Final = 10_000
FAILED: Final = [3, 17, *range(5_000, 5_400)]


def script(aws: LocalBatch) -> None:
    """Say how the jobs behave."""
    aws.script(name="*-running-*", runtime=1e6, log=[f"line {n}" for n in range(120)])
    aws.script(name="*-array-*", runtime=1, exit_code=3, indexes=FAILED, log=["it broke"])
    aws.script(name="*-live-*", runtime=1e6)
    aws.script(name="*-live-*", runtime=1, exit_code=3, indexes=[5], log=["child 5 broke"])
    aws.script(name="*-retried-*", runtime=1, exit_code=3)
    aws.script(
        name="*-stuck-*",
        stuck_in="RUNNABLE",
        status_reason="CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY - no Fargate capacity",
    )


def records(aws: LocalBatch) -> list[Recorded]:
    """Submit the jobs, wait until those that end have ended, and return the tasks."""
    script(aws)
    tasks = [
        _task(aws, "running", "deferred", took=None),
        _task(aws, "array", "failed", size=CHILDREN),
        _task(aws, "live", "deferred", took=None, size=20),
        _task(aws, "stuck", "deferred", took=None),
        _task(aws, LONG, "success"),
        _task(aws, "retried", "failed", generation=1, tries=2),
        _task(aws, "secret_task", "success", dag_id=PRIVATE),
        _other("dry_run", xcoms={"request": {"jobName": "x", "jobQueue": READY_QUEUE}}),
        _other("other", operator="EmptyOperator"),
    ]
    done = ("array", LONG, "retried")
    ids = {task.task_id: str(task.xcoms["return_value"]) for task in tasks if task.task_id in done}
    until(lambda: all(_is_final(aws, each) for each in ids.values()))
    until(lambda: _counts(aws, str(tasks[2].xcoms["return_value"])).get("FAILED", 0) == 1)
    return tasks


def _task(
    aws: LocalBatch,
    task_id: str,
    state: str,
    *,
    dag_id: str = DAG,
    took: float | None = 30,
    generation: int = 0,
    tries: int = 0,
    size: int | None = None,
) -> Recorded:
    """Return a task whose job, and whose earlier tries' jobs, were submitted just now."""
    ids = [
        _submit(aws, dag_id, task_id, number, size)
        for number in range(generation - tries + 1, generation + 1)
    ] or [_submit(aws, dag_id, task_id, generation, size)]
    return Recorded(
        dag_id=dag_id,
        run_id=RUN,
        task_id=task_id,
        state=state,
        ago=60,
        took=took,
        tries=[(600.0 * (tries - n), 60.0) for n in range(tries)],
        xcoms=links(ids[-1], aws.region, _queue_arn(aws)),
        rendered={
            "aws_conn_id": CONNECTION,
            "vcpu": "1",
            "memory": "2048",
            "environment": {"DB_PASSWORD": "***"},
        },
    )


def _other(task_id: str, **members: Any) -> Recorded:
    return Recorded(dag_id=DAG, run_id=RUN, task_id=task_id, **members)


def _submit(aws: LocalBatch, dag_id: str, task_id: str, generation: int, size: int | None) -> str:
    submission = Submission.of_task(
        dag_id=dag_id, run_id=RUN, task_id=task_id, map_index=-1, generation=max(generation, 0)
    )
    answer = aws.client("batch").submit_job(
        jobName=submission.job_name("job"),
        jobQueue=READY_QUEUE,
        jobDefinition=READY_DEFINITION,
        tags=submission.tags(room=50),
        **({"arrayProperties": {"size": size}} if size else {}),
    )
    return str(answer["jobId"])


def _queue_arn(aws: LocalBatch) -> str:
    [queue] = aws.client("batch").describe_job_queues(jobQueues=[READY_QUEUE])["jobQueues"]
    return str(queue["jobQueueArn"])


def _described(aws: LocalBatch, job_id: str) -> Any:
    return aws.client("batch").describe_jobs(jobs=[job_id])["jobs"][0]


def _is_final(aws: LocalBatch, job_id: str) -> bool:
    return _described(aws, job_id)["status"] in {"SUCCEEDED", "FAILED"}


def _counts(aws: LocalBatch, job_id: str) -> dict[str, int]:
    counts: dict[str, int] = _described(aws, job_id)["arrayProperties"]["statusSummary"]
    return counts
