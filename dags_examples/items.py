"""A list as an array: one job for all files, whatever their number, and a check of each file.

``transform`` is one array job whose children share the list that ``list_files`` returns. ``check``
is an array over the same list; each of its children starts when the child of ``transform`` with the
same files has succeeded. ``items/child.sh`` writes a child's items to the file ``items.jsonl``.

Queue and job definition come from the connection or from ``AWS_BATCH_JOB_QUEUE`` and
``AWS_BATCH_JOB_DEFINITION``.
"""

from datetime import UTC, datetime
from pathlib import Path

try:
    from airflow.sdk import DAG, task
except ImportError:  # Airflow 2.11
    from airflow import DAG
    from airflow.decorators import task  # type: ignore[attr-defined,no-redef]

from airflow_fargate_batch.operators import FargateBatchSubmitOperator

MY_ITEMS = (Path(__file__).parent / "items" / "child.sh").read_text()


@task
def list_files() -> list[str]:
    """Return the files of the day; a real task would list a bucket."""
    return [f"s3://bucket/day/part {number}.parquet" for number in range(5)]


with DAG("items", schedule=None, start_date=datetime(2026, 1, 1, tzinfo=UTC)):
    files = list_files()

    transform = FargateBatchSubmitOperator(
        task_id="transform",
        items=files,
        items_per_child=2,
        command=[
            "sh",
            "-eu",
            "-c",
            f'{MY_ITEMS}\nwhile read -r file; do echo "transforming $file"; done < items.jsonl',
        ],
    )
    FargateBatchSubmitOperator(
        task_id="check",
        items=files,
        items_per_child=2,
        depends_on=[{"jobId": transform.output, "type": "N_TO_N"}],
        command=["sh", "-eu", "-c", f"{MY_ITEMS}\nwc -l < items.jsonl"],
        deferrable=True,
        poll_interval=2,
        retries=1,
        rerun_failed_only=True,
    )
