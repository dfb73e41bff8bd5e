"""AWS Batch's calls that describe what is around a job: queues, environments, definitions.

A submit makes none of these calls, so each call imports what it returns.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_fargate_batch.aws.errors import translated
from airflow_fargate_batch.aws.service import ServiceApi
from airflow_fargate_batch.core import _members as read
from airflow_fargate_batch.core import limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from airflow_fargate_batch.core.definition import JobDefinition
    from airflow_fargate_batch.core.queue_snapshot import QueueSnapshot
    from airflow_fargate_batch.core.surroundings import (
        ComputeEnvironment,
        JobQueue,
        SchedulingPolicy,
    )

Parsed = TypeVar("Parsed")


class SurroundingsApi(ServiceApi):
    """Calls that describe the surroundings of a job."""

    def job_definition(self, name: str) -> JobDefinition | None:
        """Return a definition by name, the newest active one, by ``name:revision`` or by ARN."""
        request: dict[str, Any] = {"jobDefinitionName": name, "status": "ACTIVE"}
        if name.startswith("arn:") or re.search(r":[0-9]+\Z", name):
            request = {"jobDefinitions": [name]}
        found = self._definitions(limits.PAGES_OF_REVISIONS, request)
        return max(found, key=lambda definition: definition.revision, default=None)

    def active_definitions(self) -> list[JobDefinition]:
        """Return the active revisions of all definitions, up to ten pages of them."""
        return list(self._definitions(limits.PAGES_OF_NAMES, {"status": "ACTIVE"}))

    def _definitions(self, most_pages: int, request: dict[str, Any]) -> Iterator[JobDefinition]:
        from airflow_fargate_batch.core.definition import JobDefinition

        call = self.client.describe_job_definitions
        return self._described(call, "jobDefinitions", JobDefinition.from_api, request, most_pages)

    def job_queues(self, names: Iterable[str] = ()) -> list[JobQueue]:
        """Describe queues by name or ARN; without names all queues, up to ten pages of them.

        AWS leaves out unknown names.
        """
        from airflow_fargate_batch.core.surroundings import JobQueue

        request = _named("jobQueues", names)
        call = self.client.describe_job_queues
        return list(self._described(call, "jobQueues", JobQueue.from_api, request))

    def compute_environments(self, names: Iterable[str]) -> list[ComputeEnvironment]:
        """Describe up to a hundred compute environments by name or ARN, in AWS's order."""
        from airflow_fargate_batch.core.surroundings import ComputeEnvironment

        request = _named("computeEnvironments", names)
        if not request:  # AWS would describe all
            return []
        call = self.client.describe_compute_environments
        parse = ComputeEnvironment.from_api
        return list(self._described(call, "computeEnvironments", parse, request))

    def scheduling_policy(self, arn: str) -> SchedulingPolicy | None:
        """Return a scheduling policy by ARN."""
        from airflow_fargate_batch.core.surroundings import SchedulingPolicy

        call = self.client.describe_scheduling_policies
        parse = SchedulingPolicy.from_api
        found = self._described(call, "schedulingPolicies", parse, {"arns": [arn]})
        return next(found, None)

    def _described(
        self,
        call: Callable[..., Any],
        key: str,
        parse: Callable[[object], Parsed],
        request: Mapping[str, Any],
        most_pages: int = limits.PAGES_OF_NAMES,
    ) -> Iterator[Parsed]:
        """Yield the entries of a Describe operation, page by page.

        Entries that cannot be read are left out.
        """
        asked = dict(request)
        for _ in range(most_pages):
            with translated(f"Describe{key[0].upper()}{key[1:]}"):
                answer = call(**asked)
                if not isinstance(entries := answer.get(key), list):
                    raise TypeError(f"no list of {key} in the answer")
                next_token = read.text(answer.get("nextToken"))
            for entry in entries:
                with suppress(ValueError):  # an entry without a name hurts no other
                    yield parse(entry)
            if next_token is None:
                return
            asked["nextToken"] = next_token

    def queue_snapshot(self, job_queue: str) -> QueueSnapshot:
        """Return who is first in line, and who uses the queue's capacity."""
        from airflow_fargate_batch.core.queue_snapshot import QueueSnapshot

        with translated("GetJobQueueSnapshot"):
            return QueueSnapshot.from_api(self.client.get_job_queue_snapshot(jobQueue=job_queue))


def _named(key: str, names: Iterable[str]) -> dict[str, Any]:
    listed = list(names)[: limits.DESCRIBED_AT_ONCE]
    return {key: listed} if listed else {}
