"""Whatever stands in an entry of AWS's answers, every reader of a job gets along with it."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_fargate_batch.cli import _console
from airflow_fargate_batch.cli import status as cli_status
from airflow_fargate_batch.cli import wait as cli_wait
from airflow_fargate_batch.cli._progress import Bars, Lines
from airflow_fargate_batch.cli._watch import Vigil, WaitResult
from airflow_fargate_batch.core.cost import children_to_read, cost_of
from airflow_fargate_batch.core.definition import JobDefinition
from airflow_fargate_batch.core.failure import diagnose, diagnose_stuck
from airflow_fargate_batch.core.job import Job, jobs_from_api
from airflow_fargate_batch.core.log_streams import (
    chosen_child,
    log_page,
    nothing_to_read,
    sources,
    telling_source,
)
from airflow_fargate_batch.core.naming import TAG_PREFIX
from airflow_fargate_batch.core.pricing import BUILT_IN
from airflow_fargate_batch.core.waiting import Wait
from airflow_fargate_batch.core.watchlist import Watchlist
from airflow_fargate_batch.exceptions import JobTimedOut
from airflow_fargate_batch.submitting.rerun import indexes_left
from airflow_fargate_batch.watching.conclusion import conclude

if TYPE_CHECKING:
    from airflow_fargate_batch.aws.batch import BatchApi
    from airflow_fargate_batch.watching.log_tail import LogTail
from tests.core.reporting import report

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ODD_VALUES: list[Any] = [
    *(None, True, -1, 0, 10**30, 10**4000, 10**5000, 253402300799999, float("nan")),
    *("", "\ud800", "a\nb\x1b[2J", "arn:aws:batch:\ud800:1:", "FAILED"),
    *("1e999999999", "-1e99999999", "9" * 5000, "3,x", "-1", "4"),
    *([], {}, [None], [{}], {1: "2"}),
]
PRINTABLE = [value for value in ODD_VALUES if value != 10**5000]
"""Hypothesis writes what it draws."""
ANYTHING = st.recursive(
    st.sampled_from(PRINTABLE) | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def container(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "essential": name == "main",
        "reason": "odd",
        "logStreamName": f"{name}/1",
        "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "/g"}},
        "environment": [{"name": "FARGATE_BATCH_INDEXES", "value": "2,4"}],
        "resourceRequirements": [
            {"type": "VCPU", "value": "1"},
            {"type": "MEMORY", "value": "2048"},
        ],
        **more,
    }


def tasks(code: int) -> list[dict[str, Any]]:
    return [{"containers": [container("helper", exitCode=143), container("main", exitCode=code)]}]


COMMON: dict[str, Any] = {
    "jobId": "odd",
    "jobName": "name",
    "jobArn": "arn:aws:batch:eu-west-1:111122223333:job/odd",
    "statusReason": "Essential container in task exited",
    "createdAt": 1_700_000_000_000,
    "startedAt": 1_700_000_010_000,
    "stoppedAt": 1_700_000_020_000,
    "tags": {"team": "data"},
    "dependsOn": [],
    "isTerminated": False,
}
ARRAY = {"size": 2, "statusSummary": {"RUNNABLE": 1, "FAILED": 1}}
ATTEMPT = {"container": container("main", exitCode=137), "stoppedAt": 1_700_000_015_000}
WHOLE: list[dict[str, Any]] = [
    COMMON | {"status": "RUNNABLE", "container": container("main"), "attempts": [ATTEMPT]},
    COMMON | {"status": "RUNNABLE", "container": container("main")},
    COMMON | {"status": "FAILED", "container": container("main", exitCode=137)},
    COMMON | {"status": "FAILED", "ecsProperties": {"taskProperties": tasks(99)}},
    COMMON | {"status": "RUNNING", "attempts": [{"taskProperties": tasks(1)}]},
    COMMON | {"status": "PENDING", "arrayProperties": ARRAY, "container": container("main")},
    COMMON | {"status": "FAILED", "arrayProperties": ARRAY},
    COMMON | {"status": "FAILED", "arrayProperties": {"index": 1}},
]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield where something stands: each mapping or list, however deep, with each of its keys."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    """Make entries in which something, at up to three places, is odd."""
    entry = copy.deepcopy(draw(st.sampled_from(WHOLE)))
    for _ in range(draw(st.integers(1, 3))):
        holder, key = draw(st.sampled_from(list(places(entry))))
        holder[key] = copy.deepcopy(draw(ANYTHING))
    odd: dict[str, Any] = entry | {"jobId": "odd"}
    return odd


fuzz = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


def read(*entries: object) -> list[Job]:
    return jobs_from_api({"jobs": list(entries)})


@cache
def jobs_with_one_odd_member() -> list[Job]:
    """Read every entry of ``WHOLE`` with each of its members, however deep, as each odd value.

    Thousands of entries are read as the same job, without the odd value: each job is there once.
    """
    found: dict[bytes, Job] = {}
    for entry in WHOLE:
        copied = copy.deepcopy(entry)
        for holder, key in list(places(copied)):
            good = holder[key]
            for odd in ODD_VALUES:
                holder[key] = odd
                found |= {pickle.dumps(job): job for job in read(copied | {"jobId": "odd"})}
            holder[key] = good
    return [*found.values()]


def write_and_read_again(job: Job) -> None:
    ours = {key: value for key, value in job.tags.items() if key.startswith(TAG_PREFIX)}
    assert Job.from_api(json.loads(json.dumps(job.to_api()))) == replace(job, tags=ours)
    json.dumps(job.to_summary(failed_children=[job]), allow_nan=False)


def tell_of_its_failure(job: Job) -> None:
    diagnose_stuck(job)
    diagnose(job, [job])
    report(job, failed_children=[job]).encode()
    api = cast("BatchApi", _Children([job]))
    conclude(job, task=None, api=lambda: api)


def look_for_its_log(job: Job) -> None:
    assert telling_source(job) in [*sources(job), None]
    log_page(job)
    for index in (None, 0, 4):
        nothing_to_read(job, index)
        child = chosen_child(job, index)
        assert child in {None, "odd:0", "odd:1", f"odd:{index}"}


def wait_for_it(job: Job) -> None:
    wait = Wait("odd", until=NOW, runnable_timeout=timedelta(days=30))
    with suppress(JobTimedOut):
        wait.observe(job, NOW)
        wait.decide(job, NOW)
    watchlist = Watchlist(chance=lambda: 0.5)
    watchlist.add("odd", interval=1, now=0)
    watchlist.answered(["odd"], [job], 1)


def write_a_line(job: Job) -> None:
    _console.text([cli_status._row(job)]).encode()
    _console.table(cli_status.COLUMNS, [cli_status._row(job)]).encode()
    cli_wait._as_line(WaitResult(job, job.to_summary(), succeeded=False)).encode()


def price_it(job: Job) -> None:
    for children in ([], [job]):
        cost = cost_of(job, BUILT_IN, children=children, now=NOW)
        json.dumps(cost.to_summary(), allow_nan=False)
        cost.describe().encode()
    assert len(children_to_read(job)) <= 1000


def name_its_index(job: Job) -> None:
    index = job.index_of(job)
    assert index is None or index >= 0
    parent = Job.from_api({"jobId": "a", "status": "FAILED", "arrayProperties": {"size": 2}})
    left = indexes_left(cast("BatchApi", _Children([job])), [parent])
    assert left is None or set(left) <= {0, 1}


def keep_a_vigil(job: Job) -> None:
    vigil = Vigil(
        cast("BatchApi", _Children([])),
        ["odd", "a", "b", "c"],
        until=None,
        limit=None,
        runnable_timeout=None,
        starting_timeout=None,
        region="r",
        tail=lambda: cast("LogTail", None),
    )
    view = Lines()
    for each in read(*({"jobId": name, "status": "SUCCEEDED"} for name in "abc")):
        vigil._update(each, view)
    vigil._jobs["odd"] = job
    vigil._show(view)
    assert [vigil.outcomes[name].succeeded for name in "abc"] == [True] * 3


READERS = [
    write_and_read_again,
    tell_of_its_failure,
    look_for_its_log,
    wait_for_it,
    write_a_line,
    price_it,
    name_its_index,
    keep_a_vigil,
]
each_reader = pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)


@each_reader
def test_every_reader_gets_along_with_one_odd_member(reader: Callable[[Job], None]) -> None:
    for job in jobs_with_one_odd_member():
        reader(job)


@each_reader
@fuzz
@given(entries())
def test_every_reader_gets_along_with_several(
    reader: Callable[[Job], None], entry: dict[str, Any]
) -> None:
    reader(*read(entry))


def test_a_bar_shows_whatever_is_counted() -> None:
    arrays = [job for job in jobs_with_one_odd_member() if job.array is not None]
    bars = Bars()
    for job in arrays:
        assert job.array is not None
        bars.show("children", job.children_ended, job.array.size or 0, str(job.array.counts))


@fuzz
@given(st.sampled_from(["containerProperties", "ecsProperties"]), entries())
def test_a_definition_is_read(where: str, entry: dict[str, Any]) -> None:
    known = {"jobDefinitionArn": "a", "jobDefinitionName": "d", "revision": 3}
    properties = entry.get("ecsProperties", entry.get("container"))
    JobDefinition.from_api({where: properties} | known).runs_on("1.4.0")


class _Children:
    """Lists and describes the same children."""

    def __init__(self, children: list[Job]) -> None:
        self._children = children

    def failed_children(self, array_job_id: str, *, most: int | None = None) -> list[Job]:  # noqa: ARG002 - BatchApi's
        return self._children

    def describe_jobs(self, job_ids: list[str]) -> list[Job]:  # noqa: ARG002 - BatchApi's
        return self._children
