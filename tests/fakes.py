"""A make-believe AWS Batch behind `BatchApi`'s methods, and a clock that nobody waits for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from airflow_fargate_batch.aws.batch import BatchApi, JobPage, Submitted
from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.naming import LIFE_TAG, SUBMISSION_TAG, Submission
from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.exceptions import AnswerLost, Throttled
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.submitting.retrying import Timing
from airflow_fargate_batch.submitting.submitter import Submitter

T = TypeVar("T")
TOKEN = "0123456789abcdef"
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
CUT = AnswerLost("the answer was lost: Connection was closed")
TOO_MANY = Throttled("AWS refused it: Too Many Requests (TooManyRequestsException)")


class FakeTime:
    """Time passes by sleeping; ``naps`` are the sleeps, and ``disturb`` may spoil them."""

    start = EPOCH

    def __init__(self) -> None:
        self.seconds = 0.0
        self.naps: list[float] = []
        self.disturb: Callable[[], object] = lambda: None

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.disturb()
        self.seconds += seconds
        if seconds:
            self.naps.append(seconds)

    def clock(self) -> Timing:
        return Timing(
            now=self.now,
            sleep=self.sleep,
            random=lambda: 0.5,
            date=lambda: self.start + timedelta(seconds=self.seconds),
        )


class LocalTime(FakeTime):
    """The same, from today on, for a LocalBatch whose clock stands still: its time passes too."""

    def __init__(self, aws: LocalBatch) -> None:
        super().__init__()
        self.start = datetime.now(UTC)
        self._aws = aws

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._aws.advance(seconds)


@dataclass
class FakeJob:
    """A job and its past: what it was from which second on."""

    id: str
    name: str
    tags: Mapping[str, str]
    created: float
    definition: str = "definition:1"
    past: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def becomes(self, when: float, **members: Any) -> None:
        self.past.append((when, {**self.at(when), **members}))

    def at(self, when: float) -> dict[str, Any]:
        known = [members for since, members in self.past if since <= when]
        return known[-1] if known else {"status": "RUNNABLE"}

    def seen(self, when: float, *, listed: bool) -> Job:
        """Return it as DescribeJobs tells of it, or with the less that ListJobs tells."""
        told = self.at(when)
        return Job(
            id=self.id,
            name=self.name,
            definition=self.definition,
            status=JobStatus(told["status"]),
            status_reason=told.get("statusReason"),
            created_at=EPOCH + timedelta(seconds=self.created),
            is_terminated=not listed and told.get("isTerminated", False),
            is_cancelled=not listed and told.get("isCancelled", False),
            tags={} if listed else self.tags,
        )

    @property
    def now(self) -> dict[str, Any]:
        return self.past[-1][1] if self.past else {"status": "RUNNABLE"}

    @property
    def counts(self) -> bool:
        """Whether it runs, or may yet, or has succeeded; one told to stop does none of these."""
        told = self.now.get("isTerminated") or self.now.get("isCancelled")
        return not told and self.now["status"] != "FAILED"

    @property
    def runs_on(self) -> bool:
        return self.counts and self.now["status"] != "SUCCEEDED"

    @property
    def mark(self) -> str:
        return self.tags.get(SUBMISSION_TAG) or "-".join(self.name.split("-")[-2:])

    @property
    def token(self) -> str:
        return self.mark.partition("-")[0]

    @property
    def generation(self) -> int:
        return int(self.mark.partition("-")[2])

    @property
    def life(self) -> str | None:
        return self.tags.get(LIFE_TAG)


class FakeBatch:
    """Jobs, and what is to go wrong: a test appends to ``faults[operation]``, a fault a call.

    A fault is an exception instead of the call, ``("after", exception)`` for one that is raised
    when the call is done, or ``None``. ``lags`` of an operation are by how much its reads are late.
    """

    def __init__(self, time: FakeTime, *, page_size: int = 2) -> None:
        self.time = time
        self.page_size = page_size
        self.jobs: list[FakeJob] = []
        self.calls: list[str] = []
        self.faults: dict[str, list[Any]] = {}
        self.lags: dict[str, list[float]] = {}
        self.definitions: dict[str, JobDefinition] = {}
        self.accepted: Callable[[FakeJob], object] = id
        self.clock_ahead: timedelta | None = timedelta()

    def submitter(self, **options: Any) -> Submitter:
        return Submitter(cast("BatchApi", self), clock=self.time.clock(), **options)

    def add(
        self,
        name: str = "job",
        *,
        mark: str | None = None,
        tags: Mapping[str, str] | None = None,
        definition: str = "definition:1",
        **members: Any,
    ) -> FakeJob:
        """Put a job there that nobody submitted in this test."""
        tags = dict(tags or {}) | ({SUBMISSION_TAG: mark} if mark else {})
        job = FakeJob(f"job-{len(self.jobs)}", name, tags, self.time.seconds, definition)
        if members:
            job.becomes(self.time.seconds, **members)
        self.jobs.append(job)
        return job

    # ── BatchApi ─────────────────────────────────────────────────────────────────────────────

    def submit_job(self, body: Mapping[str, Any]) -> Submitted:
        def accept() -> Submitted:
            job = FakeJob(
                f"job-{len(self.jobs)}", body["jobName"], body.get("tags", {}), self.time.seconds
            )
            self.jobs.append(job)
            self.accepted(job)
            return Submitted(job.id, job.name)

        return self._call("SubmitJob", accept)

    def terminate_job(self, job_id: str, reason: str) -> None:
        def terminate() -> None:
            job = next(job for job in self.jobs if job.id == job_id)
            job.becomes(self.time.seconds, isTerminated=True, statusReason=reason)

        self._call("TerminateJob", terminate)

    def find_jobs(
        self,
        *,
        job_queue: str,
        job_name: str | None = None,
        job_definition: str | None = None,
        next_token: str | None = None,
    ) -> JobPage:
        def is_listed(job: FakeJob) -> bool:
            if job_name is not None:
                return _matches(job.name, job_name)
            return job.definition.partition(":")[0] == job_definition

        def find() -> JobPage:
            assert job_queue == "queue"
            moment = self._moment("ListJobs")
            listed = [job for job in self.jobs if is_listed(job)][::-1]
            if job_name is not None:  # AWS groups the jobs of a name by revision
                listed.sort(key=lambda job: job.definition, reverse=True)
            ids = [job.id for job in listed]  # the token names the last job: a read that lags
            rest = listed[ids.index(next_token) + 1 :] if next_token else listed  # skips no other
            seen = {job.id for job in self._seen(moment)}
            named = [job for job in rest if job.id in seen]
            page = [job.seen(moment, listed=True) for job in named[: self.page_size]]
            return JobPage(page, page[-1].id if len(named) > self.page_size else None)

        return self._call("ListJobs", find)

    def describe_jobs(self, job_ids: Iterable[str]) -> list[Job]:
        ids = set(job_ids)
        if not ids:
            return []

        def describe() -> list[Job]:
            moment = self._moment("DescribeJobs")
            return [job.seen(moment, listed=False) for job in self._seen(moment) if job.id in ids]

        return self._call("DescribeJobs", describe)

    def job_definition(self, name: str) -> JobDefinition | None:
        return self._call("DescribeJobDefinitions", lambda: self.definitions.get(name))

    def active_definitions(self) -> list[JobDefinition]:
        return self._call("DescribeJobDefinitions", lambda: list(self.definitions.values()))

    def _call(self, operation: str, perform: Callable[[], T]) -> T:
        self.calls.append(operation)
        planned = self.faults.get(operation)
        fault = planned.pop(0) if planned else None
        if isinstance(fault, BaseException):
            raise fault
        answer = perform()
        if fault is not None:
            raise fault[1]
        return answer

    def _moment(self, operation: str) -> float:
        planned = self.lags.get(operation)
        return self.time.seconds - (planned.pop(0) if planned else 0.0)

    def _seen(self, moment: float) -> list[FakeJob]:
        return [job for job in self.jobs if job.created <= moment]


class WatchedBatch:
    """AWS Batch to one who waits: a job takes its next state each time that AWS is asked about it.

    Attributes:
        lives: By id the states to come, the last for ever; an id without any is unknown.
        fault: Raised by every DescribeJobs.
        faults: By operation, raised by the next calls, one each; ``None`` lets a call through.
        asked: The ids of each DescribeJobs.
        terminated: Each TerminateJob: id and reason.
    """

    region = "eu-west-1"

    def __init__(self) -> None:
        self.lives: dict[str, list[Job]] = {}
        self.fault: Exception | None = None
        self.faults: dict[str, list[Exception | None]] = {}
        self.asked: list[list[str]] = []
        self.terminated: list[tuple[str, str]] = []

    @property
    def asked_ids(self) -> list[str]:
        return [job_id for ids in self.asked for job_id in ids]

    def will(self, job_id: str, *states: str, **members: Any) -> None:
        """Let a job of five minutes ago take states."""
        created = int((datetime.now(UTC) - timedelta(minutes=5)).timestamp() * 1000)
        known = {"jobId": job_id, "createdAt": created, **members}
        self.lives[job_id] = [Job.from_api({**known, "status": state}) for state in states]

    def becomes(self, job: Job) -> None:
        """Let a job stay in a state."""
        self.lives[job.id] = [job]

    def describe_jobs(self, job_ids: Iterable[str]) -> list[Job]:
        ids = list(job_ids)
        self.asked.append(ids)
        self._fail("DescribeJobs")
        if self.fault is not None:
            raise self.fault
        lives = [self.lives[job_id] for job_id in ids if job_id in self.lives]
        return [life.pop(0) if len(life) > 1 else life[0] for life in lives]

    def terminate_job(self, job_id: str, reason: str) -> None:
        self._fail("TerminateJob")
        self.terminated.append((job_id, reason))

    def _fail(self, operation: str) -> None:
        planned = self.faults.get(operation)
        if planned and (fault := planned.pop(0)):
            raise fault


def _matches(name: str, pattern: str) -> bool:
    name, pattern = name.lower(), pattern.lower()
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def moment(seconds: float) -> datetime:
    """Return what AWS's clock shows at a second of `FakeTime`."""
    return EPOCH + timedelta(seconds=seconds)


def request_of(
    generation: int = 0, *, submission: Submission | None = None, **arguments: Any
) -> JobRequest:
    """Make a request of generation so and so, by default with a default name."""
    where = {"job_queue": "queue", "job_definition": "definition"}
    submission = submission or Submission(
        token=TOKEN, generation=generation, dag_id="dag", task_id="task"
    )
    return JobRequest.from_arguments(submission=submission, **(where | arguments))


def task_of(generation: int = 0, *, began: float | None = 0.0, **different: Any) -> Submission:
    """Identify a task instance of a DAG run that began at a second of `FakeTime`."""
    identity: dict[str, Any] = {
        "dag_id": "dag",
        "run_id": "scheduled__2026-01-01",
        "task_id": "task",
        "map_index": -1,
        "deployment": "here",
        "life": None if began is None else moment(began),
    }
    return Submission.of_task(generation=generation, **(identity | different))
