"""Functions in the image of a job: what they get, return, print and raise, however a task waits."""

from datetime import UTC, datetime, timedelta
from typing import Any

try:
    from airflow.sdk import DAG, task
except ImportError:  # 2.11
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[no-redef,attr-defined]

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

FAST: dict[str, Any] = {
    "poll_interval": 1,
    "awslogs_fetch_interval": 1,
    "awslogs_enabled": False,  # its last line is waited for ten seconds
}
START = datetime(2026, 1, 1, tzinfo=UTC)

with DAG("functions", schedule=None, start_date=START, default_args=FAST):

    @task.fargate_batch(environment={"GIVEN": "by the user"}, awslogs_enabled=True)
    def in_worker(a: int, *rest: int, by: str = "default", ds: Any = None) -> dict[str, Any]:
        import os

        print("printed in the job")
        return {"args": [a, *rest], "by": by, "ds": ds, "given": os.environ["GIVEN"]}

    @task.fargate_batch(deferrable=True, multiple_outputs=False)
    def deferred(before: dict[str, Any]) -> dict[str, Any]:
        return {"before": before, "deep": [{"x": None}, 1.5, "ü\n"]}

    @task.fargate_batch()
    def mapped(number: int, factor: int) -> int:
        return number * factor

    @task.fargate_batch()
    def total(numbers: list[int]) -> int:
        return sum(numbers)

    @task.fargate_batch(awslogs_enabled=True)
    def secret(password: str, url: str) -> list[str]:
        print(f"logging in with {password} at {url}")
        return [password, "shown"]

    @task.fargate_batch_cmd(wait_for_completion=True)
    def words(day: str, ti: Any = None) -> list[str]:
        return ["echo", f"{ti.task_id} ran on {day} with {{{{ ds }}}}"]

    @task.fargate_batch_cmd()
    def overrides() -> dict[str, Any]:
        return {"command": ["true"], "environment": [{"name": "A", "value": "1"}]}

    @task.fargate_batch_cmd(deferrable=True)
    def words_deferred() -> list[str]:
        return ["echo", "deferred"]

    FargateBatchSubmitOperator(
        task_id="shell",
        command=["sh", "-c", 'n=3; echo early; echo "FARGATE_BATCH_RESULT:{\\"rows\\": $n}"'],
        deferrable=True,
        result_from_log=True,
    )
    first: Any = in_worker(1, 2, by="{{ 'templated' }}", ds="{{ ds }}")
    deferred(first)
    numbers: Any = mapped.partial(factor=10).expand(number=[1, 2, 3])
    total(numbers)
    secret("hunter2-of-the-task", "postgres://me:{{ 'urlsecret77' }}@db/x")
    words("{{ ds }}")
    overrides()
    words_deferred()

with DAG("retried", schedule=None, start_date=START, default_args=FAST):

    @task.fargate_batch(retries=1, retry_delay=timedelta(0))
    def adopted() -> str:
        import os

        return os.environ["AWS_BATCH_JOB_ID"]

    adopted()

with DAG("failing", schedule=None, start_date=START, default_args=FAST):

    @task.fargate_batch()
    def raises(value: int) -> None:
        if value > 0:
            raise ValueError(f"no such value: {value}")

    @task.fargate_batch()
    def not_json() -> Any:
        return {1, 2}

    @task.fargate_batch()
    def lacks_module() -> None:
        import module_of_the_dags_folder  # type: ignore[import-not-found]  # noqa: F401

    @task.fargate_batch(skip_on_exit_code=99)
    def skips() -> None:
        raise SystemExit(99)

    @task.fargate_batch()
    def without_result() -> None:
        raise SystemExit(0)

    @task.fargate_batch()
    def takes_a_date(day: Any) -> str:
        return str(day)

    raises(7)
    not_json()
    lacks_module()
    skips()
    without_result()
    takes_a_date(START)
