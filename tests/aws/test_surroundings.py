"""The lookups around a job, over HTTP: how many, kept how long, and what becomes of failures."""

from collections.abc import Callable, Iterator
from itertools import count
from threading import Thread
from typing import Any

import pytest

from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.aws.surroundings import KEPT_FOR, SurroundingsReader
from airflow_fargate_batch.exceptions import AccessDenied, Throttled
from airflow_fargate_batch.local import LocalBatch
from tests.fakes import FakeTime

QUEUE = "awa-batch-dev-fargate-high-priority"
DEFINITION = "awa-batch-dev-fargate-sample"
scopes = count()
"""A scope for each test: kept answers outlive a test."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch() as batch:
        for name, value in batch.environ.items():
            monkeypatch.setenv(name, value)
        yield batch


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def reader(aws: LocalBatch, time: FakeTime) -> SurroundingsReader:
    api = BatchApi.connect(region_name=aws.region)
    return SurroundingsReader(api, scope=next(scopes), now=time.now)


def calls(aws: LocalBatch) -> list[str]:
    return [call.operation for call in aws.requests]


def test_a_fifo_queue_and_a_definition_take_three_calls(
    reader: SurroundingsReader, aws: LocalBatch
) -> None:
    found = reader.read(queue=QUEUE, definition=DEFINITION)
    assert found.queue is not None
    assert found.queue.name == QUEUE
    assert [each.name for each in found.environments] == [f"{QUEUE}-environment"]
    assert str(found.definition) == f"{DEFINITION}:1"
    assert (found.policy, found.unread, found.missing) == (None, (), frozenset())
    assert calls(aws) == [
        "DescribeJobQueues",
        "DescribeJobDefinitions",
        "DescribeComputeEnvironments",
    ]


def test_a_fair_share_queue_takes_one_more(reader: SurroundingsReader, aws: LocalBatch) -> None:
    found = reader.read(queue="fair-share")
    assert found.policy is not None
    assert found.policy.name == "fair-share-policy"
    assert len(calls(aws)) == 3


def test_answers_are_kept_for_some_minutes_in_the_process(
    reader: SurroundingsReader, time: FakeTime, aws: LocalBatch
) -> None:
    first = reader.read(queue=QUEUE, definition=DEFINITION)
    assert reader.read(queue=QUEUE, definition=DEFINITION) == first
    assert len(calls(aws)) == 3
    time.seconds += KEPT_FOR
    reader.read(queue=QUEUE, definition=DEFINITION)
    assert len(calls(aws)) == 6


def test_fresh_answers_are_asked_for(reader: SurroundingsReader, aws: LocalBatch) -> None:
    reader.read(queue=QUEUE)
    reader.read(queue=QUEUE, fresh=True)
    assert len(calls(aws)) == 4


def test_another_scope_shares_nothing(reader: SurroundingsReader, aws: LocalBatch) -> None:
    reader.read(definition=DEFINITION)
    api = BatchApi.connect(region_name=aws.region)
    SurroundingsReader(api, scope=next(scopes)).read(definition=DEFINITION)
    assert len(calls(aws)) == 2


def test_threads_that_want_the_same_answer_make_one_call(
    reader: SurroundingsReader, aws: LocalBatch
) -> None:
    aws.faults.add("latency", seconds=0.1)
    threads = [Thread(target=reader.read, kwargs={"definition": DEFINITION}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls(aws) == ["DescribeJobDefinitions"]


def test_a_missing_queue_comes_with_the_names_that_exist(reader: SurroundingsReader) -> None:
    found = reader.read(queue="awa-batch-dev-fargate")
    assert found.queue is None
    assert found.missing == {"job queue"}
    assert set(found.known_names["job queue"]) == {QUEUE, "fair-share"}


def test_a_missing_definition_comes_with_the_names_that_exist(reader: SurroundingsReader) -> None:
    found = reader.read(definition="sample")
    assert found.definition is None
    assert found.missing == {"job definition"}
    assert found.known_names["job definition"] == (DEFINITION,)


def test_a_missing_revision_comes_with_the_newest(reader: SurroundingsReader) -> None:
    found = reader.read(definition=f"{DEFINITION}:9")
    assert found.definition is None
    assert found.missing == {"job definition"}
    assert str(found.newest_definition) == f"{DEFINITION}:1"


def test_an_inactive_revision_is_not_missing(reader: SurroundingsReader, aws: LocalBatch) -> None:
    aws.register_job_definition("etl")
    aws.client("batch").deregister_job_definition(jobDefinition="etl:1")
    found = reader.read(definition="etl:1")
    assert found.definition is not None
    assert not found.definition.is_active
    assert found.missing == frozenset()
    assert found.newest_definition is None


def test_what_is_missing_is_asked_for_again(reader: SurroundingsReader, aws: LocalBatch) -> None:
    assert reader.read(queue="new").queue is None
    aws.create_queue("new")
    assert reader.read(queue="new").queue is not None


FAULTS: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "denied": ({"kind": "denied"}, AccessDenied),
    "throttled": ({"kind": "throttle"}, Throttled),
}


@pytest.mark.parametrize(("fault", "error"), FAULTS.values(), ids=FAULTS)
def test_a_failed_lookup_is_reported_and_hurts_no_other(
    fault: dict[str, Any],
    error: type[Exception],
    reader: SurroundingsReader,
    aws: LocalBatch,
) -> None:
    aws.faults.add(operation="DescribeJobQueues", **fault)
    found = reader.read(queue=QUEUE, definition=DEFINITION)
    [unread] = found.unread
    assert unread.what == "job queue"
    assert isinstance(unread.error, error)
    assert found.definition is not None
    assert found.missing == frozenset()
    aws.faults.clear()
    assert reader.read(queue=QUEUE).queue is not None


def test_each_call_is_made_as_its_user_wants(aws: LocalBatch) -> None:
    aws.faults.add("throttle", operation="DescribeJobDefinitions", times=1)
    tries = []

    def twice(call: Callable[[], Any], /) -> Any:
        for _ in range(2):
            tries.append(1)
            try:
                return call()
            except Throttled:
                continue
        raise AssertionError

    api = BatchApi.connect(region_name=aws.region)
    found = SurroundingsReader(api, scope=next(scopes), call=twice).read(definition=DEFINITION)
    assert found.definition is not None
    assert len(tries) == 2
