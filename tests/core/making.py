"""Requests made of a queue, a definition and what a test is about."""

from typing import Any

import pytest

from airflow_fargate_batch.core.request import JobRequest
from airflow_fargate_batch.exceptions import InvalidRequest, Problem

WHERE: dict[str, Any] = {"job_queue": "queue", "job_definition": "definition"}


def make(**arguments: Any) -> JobRequest:
    return JobRequest.from_arguments(**(WHERE | arguments))


def body(**arguments: Any) -> dict[str, Any]:
    """Return the SubmitJob body without the members that every request has."""
    said = dict(make(**arguments).to_submit_job())
    for member in {"jobName", "jobQueue", "jobDefinition"}:
        del said[member]
    return said


def problems(**arguments: Any) -> list[Problem]:
    with pytest.raises(InvalidRequest) as caught:
        make(**arguments)
    return list(caught.value.problems)


def problem(**arguments: Any) -> str:
    """Return the only problem, as users see it."""
    (only,) = problems(**arguments)
    return str(only)


def requirements(**arguments: Any) -> dict[str, str]:
    """Return the resource requirements that go to AWS, by type."""
    overrides = make(**arguments).to_submit_job().get("containerOverrides", {})
    return {entry["type"]: entry["value"] for entry in overrides.get("resourceRequirements", ())}
