"""The event between trigger and operator: databases hold events of other versions."""

import json
from typing import Any

from airflow_fargate_batch._airflow.wait_event import WaitEvent, WaitOutcome
from airflow_fargate_batch.core.capacity import Capacity
from airflow_fargate_batch.core.job import Job

STORED: dict[str, Any] = {"outcome": "gave_up", "jobs": [], "message": "It took too long"}


def test_an_event_is_read_as_it_was_sent_and_is_plain_json() -> None:
    job = Job.from_api({"jobId": "one", "status": "FAILED", "container": {"exitCode": 3}})
    event = WaitEvent(outcome=WaitOutcome.ENDED, jobs=(job,), message="m", advice="a")
    payload = event.payload()
    assert type(payload["outcome"]) is str
    assert list(payload) == ["outcome", "jobs", "message", "advice"]
    assert WaitEvent.read(json.loads(json.dumps(payload))) == event


def test_an_earlier_versions_event_has_no_advice() -> None:
    assert WaitEvent.read(STORED) == WaitEvent(
        outcome=WaitOutcome.GAVE_UP, message="It took too long"
    )


def test_a_later_versions_outcome_is_no_success() -> None:
    assert WaitEvent.read(STORED | {"outcome": "postponed"}).outcome is WaitOutcome.REFUSED


def test_the_outcomes_are_the_texts_that_databases_hold() -> None:
    assert {outcome.value for outcome in WaitOutcome} == {"ended", "gave_up", "stuck", "refused"}


def test_the_capacity_of_the_queue_travels_and_that_of_a_later_version_is_unknown() -> None:
    event = WaitEvent(outcome=WaitOutcome.ENDED, capacity=Capacity.SPOT)
    payload = event.payload()
    assert payload["capacity"] == "FARGATE_SPOT"
    assert WaitEvent.read(payload) == event
    assert WaitEvent.read(payload | {"capacity": "MOON"}).capacity is Capacity.UNKNOWN


def test_whether_the_queue_records_use_travels_and_nonsense_counts_as_not_asked() -> None:
    event = WaitEvent(outcome=WaitOutcome.ENDED, records_use=False)
    payload = event.payload()
    assert payload["records_use"] is False
    assert WaitEvent.read(payload) == event
    assert WaitEvent.read(payload | {"records_use": "maybe"}).records_use is None
