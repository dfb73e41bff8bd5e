"""The tries of a task, each with the jobs that it submitted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from airflow_fargate_batch.core import urls
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.narration import duration
from airflow_fargate_batch.core.recognition import mark_of, name_of_any_generation
from airflow_fargate_batch.exceptions import AwsError, JobQueueNotFound
from airflow_fargate_batch.ui.records import TaskRecord, Try

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi

CLOCKS: Final = timedelta(seconds=5)
"""Most that AWS's clock may be behind the worker's."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class TryJob(NamedTuple):
    """A job of a try; *url* is its address in the AWS console."""

    text: str
    url: str | None


class TryView(NamedTuple):
    """A try of the task."""

    number: int
    text: str
    jobs: Sequence[TryJob]


class Jobs(NamedTuple):
    """Jobs that a task submitted; *trouble* says why some may be missing."""

    found: Sequence[Job] = ()
    trouble: str | None = None


NO_JOBS: Final = Jobs()


def jobs_of_task(job: Job, record: TaskRecord, api: "Callable[[], BatchApi]") -> Jobs:
    """Look for the jobs of all tries by the name of the present job, one page of each queue.

    A default name belongs to this task alone. Jobs with a given name are described for their tags.
    """
    mark, name = mark_of(job), name_of_any_generation(job)
    if mark is None or name is None:
        return Jobs([job], "the job carries no mark of this package")
    found = {job.id: job}
    try:
        for queue in _queues(job, record):
            listed = _listed(api(), queue, name)
            if not name.endswith("*"):
                ids = [each.id for each in listed]
                listed = api().describe_jobs(ids) if ids else []
            of_task = (each for each in listed if (mark_of(each) or ("",))[0] == mark[0])
            found |= {each.id: each for each in of_task if each.id != job.id}
    except AwsError as error:
        return Jobs([*found.values()], error.message)
    return Jobs([*found.values()])


def _listed(api: "BatchApi", queue: str, name: str) -> list[Job]:
    try:
        return api.find_jobs(job_queue=queue, job_name=name).jobs
    except JobQueueNotFound:
        return []


def _queues(job: Job, record: TaskRecord) -> list[str]:
    """Return the queues that tries may have used: the job's, and those in the arguments."""
    given = (record.rendered.get(name) for name in ("job_queue", "fallback_job_queue"))
    queues = [job.queue, *(each for each in given if isinstance(each, str))]
    return [*{each.rpartition("/")[2]: each for each in reversed(queues) if each}.values()]


def views(tries: Sequence[Try], jobs: Iterable[Job], region: str) -> list[TryView]:
    """Return the tries with their jobs: a job belongs to the last try that began before it."""
    by_try: dict[int, list[Job]] = {}
    for job in sorted(jobs, key=lambda job: job.created_at or _LONG_AGO):
        by_try.setdefault(_number(tries, job), []).append(job)
    return [
        TryView(
            each.number,
            _text(each),
            [
                TryJob(_outcome(job), urls.job_url(job.id, region=region))
                for job in by_try.get(each.number, ())
            ],
        )
        for each in tries
    ]


def _number(tries: Sequence[Try], job: Job) -> int:
    before = [each.number for each in tries if _is_before(each, job)]
    return before[-1] if before else tries[0].number


def _is_before(each: Try, job: Job) -> bool:
    if each.started_at is None or job.created_at is None:
        return False
    return each.started_at <= job.created_at + CLOCKS


def _text(each: Try) -> str:
    took = ""
    if each.started_at and each.ended_at:
        took = f" after {duration(each.ended_at - each.started_at)}"
    return f"{each.state or 'none'}{took}"


def _outcome(job: Job) -> str:
    return ", ".join(_parts(job))


def _parts(job: Job) -> Iterator[str]:
    yield f"job {job.id} {job.status_text}"
    if job.exit_code is not None:
        yield f"exit code {job.exit_code}"
    if job.status_reason:
        yield job.status_reason
