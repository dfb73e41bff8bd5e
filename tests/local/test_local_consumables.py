"""Consumable resources, and what GetJobQueueSnapshot shows of a queue."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_fargate_batch.local import LocalBatch
from airflow_fargate_batch.local.account import READY_QUEUE

Submit = Callable[..., str]


pytestmark = pytest.mark.new_boto3


@pytest.fixture(autouse=True)
def _three_licences(batch: Any) -> None:
    batch.create_consumable_resource(
        consumableResourceName="licence", totalQuantity=3, tags={"a": "b"}
    )


def needing(quantity: int, name: str = "licence") -> dict[str, Any]:
    entry = {"consumableResource": name, "quantity": quantity}
    return {"consumableResourcePropertiesOverride": {"consumableResourceList": [entry]}}


def states(aws: LocalBatch) -> list[str]:
    return [job["status"] for job in aws.jobs]


def quantities(batch: Any, name: str = "licence") -> tuple[int, int, int]:
    shown = batch.describe_consumable_resource(consumableResource=name)
    return shown["totalQuantity"], shown["inUseQuantity"], shown["availableQuantity"]


def test_a_job_waits_until_its_resource_is_there(
    aws: LocalBatch, batch: Any, submit: Submit
) -> None:
    first = submit("first", **needing(2))
    submit("second", **needing(2))
    aws.script("first", stuck_in="RUNNING")
    aws.advance(60)
    assert (states(aws), quantities(batch)) == (["RUNNING", "RUNNABLE"], (3, 2, 1))
    batch.terminate_job(jobId=first, reason="enough")
    aws.advance(60)
    assert (states(aws), quantities(batch)) == (["FAILED", "SUCCEEDED"], (3, 0, 3))


def test_more_of_it_lets_a_job_start(aws: LocalBatch, batch: Any, submit: Submit) -> None:
    submit(**needing(5))
    aws.advance(60)
    update = {"consumableResource": "licence", "operation": "ADD", "quantity": 2}
    assert batch.update_consumable_resource(**update)["totalQuantity"] == 5
    aws.advance(60)
    assert states(aws) == ["SUCCEEDED"]


def test_a_waiting_job_can_be_cancelled(aws: LocalBatch, batch: Any, submit: Submit) -> None:
    job_id = submit(**needing(5))
    aws.advance(60)
    batch.cancel_job(jobId=job_id, reason="enough")
    batch.update_consumable_resource(consumableResource="licence", operation="SET", quantity=9)
    aws.advance(60)
    assert (states(aws), quantities(batch)) == (["FAILED"], (9, 0, 9))


def test_what_is_not_replenishable_is_used_up(aws: LocalBatch, batch: Any, submit: Submit) -> None:
    batch.create_consumable_resource(
        consumableResourceName="coupon", totalQuantity=1, resourceType="NON_REPLENISHABLE"
    )
    for _ in range(2):
        submit(**needing(1, "coupon"))
    aws.advance(60)
    assert sorted(states(aws)) == ["RUNNABLE", "SUCCEEDED"]
    assert quantities(batch, "coupon") == (0, 0, 0)


def test_they_can_be_listed_with_the_jobs_that_need_them(batch: Any, submit: Submit) -> None:
    [shown] = batch.list_consumable_resources()["consumableResources"]
    assert (shown["consumableResourceName"], shown["totalQuantity"]) == ("licence", 3)
    nothing = [{"name": "CONSUMABLE_RESOURCE_NAME", "values": ["x*"]}]
    assert batch.list_consumable_resources(filters=nothing)["consumableResources"] == []
    submit("other")
    job_id = submit("needy", **needing(1))
    [job] = batch.list_jobs_by_consumable_resource(consumableResource="licence")["jobs"]
    assert (job["jobArn"].rpartition("/")[2], job["quantity"]) == (job_id, 1)
    arn = shown["consumableResourceArn"]
    assert batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "b"}
    batch.delete_consumable_resource(consumableResource="licence")
    assert batch.list_consumable_resources()["consumableResources"] == []


def test_an_unknown_one_and_an_impossible_quantity_are_refused(batch: Any, submit: Submit) -> None:
    with pytest.raises(ClientError, match="ConsumableResource nobody not found"):
        submit(**needing(1, "nobody"))
    with pytest.raises(ClientError, match="non-negative"):
        batch.create_consumable_resource(consumableResourceName="x", totalQuantity=-1)
    with pytest.raises(ClientError, match="already exists"):
        batch.create_consumable_resource(consumableResourceName="licence")
    with pytest.raises(ClientError, match="non-negative"):
        batch.update_consumable_resource(
            consumableResource="licence", operation="REMOVE", quantity=4
        )


def test_a_snapshot_shows_who_is_next_and_what_is_used(
    aws: LocalBatch, batch: Any, submit: Submit
) -> None:
    aws.script("ready*", stuck_in="RUNNABLE")
    aws.script("running", stuck_in="RUNNING")
    ready = []
    for number in range(2):
        ready.append(submit(f"ready-{number}"))
        aws.advance(1)
    submit("running")
    aws.advance(60)
    shown = batch.get_job_queue_snapshot(jobQueue=READY_QUEUE)
    front = [entry["jobArn"].rpartition("/")[2] for entry in shown["frontOfQueue"]["jobs"]]
    assert front == ready
    [used] = shown["queueUtilization"]["totalCapacityUsage"]
    assert (used["capacityUnit"], used["quantity"]) == ("VCPU", 0.25)


def test_a_resource_that_is_named_twice_is_refused(submit: Callable[..., str]) -> None:
    twice = {"consumableResourceList": [{"consumableResource": "a", "quantity": 1}] * 2}
    with pytest.raises(ClientError, match="duplicates") as caught:
        submit(consumableResourcePropertiesOverride=twice)
    assert caught.value.response["Error"]["Code"] == "ClientException"
