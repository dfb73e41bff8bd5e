"""Cost of a job: seconds that AWS bills, times a price that is known."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.cost import (
    Cost,
    children_to_read,
    cost_of,
)
from airflow_fargate_batch.core.job import Job
from airflow_fargate_batch.core.pricing import BUILT_IN

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = Decimal("0.04937")  # 1 vCPU, 2 GB, us-east-1


def milliseconds(seconds: float) -> int:
    return int(START.timestamp() * 1000 + seconds * 1000)


def attempt(start: float | None, stop: float | None) -> dict[str, Any]:
    times = {"startedAt": start, "stoppedAt": stop}
    return {name: milliseconds(at) for name, at in times.items() if at is not None}


def job(*attempts: tuple[float | None, float | None], **members: Any) -> Job:
    """Return an ended job with 1 vCPU and 2 GB in us-east-1."""
    size = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "2048"}]
    container = {"resourceRequirements": size, **members.pop("container", {})}
    entry = {
        "jobId": "id",
        "jobArn": "arn:aws:batch:us-east-1:123456789012:job/id",
        "status": "SUCCEEDED",
        "container": container,
        "attempts": [attempt(*each) for each in attempts],
        **(attempt(*attempts[-1]) if attempts else {}),
    }
    return Job.from_api(entry | members)


def of(each: Job, **more: Any) -> Cost:
    return cost_of(each, BUILT_IN, **{"capacity": Capacity.ON_DEMAND} | more)


@pytest.mark.parametrize(
    ("ran", "billed"),
    [(0, 60), (0.5, 60), (60, 60), (60.001, 61), (3600, 3600)],
)
def test_an_attempt_is_billed_by_the_second_and_a_minute_at_least(ran: float, billed: int) -> None:
    cost = of(job((0, ran)))
    assert cost.billed_seconds == billed
    assert cost.high == cost.low == HOUR * billed / 3600


def test_windows_is_billed_five_minutes_at_least() -> None:
    windows = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}
    cost = of(job((0, 10), container=windows))
    assert cost.billed_seconds == 300
    assert cost.high == Decimal("0.1027755") / 12


def test_every_attempt_is_billed() -> None:
    cost = of(job((0, 10), (100, 220)))
    assert (cost.attempts, cost.billed_seconds) == (2, 180)


def test_an_attempt_that_never_started_has_no_known_cost() -> None:
    cost = of(job((None, 100)))
    assert (cost.attempts, cost.billed_seconds, cost.high) == (0, 0, Decimal(0))
    assert "not known, because no attempt has started (AWS bills the time of an image pull" in (
        cost.describe()
    )


def test_a_running_attempt_counts_up_to_now() -> None:
    running = job((0, 90), **attempt(200, None), stoppedAt=None)
    assert of(running).billed_seconds == 90
    assert of(running, now=START + timedelta(seconds=300)).billed_seconds == 190


def test_an_end_before_the_start_is_no_time() -> None:
    assert of(job((100, 0))).billed_seconds == 0


@pytest.mark.parametrize(
    ("capacity", "share"),
    [
        (Capacity.ON_DEMAND, "1"),
        (Capacity.SPOT, "0.3"),
        (Capacity.MIXED, "0.3"),
        (Capacity.UNKNOWN, "0.3"),
    ],
)
def test_spot_is_a_range(capacity: Capacity, share: str) -> None:
    cost = of(job((0, 3600)), capacity=capacity)
    assert (cost.low, cost.high) == (HOUR * Decimal(share), HOUR)


def test_windows_never_runs_on_spot() -> None:
    windows = {"runtimePlatform": {"operatingSystemFamily": "WINDOWS_SERVER_2022_CORE"}}
    cost = of(job((0, 600), container=windows), capacity=Capacity.UNKNOWN)
    assert cost.low == cost.high


def array(size: int, read: int, *, seconds: int = 60) -> Cost:
    parent = job(arrayProperties={"size": size})
    return of(parent, children=[job((0, seconds)) for _ in range(read)])


def test_an_array_costs_what_its_children_cost() -> None:
    cost = array(3, 3, seconds=100)
    assert (cost.billed_seconds, cost.attempts, cost.is_estimate) == (300, 3, False)
    assert cost.high == HOUR * 300 / 3600
    assert "5 min 0 s billed in 3 attempts of 3 children; prices" in cost.describe()


def test_a_large_array_is_estimated_from_the_children_that_were_read() -> None:
    cost = array(10_000, 1000, seconds=90)
    assert (cost.billed_seconds, cost.is_estimate) == (900_000, True)
    assert "estimated from 1000 of them" in cost.describe()


def test_an_array_without_readable_children_has_no_cost() -> None:
    assert (
        "not known, because the children of the array could not be read" in array(3, 0).describe()
    )


@pytest.mark.parametrize(("size", "read"), [(2, 2), (1000, 1000), (10_000, 1000), (1001, 1000)])
def test_at_most_a_thousand_children_are_read_and_spread_evenly(size: int, read: int) -> None:
    ids = children_to_read(job(arrayProperties={"size": size}))
    indexes = [int(each.removeprefix("id:")) for each in ids]
    assert len(set(indexes)) == read
    assert indexes[0] == 0
    assert size - indexes[-1] <= size / read + 1


def test_a_job_that_is_no_array_has_no_children_to_read() -> None:
    assert children_to_read(job((0, 1))) == []


def test_the_sentence_says_what_is_counted() -> None:
    cost = of(job((0, 100), (200, 3800)))
    assert cost.describe() == (
        "Cost: at least 0.0507 USD (image pull not counted); 1 h 1 min billed in 2 attempts; "
        "prices of 2026-09-11"
    )
    spot = of(job((0, 3600)), capacity=Capacity.SPOT).describe()
    assert "0.0148 to 0.0494 USD on FARGATE_SPOT" in spot
    unknown = of(job((0, 3600)), capacity=Capacity.UNKNOWN).describe()
    assert "at least 0.0494 USD on demand, or 0.0148 USD on Fargate Spot" in unknown


def test_without_a_price_the_seconds_remain() -> None:
    cost = of(job((0, 100), jobArn="arn:aws:batch:mars-1:123456789012:job/id"))
    assert cost.to_summary() == {
        "currency": "USD",
        "low": None,
        "high": None,
        "billed_seconds": 100,
        "attempts": 1,
        "capacity": "FARGATE",
        "price_as_of": None,
        "children_read": None,
        "reason": "no price of Linux x86 in mars-1 is known ('fargate-batch prices --refresh' "
        "reads AWS's prices)",
    }


def test_the_summary_rounds_to_six_decimals() -> None:
    summary = of(job((0, 60)), capacity=Capacity.SPOT).to_summary()
    assert (summary["low"], summary["high"]) == (0.000247, 0.000823)


def test_a_job_keeps_what_its_price_needs_on_its_way_to_a_worker() -> None:
    container = {
        "runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"},
        "ephemeralStorage": {"sizeInGiB": 50},
    }
    whole = job((0, 60), container=container, shareIdentifier="team")
    assert (whole.architecture, whole.storage, whole.share_identifier) == ("ARM64", 50, "team")
    again = Job.from_api(whole.to_api())
    assert again == whole
    assert cost_of(again, BUILT_IN) == cost_of(whole, BUILT_IN)
