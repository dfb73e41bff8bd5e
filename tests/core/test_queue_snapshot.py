"""A snapshot tells who is first in line; odd members count as absent."""

from decimal import Decimal
from typing import Any

import pytest

from airflow_fargate_batch.core.queue_snapshot import QueueSnapshot

ARN = "arn:aws:batch:r:1:job/"
ANSWER: dict[str, Any] = {
    "frontOfQueue": {
        "jobs": [
            {"jobArn": f"{ARN}first", "earliestTimeAtPosition": 1_700_000_000_000},
            {"jobArn": f"{ARN}array:4", "earliestTimeAtPosition": 1_700_000_001_000},
        ]
    },
    "queueUtilization": {
        "totalCapacityUsage": [{"capacityUnit": "VCPU", "quantity": 3.5}],
        "fairshareUtilization": {
            "activeShareCount": 2,
            "topCapacityUtilization": [
                {
                    "shareIdentifier": "a",
                    "capacityUsage": [{"capacityUnit": "VCPU", "quantity": 3}],
                },
                {"shareIdentifier": "b", "capacityUsage": [{"capacityUnit": "x", "quantity": 9}]},
            ],
        },
        "lastUpdatedAt": 1_700_000_002_000,
    },
}


def test_it_has_places_and_use() -> None:
    snapshot = QueueSnapshot.from_api(ANSWER)
    assert snapshot.first == "first"
    assert [snapshot.place_of(job_id) for job_id in ("first", "array:4", "other")] == [1, 2, None]
    assert snapshot.first_place_of_children("array") == 2
    assert snapshot.first_place_of_children("arr") is None
    assert (snapshot.used_vcpus, snapshot.shares) == (Decimal("3.5"), {"a": Decimal(3)})
    assert snapshot.active_shares == 2


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {"frontOfQueue": []},
        {"frontOfQueue": {"jobs": [None, {}, {"jobArn": 7}]}},
        {"queueUtilization": {"totalCapacityUsage": [{"quantity": "3", "capacityUnit": "VCPU"}]}},
        {"queueUtilization": {"fairshareUtilization": [1], "totalCapacityUsage": "x"}},
    ],
    ids=str,
)
def test_an_odd_answer_is_an_empty_one(odd: object) -> None:
    assert QueueSnapshot.from_api(odd) == QueueSnapshot()


@pytest.mark.parametrize("quantity", [float("nan"), float("inf"), -1.0, True, 10**400])
def test_an_odd_quantity_is_none(quantity: float) -> None:
    usage = [{"capacityUnit": "VCPU", "quantity": quantity}]
    answer = {"queueUtilization": {"totalCapacityUsage": usage}}
    assert QueueSnapshot.from_api(answer).used_vcpus is None
