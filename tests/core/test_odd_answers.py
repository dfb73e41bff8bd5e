"""Whatever stands in an entry of AWS's answers, every reader of a job gets along with it."""

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.cli import status as cli_status
from airflow_fargate_batch.cli import wait as cli_wait
from airflow_fargate_batch.cli._progress import Bars, Lines
from airflow_fargate_batch.cli._watch import Outcome, Vigil
from airflow_fargate_batch.completion import conclude
from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.failure import diagnose, diagnose_stuck, report
from airflow_fargate_batch.core.job import Job, jobs_from_api
from airflow_fargate_batch.core.log_streams import (
    chosen_child,
    log_page,
    nothing_to_read,
    sources,
    telling_source,
)
from airflow_fargate_batch.core.polling import Watchlist
from airflow_fargate_batch.core.status import JobStatus
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.exceptions import JobTimedOut
from airflow_fargate_batch.rerun import indexes_left

if TYPE_CHECKING:
    from airflow_fargate_batch.aws import BatchApi
    from airflow_fargate_batch.logs import LogsApi

NOW = datetime(2026, 11, 26, tzinfo=UTC)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(10**30), 10**4000, 253402300799999, -1, 0, 10_000])
    | st.floats()
    | st.sampled_from(
        ["", "1e999999999", "-1e99999999", "NaN", "9" * 5000, "\ud800", "a\nb\x1b[2J"]
    )
    | st.sampled_from([status.value for status in JobStatus])
    | st.text(st.characters(), max_size=8)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.dictionaries(st.integers(), inner, max_size=1)
    ),
    max_leaves=6,
)


def members(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make mappings that may have these members, and each of them as anything."""
    each = {name: ANYTHING | strategy for name, strategy in known.items()}
    return st.fixed_dictionaries({}, optional=each) | ANYTHING


TEXT = st.sampled_from(["Essential container in task exited", "CAPACITY: x", "arn:aws:batch:r:1:j"])
REQUIREMENTS = st.lists(
    members(type=st.sampled_from(["VCPU", "MEMORY"]), value=st.sampled_from(["1", "-1e99999999"])),
    max_size=2,
)
CONTAINER = members(
    name=st.sampled_from(["a", "b"]),
    essential=st.booleans(),
    exitCode=st.integers(0, 255),
    reason=TEXT,
    logStreamName=st.sampled_from(["s/1", "s/2"]),
    logConfiguration=members(logDriver=st.just("awslogs"), options=members()),
    resourceRequirements=REQUIREMENTS,
    environment=st.lists(
        members(name=st.just("FARGATE_BATCH_INDEXES"), value=st.sampled_from(["0,1", "9" * 5000])),
        max_size=2,
    ),
)
TASKS = st.lists(members(containers=st.lists(CONTAINER, max_size=3)), max_size=2)
ENTRY = members(
    jobName=TEXT,
    jobArn=TEXT,
    status=st.sampled_from([status.value for status in JobStatus]),
    statusReason=TEXT,
    createdAt=st.integers(0, 10**13),
    startedAt=st.integers(0, 10**13),
    stoppedAt=st.integers(0, 10**13),
    isTerminated=st.booleans(),
    container=CONTAINER,
    ecsProperties=members(taskProperties=TASKS),
    attempts=st.lists(
        members(container=CONTAINER, taskProperties=TASKS, stoppedAt=st.integers(0, 10**13)),
        max_size=2,
    ),
    arrayProperties=members(
        size=st.integers(0, 5),
        index=st.integers(-2, 5),
        statusSummary=members(RUNNABLE=st.integers(0, 5), FAILED=st.integers(0, 5)),
    ),
    tags=members(),
)
ENTRIES = ENTRY.map(lambda entry: {**(entry if isinstance(entry, dict) else {}), "jobId": "odd"})
fuzz = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def read(*entries: object) -> list[Job]:
    return jobs_from_api({"jobs": list(entries)})


@fuzz
@given(ENTRIES)
def test_a_job_can_be_read_written_and_read_again(entry: dict[str, Any]) -> None:
    [job] = read(entry)
    assert Job.from_api(json.loads(json.dumps(job.to_api()))) == job
    json.dumps(job.to_summary(failed_children=[job]), allow_nan=False)


@fuzz
@given(ENTRIES, ENTRIES)
def test_a_failure_can_be_told(entry: dict[str, Any], child: dict[str, Any]) -> None:
    [job], [failed] = read(entry), read(child)
    diagnose_stuck(job)
    diagnose(job, [failed])
    report(job, failed_children=[failed]).encode()
    api = cast("BatchApi", _Aws([failed]))
    conclude(job, task=None, api=lambda: api)


@fuzz
@given(ENTRIES, st.none() | st.integers(0, 5))
def test_the_log_can_be_looked_for(entry: dict[str, Any], index: int | None) -> None:
    [job] = read(entry)
    assert telling_source(job) in [*sources(job), None]
    log_page(job)
    chosen_child(job, index)
    nothing_to_read(job, index)


@fuzz
@given(ENTRIES)
def test_a_wait_goes_on_or_ends(entry: dict[str, Any]) -> None:
    [job] = read(entry)
    wait = Wait("odd", until=NOW, runnable_timeout=timedelta(days=30))
    try:
        wait.heed(job, NOW)
        wait.check(NOW)
    except JobTimedOut as error:
        assert str(error)  # noqa: PT017 - whether it gives up is the entry's to say
    watchlist = Watchlist(chance=lambda: 0.5)
    watchlist.add("odd", interval=1, now=0)
    watchlist.answered(["odd"], [job], 1)


@fuzz
@given(ENTRIES)
def test_status_and_wait_write_a_line(entry: dict[str, Any]) -> None:
    [job] = read(entry)
    cli_status._as_text([job]).encode()
    cli_status._as_table([job]).encode()
    cli_wait._as_line(Outcome(job, job.to_summary(), succeeded=False)).encode()


@fuzz
@given(ENTRIES)
def test_a_vigil_over_good_jobs_beside_it_shows_them_all(entry: dict[str, Any]) -> None:
    vigil = Vigil(
        cast("BatchApi", _Aws([])),
        ["odd", "a", "b", "c"],
        until=None,
        runnable_timeout=None,
        region="r",
        logs=lambda: cast("LogsApi", None),
    )
    for view in (Lines(), Bars()):
        for job in read(*({"jobId": name, "status": "SUCCEEDED"} for name in "abc"), entry):
            if job.status is not JobStatus.FAILED:
                vigil._heed(job, view)
        vigil._show(view)
    assert [vigil.outcomes[name].succeeded for name in "abc"] == [True] * 3


@fuzz
@given(st.lists(ENTRIES, max_size=3), st.integers(1, 5))
def test_no_index_is_made_up(children: list[dict[str, Any]], size: int) -> None:
    parent = Job.from_api({"jobId": "a", "status": "FAILED", "arrayProperties": {"size": size}})
    left = indexes_left(cast("BatchApi", _Aws(read(*children))), [parent])
    assert left is None or set(left) <= set(range(size))


@fuzz
@given(members(containerProperties=members(), ecsProperties=members(taskProperties=TASKS)))
def test_a_definition_is_read_or_refused(entry: Any) -> None:
    known = {"jobDefinitionArn": "a", "jobDefinitionName": "d", "revision": 3}
    definition = JobDefinition.from_api((entry if isinstance(entry, dict) else {}) | known)
    definition.runs_on("1.4.0")


class _Aws:
    """Lists and describes the same children."""

    def __init__(self, children: list[Job]) -> None:
        self._children = children

    def failed_children(self, array_job_id: str) -> list[Job]:  # noqa: ARG002 - BatchApi's
        return self._children

    def describe_jobs(self, job_ids: list[str]) -> list[Job]:  # noqa: ARG002 - BatchApi's
        return self._children
