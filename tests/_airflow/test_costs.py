"""The cost of a task's job: AWS is asked as little as possible, and no failure reaches the task."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from airflow_fargate_batch._airflow.costs import configured_prices, cost_of_ended
from airflow_fargate_batch._airflow.queue_capacity import QueueCapacities
from airflow_fargate_batch._airflow.shared_poller import Once
from airflow_fargate_batch.aws.batch import BatchApi
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.pricing import BUILT_IN, Platform
from airflow_fargate_batch.exceptions import CredentialsMissing
from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_DEFINITION, READY_QUEUE

CAPACITY_CALLS = ["DescribeJobQueues", "DescribeComputeEnvironments"]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBatch]:
    with LocalBatch(manual_clock=True) as local:
        for name, value in local.environ.items():
            monkeypatch.setenv(name, value)
        yield local


@pytest.fixture
def api(aws: LocalBatch) -> BatchApi:
    return BatchApi.connect(region_name=aws.region)


def ended(aws: LocalBatch, api: BatchApi, **arguments: object) -> Job:
    where = {"jobQueue": READY_QUEUE, "jobDefinition": READY_DEFINITION}
    submitted = api.submit_job({"jobName": "job", **where, **arguments})  # type: ignore[typeddict-item]
    aws.advance(600)
    [job] = api.describe_jobs([submitted.job_id])
    return job


def operations(aws: LocalBatch, before: int) -> list[str]:
    return [call.operation for call in aws.requests[before:]]


def test_a_known_capacity_needs_no_client(aws: LocalBatch, api: BatchApi) -> None:
    job = ended(aws, api)

    def refuse() -> BatchApi:
        raise AssertionError("made a client")

    cost = cost_of_ended(job, capacity=Capacity.ON_DEMAND, api=refuse, connection=aws)
    assert cost.low == cost.high
    assert cost.attempts == 1


def test_an_unknown_capacity_is_asked_for_once(aws: LocalBatch, api: BatchApi) -> None:
    job = ended(aws, api)
    before = len(aws.requests)
    for _ in range(2):
        cost = cost_of_ended(job, capacity=None, api=lambda: api, connection=aws)
        assert cost.capacity is Capacity.ON_DEMAND
    assert operations(aws, before) == CAPACITY_CALLS


def test_the_children_of_an_array_are_read(aws: LocalBatch, api: BatchApi) -> None:
    job = ended(aws, api, arrayProperties={"size": 150})
    before = len(aws.requests)
    cost = cost_of_ended(job, capacity=Capacity.SPOT, api=lambda: api, connection=aws)
    assert (cost.children, cost.billed_seconds) == ((150, 150), 150 * 60)
    assert operations(aws, before) == ["DescribeJobs"] * 2


def test_no_failure_of_aws_or_of_the_connection_is_raised(aws: LocalBatch, api: BatchApi) -> None:
    job = ended(aws, api, arrayProperties={"size": 2})
    aws.faults.add("denied")
    cost = cost_of_ended(job, capacity=None, api=lambda: api, connection=object())
    assert (cost.capacity, cost.high) == (Capacity.UNKNOWN, None)

    def refuse() -> BatchApi:
        raise CredentialsMissing("no credentials")

    cost = cost_of_ended(job, capacity=None, api=refuse, connection=object())
    assert "the children of the array could not be read" in cost.describe()


@pytest.fixture
def prices_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "prices.json"
    monkeypatch.setenv("AIRFLOW__FARGATE_BATCH__PRICES_FILE", str(file))
    return file


def test_prices_come_from_the_file_of_the_setting(prices_file: Path) -> None:
    row = {"region": "eu-west-9", "platform": "linux-x86", "vcpuHour": "1", "gbHour": "2"}
    prices_file.write_text(json.dumps({"prices": [row | {"asOf": "2027-01-01"}]}))
    assert configured_prices().rate("eu-west-9", Platform.X86) is not None


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_bad_prices_file_is_logged_and_the_built_in_prices_count(
    prices_file: Path, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    if content is not None:
        prices_file.write_text(content)
    assert configured_prices() is BUILT_IN
    assert f"[fargate_batch] prices_file: {prices_file} " in caplog.text
    assert "The cost is computed with the built-in prices." in caplog.text


def test_without_the_setting_the_built_in_prices_count() -> None:
    assert configured_prices() is BUILT_IN


def test_triggers_ask_once_about_a_queue(aws: LocalBatch, api: BatchApi) -> None:
    threads = 0

    async def connected() -> BatchApi:
        nonlocal threads
        threads += 1  # a lookup occupies a thread that DescribeJobs needs as well
        return api

    async def ask() -> list[Capacity]:
        capacities = QueueCapacities(connected)
        first = await asyncio.gather(*(capacities.of(READY_QUEUE) for _ in range(50)))
        return [facts.capacity for facts in (*first, await capacities.of(READY_QUEUE))]

    before = len(aws.requests)
    assert set(asyncio.run(ask())) == {Capacity.ON_DEMAND}
    assert operations(aws, before) == CAPACITY_CALLS
    assert threads == 1


def test_triggers_learn_whether_the_queue_records_use(aws: LocalBatch, api: BatchApi) -> None:
    async def ask() -> bool:
        return (await QueueCapacities(Once(lambda: api)).of(READY_QUEUE)).records_use

    assert not asyncio.run(ask())
    environment = f"compute-environment/{READY_QUEUE}-environment"
    aws.alter(environment, ecsSettings={"containerInsights": "ENHANCED"})
    assert asyncio.run(ask())


def test_a_slow_or_failing_lookup_leaves_the_capacity_unknown(
    aws: LocalBatch, api: BatchApi
) -> None:
    def refuse() -> BatchApi:
        raise CredentialsMissing("no credentials")

    async def ask(once: Once[BatchApi]) -> Capacity:
        return (await QueueCapacities(once, patience=0.1).of(READY_QUEUE)).capacity

    assert asyncio.run(ask(Once(refuse))) is Capacity.UNKNOWN
    aws.faults.add("stall", seconds=0.5, operation="DescribeJobQueues", times=1)
    assert asyncio.run(ask(Once(lambda: api))) is Capacity.UNKNOWN
    aws.faults.add("denied", operation="DescribeJobQueues")
    assert asyncio.run(ask(Once(lambda: api))) is Capacity.UNKNOWN
