"""OpenLineage gets a facet about the job, if Airflow's provider for it is installed."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import attrs
import pytest

from airflow_fargate_batch._airflow import lineage
from airflow_fargate_batch._airflow.lineage import FACET, lineage_of
from airflow_fargate_batch.core.job import Job
from tests.operating import JOB_ID, RecordingHook, operator, rendered

try:
    import airflow.providers.openlineage  # noqa: F401

    IS_INSTALLED = True
except ImportError:
    IS_INSTALLED = False

JOB = Job.from_api(
    {
        "jobId": "id",
        "jobName": "name",
        "jobQueue": "arn:queue",
        "jobDefinition": "arn:definition:3",
        "status": "SUCCEEDED",
        "attempts": [{}],
        "container": {
            "image": "python:3.13-slim",
            "resourceRequirements": [
                {"type": "VCPU", "value": "0.25"},
                {"type": "MEMORY", "value": "512"},
            ],
        },
    }
)


@dataclass
class StandInLineage:
    """``OperatorLineage`` where the provider is not installed: Airflow's image may lack it."""

    inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)
    run_facets: dict[str, Any] = field(default_factory=dict)
    job_facets: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(autouse=True)
def openlineage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Use the provider if installed, or the two names used of it."""
    if not IS_INSTALLED:
        extractors: Any = ModuleType("airflow.providers.openlineage.extractors")
        extractors.OperatorLineage = StandInLineage
        facets: Any = ModuleType("openlineage.client.facet_v2")
        facets.RunFacet = attrs.define(type("RunFacet", (), {}))
        for module in (extractors, facets):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        for name in ("airflow.providers.openlineage", "openlineage", "openlineage.client"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
    lineage._facet_class.cache_clear()
    yield
    lineage._facet_class.cache_clear()


def test_a_facet_names_the_job_its_image_and_its_size() -> None:
    facet = lineage_of(JOB).run_facets[FACET]
    assert {name: getattr(facet, name) for name in FIELDS} == FIELDS


FIELDS = {
    "jobId": "id",
    "jobName": "name",
    "jobQueue": "arn:queue",
    "jobDefinition": "arn:definition:3",
    "image": "python:3.13-slim",
    "vcpu": 0.25,
    "memory": 512,
    "attempts": 1,
    "status": "SUCCEEDED",
    "arraySize": None,
}


def test_the_image_survives_the_trigger_s_event() -> None:
    assert lineage_of(Job.from_api(JOB.to_api())) == lineage_of(JOB)


def test_a_task_that_only_submits_names_its_job_and_one_without_a_job_nothing() -> None:
    task = operator()
    assert task.get_openlineage_facets_on_complete(None).run_facets == {}
    vars(task)["hook"] = RecordingHook()
    task.execute(rendered(task))
    facet = task.get_openlineage_facets_on_complete(None).run_facets[FACET]
    assert (facet.jobId, facet.jobQueue, facet.status) == (JOB_ID, "queue", None)
