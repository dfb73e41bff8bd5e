"""Calls that a user's type checker must accept, and mistakes that it must find.

Never run: mypy reads this file. An ignored mistake that mypy does not find is an error of its own.
"""

from datetime import timedelta
from typing import assert_type

from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.decorators import fargate_batch_cmd_task, fargate_batch_task
from airflow_fargate_batch.exceptions import FargateBatchError, JobFailed
from airflow_fargate_batch.hooks import FargateBatchHook
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.operators import FargateBatchSubmitOperator
from airflow_fargate_batch.sensors import FargateBatchJobSensor

extract = FargateBatchSubmitOperator(
    task_id="extract",
    array_size=10,
    vcpu=0.5,
    memory="1 GB",
    command=["python", "extract.py"],
    environment={"DAY": "{{ ds }}"},
    wait_timeout=timedelta(hours=1),
)
FargateBatchSubmitOperator(task_id="report", depends_on=extract.output, vcpu="{{ params.vcpu }}")
FargateBatchSubmitOperator(task_id="words", command="[]", environment=[{"name": "A", "value": "1"}])
FargateBatchSubmitOperator(task_id="judged", preflight=True)
FargateBatchSubmitOperator("positional")  # type: ignore[call-arg]
FargateBatchSubmitOperator(task_id="wrong", command=7)  # type: ignore[arg-type]
FargateBatchSubmitOperator(task_id="wrong", deferrable="yes")  # type: ignore[arg-type]
assert_type(extract.vcpu, float | str | None)
_ = extract.environmnet  # type: ignore[attr-defined]
FargateBatchJobSensor(task_id="watch", job_ids=extract.output)

request = JobRequest.from_arguments(job_queue="queue", job_definition="definition")
assert_type(request, JobRequest)
request.job_queue = "another"  # type: ignore[misc]

hook = FargateBatchHook(aws_conn_id="aws_default")
job_id = hook.submit(request)
assert_type(job_id, str)
try:
    assert_type(hook.wait(job_id, poll_interval=5), Job)
except JobFailed as failure:
    error: FargateBatchError = failure


@fargate_batch_task(vcpu=0.5, memory="1 GB", deferrable=True, retries=2)
def count(word: str, times: int = 1) -> int:
    """Count in the job's image."""
    return len(word) * times


@fargate_batch_task
def plain() -> str:
    """Take no arguments of the operator."""
    return "x"


@fargate_batch_cmd_task(job_queue="queue")
def words(day: str) -> list[str]:
    """Make a command."""
    return ["echo", day]


assert_type(count.function("word"), int)
count("word", times=2)
count(7)  # type: ignore[arg-type]
count.override(vcpu=1)("word")
count.partial(times=2).expand(word=["a", "b"])
assert_type(plain.function(), str)
words("2026-02-03")
fargate_batch_task(memory=[])  # type: ignore[call-overload]
fargate_batch_task(deferrable="yes")  # type: ignore[call-overload]


@fargate_batch_cmd_task(job_queue="queue")  # type: ignore[type-var]
def no_command() -> int:
    """Return what is no command."""
    return 7


with LocalBatch() as aws:
    assert_type(aws, LocalBatch)
    assert_type(aws.environ, dict[str, str])
